"""Starting runs as the web UI does: same job, same launcher, same tags, from this process.

Put here: making asset runs and starting them, with the internals of Dagster that it takes.
Do not put here: which runs to start and when (`dagster.runs.runner`), the launcher that carries
them out on this machine (`local`).
The web server creates asset runs through the functions used here; the public way makes runs that
the UI cannot start again (docs/decisions/run-command.md). A test compares both event logs.
"""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import dagster as dg
from dagster._core.execution.submit_asset_runs import (
    RunRequestExecutionData,
    _create_asset_run,
)
from dagster._core.remote_representation.grpc_server_registry import GrpcServerRegistry
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._grpc.constants import GrpcServerCommand

from profiling_assets.dagster.launchers.local import WarmRunLauncher
from profiling_assets.errors import ProfilingError, WorkspaceError

PARTITION_TAG = "dagster/partition"
# also the name that `dagster dev` gives the code location: the UI must know these runs as its own
LOCATION = "profiling_assets.definitions"
_HEARTBEAT_SECONDS = 45  # without one for so long, the code server ends by itself


@contextmanager
def _printing_to(log: Path) -> Generator[None]:
    """Let child processes that are started meanwhile print to a file instead of the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        for target in (1, 2):
            os.dup2(file.fileno(), target)
        try:
            yield
        finally:
            for target, original in zip((1, 2), kept, strict=True):
                os.dup2(original, target)
                os.close(original)


class Launcher:
    """A code server of our own, and runs started through the instance's run launcher.

    What the code server and its runs print goes to the file `log`.
    """

    def __init__(self, instance: dg.DagsterInstance, log: Path) -> None:
        self._instance = instance
        self._log = log
        self._stack = ExitStack()
        self._cache: dict[object, RunRequestExecutionData] = {}
        self._logger = logging.getLogger(__name__)

    def __enter__(self) -> "Launcher":
        """Start the code server and load the code location."""
        target = ModuleTarget(
            module_name=LOCATION, attribute=None, working_directory=None, location_name=LOCATION
        )
        try:
            with _printing_to(self._log):
                if isinstance(self._instance.run_launcher, WarmRunLauncher):
                    self._instance.run_launcher.warm_up()  # while the code server starts
                servers = self._stack.enter_context(
                    GrpcServerRegistry(
                        self._instance.get_ref(),
                        GrpcServerCommand.API_GRPC,
                        heartbeat_ttl=_HEARTBEAT_SECONDS,
                        startup_timeout=self._instance.code_server_process_startup_timeout,
                        # no process is to outlive the command
                        wait_for_processes_on_shutdown=True,
                    )
                )
                self._context = self._stack.enter_context(
                    WorkspaceProcessContext(self._instance, target, grpc_server_registry=servers)
                )
        except BaseException:  # Ctrl-C too
            self._close()
            raise
        entry = self._context.create_request_context().get_code_location_entries().get(LOCATION)
        if entry is None or entry.load_error is not None:
            error = entry.load_error if entry is not None else None
            self._close()
            raise WorkspaceError(
                "the code location did not load: "
                + (error.message.strip() if error is not None else "no answer"),
                remedy="see `profiling-assets scan` for the workspace and the config",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the code server and wait for its end."""
        self._close()

    def _close(self) -> None:
        with suppress(subprocess.TimeoutExpired):  # a run that does not stop keeps its server
            self._stack.close()

    def launch(self, assets: Sequence[str], partition: str, tags: Mapping[str, str]) -> str:
        """Start one run of some assets of one partition and return its id, without waiting."""
        workspace = self._context.create_request_context()
        request = dg.RunRequest(
            asset_selection=[dg.AssetKey(name) for name in assets],
            partition_key=partition,
            tags={**tags, PARTITION_TAG: partition},
        )
        run = asyncio.run(
            _create_asset_run(
                None,
                request,
                0,
                self._instance,
                self._cache,  # pyright: ignore[reportArgumentType] -- its key type is internal
                self._context,
                workspace,
                {},
                self._logger,
            )
        )
        # a run that cannot be started has ended as failed by then, with the reason in its events
        with suppress(dg.DagsterError, ProfilingError):
            self._instance.launch_run(run.run_id, workspace)
        return run.run_id

    def terminate(self, run_id: str) -> None:
        """Ask a run to stop; it ends as canceled."""
        # Ctrl-C in a terminal reaches the code server too: it may be gone, and its runs with it
        with suppress(dg.DagsterError):
            self._instance.run_launcher.terminate(run_id)
