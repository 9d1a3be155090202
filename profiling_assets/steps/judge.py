"""Is this result to be made? Decided here alone, for the plan and for the step.

Put here: putting together, for one result of one partition, what `current` decides on.
Do not put here: the decision itself (`current`), which results are asked for (`plan`), why one
cannot be there (`obstacles`), making it (`makers`).

Plan and step share what stands, whether another file took its place, what a result is made from,
what must stay as nothing can make it anew, and the decision. They differ in what they can know:

- Inputs. The plan asks what will stand once it is carried out: an input that it builds counts with
  the fingerprint that it will have. When a step asks, its inputs have been built: it takes what
  stands and is recorded.
- Whether it can be made. The plan follows the inputs back to what the plate starts from. The step
  asks the config alone: what is missing is said best by reading it.
- Of a plate whose CSVs were archived and whose backend is left, the plan makes only those of our
  own results anew that newer code, another backend or force would change. A step was asked for by
  somebody, so a result of our own is made; one that was found stays unless the run is forced.
- Looking. The plan looks at thousands of plates, once; one that cannot be read is noted, and the
  others go on. The step looks at one result as it is now, and raises.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from profiling_assets.errors import MissingInputError, ProfilingError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import (
    UNRECORDED,
    Action,
    Fingerprints,
    Recorded,
    Standing,
    decide,
    fingerprints,
    identity_of_foreign,
    is_replaced,
)
from profiling_assets.steps.frozen_lists import FROZEN, frozen_fingerprint
from profiling_assets.steps.journal import announced_lookup
from profiling_assets.steps.outputs import Kept
from profiling_assets.steps.results import (
    AGGREGATED,
    CSVS,
    LOAD_DATA,
    PARQUET,
    PLATE,
    PLATE_MAP,
    SQLITE,
    Result,
    Task,
    input_name,
    input_partitions,
    result_path,
    scope_of,
)
from profiling_assets.steps.sources import (
    PlateSource,
    SourceKind,
    content_fingerprint,
    is_moved_away,
    plate_source,
    slim,
    table_hash,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.snapshot import snapshot

_TABLES = (".csv", ".csv.gz")

# asset, partitions, and the path that a partition's file has now, to their latest records
RecordLookup = Callable[[str, Sequence[str], Callable[[str], str]], dict[str, Recorded]]


class Judge(ABC):
    """What plan and step share: looks at workspace and event log, and answers for results.

    `look`: where files are looked up. `asked`: the partitions by asset that records are wanted of.
    Everything is looked at once, when it is first asked for.
    """

    def __init__(
        self,
        catalog: Catalog,
        look: Workspace,
        records: RecordLookup,
        asked: Mapping[str, Sequence[str]],
        *,
        force: bool,
    ) -> None:
        self._catalog = catalog
        self._graph = catalog.results
        self._look = look
        self._force = force
        self._records = {
            name: records(name, partitions, partial(result_path, self._graph[name].template))
            for name, partitions in asked.items()
        }
        self.action = cache(self._action)
        self.wanted = cache(self._wanted)
        self.source = cache(self._source)
        self.plate_map = cache(self._plate_map)
        self.standing = cache(self._standing)
        self.taken_over_from = cache(self._taken_over_from)
        self._can_be_made = cache(self._is_makeable)
        self._content = cache(self._hash)
        self._frozen = cache(self._frozen_list)
        self._is_announced = announced_lookup(look)

    def path(self, task: Task) -> str:
        """Return the workspace path of a result."""
        return result_path(self._graph[task.name].template, task.partition)

    def upstream(self, task: Task) -> list[Task]:
        """Return what a result is made from, within the graph; none where it is taken over."""
        return [] if self.taken_over_from(task) else upstream_of(self._catalog, task)

    def recorded(self, task: Task) -> Recorded | None:
        """Return the latest materialization of a result, if there is one."""
        return self._records[task.name].get(task.partition)

    def adoption(self, task: Task) -> Recorded:
        """Return what is to be recorded of a standing file that was not made here.

        Without size, version and content of the file.
        """
        wanted = self.wanted(task)
        source = self.source(task.key).kind.value if self._starts_a_plate(task) else ""
        return Recorded(wanted.fingerprint, None, adopted=True, source=source, inputs=wanted.inputs)

    def is_moved_away(self, task: Task) -> bool:
        """Say whether a result stands and the CSVs (or the backend) it was made from are gone.

        True for CSVs that were archived after the backend was made. What is left of the plate is no
        new input.
        """
        recorded = self.recorded(task)
        if recorded is None or not self._starts_a_plate(task):
            return False
        now = self.source(task.key).kind
        return self.standing(task) is not None and is_moved_away(recorded.source, now)

    def external(self, name: str, partition: str) -> str:
        """Return the fingerprint of an external input of a partition."""
        if name in FROZEN:
            return self._frozen(name)
        key = PlateKey.parse(partition)
        if name == PLATE_MAP:
            return self.plate_map(key)
        if name == LOAD_DATA:
            from profiling_assets.steps.plate_sites import load_data_fingerprint

            return load_data_fingerprint(self._look, key, self._instead_of_load_data(key))
        return self.source(key).fingerprint

    def _starts_a_plate(self, task: Task) -> bool:
        return CSVS in self._graph[task.name].external

    def _action(self, task: Task) -> Action | None:
        """Choose what is to be done; None where the result does not stand and cannot be made."""
        standing = self.standing(task)
        if self._stays(task):
            if standing is None:
                return None
            return Action.ADOPT if self._is_foreign(task) else Action.CURRENT
        return decide(
            standing,
            self.recorded(task),
            self.wanted(task),
            force=self._force,
            overwrite=self._graph[task.name].overwrite,
            content=lambda: self._content(task),
            announced=lambda: self._is_announced(self.path(task)),
        )

    def _stays(self, task: Task) -> bool:
        # nothing can make it anew, or would make it another one
        return not self._can_be_made(task) or self._outlives_its_source(task)

    def _outlives_its_source(self, task: Task) -> bool:
        # the CSVs were moved away: made anew only from a backend
        recorded = self.recorded(task)
        if recorded is None or not self.is_moved_away(task):
            return False
        if self.source(task.key).kind not in (SourceKind.SQLITE, SourceKind.PARQUET):
            return True
        return not self._force and self._stays_beside_its_backend(task, recorded)

    def _is_foreign(self, task: Task) -> bool:
        # stands and is not the file that was recorded
        standing, recorded = self.standing(task), self.recorded(task)
        if standing is None:
            return False
        return recorded is None or is_replaced(standing, recorded, lambda: self._content(task))

    def _taken_over_from(self, task: Task) -> str | None:
        """Return the Parquet file that stands for a table of a plate that starts at it.

        None where there is none, or the plate has something before it: then it may be a copy.
        """
        result = self._graph[task.name]
        if result.level != PLATE or not result.upstream or not self.path(task).endswith(_TABLES):
            return None
        table = self.path(task).removesuffix(".gz").removesuffix(".csv")
        parquet = f"{table}.parquet"
        if self._look.stat(parquet) is None:
            return None
        aggregated = Task(AGGREGATED, task.partition)
        if (
            self.standing(aggregated) is not None
            or self.source(task.key).kind is not SourceKind.NONE
        ):
            return None
        return parquet

    def _wanted(self, task: Task) -> Fingerprints:
        return fingerprints(self._graph[task.name].code_version, self._inputs(task))

    def _inputs(self, task: Task) -> dict[str, str]:
        result = self._graph[task.name]
        parquet = self.taken_over_from(task)
        if parquet is not None:
            return {"taken_over_from": content_fingerprint(self._look, parquet)}
        inputs = {name: self.external(name, task.partition) for name in result.external}
        for up in self.upstream(task):
            inputs[input_name(up.name, up.partition)] = self._identity(up, result)
        return inputs

    def _identity_of_standing(self, task: Task) -> str:
        recorded = self.recorded(task)
        if recorded is None or self._is_foreign(task):
            return identity_of_foreign(self._content(task))
        return recorded.identity

    def _standing(self, task: Task) -> Standing | None:
        info = self._look.stat(self.path(task))
        return None if info is None else Standing(info.size, info.version)

    def _hash(self, task: Task) -> str:
        return table_hash(self._look, self.path(task))

    def _frozen_list(self, name: str) -> str:
        return frozen_fingerprint(self._look, self._catalog.config, negcon=FROZEN[name])

    def _plate_map(self, key: PlateKey) -> str:
        from profiling_assets.steps.plate_maps import plate_map_fingerprint

        return plate_map_fingerprint(self._look, self._catalog.config, key)

    @abstractmethod
    def _source(self, key: PlateKey) -> PlateSource:
        """Look at what a plate starts from."""

    @abstractmethod
    def _instead_of_load_data(self, key: PlateKey) -> PlateSource | None:
        """Return what tells a plate's wells where there is no load data."""

    @abstractmethod
    def _is_makeable(self, task: Task) -> bool:
        """Say whether the result can be made."""

    @abstractmethod
    def _stays_beside_its_backend(self, task: Task, recorded: Recorded) -> bool:
        """Say whether a result stays that could be made from a backend alone, without force."""

    @abstractmethod
    def _identity(self, task: Task, of: Result) -> str:
        """Return what stands for an input (`task`) in the fingerprint of a result (`of`)."""


class PlanJudge(Judge):
    """Answers for every result of a workspace: what will stand once the plan is carried out.

    `unreadable`: plates whose source could not be read, and why, among those looked at so far.
    """

    def __init__(self, catalog: Catalog, records: RecordLookup, *, force: bool) -> None:
        plates, graph = catalog.asked_for.plates, catalog.results
        of_level = {
            level: sorted({scope_of(key, level) for key in plates})
            for level in {result.level for result in graph.values()}
        }
        asked = {name: of_level[result.level] for name, result in graph.items()}
        super().__init__(catalog, snapshot(catalog.workspace), records, asked, force=force)
        self.unreadable: dict[PlateKey, str] = {}

    def look_at(self, plates: Collection[PlateKey]) -> None:
        """Look at the sources of plates, several at a time where that is faster.

        Those not named are looked at when they are asked for.
        """
        map_at_once(self.source, plates, at_once=self._look.at_once)

    def _source(self, key: PlateKey) -> PlateSource:
        try:
            return slim(plate_source(self._look, self._catalog.config, key))
        except ProfilingError as error:  # this plate's alone; the others go on
            self.unreadable[key] = str(error)
            return PlateSource(SourceKind.NONE, "", "", None, (), error, unusable=True)

    def _instead_of_load_data(self, key: PlateKey) -> PlateSource:
        return self.source(key)

    def _is_makeable(self, task: Task) -> bool:
        result = self._graph[task.name]
        if self.taken_over_from(task) is not None:
            return True
        if not result.performs:
            return False
        if self._starts_a_plate(task):
            kind = self.source(task.key).kind
            if task.name in (SQLITE, PARQUET):
                return kind is SourceKind.CSVS
            return kind is not SourceKind.NONE
        there = (bool(self.standing(up) or self._can_be_made(up)) for up in self.upstream(task))
        return any(there) if result.partial else all(there)

    def _stays_beside_its_backend(self, task: Task, recorded: Recorded) -> bool:
        same_code = recorded.code_version == self._graph[task.name].code_version
        other_backend = SQLITE in self._graph and self._is_foreign(Task(SQLITE, task.partition))
        return (recorded.adopted or same_code) and not other_backend

    def _identity(self, task: Task, of: Result) -> str:  # noqa: ARG002 - the same for all
        action = self.action(task)
        if action is None:
            return UNRECORDED
        if action is Action.BUILD:
            return self.wanted(task).fingerprint
        return self._identity_of_standing(task)


class StepJudge(Judge):
    """Answers for the results that one step is asked for, from what stands now."""

    def __init__(
        self, catalog: Catalog, records: RecordLookup, tasks: Iterable[Task], *, force: bool
    ) -> None:
        asked: dict[str, list[str]] = {}
        for task in tasks:
            for one in (task, *upstream_of(catalog, task)):
                asked.setdefault(one.name, []).append(one.partition)
        super().__init__(catalog, catalog.workspace, records, asked, force=force)

    def kept(self, task: Task) -> Kept | None:
        """Return the standing file that is to be left alone, or None where one is to be made.

        A file that was not made here stays unless the run is forced or the inputs changed since it
        was adopted. A file of our own is made again, as it was asked for, except where nothing can
        make it again. Raises `MissingInputError` where no file stands and the step is switched off.
        """
        action, recorded = self.action(task), self.recorded(task)
        if action is None:
            raise switched_off(task, self.path(task))
        if self._stays(task):
            return Kept(self.path(task), recorded if action is Action.CURRENT else None)
        again = action is Action.CURRENT and recorded is not None and recorded.adopted
        return Kept(self.path(task)) if action is Action.ADOPT or again else None

    def _source(self, key: PlateKey) -> PlateSource:
        return plate_source(self._look, self._catalog.config, key)

    def _instead_of_load_data(self, key: PlateKey) -> PlateSource | None:
        from profiling_assets.steps.plate_sites import look_at

        return look_at(self._look, self._catalog.config, key)

    def _is_makeable(self, task: Task) -> bool:
        return self._graph[task.name].performs or self.taken_over_from(task) is not None

    def _stays_beside_its_backend(self, task: Task, recorded: Recorded) -> bool:  # noqa: ARG002
        return recorded.adopted

    def _wanted(self, task: Task) -> Fingerprints:
        inputs = self._inputs(task)
        return replace(fingerprints(self._graph[task.name].code_version, inputs), made_from=inputs)

    def _identity(self, task: Task, of: Result) -> str:
        if self.standing(task) is not None:
            return self._identity_of_standing(task)
        # a report is made without it; any other result that is made fails for want of it
        recorded = None if of.partial else self.recorded(task)
        return UNRECORDED if recorded is None else recorded.identity


def upstream_of(catalog: Catalog, task: Task) -> list[Task]:
    """Return what a result is made from, within the graph of a config."""
    graph = catalog.results
    result = graph[task.name]
    return [
        Task(name, partition)
        for name in result.upstream
        for partition in input_partitions(
            result, graph[name], task.partition, catalog.asked_for.plates
        )
    ]


def switched_off(task: Task, path: str) -> MissingInputError:
    """Return the refusal of a result whose step is switched off and whose file does not stand."""
    return MissingInputError(
        f"{task.name} is switched off in the config, and no such file stands",
        path=path,
        remedy="set the step's `perform` to true, or put the file there",
    )
