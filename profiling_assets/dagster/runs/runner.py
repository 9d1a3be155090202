"""Carrying out a plan: runs as the UI would start them, several at once, in the graph's order.

Put here: which runs a plan needs, when each may start, what became of it.
Do not put here: what is to be built (`steps.plan`), how a run is started
(`dagster.launchers.asset_runs`), printing.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import dagster as dg
from filelock import FileLock

from profiling_assets.dagster.launchers.asset_runs import PARTITION_TAG, Launcher
from profiling_assets.dagster.launchers.dead_runs import (
    SUBMITTER_TAG,
    end_dead_runs,
    has_process,
    retry_of,
    runs_in_progress,
    runs_in_queue,
    submitter,
)
from profiling_assets.dagster.launchers.follow import RunWatch
from profiling_assets.errors import listed
from profiling_assets.steps.plan import Plan, Planner
from profiling_assets.steps.results import PLATE, Result, Task

_POLL_SECONDS = 0.3
_DEAD_SECONDS = 5.0
_STOP_SECONDS = 60.0
_START_SECONDS = 3.0  # from the start of a run's process to the event that names it


@dataclass(frozen=True)
class Group:
    """Tasks of one run: results of one partition that are made one after the other."""

    stage: int
    partition: str
    tasks: tuple[Task, ...]


@dataclass
class Outcome:
    """What became of a plan."""

    # materialized by this command, or by a run that it waited for
    built: list[Task] = field(default_factory=list)
    failed: dict[Task, str] = field(default_factory=dict)  # not there, and the error's text
    # not tried, because something it needs is not there
    blocked: dict[Task, str] = field(default_factory=dict)
    # those of the blocked of which nothing more is to be said: what they need tells what to do
    following: set[Task] = field(default_factory=set)
    canceled: bool = False  # whether the user stopped it
    # what the runs of a partition warned of
    warnings: dict[str, list[str]] = field(default_factory=dict)


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

    `graph` has upstream before downstream. The runs are sorted by stage, then partition, the tasks
    of a run as the graph is.
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


class Runner:
    """Carries out one plan.

    `home` is the instance's folder: a lock there keeps two commands from starting the same run.
    `runs_at_once` counts the runs of all commands of the instance. `stop` is asked again and again
    whether the user wants the runs stopped.
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
        stop: Callable[[], bool],
    ) -> None:
        self._instance = instance
        self._launcher = launcher
        self._planner = planner
        self._graph = graph
        self._listener = listener
        self._lock = FileLock(home / ".submit.lock")
        self._runs_at_once = runs_at_once
        self._mine = {SUBMITTER_TAG: submitter()}
        self._tags = {**tags, **self._mine}
        self._stop = stop
        self._pending: list[Group] = []
        self._active: dict[str, tuple[Group, RunWatch, bool]] = {}
        self._looked_for_dead = time.monotonic()
        self._open: set[Task] = set()
        self.outcome = Outcome()

    def carry_out(self, plan: Plan) -> Outcome:
        """Start the runs of a plan, wait for them, and say what became of every task."""
        self._pending = groups_of(plan.build, self._graph)
        self._open = set(plan.build)
        while self._pending or self._active:
            self._pending = self._start_what_can(self._pending)
            if self._pending or self._active:
                time.sleep(_POLL_SECONDS)
            self._look_at_runs()
            if self._stop():
                self.outcome.canceled = True
                self._stop_runs()
                break
        return self.outcome

    def _start_what_can(self, pending: Sequence[Group]) -> list[Group]:
        waiting: list[Group] = []
        full = False
        for group in pending:
            if full or self._stop() or not self._may_start(group):
                waiting.append(group)
                continue
            ready = self._ready_tasks(group)
            if ready and not self._started(Group(group.stage, group.partition, ready)):
                waiting.append(group)
                full = True  # with hundreds of plates, one question to the event log is enough
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
            inputs = self._planner.upstream(task)
            missing = [up for up in inputs if up not in ready and not self._is_there(up)]
            enough = self._graph[task.name].partial and len(missing) < len(inputs)
            if missing and not enough:
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
        reason = f"{listed(missing)} {several} not there"
        some = len(plates) < len(self._planner.upstream(task)) and task.partition not in plates
        if some and all(self._graph[up.name].level == PLATE for up in missing):
            reason += (
                f"; take the plate out with `profiling-assets exclude {plates[0]} --reason ... "
                "--workspace ...` "
                "or `process: false` in the config to go on without it"
            )
        else:
            self.outcome.following.add(task)
        self.outcome.blocked[task] = reason
        self._open.discard(task)
        self._listener.task_failed(task, reason)

    def _started(self, group: Group) -> bool:
        with self._lock:
            others = runs_in_progress(self._instance)
            queue = runs_in_queue(self._instance)
            same = next((run for run in (*others, *queue) if self._covers(run, group)), None)
            if same is not None:
                if same.run_id not in self._active:
                    self._watch(group, same.run_id, own=False)
                return True
            left = self._not_made_meanwhile(group)
            if not left:
                return True
            if len(others) >= self._runs_at_once:
                return False
            group = Group(group.stage, group.partition, left)
            names = [task.name for task in group.tasks]
            run_id = self._launcher.launch(names, group.partition, self._tags)
        self._watch(group, run_id, own=True)
        self._listener.run_started(group, run_id)
        return True

    def _not_made_meanwhile(self, group: Group) -> tuple[Task, ...]:
        # another command may have made them since this one planned
        for task in group.tasks:
            if self._planner.was_made_meanwhile(task):
                self._settle_built(task, group)
        return tuple(task for task in group.tasks if task in self._open)

    @staticmethod
    def _covers(run: dg.DagsterRun, group: Group) -> bool:
        if run.tags.get(PARTITION_TAG) != group.partition or run.asset_selection is None:
            return False
        names = {key.to_user_string() for key in run.asset_selection}
        return any(task.name in names for task in group.tasks)

    def _watch(self, group: Group, run_id: str, *, own: bool) -> None:
        self._active[run_id] = (group, RunWatch(self._instance, run_id), own)

    def _look_at_runs(self) -> None:
        if time.monotonic() - self._looked_for_dead > _DEAD_SECONDS:
            end_dead_runs(self._instance)
            self._looked_for_dead = time.monotonic()
        for run_id, (group, watch, own) in list(self._active.items()):
            news = watch.news()
            for line in news.lines if own else ():
                self._listener.line(group.partition, line)
            for name in news.materialized:
                self._settle_built(Task(name, group.partition), group)
            if self._stop():  # a run that ends from now on was stopped, it did not fail
                continue
            if news.finished or not (own or self._goes_on(run_id)):
                again = retry_of(self._instance, run_id) if news.finished else None
                if again == run_id:  # its worker was lost, and the daemon is about to start it anew
                    continue
                del self._active[run_id]
                if again is not None:
                    self._watch(group, again, own=own)
                    continue
                self.outcome.warnings.setdefault(group.partition, []).extend(watch.warnings)
                if own:
                    self._settle_rest(group, watch)
                else:
                    self._take_over_rest(group, watch)

    def _goes_on(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.status is not dg.DagsterRunStatus.QUEUED:
            return run is not None
        return any(queued.run_id == run_id for queued in runs_in_queue(self._instance))

    def _take_over_rest(self, group: Group, watch: RunWatch) -> None:
        # what another command's run did not make, this one tries itself
        for task in group.tasks:
            if task in self._open and task.name in watch.withheld:
                self._settle_failed(task, watch.withheld[task.name])
        rest = tuple(task for task in group.tasks if task in self._open)
        if rest:
            self._pending.append(Group(group.stage, group.partition, rest))

    def _settle_built(self, task: Task, group: Group) -> None:
        if task in self._open and task in group.tasks:
            self._open.discard(task)
            self.outcome.built.append(task)
            self._listener.task_done(task)

    def _settle_rest(self, group: Group, watch: RunWatch) -> None:
        for task in group.tasks:
            if task not in self._open:
                continue
            reason = watch.failures.get(task.name)
            withheld = watch.withheld.get(task.name)
            if reason is None and withheld is None:
                missing = [up for up in self._planner.upstream(task) if not self._is_there(up)]
                if missing:
                    self._settle_blocked(task, missing)
                    continue
            self._settle_failed(task, reason or withheld or watch.run_failure)

    def _settle_failed(self, task: Task, reason: str) -> None:
        self._open.discard(task)
        self.outcome.failed[task] = reason
        self._listener.task_failed(task, reason)

    def _stop_runs(self) -> None:
        own = [run_id for run_id, (_, _, mine) in self._active.items() if mine]
        for run_id in own:
            self._launcher.terminate(run_id)
        asked = time.monotonic()
        while left := runs_in_progress(self._instance, tags=self._mine):
            # Ctrl-C in a terminal reaches runs and code server too: they may be gone by now
            seconds = time.monotonic() - asked
            living = any(has_process(self._instance, run) for run in left)
            if seconds > (_STOP_SECONDS if living else _START_SECONDS):
                break
            time.sleep(_POLL_SECONDS)
        for run_id in own:
            # where the terminal's Ctrl-C reached a run before our request, it ended as failed
            run = self._instance.get_run_by_id(run_id)
            done = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED)
            if run is not None and run.status not in done:
                self._instance.report_run_canceled(run)
