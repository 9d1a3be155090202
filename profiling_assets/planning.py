"""What a run would do: for every result asked for, current, adopt or build, and why not.

Put here: which results are asked for, which of them must wait, and what cannot be there.
Do not put here: what is to be done about one result (`judging`), starting runs (`running`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import dagster as dg

from profiling_assets.core.currency import Action, Recorded
from profiling_assets.core.errors import ConfigError, MissingInputError
from profiling_assets.core.names import PlateKey
from profiling_assets.judging import Judge, Task
from profiling_assets.pipeline.catalog import Catalog
from profiling_assets.pipeline.results import AGGREGATED, CSVS, PLATE, SQLITE, Result, scope_of
from profiling_assets.records import latest_records

_SHOWN = 5  # names in a reason


@dataclass(frozen=True)
class Plan:
    """What is to be done, in the order of the graph.

    Attributes
    ----------
    current : tuple of Task
        Nothing to do.
    adopt : mapping of Task to Recorded
        Stands and was not made by us; what to record of it.
    build : tuple of Task
        To be built, upstream before downstream.
    impossible : mapping of Task to str
        Asked for, cannot be there, and why.
    no_source : tuple of Task
        Not asked for, because the plate starts at a later result, or because what it is made from
        is impossible.
    waiting : mapping of Task to str
        Not asked for, because other plates of the batch were left out and are not current; which.
    """

    current: tuple[Task, ...]
    adopt: dict[Task, Recorded]
    build: tuple[Task, ...]
    impossible: dict[Task, str] = field(default_factory=dict)
    no_source: tuple[Task, ...] = ()
    waiting: dict[Task, str] = field(default_factory=dict)


class Planner:
    """Makes plans from one look at workspace and event log.

    Parameters
    ----------
    catalog : Catalog
        Workspace, config, plates and graph.
    instance : dagster.DagsterInstance
        The event log.
    force : bool
        Whether everything asked for is built again.
    """

    def __init__(self, catalog: Catalog, instance: dg.DagsterInstance, *, force: bool) -> None:
        self._catalog = catalog
        self._instance = instance
        self._force = force
        self._graph = catalog.results
        self._plates = catalog.cohort.plates
        self._judge = Judge(catalog, instance, force=force)

    def external_fingerprints(self, name: str, plates: Iterable[PlateKey]) -> dict[str, str]:
        """Return the fingerprints of an external asset.

        Parameters
        ----------
        name : str
            `cellprofiler_csvs` or `plate_map`.
        plates : iterable of PlateKey
            The plates asked for.

        Returns
        -------
        dict of str to str
            `BATCH/PLATE` to fingerprint; absent are plates without such an input, and those whose
            CSVs were archived: what is left of them is no new input.
        """
        if name == CSVS:
            found = {
                str(key): self._judge.source(key).fingerprint
                for key in plates
                if not self._judge.is_moved_away(Task(AGGREGATED, str(key)))
            }
        else:
            found = {str(key): self._judge.plate_map(key) for key in plates}
        return {key: mark for key, mark in found.items() if mark}

    def plan(self, plates: Collection[PlateKey], names: Collection[str] | None = None) -> Plan:
        """Plan the results of some plates and of the batches that are complete with them.

        Parameters
        ----------
        plates : collection of PlateKey
            The plates asked for.
        names : collection of str, optional
            The results asked for; all of the graph by default.

        Returns
        -------
        Plan
            One answer for every result asked for.

        Raises
        ------
        ConfigError
            Where a name is not a result of this config.
        """
        asked, waiting = self._asked(plates, names)
        found: dict[Action | None, list[Task]] = {None: [], **{action: [] for action in Action}}
        impossible: dict[Task, str] = {}
        for task in asked:
            reason = self._withheld(task) or self._why_not(task)
            if reason:
                impossible[task] = reason
            else:
                found[self._judge.action(task)].append(task)
        impossible.update(self._plates_without_start(plates))
        return Plan(
            current=tuple(found[Action.CURRENT]),
            adopt={task: self._judge.adoption(task) for task in found[Action.ADOPT]},
            build=tuple(found[Action.BUILD]),
            impossible=impossible,
            no_source=tuple(task for task in found[None] if task not in impossible),
            waiting=waiting,
        )

    def upstream(self, task: Task) -> list[Task]:
        """Return what a task is made from.

        Parameters
        ----------
        task : Task
            A result of a partition.

        Returns
        -------
        list of Task
            Its direct inputs within the graph.
        """
        return self._judge.upstream(task)

    def is_there(self, task: Task) -> bool:
        """Say whether a result stood in the workspace when the planner looked."""
        return self._judge.standing(task) is not None

    def was_made_meanwhile(self, task: Task) -> bool:
        """Say whether another command has made a result since the planner looked."""
        now = latest_records(self._instance, task.name, [task.partition]).get(task.partition)
        return (
            not self._force
            and now is not None
            and now != self._judge.recorded(task)
            and now.fingerprint == self._judge.wanted(task).fingerprint
            and self._catalog.workspace.stat(self._judge.path(task)) is not None
        )

    def _asked(
        self, plates: Collection[PlateKey], names: Collection[str] | None
    ) -> tuple[list[Task], dict[Task, str]]:
        unknown = sorted(set(names or ()) - set(self._graph))
        if unknown:
            raise ConfigError(
                f"this config has no asset {', '.join(unknown)}",
                remedy=f"choose from {', '.join(self._graph)}",
            )
        asked: list[Task] = []
        waiting: dict[Task, str] = {}
        for name, result in self._graph.items():
            if names and name not in names:
                continue
            for partition in sorted({scope_of(key, result.level) for key in plates}):
                task = Task(name, partition)
                reason = self._must_wait(result, task, plates, waiting)
                if reason:
                    waiting[task] = reason
                else:
                    asked.append(task)
        return asked, waiting

    def _must_wait(
        self,
        result: Result,
        task: Task,
        plates: Collection[PlateKey],
        waiting: Collection[Task],
    ) -> str:
        # `--plate` builds a batch asset only where the batch's other plates are current
        if result.level == PLATE:
            behind = [up for up in self.upstream(task) if up in waiting]
            return f"{behind[0]} waits" if behind else ""
        chosen = {str(key) for key in plates}
        there = (Action.CURRENT, Action.ADOPT)
        behind = [
            up
            for up in self.upstream(task)
            if up.partition not in chosen and self._judge.action(up) not in there
        ]
        if not behind or self._judge.action(task) in there:
            return ""
        return f"{_listed(behind)} {_are(behind)} not current; run without --plate or with them"

    def _why_not(self, task: Task) -> str:
        # a result that is absent and cannot be made is asked for all the same, where a plate
        # starts before it
        if self._judge.action(task) is not None:
            return ""
        if self._graph[task.name].level != PLATE:
            return self._lacking_plates(task)
        return self._switched_off(task)

    def _lacking_plates(self, task: Task) -> str:
        inputs = self.upstream(task)
        lacking = [up for up in inputs if self._judge.action(up) is None]
        if len(lacking) == len(inputs):  # all of its plates start later: it is not asked for
            return ""
        first = lacking[0].partition
        return str(
            MissingInputError(
                f"{task.name} is made from all plates, and nothing is there to make "
                f"{_listed(lacking)} from",
                path=self._judge.path(lacking[0]),
                remedy="mend the plate, or take it out: "
                f"`profiling-assets exclude {first} --reason ...`, or `process: false` in the "
                "config",
            )
        )

    def _switched_off(self, task: Task) -> str:
        result = self._graph[task.name]
        if result.performs or CSVS in result.external:
            return ""
        if any(self._judge.action(up) is None for up in self.upstream(task)):
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

    def _plates_without_start(self, plates: Iterable[PlateKey]) -> dict[Task, str]:
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

    def _withheld(self, task: Task) -> str:
        if task.name != SQLITE or self.is_there(task):
            return ""
        sibling = Task(AGGREGATED, task.partition)
        recorded = self._judge.recorded(sibling)
        if recorded is None or self._judge.action(sibling) is not Action.CURRENT:
            return ""
        return recorded.withheld


def _listed(tasks: Collection[Task]) -> str:
    shown = [str(task) for task in tasks][:_SHOWN]
    more = len(tasks) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _are(tasks: Collection[Task]) -> str:
    return "are" if len(tasks) > 1 else "is"
