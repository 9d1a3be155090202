"""Runs that nobody carries out any more: after `kill -9`, a lost machine, a closed terminal.

Put here: who started a run, whether its processes live, and ending it where they do not.
Do not put here: runs that are under way (`dagster.runs.runner`).
The daemon does the same (run monitoring) where it runs; `run` works without one.
"""

import os
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import psutil

from profiling_assets.dagster.launchers.follow import RunWatch

SUBMITTER_TAG = "profiling_assets/submitter"
_IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
_RETRY_DAEMON = "EVENT_LOG_CONSUMER"
_RETRY_SECONDS = 120.0  # from a run's end to the run that the daemon starts in its place
_DAEMON_SECONDS = 90.0  # it shows itself every 30
_QUIET_SECONDS = 15.0  # a code server needs less to say that a run's process died
_START_SECONDS = 180.0  # as long as run monitoring gives a run to start, see dagster.yaml
_TICKS = os.sysconf("SC_CLK_TCK")  # a second
# macOS keeps the time of the boot as the clock has it now, Linux in whole seconds; no process id is
# used again so soon
_SAME_START_SECONDS = 2.0


def runs_in_progress(
    instance: dg.DagsterInstance, *, tags: dict[str, str] | None = None
) -> Sequence[dg.DagsterRun]:
    """Return the runs that were started and have not ended, newest first, without queued ones."""
    return instance.get_runs(filters=dg.RunsFilter(statuses=_IN_PROGRESS, tags=tags))


def runs_in_queue(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    """Return the runs that a living daemon will start.

    Empty where no daemon runs: what is left in the queue then waits for ever.
    """
    if not _daemon_lives(instance, _QUEUE_DAEMON):
        return ()
    return instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))


def _daemon_lives(instance: dg.DagsterInstance, name: str) -> bool:
    heartbeat = instance.get_daemon_heartbeats().get(name)
    return heartbeat is not None and time.time() - heartbeat.timestamp <= _DAEMON_SECONDS


def retry_of(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return the id of the run that takes the place of one that was lost.

    The lost run's own id as long as a living daemon is about to start another, as `run_retries` in
    `dagster.yaml` says; None where none comes.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None or record.dagster_run.tags.get("dagster/will_retry") != "true":
        return None
    again = record.dagster_run.tags.get("dagster/auto_retry_run_id")
    if again is not None:
        return again
    fresh = time.time() - (record.end_time or 0.0) < _RETRY_SECONDS
    return run_id if fresh and _daemon_lives(instance, _RETRY_DAEMON) else None


def submitter() -> str:
    """Name this process, so that a later command can tell its runs from those of a dead one.

    By host, process id and start: process ids are used again.
    """
    return f"{socket.gethostname()}:{os.getpid()}:{_started_at(os.getpid())}"


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose processes no longer live on this machine.

    Nobody else would, where no daemon runs; a later command would wait for them for ever, and
    their places in the pools would stay taken. Return the ids of those that were ended.
    """
    ended: list[str] = []
    for run in () if _elsewhere(instance) else runs_in_progress(instance):
        if is_dead(instance, run):
            _end(instance, run, "its process was killed")
            ended.append(run.run_id)
    return ended


def end_killed_run(instance: dg.DagsterInstance, run_id: str, code: int) -> None:
    """Mark a run as ended whose process has just ended without saying so.

    `code` is its exit code, or the signal that killed it, negated. Nothing is done where the run's
    end is known.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        return
    how = f"ended with {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"
    reason = " (a machine that runs out of memory does so)" if code == -signal.SIGKILL else ""
    steps = RunWatch(instance, run_id).open_steps()
    during = f" during {', '.join(sorted(steps))}" if steps else ""
    _end(instance, run, f"its process {how}{reason}{during}")


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    instance.report_run_failed(run, f"{reason}; `run` builds what is missing")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def living_processes(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[int]:
    """Return the ids of a run's living processes; none also before its process has said so."""
    pids = RunWatch(instance, run.run_id).process_ids()
    return {pid for pid in pids if _serves(pid, instance.root_directory)}


def has_process(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Say whether a process lives that the run's events name; not so before one is named."""
    return _elsewhere(instance) or bool(living_processes(instance, run))


def _elsewhere(instance: dg.DagsterInstance) -> bool:
    """Say whether runs are carried out on other machines, whose processes are not seen from here.

    A launcher that can hand a run to a new worker is one of several machines (Celery, ECS,
    Kubernetes); there the daemon's run monitoring ends what is dead.
    """
    return instance.run_launcher.supports_resume_run


def is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Say whether a run that has not ended is carried out by nobody on this machine.

    False in case of doubt, and for a run that was submitted on another machine.
    """
    host, _, process = run.tags.get(SUBMITTER_TAG, "").partition(":")
    if host and host != socket.gethostname():
        return False
    pids = RunWatch(instance, run.run_id).process_ids()
    if any(_serves(pid, instance.root_directory) for pid in pids):
        return False
    if process:
        pid, _, start = process.partition(":")
        if not pid.isdigit() or not _is_started_at(int(pid), start):
            return True
    # started by the web UI, or by a command that lives: only if it has long been silent
    return _silent_seconds(instance, run) > (_QUIET_SECONDS if pids else _START_SECONDS)


def _silent_seconds(instance: dg.DagsterInstance, run: dg.DagsterRun) -> float:
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return time.time() - last[0].event_log_entry.timestamp if last else 0.0


def _serves(pid: int, home: str) -> bool:
    """Say whether a process lives and works on an instance: process ids are used again."""
    try:
        chosen = psutil.Process(pid).environ().get("DAGSTER_HOME")
    except psutil.AccessDenied:  # another user's
        return True
    except (psutil.Error, OSError):
        return False
    return chosen is not None and Path(chosen).resolve() == Path(home).resolve()


def _started_at(pid: int) -> int | None:
    """Return when a process started, in the kernel's ticks since boot; None for a dead one."""
    try:
        # the time since boot does not move when somebody sets the clock
        since_boot = psutil.Process(pid).create_time() - psutil.boot_time()
    except (psutil.Error, OSError):
        return None
    return round(since_boot * _TICKS)


def _is_started_at(pid: int, start: str) -> bool:
    """Say whether a process lives and is the one that started then, see `submitter`."""
    found = _started_at(pid)
    if found is None or not start.isdigit():
        return False
    return abs(found - int(start)) <= _SAME_START_SECONDS * _TICKS
