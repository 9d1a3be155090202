"""A plate from its site folders to backend and profiles; an existing backend to profiles.

Put here: the order of things, which sinks take part, what is refused as a whole.
Do not put here: the pass (`plate_pass`), writing (`*_sink`), means and medians (`aggregate`).
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

from profiling_assets.core.collate.aggregate import WellAggregator
from profiling_assets.core.collate.backend import Backend, ImageKey, open_backend
from profiling_assets.core.collate.folders import IMAGE, SiteFolder
from profiling_assets.core.collate.image_rows import check_plate_column
from profiling_assets.core.collate.image_spool import ImageSpool
from profiling_assets.core.collate.options import AggregateOptions, CollateOptions
from profiling_assets.core.collate.parquet_sink import ParquetSink
from profiling_assets.core.collate.plate_pass import (
    PassResult,
    Plan,
    PlatePass,
    Progress,
    lies_scattered,
    scratch_folder,
    text_columns,
)
from profiling_assets.core.collate.result import AggregateResult, CollateResult, TableSummary
from profiling_assets.core.collate.sqlite_sink import SqliteSink, too_wide
from profiling_assets.core.collate.strata import Stratum
from profiling_assets.core.collate.survey import Survey, survey_headers
from profiling_assets.core.collate.verdict import DEFECTIVE, state_warnings
from profiling_assets.core.collate.well_tally import with_sites
from profiling_assets.core.errors import BackendError, DefectiveSiteError, InvalidInputError
from profiling_assets.core.ledger import SiteRecord
from profiling_assets.core.names import PlateKey
from profiling_assets.core.sites import ExpectedSite

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
) -> CollateResult:
    """Read the CSVs of a plate once, and write what is asked for.

    Parameters
    ----------
    key : PlateKey
        The plate.
    folders : sequence of SiteFolder
        Its site folders, in any order.
    expected : sequence of ExpectedSite or None
        The sites of its load data; None where there is none.
    options : CollateOptions
        How to collate.
    sqlite_file : Path or None
        Where to write the SQLite backend (a scratch place; must not exist); None for none.
    parquet_folder : Path or None
        Where to write a Parquet file a table (exists); None for none.
    aggregate : AggregateOptions or None
        How to aggregate; None for no profiles.
    path : str
        Workspace path of the plate's site folders, for messages.
    progress : callable or None
        Called with folders done and folders in all.
    survey : Survey or None
        The headers, where the caller has them already.

    Returns
    -------
    CollateResult
        Tables, ledgers and profiles.

    Raises
    ------
    InvalidInputError
        Where no Image row can be read, or a column or compartment that is needed is absent.
    DefectiveSiteError
        Where a site is defective and `options.on_defective_site` is `fail`.
    """
    ordered = sorted(folders, key=lambda folder: folder.name)
    survey = survey or survey_headers(ordered, munge=options.munge)
    if IMAGE not in survey.tables:
        raise InvalidInputError(
            f"none of {len(ordered)} folders has an Image.csv with a column ImageNumber",
            path=path,
            remedy="check that CellProfiler's site folders lie there",
        )
    check_plate_column(survey, options.plate_column_from, path)
    plan = Plan(survey, scattered=lies_scattered(key.plate, ordered))
    for _ in range(_MAX_PASSES):
        one = _Collation(key, ordered, expected, options, plan, path)
        done = one.run(sqlite_file, parquet_folder, aggregate, progress)
        if isinstance(done, CollateResult):
            return done
        plan = done
    raise InvalidInputError(
        "the files changed again and again while they were read",
        path=path,
        remedy="wait until CellProfiler has finished, then run again",
    )


class _Collation:
    """One attempt at a plate."""

    def __init__(
        self,
        key: PlateKey,
        folders: Sequence[SiteFolder],
        expected: Sequence[ExpectedSite] | None,
        options: CollateOptions,
        plan: Plan,
        path: str,
    ) -> None:
        self._survey = plan.survey
        self._options = options
        self._path = path
        self._pass = PlatePass(key.plate, folders, expected, options, plan)

    def run(
        self,
        sqlite_file: Path | None,
        parquet_folder: Path | None,
        aggregate: AggregateOptions | None,
        progress: Progress | None,
    ) -> CollateResult | Plan:
        tables, types = self._survey.tables, self._pass.types
        withheld = too_wide(tables) if sqlite_file is not None else None
        scratch = scratch_folder(sqlite_file, parquet_folder)
        with ExitStack() as on_failure, ImageSpool(scratch) as images:
            sinks: list[SqliteSink | ParquetSink] = []
            if sqlite_file is not None and withheld is None:
                sinks.append(SqliteSink(sqlite_file, tables, types))
                on_failure.callback(sinks[-1].discard)
            parquet = None
            if parquet_folder is not None:
                parquet = ParquetSink(parquet_folder, tables, types)
                sinks.append(parquet)
                on_failure.callback(parquet.discard)
            aggregator = None if aggregate is None else self._aggregator(aggregate, scratch)
            if aggregator is not None:
                on_failure.callback(aggregator.discard)
            found = self._pass.run(images, sinks, aggregator, progress)
            if found.better is not None:
                return found.better
            self._refuse(found.records)
            for sink in sinks:
                sink.finish(images)
            on_failure.pop_all()
        profiles = None
        if aggregator is not None:
            for columns in text_columns(types, self._survey).values():
                aggregator.note_text(columns)
            named = [*self._pass.expected.wells(), *(record.well for record in found.records)]
            profiles = aggregator.result(named)
        files = {} if parquet is None else parquet.files
        return self._result(found, profiles, withheld, files)

    def _aggregator(self, options: AggregateOptions, scratch: Path | None) -> WellAggregator:
        tables = {t: layout.columns for t, layout in self._survey.tables.items() if t != IMAGE}
        columns = self._survey.tables[IMAGE].columns
        return WellAggregator(options, columns, tables, path=self._path, scratch=scratch)

    def _refuse(self, records: Sequence[SiteRecord]) -> None:
        defective = [record for record in records if record.state in DEFECTIVE]
        if defective and self._options.on_defective_site == "fail":
            listed = "\n".join(f"  {r.folder}: {r.state.value}: {r.reason}" for r in defective)
            raise DefectiveSiteError(
                f"{len(defective)} sites are defective:\n{listed}",
                path=self._path,
                remedy="run CellProfiler on these sites again, or set on_defective_site: drop",
            )
        if not any(record.image_rows_kept for record in records):
            first = next((f"{r.folder}: {r.reason}" for r in records if r.folder), "no folder")
            raise InvalidInputError(
                f"no Image row of {len(records)} sites can be used; the first: {first}",
                path=self._path,
                remedy="name site folders PLATE-WELL-SITE, or add Metadata_Well to Image.csv, "
                "and check that the Image.csv files are whole",
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


def aggregate_backend(
    key: PlateKey, sqlite_file: Path, aggregate: AggregateOptions, *, path: str
) -> AggregateResult:
    """Aggregate an existing SQLite backend, wherever it came from.

    Parameters
    ----------
    key : PlateKey
        The plate.
    sqlite_file : Path
        The backend; only read.
    aggregate : AggregateOptions
        How to aggregate.
    path : str
        Workspace path of the backend, for messages.

    Returns
    -------
    AggregateResult
        Profiles and the wells ledger.

    Raises
    ------
    BackendError
        Where the file is no SQLite backend, is damaged, or lacks what is asked for.
    """
    with open_backend(sqlite_file, path) as backend:
        try:
            aggregator = WellAggregator(
                aggregate, backend.image_columns, backend.tables, path=path, scratch=None
            )
        except InvalidInputError as error:
            raise BackendError(error.what, path=path, remedy=error.remedy) from error
        images: dict[Stratum, list[ImageKey]] = {}
        for image, values in backend.images():
            stratum = aggregator.add_image(values)
            if stratum is not None:
                images.setdefault(stratum, []).append(image)
        searched = [table for table in aggregator.tables if backend.has_index(table)]
        for table in aggregator.tables:
            if table not in searched:
                _scan(backend, table, images, aggregator)
        for stratum in sorted(images, key=str):
            for table in searched:
                for values, texts in backend.objects_of(table, images[stratum]):
                    aggregator.add_objects(stratum, table, values)
                    aggregator.note_text(texts)
            aggregator.close([stratum])
        result = aggregator.result()
    plates = set(map(str, cast("Iterable[object]", result.frame[result.frame.columns[0]])))
    others = sorted(plates - {key.plate})
    if not others:
        return result
    warning = f"the backend calls the plate {', '.join(others[:5])}, not {key.plate}"
    return replace(result, warnings=(*result.warnings, warning))


def _scan(
    backend: Backend,
    table: str,
    images: dict[Stratum, list[ImageKey]],
    aggregator: WellAggregator,
) -> None:
    """Read a table without an index in one go; its rows wait in the aggregator's spool."""
    of_image = {image: stratum for stratum, keys in images.items() for image in keys}
    for keys, values, texts in backend.objects(table):
        aggregator.note_text(texts)
        rows: dict[Stratum, list[int]] = {}
        for row, image in enumerate(keys):
            if image in of_image:
                rows.setdefault(of_image[image], []).append(row)
        for stratum, places in rows.items():
            aggregator.add_objects(stratum, table, values[places])
