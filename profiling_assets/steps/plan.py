"""What a run would do: for every result asked for, current, adopt or build, and why not.

Put here: which results are asked for, and which of them must wait.
Do not put here: what is to be done about one result (`judge`), why one cannot be there
(`obstacles`), starting runs (`dagster.runs.runner`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from profiling_assets.errors import ConfigError, listed
from profiling_assets.quality.preflight.finding import Finding
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Action, Recorded
from profiling_assets.steps.frozen_lists import frozen_marks
from profiling_assets.steps.judge import PlanJudge, RecordLookup
from profiling_assets.steps.obstacles import Obstacles
from profiling_assets.steps.results import (
    AGGREGATED,
    ANNOTATED,
    CSVS,
    PARQUET,
    PLATE,
    SQLITE,
    Result,
    Task,
    normalized_name,
    scope_of,
)
from profiling_assets.steps.sources import PlateSource
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class Plan:
    """What is to be done, in the order of the graph."""

    current: tuple[Task, ...]  # nothing to do
    adopt: dict[Task, Recorded]  # stands and was not made by us; what to record of it
    build: tuple[Task, ...]  # to be built, upstream before downstream
    impossible: dict[Task, str] = field(default_factory=dict)  # asked for, cannot be there, and why
    # not asked for, because the plate starts at a later result, or because nothing is there to make
    # it from, and a result before it says why
    no_source: tuple[Task, ...] = ()
    # not asked for now, because other plates of the batch were left out and are not current, or
    # because a list of features that it needs is impossible; which
    waiting: dict[Task, str] = field(default_factory=dict)
    # how many of the current results were adopted: no edit of the config builds those anew
    not_ours: int = 0


class Planner:
    """Makes plans from one look at workspace and event log."""

    def __init__(self, catalog: Catalog, records: RecordLookup, *, force: bool) -> None:
        self._catalog = catalog
        self._records = records
        self._force = force
        self._graph = catalog.results
        self._plates = catalog.asked_for.plates
        self._judge = PlanJudge(catalog, records, force=force)

    def external_fingerprints(self, name: str, plates: Iterable[PlateKey]) -> dict[str, str]:
        """Return the fingerprints of an external asset.

        `BATCH/PLATE` to fingerprint; absent are plates without such an input, and those whose CSVs
        were archived: what is left of them is no new input.
        """
        if name == CSVS:
            self._judge.look_at(list(plates))
            found = {
                str(key): self._judge.source(key).fingerprint
                for key in plates
                if not self._judge.is_moved_away(Task(AGGREGATED, str(key)))
            }
        else:
            found = {str(key): self._judge.plate_map(key) for key in plates}
        return {key: mark for key, mark in found.items() if mark}

    def frozen_fingerprints(self, plates: Collection[PlateKey]) -> dict[str, dict[str, str]]:
        """Return the fingerprints of the frozen lists (`frozen_marks`) for the plates asked for."""
        return frozen_marks(self._catalog.workspace, self._catalog.config, self._graph, plates)

    def plan(self, plates: Collection[PlateKey], names: Collection[str] | None = None) -> Plan:
        """Plan the results of some plates and of the batches that are complete with them.

        `names`: the results asked for; all of the graph by default. One answer for every result
        asked for. Raises `ConfigError` where a name is not a result of this config.
        """
        self._judge.look_at(plates)
        asked, waiting = self._asked(plates, names)
        obstacles = Obstacles(self._catalog, self._judge)
        found: dict[Action | None, list[Task]] = {None: [], **{action: [] for action in Action}}
        impossible: dict[Task, str] = {}
        for task in asked:
            reason, action = obstacles.of(task), self._judge.action(task)
            behind = [up for up in self.upstream(task) if up in impossible]
            if reason:
                impossible[task] = reason
            elif behind and action is Action.BUILD and not self._graph[task.name].partial:
                waiting[task] = f"{behind[0]} is not there"
            else:
                found[action].append(task)
        impossible.update(obstacles.of_plates(plates))
        return Plan(
            current=tuple(found[Action.CURRENT]),
            adopt={task: self._judge.adoption(task) for task in found[Action.ADOPT]},
            build=tuple(found[Action.BUILD]),
            impossible=impossible,
            no_source=tuple(task for task in found[None] if task not in impossible),
            waiting=waiting,
            not_ours=sum(map(self._is_adopted, found[Action.CURRENT])),
        )

    def _is_adopted(self, task: Task) -> bool:
        recorded = self._judge.recorded(task)
        return recorded is not None and recorded.adopted

    def source(self, key: PlateKey) -> PlateSource:
        """Return what a plate starts from; kind `none` where that could not be read."""
        return self._judge.source(key)

    def upstream(self, task: Task) -> list[Task]:
        """Return what a task is made from."""
        return self._judge.upstream(task)

    def preflight(self, plan: Plan) -> tuple[Finding, ...]:
        """Say what can be told of what is to be built before anything is computed."""
        # here and not above: it needs pandas, for plate maps, and planning does not
        from profiling_assets.quality.preflight.facts import Wanted
        from profiling_assets.steps.preflight import preflight

        names: dict[PlateKey, set[str]] = {}
        for task in plan.build:
            if self._graph[task.name].level == PLATE:
                names.setdefault(task.key, set()).add(task.name)
        wanted = {
            key: Wanted(
                collate=bool(made & {SQLITE, PARQUET, AGGREGATED}),
                annotate=ANNOTATED in made,
                negcon=normalized_name(negcon=True) in made,
            )
            for key, made in names.items()
        }
        lists = {name for task in plan.build for name in self._graph[task.name].external}
        return preflight(
            self._catalog,
            wanted,
            source_of=self._judge.source,
            lists=lists,
            whole=False,
            unread=False,
        ).findings

    def is_there(self, task: Task) -> bool:
        """Say whether a result stood in the workspace when the planner looked."""
        return self._judge.standing(task) is not None

    def was_made_meanwhile(self, task: Task) -> bool:
        """Say whether another command has made a result since the planner looked."""
        path = self._judge.path(task)
        known = self._records(task.name, [task.partition], lambda _: path)
        now = known.get(task.partition)
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
        before = [up for up in self.upstream(task) if up in waiting]
        waits = f"{before[0]} waits" if before else ""
        if result.level == PLATE:
            return waits
        chosen = {str(key) for key in plates}
        there = (Action.CURRENT, Action.ADOPT)
        if self._judge.action(task) in there:
            return ""
        behind = [
            up
            for up in self.upstream(task)
            if self._graph[up.name].level == PLATE
            and up.partition not in chosen
            and self._judge.action(up) not in there
        ]
        if not behind:
            return waits
        return f"{listed(behind)} {_are(behind)} not current; run without --plate or with them"


def _are(tasks: Collection[Task]) -> str:
    return "are" if len(tasks) > 1 else "is"
