"""Which runs a plan needs, and the words for what becomes of them.

Put here: sorting tasks into runs, and runs into stages; who is told, and what.
Do not put here: when a run may start, following it (`dagster.runs.run`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from profiling_assets.dagster.runs.plan import Task
from profiling_assets.steps.results import Result


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
    following : set of Task
        Those of the blocked of which nothing more is to be said: what they need tells what to do.
    canceled : bool
        Whether the user stopped it.
    warnings : dict of str to list of str
        Partition to what its runs warned of.
    """

    built: list[Task] = field(default_factory=list)
    failed: dict[Task, str] = field(default_factory=dict)
    blocked: dict[Task, str] = field(default_factory=dict)
    following: set[Task] = field(default_factory=set)
    canceled: bool = False
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
