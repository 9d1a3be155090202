"""The process that runs are forked from: it has imported what they need, so that a run starts warm.

Put here: forking a run's process, what that process does, noticing that one was killed.
Do not put here: asking for a run (`local`), ending one that is dead (`dead_runs`).
`local` starts it as a program, one a process that launches runs. It reads a line a run from
its standard input, answers with the id of the run's process, and ends when its input and its last
run have ended. Why: docs/decisions/runs-and-processes.md
"""

import gc
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import dagster as dg
from dagster._cli.api import _execute_run_command_body
from dagster._utils.interrupts import capture_interrupts

from profiling_assets.dagster.launchers.dead_runs import end_killed_run
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.settings import Settings

# What runs import and this module does not. Not `definitions`: a run is to know plates that came
# after this process was started.
PRELOADED = (
    "profiling_assets.dagster.build",
    "dagster._core.executor.in_process",
    "dagster._core.execution.plan.active",
    "dagster._core.utility_ops",
    "dagster._core.workspace.autodiscovery",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.definitions.external_asset",
    "dagster._core.system_config.composite_descent",
    "dagster._core.types.transform_typing",
    "dagster._utils.test.definitions",
    "dagster._core.definitions.repository_definition.repository_data_builder",
    "encodings.utf_8_sig",
    "pandas.io.formats.csvs",
    "pyarrow.pandas_compat",
)
_S3 = "profiling_assets.workspace.storage.s3.session"
COST = "the run took"
_IN, _OUT, _LOG = 0, 1, 2
_CHUNK = 65536


def main() -> None:
    """Import what runs need, open the event log, then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the runs
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    settings = Settings.from_environment()
    remote = any("://" in (root or "") for root in (settings.workspace, settings.inputs))
    for name in (*PRELOADED, *([_S3] if remote else [])):
        import_module(name)
    reference()
    # Opened once for all runs: it takes a third of a second. No connection is open at a fork, as
    # Dagster's storages on databases open one for each question.
    with dg.DagsterInstance.get() as instance:
        instance.get_runs_count()
        instance.all_asset_keys()
        gc.collect()
        gc.freeze()  # what the collector does not look at stays shared between the runs
        serve(instance)


def serve(instance: dg.DagsterInstance) -> None:
    """Fork a process for each run asked for; end when input and processes have ended."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    runs: dict[int, str] = {}
    text, is_open = b"", True
    while is_open or runs:
        ready, _, _ = select.select([woken, *([_IN] if is_open else ())], [], [])
        if woken in ready:
            os.read(woken, _CHUNK)
            _reap(instance, runs)
        if _IN in ready:
            part = os.read(_IN, _CHUNK)
            is_open = bool(part)
            *lines, text = (text + part).split(b"\n")
            for line in lines:
                run_id = line.decode()
                pid = _forked(lambda run_id=run_id: _execute(instance, run_id))
                runs[pid] = run_id
                with suppress(BrokenPipeError):
                    os.write(_OUT, f"{pid}\n".encode())


def _reap(instance: dg.DagsterInstance, runs: dict[int, str]) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            run_id, code = runs.pop(pid, None), os.waitstatus_to_exitcode(status)
            if run_id is not None and code != 0:
                ending = _forked(lambda run_id=run_id, code=code: _end(instance, run_id, code))
                runs[ending] = ""


def _forked(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid != 0:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDWR), _IN)
        os.dup2(_LOG, _OUT)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 -- nothing may come back into the server's loop
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _execute(instance: dg.DagsterInstance, run_id: str) -> None:
    began = time.monotonic()
    # as `dagster api execute_run`, the command that launchers of containers start
    with capture_interrupts():
        _execute_run_command_body(run_id, instance, _ignore, set_exit_code_on_failure=False)
    _tell_cost(instance, run_id, time.monotonic() - began)


def _tell_cost(instance: dg.DagsterInstance, run_id: str, seconds: float) -> None:
    """Add an event to the run that says what it took: what `estimate` is held against."""
    run = instance.get_run_by_id(run_id)
    used = resource.getrusage(resource.RUSAGE_SELF)  # counted from the fork on
    memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cpu = used.ru_utime + used.ru_stime
    said = f"{COST} {cpu:.1f} s of CPU, {seconds:.1f} s, {memory / 1e6:.0f} MB of memory"
    instance.report_engine_event(said, run)


def _ignore(event: object) -> None:
    del event


def _end(instance: dg.DagsterInstance, run_id: str, code: int) -> None:
    if run_id:
        end_killed_run(instance, run_id, code)


if __name__ == "__main__":
    main()
