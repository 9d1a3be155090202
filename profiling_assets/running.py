"""Carrying out a plan: runs as the UI would start them, several at once, in the graph's order.

Put here: which runs a plan needs, when each may start, what became of it.
Do not put here: what is to be built (`planning`), how a run is started (`launching`), printing.
"""

import os
import socket
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import dagster as dg
from filelock import FileLock

from profiling_assets.launching import PARTITION_TAG, Launcher
from profiling_assets.pipeline.results import Result
from profiling_assets.planning import Plan, Planner, Task
from profiling_assets.run_events import RunWatch

SUBMITTER_TAG = "profiling_assets/submitter"
_IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_POLL_SECONDS = 0.3
_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Group:
    """Tasks of one run: results of one partition that are made one after the other."""

    stage: int
    partition: str
    tasks: tuple[Task, ...]


@dataclass
class Outcome:
    """What became of a plan.

    Attributes
    ----------
    built : list of Task
        Materialized by this command, or by a run that it waited for.
    failed : dict of Task to str
        Not there, and the error's text.
    blocked : dict of Task to str
        Not tried, because something it needs is not there.
    canceled : bool
        Whether the user stopped it.
    """

    built: list[Task] = field(default_factory=list)
    failed: dict[Task, str] = field(default_factory=dict)
    blocked: dict[Task, str] = field(default_factory=dict)
    canceled: bool = False


class Listener(Protocol):
    """Who is told how it goes."""

    def run_started(self, group: Group, run_id: str) -> None:
        """Hear that a run was started."""
        ...

    def line(self, partition: str, text: str) -> None:
        """Hear one line of a run's log."""
        ...

    def task_done(self, task: Task) -> None:
        """Hear that a result is there."""
        ...

    def task_failed(self, task: Task, reason: str) -> None:
        """Hear that a result could not be made."""
        ...


def groups_of(tasks: Iterable[Task], graph: dict[str, Result]) -> list[Group]:
    """Sort tasks into runs: a stage ends where plates meet or part.

    Parameters
    ----------
    tasks : iterable of Task
        What is to be built.
    graph : dict of str to Result
        The results by name, upstream before downstream.

    Returns
    -------
    list of Group
        Sorted by stage, then partition; tasks in the order of the graph.
    """
    stages: dict[str, int] = {}
    for name, result in graph.items():
        stages[name] = max(
            (stages[up] + (graph[up].level != result.level) for up in result.upstream), default=0
        )
    order = {name: place for place, name in enumerate(graph)}
    found: dict[tuple[int, str], list[Task]] = {}
    for task in tasks:
        found.setdefault((stages[task.name], task.partition), []).append(task)
    return [
        Group(stage, partition, tuple(sorted(group, key=lambda task: order[task.name])))
        for (stage, partition), group in sorted(found.items())
    ]


def submitter() -> str:
    """Name this process, so that a later command can tell its runs from those of a dead one.

    Returns
    -------
    str
        Host, process id and start time.
    """
    return f"{socket.gethostname()}:{os.getpid()}:{started_at(os.getpid())}"


def started_at(pid: int) -> str:
    """Return the start time of a process in the system's own count.

    Parameters
    ----------
    pid : int
        The process.

    Returns
    -------
    str
        Empty where there is no such process, or where the system does not say.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


class Runner:
    """Carries out one plan.

    Parameters
    ----------
    instance : dagster.DagsterInstance
        The event log.
    launcher : Launcher
        Starts runs.
    planner : Planner
        Knows what each task is made from.
    graph : dict of str to Result
        The results by name.
    listener : Listener
        Is told how it goes.
    home : pathlib.Path
        The instance's folder; a lock there keeps two commands from starting the same run.
    runs_at_once : int
        How many runs the instance allows at once.
    force : bool
        Whether the runs make results anew that stand.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        launcher: Launcher,
        planner: Planner,
        graph: dict[str, Result],
        listener: Listener,
        *,
        home: Path,
        runs_at_once: int,
        tags: dict[str, str],
    ) -> None:
        self._instance = instance
        self._launcher = launcher
        self._planner = planner
        self._graph = graph
        self._listener = listener
        self._lock = FileLock(home / ".submit.lock")
        self._runs_at_once = runs_at_once
        self._tags = {**tags, SUBMITTER_TAG: submitter()}
        self._active: dict[str, tuple[Group, RunWatch, bool]] = {}
        self._open: set[Task] = set()
        self.outcome = Outcome()

    def carry_out(self, plan: Plan) -> Outcome:
        """Start the runs of a plan and wait for them.

        Parameters
        ----------
        plan : Plan
            What is to be built.

        Returns
        -------
        Outcome
            What became of every task.
        """
        pending = groups_of(plan.build, self._graph)
        self._open = set(plan.build)
        try:
            while pending or self._active:
                pending = self._start_what_can(pending)
                if self._active:
                    time.sleep(_POLL_SECONDS)
                self._look_at_runs()
        except KeyboardInterrupt:
            self.outcome.canceled = True
            self._stop_runs()
        return self.outcome

    def _start_what_can(self, pending: Sequence[Group]) -> list[Group]:
        waiting: list[Group] = []
        for group in pending:
            if not self._may_start(group):
                waiting.append(group)
                continue
            ready = self._ready_tasks(group)
            if ready and not self._started(Group(group.stage, group.partition, ready)):
                waiting.append(group)
        return waiting

    def _may_start(self, group: Group) -> bool:
        mine = set(group.tasks)
        return not any(
            up in self._open and up not in mine
            for task in group.tasks
            for up in self._planner.upstream(task)
        )

    def _ready_tasks(self, group: Group) -> tuple[Task, ...]:
        ready: list[Task] = []
        for task in group.tasks:
            if task not in self._open:
                continue
            missing = [
                up
                for up in self._planner.upstream(task)
                if up not in ready and not self._is_there(up)
            ]
            if missing:
                self._settle_blocked(task, missing)
            else:
                ready.append(task)
        return tuple(ready)

    def _is_there(self, task: Task) -> bool:
        gone = task in self.outcome.failed or task in self.outcome.blocked
        return not gone and (task in self.outcome.built or self._planner.is_there(task))

    def _settle_blocked(self, task: Task, missing: Sequence[Task]) -> None:
        plates = sorted({up.partition for up in missing})
        several = "are" if len(missing) > 1 else "is"
        reason = f"{', '.join(map(str, missing[:5]))} {several} not there"
        if len(plates) < len(self._planner.upstream(task)) and task.partition not in plates:
            reason += (
                f"; take the plate out with `profiling-assets exclude {plates[0]} --reason ...` "
                "or `process: false` in the config to go on without it"
            )
        self.outcome.blocked[task] = reason
        self._open.discard(task)
        self._listener.task_failed(task, reason)

    def _started(self, group: Group) -> bool:
        with self._lock:
            others = self._runs_in_progress()
            same = next((run for run in others if self._covers(run, group)), None)
            if same is not None:
                if same.run_id not in self._active:
                    self._watch(group, same.run_id, own=False)
                return True
            if len(others) >= self._runs_at_once:
                return False
            run_id = self._launcher.launch(
                [task.name for task in group.tasks], group.partition, self._tags
            )
        self._watch(group, run_id, own=True)
        self._listener.run_started(group, run_id)
        return True

    def _runs_in_progress(self) -> Sequence[dg.DagsterRun]:
        return self._instance.get_runs(filters=dg.RunsFilter(statuses=_IN_PROGRESS))

    @staticmethod
    def _covers(run: dg.DagsterRun, group: Group) -> bool:
        if run.tags.get(PARTITION_TAG) != group.partition or run.asset_selection is None:
            return False
        names = {key.to_user_string() for key in run.asset_selection}
        return any(task.name in names for task in group.tasks)

    def _watch(self, group: Group, run_id: str, *, own: bool) -> None:
        self._active[run_id] = (group, RunWatch(self._instance, run_id), own)

    def _look_at_runs(self) -> None:
        for run_id, (group, watch, _) in list(self._active.items()):
            news = watch.news()
            for line in news.lines:
                self._listener.line(group.partition, line)
            for name in news.materialized:
                self._settle_built(Task(name, group.partition), group)
            if news.finished:
                del self._active[run_id]
                self._settle_rest(group, watch)

    def _settle_built(self, task: Task, group: Group) -> None:
        if task in self._open and task in group.tasks:
            self._open.discard(task)
            self.outcome.built.append(task)
            self._listener.task_done(task)

    def _settle_rest(self, group: Group, watch: RunWatch) -> None:
        for task in group.tasks:
            if task not in self._open:
                continue
            self._open.discard(task)
            reason = watch.failures.get(task.name)
            withheld = watch.withheld.get(task.name)
            if reason is None and withheld is None:
                missing = [up for up in self._planner.upstream(task) if not self._is_there(up)]
                if missing:
                    self._settle_blocked(task, missing)
                    continue
            text = reason or withheld or watch.run_failure
            self.outcome.failed[task] = text
            self._listener.task_failed(task, text)

    def _stop_runs(self) -> None:
        own = [run_id for run_id, (_, _, mine) in self._active.items() if mine]
        for run_id in own:
            self._launcher.terminate(run_id)
        deadline = time.monotonic() + _STOP_SECONDS
        while own and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            own = [run_id for run_id in own if not _finished(self._instance, run_id)]
        for run_id in own:
            run = self._instance.get_run_by_id(run_id)
            if run is not None:
                self._instance.report_run_canceled(run)


def _finished(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose command and processes no longer live on this machine.

    After `kill -9` nobody else would, where no daemon runs; their places in the pools would stay
    taken.

    Parameters
    ----------
    instance : dagster.DagsterInstance
        The event log.

    Returns
    -------
    list of str
        Ids of the runs that were ended.
    """
    ended: list[str] = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_IN_PROGRESS)):
        if not _is_dead(run.tags.get(SUBMITTER_TAG, "")):
            continue
        if any(_is_alive(pid) for pid in RunWatch(instance, run.run_id).process_ids()):
            continue
        instance.report_run_failed(run, "its process was killed; `run` builds what is missing")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        ended.append(run.run_id)
    return ended


def _is_dead(name: str) -> bool:
    host, _, rest = name.partition(":")
    pid, _, start = rest.partition(":")
    return host == socket.gethostname() and pid.isdigit() and started_at(int(pid)) != start


def _is_alive(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"python" in command or b"dagster" in command


def names_of(tasks: Collection[Task]) -> list[str]:
    """Return tasks as sorted text.

    Parameters
    ----------
    tasks : collection of Task
        The tasks.

    Returns
    -------
    list of str
        `asset of PARTITION`, sorted.
    """
    return sorted(map(str, tasks))
