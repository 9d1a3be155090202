"""Why a result that is asked for cannot be there, with path and remedy, before anything runs.

Put here: obstacles that workspace, config and event log show.
Do not put here: errors of a step (they are in its run), what is to be done (`steps.judge`, `dagster.runs.plan`).
"""

from collections.abc import Collection, Iterable

from profiling_assets.config.step import Step
from profiling_assets.errors import MissingInputError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Action
from profiling_assets.steps.judge import Judge, Task
from profiling_assets.steps.results import AGGREGATED, CSVS, PLATE, SQLITE, scope_of
from profiling_assets.workspace.names import PlateKey

_SHOWN = 5  # names in a reason
_SELECTED = "features are selected over all plates"
_STACKED = "all plates of a batch are stacked"
_TOGETHER = {
    Step.SELECT: _SELECTED,
    Step.SELECT_NEGCON: _SELECTED,
    Step.STACK: _STACKED,
    Step.STACK_NEGCON: _STACKED,
}


class Obstacles:
    """Names what keeps a result from being there.

    Parameters
    ----------
    catalog : Catalog
        Graph and plates.
    judge : Judge
        Has looked at workspace and event log.
    """

    def __init__(self, catalog: Catalog, judge: Judge) -> None:
        self._catalog = catalog
        self._graph = catalog.results
        self._judge = judge

    def of(self, task: Task) -> str:
        """Say why a result cannot be there.

        Parameters
        ----------
        task : Task
            A result that is asked for.

        Returns
        -------
        str
            Empty where it stands or can be made, and where it is not asked of a plate that starts
            at a later result.
        """
        result = self._graph[task.name]
        if result.partial or result.step is Step.SUMMARY:
            return ""  # a plate that is not there is a line less
        if self._graph[task.name].level != PLATE:
            return self._lacking_plates(task)
        return self._withheld(task) or self._switched_off(task)

    def of_plates(self, plates: Iterable[PlateKey]) -> dict[Task, str]:
        """Say why nothing at all can be made of a plate.

        Parameters
        ----------
        plates : iterable of PlateKey
            The plates asked for.

        Returns
        -------
        dict of Task to str
            The aggregated profiles of each plate that cannot be read, or has nothing to start
            from.
        """
        found: dict[Task, str] = {}
        names = [name for name, result in self._graph.items() if result.level == PLATE]
        for key in plates:
            first = Task(AGGREGATED, str(key))
            source = self._judge.source(key)
            if key in self._judge.unreadable:
                found[first] = self._judge.unreadable[key]
            elif all(self._judge.action(Task(name, str(key))) is None for name in names):
                try:
                    source.required(key)
                except MissingInputError as error:
                    found[first] = str(error)
        return found

    def _lacking_plates(self, task: Task) -> str:
        inputs = self._judge.upstream(task)
        lacking = [up for up in inputs if self._judge.action(up) is None]
        if len(lacking) == len(inputs):  # all of its plates start later: it is not asked for
            return ""
        if all(self._graph[up.name].level != PLATE for up in inputs):
            return ""  # what it is made from says it
        remedy = "put its CellProfiler output there, or set `process: false` in the config"
        if lacking:
            first, path = lacking[0].partition, self._judge.path(lacking[0])
            what = f"there is nothing to make {listed(lacking)} from"
            remedy = (
                f"mend the plate, or take it out: `profiling-assets exclude {first} --reason ... "
                "--workspace ...`, "
                "or `process: false` in the config"
            )
        elif self._judge.action(task) is Action.BUILD:
            absent = self._catalog.absent_of(self._graph[task.name].level, task.partition)
            if not absent:
                return ""
            path = f"analysis/{absent[0]}"
            what = f"the config names {listed(absent)}, which the workspace does not have"
        else:
            return ""
        return str(
            MissingInputError(
                f"{_TOGETHER.get(self._graph[task.name].step, 'it is made of all plates')}, "
                f"and {what}",
                path=path,
                remedy=remedy,
            )
        )

    def _switched_off(self, task: Task) -> str:
        result = self._graph[task.name]
        if self._judge.action(task) is not None or result.performs or CSVS in result.external:
            return ""
        if any(self._judge.action(up) is None for up in self._judge.upstream(task)):
            return ""  # the plate starts at a later result
        needed = [
            Task(name, scope_of(PlateKey.parse(task.partition), other.level))
            for name, other in self._graph.items()
            if task.name in other.upstream
        ]
        if all(self._judge.action(other) is not None for other in needed):
            return ""
        return str(
            MissingInputError(
                f"{task.name} is switched off in the config, and no such file stands",
                path=self._judge.path(task),
                remedy="set the step's `perform` to true, or put the file there",
            )
        )

    def _withheld(self, task: Task) -> str:
        if task.name != SQLITE or self._judge.standing(task) is not None:
            return ""
        sibling = Task(AGGREGATED, task.partition)
        recorded = self._judge.recorded(sibling)
        if recorded is None or self._judge.action(sibling) is not Action.CURRENT:
            return ""
        return recorded.withheld


def listed(things: Collection[object]) -> str:
    """Put the first of some names into a sentence.

    Parameters
    ----------
    things : collection of object
        Tasks, plates or names.

    Returns
    -------
    str
        `a, b and 3 more`.
    """
    shown = [str(thing) for thing in things][:_SHOWN]
    more = len(things) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
