"""What a run would do: for every result asked for, current, adopt or build, and why not.

Put here: putting workspace, event log and graph together into a plan.
Do not put here: the decision about one result (`core.currency`), starting runs (`running`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache

import dagster as dg

from profiling_assets.core.currency import Action, Recorded, Standing, decide, fingerprint
from profiling_assets.core.errors import ConfigError, ProfilingError
from profiling_assets.core.names import PlateKey
from profiling_assets.io_managers import result_path
from profiling_assets.pipeline.catalog import Catalog
from profiling_assets.pipeline.platemaps import plate_map_fingerprint
from profiling_assets.pipeline.results import (
    AGGREGATED,
    CSVS,
    PARQUET,
    PLATE,
    PLATE_MAP,
    SQLITE,
    Result,
    input_name,
    input_partitions,
    scope_of,
)
from profiling_assets.pipeline.sources import PlateSource, SourceKind, plate_source
from profiling_assets.records import latest_records


@dataclass(frozen=True, order=True)
class Task:
    """One result of one partition."""

    name: str
    partition: str

    def __str__(self) -> str:
        """Return `asset of PARTITION`."""
        return f"{self.name} of {self.partition}"


@dataclass(frozen=True)
class Plan:
    """What is to be done, in the order of the graph.

    Attributes
    ----------
    current : tuple of Task
        Nothing to do.
    adopt : mapping of Task to str
        Stands and was not made by us; the fingerprint to record it with.
    build : tuple of Task
        To be built, upstream before downstream.
    impossible : mapping of Task to str
        Asked for, cannot be there, and why.
    no_source : tuple of Task
        Not asked for, because the plate starts at a later result.
    """

    current: tuple[Task, ...]
    adopt: dict[Task, str]
    build: tuple[Task, ...]
    impossible: dict[Task, str] = field(default_factory=dict)
    no_source: tuple[Task, ...] = ()


class Planner:
    """Looks once at workspace and event log, and answers for every result.

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
        self._force = force
        self._graph = catalog.results
        self._plates = catalog.cohort.plates
        partitions = {
            level: sorted({scope_of(key, level) for key in self._plates})
            for level in {result.level for result in self._graph.values()}
        }
        self._records = {
            name: latest_records(instance, name, partitions[result.level])
            for name, result in self._graph.items()
        }
        self._unreadable: dict[PlateKey, str] = {}
        self.source = cache(self._source)
        self._plate_map = cache(self._plate_map_fingerprint)
        self._action = cache(self._decided)
        self._wanted = cache(self._wanted_fingerprint)
        self._buildable = cache(self._can_be_built)
        self._standing = cache(self._stands)

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
            `BATCH/PLATE` to fingerprint; plates without such an input are absent.
        """
        if name == CSVS:
            found = {str(key): self.source(key).fingerprint for key in plates}
        else:
            found = {str(key): self._plate_map(key) for key in plates}
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
        asked = self._tasks(plates, names)
        current: list[Task] = []
        adopt: dict[Task, str] = {}
        build: list[Task] = []
        impossible: dict[Task, str] = {}
        no_source: list[Task] = []
        for task in asked:
            withheld = self._withheld(task)
            if withheld:
                impossible[task] = withheld
                continue
            action = self._action(task)
            if action is Action.CURRENT:
                current.append(task)
            elif action is Action.ADOPT:
                adopt[task] = self._wanted(task)
            elif action is Action.BUILD:
                build.append(task)
            else:
                no_source.append(task)
        for key in plates:
            mine = [t for t in asked if t.partition == str(key)]
            if mine and key in self._unreadable:
                impossible[mine[0]] = self._unreadable[key]
            elif mine and all(task in no_source for task in mine):
                looked_for = ", ".join(self.source(key).looked_for)
                impossible[mine[0]] = (
                    f"plate {key} has nothing to start from; looked for {looked_for}"
                )
        return Plan(tuple(current), adopt, tuple(build), impossible, tuple(no_source))

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
        result = self._graph[task.name]
        return [
            Task(name, partition)
            for name in result.upstream
            for partition in input_partitions(
                result, self._graph[name], task.partition, self._plates
            )
        ]

    def is_there(self, task: Task) -> bool:
        """Say whether a result stood in the workspace when the planner looked."""
        return self._standing(task) is not None

    def _tasks(self, plates: Collection[PlateKey], names: Collection[str] | None) -> list[Task]:
        unknown = sorted(set(names or ()) - set(self._graph))
        if unknown:
            raise ConfigError(
                f"this config has no asset {', '.join(unknown)}",
                remedy=f"choose from {', '.join(self._graph)}",
            )
        tasks = []
        for name, result in self._graph.items():
            if names and name not in names:
                continue
            partitions = sorted({scope_of(key, result.level) for key in plates})
            tasks += [Task(name, p) for p in partitions if self._others_current(result, p, plates)]
        return tasks

    def _others_current(self, result: Result, partition: str, plates: Collection[PlateKey]) -> bool:
        # `--plate` builds a batch asset only where the batch's other plates have what it needs
        if result.level == PLATE:
            return True
        others = [
            key
            for key in self._plates
            if scope_of(key, result.level) == partition and key not in plates
        ]
        return all(
            self._action(Task(name, str(key))) is Action.CURRENT
            for key in others
            for name in result.upstream
            if self._graph[name].level == PLATE
        )

    def _source(self, key: PlateKey) -> PlateSource:
        try:
            return plate_source(self._catalog.workspace, self._catalog.config, key)
        except ProfilingError as error:  # this plate's alone; the others go on
            self._unreadable[key] = str(error)
            return PlateSource(SourceKind.NONE, "", "", None, ())

    def _plate_map_fingerprint(self, key: PlateKey) -> str:
        return plate_map_fingerprint(self._catalog.workspace, self._catalog.config, key)

    def _stands(self, task: Task) -> Standing | None:
        path = result_path(self._graph[task.name].template, task.partition)
        info = self._catalog.workspace.stat(path)
        return None if info is None else Standing(info.size)

    def _recorded(self, task: Task) -> Recorded | None:
        return self._records[task.name].get(task.partition)

    def _can_be_built(self, task: Task) -> bool:
        result = self._graph[task.name]
        if not result.performs:
            return False
        if CSVS in result.external:
            kind = self.source(PlateKey.parse(task.partition)).kind
            if task.name in (SQLITE, PARQUET):
                return kind is SourceKind.CSVS
            return kind is not SourceKind.NONE
        return all(self._standing(up) or self._buildable(up) for up in self.upstream(task))

    def _decided(self, task: Task) -> Action | None:
        standing, recorded = self._standing(task), self._recorded(task)
        if not self._buildable(task) or self._source_archived(task):
            if standing is None:
                return None
            return Action.ADOPT if recorded is None else Action.CURRENT
        return decide(
            standing,
            recorded,
            self._wanted(task),
            force=self._force,
            overwrite=self._graph[task.name].overwrite,
        )

    def _source_archived(self, task: Task) -> bool:
        # CSVs that were moved away after the backend was made do not make its results outdated
        recorded = self._recorded(task)
        return (
            CSVS in self._graph[task.name].external
            and recorded is not None
            and recorded.source == SourceKind.CSVS
            and self._standing(task) is not None
            and self.source(PlateKey.parse(task.partition)).kind is not SourceKind.CSVS
            and not self._catalog.config.collate.aggregate_only
        )

    def _wanted_fingerprint(self, task: Task) -> str:
        result = self._graph[task.name]
        inputs: dict[str, str] = {}
        for name in result.external:
            key = PlateKey.parse(task.partition)
            inputs[name] = (
                self._plate_map(key) if name == PLATE_MAP else self.source(key).fingerprint
            )
        for up in self.upstream(task):
            inputs[input_name(up.name, up.partition)] = self._effective(up)
        return fingerprint(result.code_version, inputs)

    def _effective(self, task: Task) -> str:
        action = self._action(task)
        if action is None:
            return "unrecorded"
        recorded = self._recorded(task)
        if action is Action.CURRENT and recorded is not None:
            return recorded.fingerprint
        return self._wanted(task)

    def _withheld(self, task: Task) -> str:
        if task.name != SQLITE:
            return ""
        sibling = Task(AGGREGATED, task.partition)
        recorded = self._recorded(sibling)
        if recorded is None or self._action(sibling) is not Action.CURRENT:
            return ""
        return recorded.withheld
