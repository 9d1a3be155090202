"""Launching runs in processes that start warm: forked from one that has imported everything.

Put here: Dagster's side of it, what `local` in `dagster.yaml` names.
Do not put here: the process that forks (`local_server`), which runs there are
(`dagster.runs.runner`).
Concept: https://docs.dagster.io/deployment/execution/run-launchers
Why: docs/decisions/runs-and-processes.md
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from profiling_assets.dagster.launchers.dead_runs import is_dead, living_processes
from profiling_assets.errors import ProfilingError

_SERVER = "profiling_assets.dagster.launchers.local_server"
_NAMED_SECONDS = 3.0  # from the start of a run's process to the event that names it
_POLL_SECONDS = 0.1
_END_SECONDS = 5.0


class WarmRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Starts each run in a process of its own, on this machine, that needs to import nothing.

    Parameters
    ----------
    inst_data : ConfigurableClassData, optional
        Dagster's own.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._server: subprocess.Popen[str] | None = None
        self._lock = Lock()
        self._pids: dict[str, int] = {}
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What `dagster.yaml` says."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the settings: none."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WarmRunLauncher":
        """Make the launcher that `dagster.yaml` names."""
        return cls(inst_data, **config_value)

    def warm_up(self) -> None:
        """Start the process that runs are forked from, so that the first run need not wait."""
        with self._lock:
            self._running_server()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run.

        Parameters
        ----------
        context : LaunchRunContext
            The run.

        Raises
        ------
        ProfilingError
            Where no process can be started.
        """
        run_id = context.dagster_run.run_id
        with self._lock:
            self._pids[run_id] = self._forked(run_id)

    def _forked(self, run_id: str) -> int:
        server = self._running_server()
        if server.stdin is None or server.stdout is None:
            raise AssertionError
        answer = ""
        with suppress(BrokenPipeError):
            server.stdin.write(f"{run_id}\n")
            server.stdin.flush()
            answer = server.stdout.readline()
        if not answer:
            raise ProfilingError(
                f"the process that runs are forked from ended with {server.wait()}",
                remedy="see what it printed, in logs/code_server.log of the event log or above",
            )
        return int(answer)

    def _running_server(self) -> subprocess.Popen[str]:
        if self._server is not None and self._server.poll() is None:
            return self._server
        # Ctrl-C in a terminal reaches it too, and it is to take no notice from its first moment on
        former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._server = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                [sys.executable, "-m", _SERVER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "DAGSTER_HOME": self._instance.root_directory},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return self._server

    def terminate(self, run_id: str) -> bool:
        """Ask a run to stop; it ends as canceled.

        Parameters
        ----------
        run_id : str
            The run.

        Returns
        -------
        bool
            False where it has ended, or its process is not found on this machine.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        asked = time.monotonic()
        while not (pids := self._processes(run)):
            if time.monotonic() - asked > _NAMED_SECONDS:
                return False
            time.sleep(_POLL_SECONDS)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        return True

    def _processes(self, run: dg.DagsterRun) -> set[int]:
        own = self._pids.get(run.run_id)
        return {own} if own is not None else living_processes(self._instance, run)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether the daemon's run monitoring can ask after a run: yes."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether somebody carries a run out.

        Parameters
        ----------
        run : dagster.DagsterRun
            The run.

        Returns
        -------
        CheckRunHealthResult
            Failed where its process is dead and nobody said so.
        """
        if is_dead(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "its process is dead")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def dispose(self) -> None:
        """Let the process that runs are forked from end; it waits for its last run."""
        with self._lock:
            if self._server is None or self._server.stdin is None or self._server.stdout is None:
                return
            with suppress(BrokenPipeError, subprocess.TimeoutExpired):
                self._server.stdin.close()
                self._server.stdout.close()
                self._server.wait(_END_SECONDS)  # a run that goes on keeps its server
