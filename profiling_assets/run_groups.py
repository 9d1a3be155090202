"""Which runs a plan needs: results of one partition that are made one after the other.

Put here: sorting tasks into runs, and runs into stages.
Do not put here: when a run may start, what became of it (`running`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from profiling_assets.pipeline.results import Result
from profiling_assets.planning import Task


@dataclass(frozen=True)
class Group:
    """Tasks of one run: results of one partition that are made one after the other."""

    stage: int
    partition: str
    tasks: tuple[Task, ...]


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
