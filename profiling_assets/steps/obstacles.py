"""What keeps a result from being there, before anything runs.

Put here: why a plan leaves out a result that was asked for.
Do not put here: the plan (`plan`), words that a step says too (`judge`, `whole_batch`).
"""

from collections.abc import Iterable

from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import ProfilingError, listed
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Action
from profiling_assets.steps.judge import PlanJudge, switched_off
from profiling_assets.steps.results import (
    AGGREGATED,
    CSVS,
    LOAD_DATA,
    PLATE,
    SQLITE,
    Result,
    Task,
    scope_of,
)
from profiling_assets.steps.whole_batch import nothing_to_make_from, plates_not_in_workspace
from profiling_assets.workspace.names import PlateKey


class Obstacles:
    """Names what keeps a result from being there."""

    def __init__(self, catalog: Catalog, judge: PlanJudge) -> None:
        self._catalog = catalog
        self._graph = catalog.results
        self._judge = judge

    def of(self, task: Task) -> str:
        """Say why a result cannot be there.

        Empty where it stands or can be made, and where it is not asked of a plate that starts at a
        later result.
        """
        result = self._graph[task.name]
        if result.partial or result.step is Step.SUMMARY:
            return ""  # a plate that is not there is a line less
        if result.level != PLATE:
            return self._lacking_plates(task)
        return self._withheld(task) or self._switched_off(task)

    def of_plates(self, plates: Iterable[PlateKey]) -> dict[Task, str]:
        """Say why nothing at all can be made of a plate.

        The aggregated profiles of each plate that cannot be read, has nothing to start from, or has
        only older results than the input that lies there.
        """
        found: dict[Task, str] = {}
        names = [name for name, result in self._graph.items() if _tells_of_cells(result)]
        for key in plates:
            first = Task(AGGREGATED, str(key))
            source = self._judge.source(key)
            if key in self._judge.unreadable:
                found[first] = self._judge.unreadable[key]
            elif source.unusable or all(
                self._judge.action(Task(name, str(key))) is None for name in names
            ):
                try:
                    source.required(key)
                except ProfilingError as error:
                    found[first] = str(error)
        return found

    def _lacking_plates(self, task: Task) -> str:
        result, inputs = self._graph[task.name], self._judge.upstream(task)
        lacking = [up for up in inputs if self._judge.action(up) is None]
        if len(lacking) == len(inputs):  # all of its plates start later: it is not asked for
            return ""
        if all(self._graph[up.name].level != PLATE for up in inputs):
            return ""  # what it is made from says it
        if lacking:
            first, path = lacking[0].partition, self._judge.path(lacking[0])
            return str(nothing_to_make_from(result.step, listed(lacking), first=first, path=path))
        absent = self._catalog.absent_of(result.level, task.partition)
        if absent and self._judge.action(task) is Action.BUILD:
            return str(plates_not_in_workspace(result.step, listed(absent), first=absent[0]))
        return ""

    def _switched_off(self, task: Task) -> str:
        result = self._graph[task.name]
        if self._judge.action(task) is not None or result.performs or CSVS in result.external:
            return ""
        if any(self._judge.action(up) is None for up in self._judge.upstream(task)):
            return ""  # the plate starts at a later result
        needed = [
            Task(name, scope_of(task.key, other.level))
            for name, other in self._graph.items()
            if task.name in other.upstream
        ]
        if all(self._judge.action(other) is not None for other in needed):
            return ""
        return str(switched_off(task, self._judge.path(task)))

    def _withheld(self, task: Task) -> str:
        if task.name != SQLITE or self._judge.standing(task) is not None:
            return ""
        sibling = Task(AGGREGATED, task.partition)
        recorded = self._judge.recorded(sibling)
        if recorded is None or self._judge.action(sibling) is not Action.CURRENT:
            return ""
        return recorded.withheld


def _tells_of_cells(result: Result) -> bool:
    """Say whether a plate's result cannot be made of a plate without cells or profiles."""
    return result.level == PLATE and not result.partial and LOAD_DATA not in result.external
