"""Backend and aggregated profiles: two (or three) assets of one pass over a plate's cells.

Put here: the multi-asset that reads a plate once and stores what was asked for.
Do not put here: reading and aggregating (`collate`), choice of source (`steps.sources`), assets
that make one result each (`asset_table`).
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from profiling_assets.dagster.asset_checks import (
    Checked,
    check_specs,
    refused,
    verdict,
    with_verdicts,
)
from profiling_assets.dagster.assets.step import described, is_forced, judge_of
from profiling_assets.dagster.automation import when_inputs_change
from profiling_assets.dagster.io_managers import FULL_PRECISION_TEMPLATE, PATH_TEMPLATE
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.errors import BackendError, MissingInputError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.judge import StepJudge
from profiling_assets.steps.outputs import ANYTHING, Kept, Output, Progress, TableOutput
from profiling_assets.steps.results import AGGREGATED, CSVS, PARQUET, PLATE, SQLITE, Result, Task
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey

GROUP = "backend"
POOL = "backend"
_KINDS = {SQLITE: {"sqlite"}, PARQUET: {"parquet"}, AGGREGATED: {"csv", "pandas"}}
_DESCRIPTIONS = {
    SQLITE: "All cells of a plate as `backend/BATCH/PLATE/PLATE.sqlite`: the tables, columns, "
    "values and indices of cytominer-database. Withheld, with the reason, where a compartment has "
    "more columns than SQLite can hold.",
    PARQUET: "All cells of a plate, one Parquet file a table, beside the SQLite backend's place.",
    AGGREGATED: "One profile a well, the mean or median over its cells: "
    "`backend/BATCH/PLATE/PLATE.csv` at full precision and `profiles/BATCH/PLATE/PLATE.csv.gz`.",
}
_WINDOW_SECONDS = 60.0  # the rate is that of the last minute: S3 and neighbours change it


def backend_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets that read a plate's cells."""
    graph = catalog.results
    made = [graph[name] for name in (SQLITE, PARQUET, AGGREGATED) if name in graph]

    @dg.multi_asset(
        name="collate",
        outs={result.name: _out(result) for result in made},
        deps=[CSVS],
        check_specs=[spec for result in made for spec in check_specs(result)],
        can_subset=True,
        partitions_def=partitions.by_level[PLATE],
        pool=POOL,
    )
    def collate(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]
    ) -> Iterator[Checked]:
        wanted = [r for r in made if r.name in context.op_execution_context.selected_output_names]
        yield from collated(context, catalog, wanted)

    return [collate]


def _out(result: Result) -> dg.AssetOut:
    metadata = {PATH_TEMPLATE: result.template}
    if result.name == AGGREGATED:
        metadata[FULL_PRECISION_TEMPLATE] = layout.backend_aggregate(layout.EVERY_PLATE)
    return dg.AssetOut(
        description=_DESCRIPTIONS[result.name],
        is_required=False,
        group_name=GROUP,
        kinds=_KINDS[result.name],
        code_version=result.code_version,
        io_manager_key="tables" if result.name == AGGREGATED else "backends",
        metadata=metadata,
        automation_condition=when_inputs_change(),
    )


def collated(
    context: dg.AssetExecutionContext, catalog: Catalog, wanted: list[Result]
) -> Iterator[Checked]:
    """Yield what was asked for of a plate's backend and aggregated profiles, made or kept.

    Nothing is raised after an output was yielded: Dagster would skip what depends on it. An output
    that cannot be made is withheld; the command line and the other output's metadata say why.

    Raises `CheckError` where a check blocks one of them, `BackendError` where nothing else was
    asked for than a backend that SQLite cannot hold, and `MissingInputError` where the plate has
    nothing to start from.
    """
    from profiling_assets.steps.collate import make_plate

    key = PlateKey.parse(context.partition_key)
    tasks = {result.name: Task(result.name, context.partition_key) for result in wanted}
    judge = judge_of(context, catalog, tasks.values())
    source = judge.source(key)
    standing = {name: judge.kept(task) for name, task in tasks.items()}
    outputs: dict[str, Output | Kept] = {
        name: kept for name, kept in standing.items() if kept is not None
    }
    to_make = [name for name in tasks if name not in outputs]
    with catalog.workspace.scratch(f"{key.batch}-{key.plate}") as scratch:
        if to_make:
            made = make_plate(
                catalog.workspace,
                catalog.config,
                key,
                source.required(key),
                scratch,
                wanted=to_make,
                progress=_logged(context),
            )
            if not made.made and not outputs:
                raise _nothing_made(key, source.path, made.withheld)
            outputs = {name: _noting(made.withheld, value) for name, value in outputs.items()}
            outputs.update(made.made)
            if AGGREGATED in made.made:
                outputs[AGGREGATED] = _sparing(context, catalog, judge, outputs[AGGREGATED])
        yield from refused(context, outputs)
        told = {
            name: verdict(context, catalog, catalog.results[name], value)
            for name, value in outputs.items()
        }
        for name, value in outputs.items():
            metadata = described(judge, tasks[name], value)
            output = dg.Output(value, output_name=name, metadata=metadata)
            yield with_verdicts(context, output)
            yield told[name]


def _noting(withheld: str, value: Output | Kept) -> Output | Kept:
    return replace(value, withheld=withheld) if isinstance(value, Kept) else value


def _sparing(
    context: dg.AssetExecutionContext, catalog: Catalog, judge: StepJudge, value: Output | Kept
) -> Output | Kept:
    # a copy at full precision that was not made here stays, as every such file does
    if not isinstance(value, TableOutput):
        return value
    recorded = judge.recorded(Task(AGGREGATED, context.partition_key))
    former = recorded.full_precision if recorded is not None else ""
    anything = is_forced(context) or catalog.results[AGGREGATED].overwrite
    return replace(value, may_replace=ANYTHING if anything else former)


def _nothing_made(key: PlateKey, path: str, withheld: str) -> BackendError | MissingInputError:
    if withheld:
        return BackendError(
            withheld, path=path, remedy="set collate.backend to parquet for such plates"
        )
    return MissingInputError(
        f"plate {key} has no CSVs to make a backend from",
        path=path,
        remedy="select aggregated_profiles and what follows from it",
    )


def _logged(context: dg.AssetExecutionContext) -> Progress:
    pace = Pace("sites", time.monotonic())

    def progress(done: int, total: int) -> None:
        said = pace.told(done, total, time.monotonic())
        if said is not None:
            context.log.info(said)

    return progress


class Pace:
    """Says how far a long step is, and how fast.

    `now`: seconds at the start, on a clock that only goes on. `every`: seconds between two
    sentences at least: each of them is a transaction in the event log.
    """

    def __init__(self, what: str, now: float, *, every: float = 5.0) -> None:
        self._what = what
        self._every = every
        self._told = now
        self._seen = deque([(now, 0)])

    def told(self, done: int, total: int, now: float) -> str | None:
        """Return how far it is, or None if that was told a moment ago; the end is always told."""
        if done < self._seen[-1][1]:  # another pass over the same sites
            self._seen = deque([(now, done)])
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WINDOW_SECONDS:
            self._seen.popleft()
        if now - self._told <= self._every and done != total:
            return None
        self._told = now
        said = f"{done} of {total} {self._what}"
        since, before = self._seen[0]
        if now <= since or done <= before:
            return said
        rate = (done - before) / (now - since)
        said += f", {rate:.3g} a second"
        return said if done == total else f"{said}, {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
