"""One look at workspace and event log, and what is to be done about each result.

Put here: putting together, for one result of one partition, what `current` decides on.
Do not put here: which results are asked for (`plan`), the decision itself.
"""

from collections.abc import Callable, Collection, Sequence
from functools import cache, partial

from profiling_assets.errors import ProfilingError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import (
    UNRECORDED,
    Action,
    Marks,
    Recorded,
    Standing,
    decide,
    identity_of_foreign,
    is_replaced,
    marks,
)
from profiling_assets.steps.frozen_features import FROZEN, frozen_fingerprint
from profiling_assets.steps.journal import announced_lookup
from profiling_assets.steps.results import (
    CSVS,
    LOAD_DATA,
    PARQUET,
    PLATE_MAP,
    SQLITE,
    Task,
    input_name,
    input_partitions,
    result_path,
    scope_of,
)
from profiling_assets.steps.sources import (
    PlateSource,
    SourceKind,
    is_moved_away,
    plate_source,
    slim,
    table_hash,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.snapshot import snapshot

# asset, partitions, and the path that a partition's file has now, to their latest records
RecordLookup = Callable[[str, Sequence[str], Callable[[str], str]], dict[str, Recorded]]


class Judge:
    """Looks once at workspace and event log, and answers for every result.

    `unreadable`: plates whose source could not be read, and why, among those looked at so far.
    """

    def __init__(self, catalog: Catalog, records: RecordLookup, *, force: bool) -> None:
        self._catalog = catalog
        self._look = snapshot(catalog.workspace)
        self._force = force
        self._graph = catalog.results
        plates = catalog.cohort.plates
        partitions = {
            level: sorted({scope_of(key, level) for key in plates})
            for level in {result.level for result in self._graph.values()}
        }
        self._records = {
            name: records(
                name,
                partitions[result.level],
                partial(result_path, result.template),
            )
            for name, result in self._graph.items()
        }
        self.unreadable: dict[PlateKey, str] = {}
        self.source = cache(self._source)
        self.plate_map = cache(self._plate_map)
        self.action = cache(self._action)
        self.wanted = cache(self._wanted)
        self.standing = cache(self._standing)
        self._buildable = cache(self._can_be_built)
        self._content = cache(self._hash)
        self._is_announced = announced_lookup(self._look)
        self._frozen = cache(self._frozen_list)

    def look_at(self, plates: Collection[PlateKey]) -> None:
        """Look at the sources of plates, several at a time where that is faster.

        `plates`: the plates; those not named are looked at when they are asked for.
        """
        map_at_once(self.source, plates, at_once=self._look.at_once)

    def path(self, task: Task) -> str:
        """Return the workspace path of a result."""
        return result_path(self._graph[task.name].template, task.partition)

    def upstream(self, task: Task) -> list[Task]:
        """Return what a result is made from, within the graph."""
        result = self._graph[task.name]
        return [
            Task(name, partition)
            for name in result.upstream
            for partition in input_partitions(
                result, self._graph[name], task.partition, self._catalog.cohort.plates
            )
        ]

    def recorded(self, task: Task) -> Recorded | None:
        """Return the latest materialization of a result, if there is one."""
        return self._records[task.name].get(task.partition)

    def adoption(self, task: Task) -> Recorded:
        """Return what is to be recorded of a standing file that was not made here.

        Its marks, without size, version and content of the file.
        """
        wanted = self.wanted(task)
        source = ""
        if CSVS in self._graph[task.name].external:
            source = self.source(PlateKey.parse(task.partition)).kind.value
        return Recorded(wanted.fingerprint, None, adopted=True, source=source, inputs=wanted.inputs)

    def is_moved_away(self, task: Task) -> bool:
        """Say whether a result stands and the CSVs (or the backend) it was made from are gone.

        True for CSVs that were archived after the backend was made. What is left of the plate is no
        new input.
        """
        recorded = self.recorded(task)
        if recorded is None or CSVS not in self._graph[task.name].external:
            return False
        now = self.source(PlateKey.parse(task.partition)).kind
        return self.standing(task) is not None and is_moved_away(recorded.source, now)

    def _source(self, key: PlateKey) -> PlateSource:
        try:
            return slim(plate_source(self._look, self._catalog.config, key))
        except ProfilingError as error:  # this plate's alone; the others go on
            self.unreadable[key] = str(error)
            return PlateSource(SourceKind.NONE, "", "", None, ())

    def _frozen_list(self, name: str) -> str:
        return frozen_fingerprint(self._look, self._catalog.config, negcon=FROZEN[name])

    def _plate_map(self, key: PlateKey) -> str:
        from profiling_assets.steps.plate_maps import plate_map_fingerprint

        return plate_map_fingerprint(self._look, self._catalog.config, key)

    def _standing(self, task: Task) -> Standing | None:
        info = self._look.stat(self.path(task))
        return None if info is None else Standing(info.size, info.version)

    def _hash(self, task: Task) -> str:
        return table_hash(self._look, self.path(task))

    def _can_be_built(self, task: Task) -> bool:
        result = self._graph[task.name]
        if not result.performs:
            return False
        if CSVS in result.external:
            kind = self.source(PlateKey.parse(task.partition)).kind
            if task.name in (SQLITE, PARQUET):
                return kind is SourceKind.CSVS
            return kind is not SourceKind.NONE
        there = (bool(self.standing(up) or self._buildable(up)) for up in self.upstream(task))
        return any(there) if result.partial else all(there)

    def _action(self, task: Task) -> Action | None:
        standing, recorded = self.standing(task), self.recorded(task)
        if not self._buildable(task) or self._is_to_stay(task):
            if standing is None:
                return None
            return Action.ADOPT if self._is_foreign(task) else Action.CURRENT
        return decide(
            standing,
            recorded,
            self.wanted(task),
            force=self._force,
            overwrite=self._graph[task.name].overwrite,
            content=lambda: self._content(task),
            announced=lambda: self._is_announced(self.path(task)),
        )

    def _is_foreign(self, task: Task) -> bool:
        # stands and is not the file that was recorded
        standing, recorded = self.standing(task), self.recorded(task)
        if standing is None:
            return False
        return recorded is None or is_replaced(standing, recorded, lambda: self._content(task))

    def _is_to_stay(self, task: Task) -> bool:
        # the CSVs were moved away: made anew only from a backend, and only where that would differ
        recorded = self.recorded(task)
        if recorded is None or not self.is_moved_away(task):
            return False
        if self.source(PlateKey.parse(task.partition)).kind is not SourceKind.SQLITE:
            return True
        same_code = recorded.code_version == self._graph[task.name].code_version
        backend = Task(SQLITE, task.partition)
        other_backend = SQLITE in self._graph and self._is_foreign(backend)
        return (recorded.adopted or same_code) and not self._force and not other_backend

    def _wanted(self, task: Task) -> Marks:
        result = self._graph[task.name]
        inputs: dict[str, str] = {}
        for name in result.external:
            inputs[name] = self.external(name, task.partition)
        for up in self.upstream(task):
            inputs[input_name(up.name, up.partition)] = self._identity(up)
        return marks(result.code_version, inputs)

    def external(self, name: str, partition: str) -> str:
        """Return the fingerprint of an external input of a partition."""
        if name in FROZEN:
            return self._frozen(name)
        key = PlateKey.parse(partition)
        if name == PLATE_MAP:
            return self.plate_map(key)
        if name == LOAD_DATA:
            from profiling_assets.steps.summary import load_data_fingerprint

            return load_data_fingerprint(self._look, key, self.source(key))
        return self.source(key).fingerprint

    def _identity(self, task: Task) -> str:
        # what will stand for this result once the plan is carried out
        action = self.action(task)
        if action is None:
            return UNRECORDED
        if action is Action.BUILD:
            return self.wanted(task).fingerprint
        recorded = self.recorded(task)
        if action is Action.CURRENT and recorded is not None:
            return recorded.identity
        return identity_of_foreign(self._content(task))
