"""A plate from its site folders to backend and profiles.

Put here: the order of things, which sinks take part, what is refused as a whole.
Do not put here: the pass (`plate_pass`), writing (`sqlite_backend`, `parquet_backend`), means and
medians (`aggregate`), profiles of a standing backend (`from_backend`).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.collate.aggregate import WellAggregator, with_sites
from profiling_assets.collate.columns import Survey, split_columns, survey_headers
from profiling_assets.collate.image_csv import (
    NO_WELL,
    check_plate_column,
    like_wells,
    remedy_of,
    well_remedy,
)
from profiling_assets.collate.image_look import header_problems
from profiling_assets.collate.image_spool import ImageSpool
from profiling_assets.collate.options import (
    AggregateResult,
    CollateOptions,
    CollateResult,
    TableSummary,
)
from profiling_assets.collate.parquet_backend import ParquetSink
from profiling_assets.collate.plate_pass import (
    PassPlan,
    PassResult,
    PlatePass,
    Progress,
    lies_scattered,
    scratch_folder,
    text_columns,
)
from profiling_assets.collate.site_state import DEFECTIVE, state_warnings
from profiling_assets.collate.sqlite_backend import SqliteSink, too_wide, too_wide_survey
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import DefectiveSiteError, InvalidInputError, listed
from profiling_assets.workspace.file_kind import refuse_foreign
from profiling_assets.workspace.ledger import SiteRecord, SiteState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.site_folder import IMAGE, SiteFolder, site_files
from profiling_assets.workspace.sites import ExpectedSite

_MAX_PASSES = 5


def collate_plate(
    key: PlateKey,
    folders: Sequence[SiteFolder],
    expected: Sequence[ExpectedSite] | None,
    options: CollateOptions,
    *,
    sqlite_file: Path | None,
    parquet_folder: Path | None,
    aggregate: AggregateOptions | None,
    path: str,
    progress: Progress | None = None,
    survey: Survey | None = None,
    parquet_if_wide: Path | None = None,
) -> CollateResult:
    """Read the CSVs of a plate once, and write what is asked for.

    `expected`: the sites of its load data; None where there is none. `sqlite_file`: where to write
    the SQLite backend (a scratch place; must not exist); None for none. `parquet_folder`: where to
    write a Parquet file a table (exists); None for none. `aggregate`: how to aggregate; None for no
    profiles. `progress` is called with the number of folders done and of all. `survey`: the
    headers, or a sample of them, where the caller has them already. `parquet_if_wide`: a folder
    (exists) for Parquet files in place of a SQLite file that cannot hold the tables.

    Raises `InvalidInputError` where no Image row can be read, or a column or compartment that is
    needed is absent. Raises `DefectiveSiteError` where a site is defective and
    `options.on_defective_site` is `fail`, or has other counts and `on_count_differs` is `fail`.
    """
    ordered = sorted(folders, key=lambda folder: folder.name)
    survey = survey or survey_headers(ordered, munge=options.munge)
    try:
        _check(survey, options, aggregate, ordered, path)
    except InvalidInputError:
        if not survey.sampled:
            raise
        survey = survey_headers(ordered, munge=options.munge)  # another header may have it
        _check(survey, options, aggregate, ordered, path)
    plan = PassPlan(survey, scattered=lies_scattered(key.plate, ordered))
    outputs = _Outputs(sqlite_file, parquet_folder, parquet_if_wide, aggregate)
    for _ in range(_MAX_PASSES):
        one = _Collation(key, ordered, expected, options, plan, path)
        done = one.run(outputs, progress)
        if isinstance(done, CollateResult):
            return done
        plan = done
    raise InvalidInputError(
        "the files changed again and again while they were read",
        path=path,
        remedy="wait until CellProfiler has finished, then run again",
    )


def _check(
    survey: Survey,
    options: CollateOptions,
    aggregate: AggregateOptions | None,
    folders: Sequence[SiteFolder],
    path: str,
) -> None:
    """Refuse a plate whose headers lack what is needed, before a value is read."""
    if IMAGE not in survey.tables:
        for folder in folders:
            file = site_files(folder).image
            if file is not None:
                refuse_foreign(folder.head(file), f"{path}/{folder.name}/{file}")
        _, problems = header_problems(folders)
        folder, reason = next(iter(problems.items()), ("", ""))
        first = f"; the first: {folder}: {reason}" if reason else ""
        raise InvalidInputError(
            f"none of {len(folders)} folders has an Image.csv with a column ImageNumber{first}",
            path=path,
            remedy=remedy_of(reason)
            if reason
            else "check that CellProfiler's site folders lie there",
        )
    check_plate_column(survey, options.plate_column_from, path)
    if aggregate is not None:
        columns = split_columns(survey.tables)
        WellAggregator(aggregate, *columns, path=path, scratch=None, presence=survey.presence)


@dataclass(frozen=True)
class _Outputs:
    """What is asked for."""

    sqlite_file: Path | None
    parquet_folder: Path | None
    parquet_if_wide: Path | None
    aggregate: AggregateOptions | None


class _Collation:
    """One attempt at a plate."""

    def __init__(
        self,
        key: PlateKey,
        folders: Sequence[SiteFolder],
        expected: Sequence[ExpectedSite] | None,
        options: CollateOptions,
        plan: PassPlan,
        path: str,
    ) -> None:
        self._survey = plan.survey
        self._options = options
        self._path = path
        self._pass = PlatePass(key.plate, folders, expected, options, plan)

    def run(self, outputs: _Outputs, progress: Progress | None) -> CollateResult | PassPlan:
        scratch = scratch_folder(outputs.sqlite_file, outputs.parquet_folder)
        with ExitStack() as on_failure, ImageSpool(scratch) as images:
            sinks = self._sinks(outputs, on_failure)
            aggregator = None
            if outputs.aggregate is not None:
                columns = split_columns(self._survey.tables)
                aggregator = WellAggregator(
                    outputs.aggregate,
                    *columns,
                    path=self._path,
                    scratch=scratch,
                    presence=self._survey.presence,
                )
                on_failure.callback(aggregator.discard)
            found = self._pass.run(images, sinks, aggregator, progress)
            if found.better is not None:
                return found.better
            self._survey = found.survey
            self._refuse(found.records)
            if aggregator is not None:
                aggregator.tell(self._survey.presence)
                aggregator.close()  # while sinks can give back what they hold
            images.width = len(self._survey.tables[IMAGE].columns)
            for sink in sinks:
                sink.finish(images.drain() if sink is sinks[-1] else images)
            on_failure.pop_all()
        profiles = None if aggregator is None else self._profiles(aggregator, found)
        withheld = None if outputs.sqlite_file is None else too_wide_survey(self._survey)
        parquet = next((sink for sink in sinks if isinstance(sink, ParquetSink)), None)
        return self._result(found, profiles, withheld, {} if parquet is None else parquet.files)

    def _sinks(self, outputs: _Outputs, on_failure: ExitStack) -> list[SqliteSink | ParquetSink]:
        tables, types = self._survey.tables, self._pass.types
        sinks: list[SqliteSink | ParquetSink] = []
        parquet = outputs.parquet_folder
        if outputs.sqlite_file is not None and too_wide(tables) is not None:
            parquet = parquet or outputs.parquet_if_wide
        elif outputs.sqlite_file is not None:
            sinks.append(SqliteSink(outputs.sqlite_file, tables, types))
            on_failure.callback(sinks[-1].discard)
        if parquet is not None:
            sinks.append(ParquetSink(parquet, tables, types))
            on_failure.callback(sinks[-1].discard)
        return sinks

    def _profiles(self, aggregator: WellAggregator, found: PassResult) -> AggregateResult:
        for columns in text_columns(self._pass.types, self._survey).values():
            aggregator.note_text(columns)
        named = [*self._pass.expected.wells(), *(record.well for record in found.records)]
        return aggregator.result(named)

    def _refuse(self, records: Sequence[SiteRecord]) -> None:
        rules = self._options
        if rules.on_defective_site == "fail":
            defective = [record for record in records if record.state in DEFECTIVE]
            self._refuse_sites(defective, "are defective", "on_defective_site: drop")
        if rules.on_count_differs == "fail":
            differing = [record for record in records if record.state is SiteState.COUNT_DIFFERS]
            what = "have other numbers of objects than Image.csv counts"
            self._refuse_sites(differing, what, "on_count_differs: keep (or drop)")
        self._refuse_repeated(records)
        if not any(record.image_rows_kept for record in records):
            first = next((f"{r.folder}: {r.reason}" for r in records if r.folder), "no folder")
            untold = any(NO_WELL in record.reason for record in records)
            there = sum(bool(record.folder) for record in records)
            raise InvalidInputError(
                f"no Image row of {there} sites can be used; the first: {first}",
                path=self._path,
                remedy=well_remedy(self._like_wells()) if untold else remedy_of(first),
            )

    def _like_wells(self) -> tuple[str, ...]:
        names = {n for header in self._survey.headers.get(IMAGE, ()) for n in header}
        return like_wells(names, self._options.well_column)

    def _refuse_repeated(self, records: Sequence[SiteRecord]) -> None:
        repeated = [record for record in records if record.state is SiteState.REPEATED]
        if repeated and self._options.on_repeated_site == "fail":
            shown = listed((f"  {r.folder}: {r.reason}" for r in repeated), between="\n")
            raise DefectiveSiteError(
                f"{len(repeated)} Image rows are of a site that an earlier row has:\n{shown}",
                path=self._path,
                remedy="keep one of them, name what tells them apart in aggregate.strata, or set "
                "collate.on_repeated_site: drop",
            )

    def _refuse_sites(self, records: Sequence[SiteRecord], what: str, key: str) -> None:
        if records:
            each = "\n".join(f"  {r.folder}: {r.state.value}: {r.reason}" for r in records)
            raise DefectiveSiteError(
                f"{len(records)} sites {what}:\n{each}",
                path=self._path,
                remedy=f"run CellProfiler on these sites again, or set {key}",
            )

    def _result(
        self,
        found: PassResult,
        profiles: AggregateResult | None,
        withheld: str | None,
        files: dict[str, Path],
    ) -> CollateResult:
        summaries = {
            table: TableSummary(found.rows[table], len(layout.columns) + 1)
            for table, layout in self._survey.tables.items()
        }
        objects = [summary.rows for table, summary in summaries.items() if table != IMAGE]
        warnings = [*self._survey.warnings, *found.warnings, *state_warnings(found.records)]
        return CollateResult(
            summaries,
            tuple(found.records),
            () if profiles is None else with_sites(profiles.wells, found.records),
            None if profiles is None else profiles.frame,
            withheld,
            files,
            (*warnings, *(() if profiles is None else profiles.warnings)),
            next(iter(objects), 0),
        )
