"""Backend and aggregated profiles of a plate, from whichever source it has.

Put here: which source is taken how, the numbers a user looks for.
Do not put here: collating site folders and reading cells (`collate`), which source a plate has
(`sources`).
"""

import csv
import gzip
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.columns import survey_headers, survey_sample
from profiling_assets.collate.cytominer_database import collate_with_reference_engine
from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.joined_cells import aggregate_joined
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.collate.sqlite_backend import too_wide_survey
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.config.model import Config
from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.quality.checks.files import objects_as_counted
from profiling_assets.quality.preflight.plate_rules import repeated_warning
from profiling_assets.steps.checks import (
    aggregated_checks,
    backend_checks,
    standing_checks,
)
from profiling_assets.steps.numbers import site_facts, well_facts
from profiling_assets.steps.outputs import TAKEN_OVER, Fact, FileOutput, Progress, TableOutput
from profiling_assets.steps.results import AGGREGATED, PARQUET, SQLITE
from profiling_assets.steps.sources import PlateSource, SourceKind
from profiling_assets.steps.standing_sources import refuse_unusable
from profiling_assets.steps.taken_over import taken_over
from profiling_assets.workspace import layout
from profiling_assets.workspace.compression import packed
from profiling_assets.workspace.file_kind import is_parquet
from profiling_assets.workspace.ledger import (
    SiteRecord,
    SiteState,
    site_ledger_frame,
    well_ledger_frame,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import PlateListing
from profiling_assets.workspace.site_reading import bytes_to_copy, local_sites, read_ahead
from profiling_assets.workspace.storage.disk_space import backend_bytes, check_space, csv_bytes
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.os_errors import filling

_REFERENCE = "cytominer-database"
_GONE = "was in a former backend; its folder is gone"


@dataclass(frozen=True)
class PassOutputs:
    """What one pass over a plate made."""

    made: Mapping[str, TableOutput | FileOutput]  # result name to what is to be stored
    withheld: str = ""  # why the SQLite backend was withheld; empty where it was not


def make_plate(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    wanted: Collection[str],
    progress: Progress | None = None,
) -> PassOutputs:
    """Make the wanted ones of backend and aggregated profiles in one pass over the source.

    `scratch`: an empty folder for files that the caller publishes. A backend is absent where the
    source is no CSV or SQLite cannot hold it.
    """
    if source.kind is SourceKind.CSVS:
        return _from_csvs(workspace, config, key, source, scratch, wanted=wanted, progress=progress)
    if AGGREGATED not in wanted:
        return PassOutputs({})
    refuse_unusable(workspace, config, source)
    if source.kind in (SourceKind.SQLITE, SourceKind.PARQUET):
        return PassOutputs({AGGREGATED: _from_cells(workspace, config, key, source, scratch)})
    return PassOutputs({AGGREGATED: _taken_over(workspace, config, key, source)})


def _from_csvs(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    wanted: Collection[str],
    progress: Progress | None,
) -> PassOutputs:
    result = collate_sites(
        workspace,
        config,
        key,
        source,
        scratch,
        sqlite=SQLITE in wanted,
        parquet=PARQUET in wanted,
        aggregate=config.aggregation if AGGREGATED in wanted else None,
        progress=progress,
    )
    if isinstance(result, str):
        return PassOutputs({}, result)
    listing = listing_of(source)
    gone = vanished_sites(workspace, key, result.sites)
    warnings = [f"{len(gone)} sites of the former backend have lost their folders"] if gone else []
    repeated = listing.completeness.repeated
    warnings += [repeated_warning(repeated)] if repeated else []
    result = replace(result, sites=(*result.sites, *gone), warnings=(*result.warnings, *warnings))
    return _collated(config, key, source, result, sqlite_file(scratch, key), wanted=wanted)


def _collated(
    config: Config,
    key: PlateKey,
    source: PlateSource,
    result: CollateResult,
    sqlite: Path,
    *,
    wanted: Collection[str],
) -> PassOutputs:
    facts = {"source": source.kind.value, **site_facts(result)}
    ledgers = {layout.site_ledger(key): site_ledger_frame(result.sites)}
    tables = {
        layout.parquet_table(key, table): local for table, local in result.parquet_files.items()
    }
    withheld = result.sqlite_withheld or ""
    made: dict[str, TableOutput | FileOutput] = {}
    if SQLITE in wanted and not withheld:
        made[SQLITE] = FileOutput(
            sqlite,
            facts={**facts, **{f"rows_{t}": s.rows for t, s in result.tables.items()}},
            ledgers=ledgers,
            warnings=result.warnings,
            checks=backend_checks(result),
        )
    if PARQUET in wanted:
        first = layout.parquet_table(key, "Image")
        made[PARQUET] = FileOutput(
            tables[first],
            facts={**facts, **{f"rows_{t}": s.rows for t, s in result.tables.items()}},
            ledgers=ledgers,
            warnings=result.warnings,
            checks=backend_checks(result),
            files={path: local for path, local in tables.items() if path != first},
        )
    if result.aggregate is not None:
        noted: dict[str, Fact] = {"sqlite_withheld": withheld} if withheld else {}
        wells = {layout.aggregated_well_ledger(key): well_ledger_frame(result.wells)}
        made[AGGREGATED] = TableOutput(
            result.aggregate,
            facts={**facts, **well_facts(result.aggregate, result.wells), **noted},
            ledgers={**ledgers, **wells},
            warnings=(*result.warnings, *([withheld] if withheld else [])),
            checks=(
                *aggregated_checks(config, key, result.aggregate, result.wells),
                objects_as_counted(result.sites),
            ),
            files={} if PARQUET in wanted else tables,
        )
    return PassOutputs(made, withheld)


def _from_cells(
    workspace: Workspace, config: Config, key: PlateKey, source: PlateSource, scratch: Path
) -> TableOutput:
    backend = workspace.stat(source.path)
    if backend is not None and not Path(workspace.location(source.path)).is_file():
        what = f"the copy of plate {key}'s backend"
        check_space(workspace, scratch, backend.size, what=what, path=source.path)
    with workspace.local_file(source.path) as local:
        if source.kind is SourceKind.SQLITE:
            result = aggregate_backend(key, local, config.aggregation, path=source.path)
        else:
            result = aggregate_joined(
                key, local, config.aggregation, path=source.path, scratch=scratch
            )
    return TableOutput(
        result.frame,
        facts={"source": source.kind.value, **well_facts(result.frame, result.wells)},
        ledgers={layout.aggregated_well_ledger(key): well_ledger_frame(result.wells)},
        warnings=(*source.notes, *result.warnings),
        checks=aggregated_checks(config, key, result.frame, result.wells),
    )


def _taken_over(
    workspace: Workspace, config: Config, key: PlateKey, source: PlateSource
) -> TableOutput:
    content = workspace.read_bytes(source.path)
    if is_parquet(content):
        table = taken_over(workspace, config, key, source.path)
        return replace(table, facts={"source": source.kind.value, **table.facts})
    frame = read_profiles(content, path=source.path)
    zipped = source.path.endswith(".gz")
    if config.options.compression == "gzip" and not zipped:
        content = packed(content)
    elif config.options.compression != "gzip" and zipped:
        content = gzip.decompress(content)
    return TableOutput(
        frame,
        facts={
            "source": source.kind.value,
            TAKEN_OVER: source.path,
            **well_facts(frame, ()),
        },
        checks=standing_checks(key, frame),
        unchanged=content,
    )


def collate_sites(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    sqlite: bool,
    parquet: bool,
    aggregate: AggregateOptions | None,
    progress: Progress | None = None,
) -> CollateResult | str:
    """Collate a plate from its CSVs, or say why SQLite, which alone was asked for, cannot hold it.

    `scratch`: an empty folder; the SQLite file is put at `sqlite_file`. `aggregate`: None for no
    profiles. Raises `WorkspaceError` where a disk has no room, before a file is read, or is filled
    up by others meanwhile.
    """
    listing = listing_of(source)
    options = collate_options(config)
    reference = config.collate.engine == _REFERENCE
    backends = 1 if reference else sqlite + parquet
    needed = _check_space(workspace, key, source, scratch, backends=backends, copies=reference)
    with filling(source.path, folder=scratch, needed=needed):
        file = sqlite_file(scratch, key)
        if reference:
            with local_sites(workspace, source.path, listing.folders, scratch) as folder:
                return collate_with_reference_engine(
                    key,
                    folder,
                    listing.expected,
                    options,
                    sqlite_file=file,
                    aggregate=aggregate,
                    path=source.path,
                )
        survey_some = survey_headers if workspace.at_once == 1 else survey_sample
        survey = survey_some(listing.folders, munge=options.munge, at_once=workspace.at_once)
        withheld = too_wide_survey(survey) if sqlite else None
        if (
            withheld is not None and aggregate is None and not parquet
        ):  # known before hours of reading
            full = survey_headers(listing.folders, munge=options.munge, at_once=workspace.at_once)
            return too_wide_survey(full) or withheld
        tables = scratch / "parquet"
        tables.mkdir()
        with read_ahead(workspace, listing.folders, munge=options.munge) as ahead:
            return collate_plate(
                key,
                ahead,
                listing.expected,
                options,
                sqlite_file=file if sqlite else None,
                parquet_folder=tables if parquet else None,
                aggregate=aggregate,
                path=source.path,
                progress=progress,
                survey=survey,
                # what SQLite cannot hold goes to Parquet, so that the cells are somewhere
                parquet_if_wide=None if aggregate is None else tables,
            )


def collate_options(config: Config) -> CollateOptions:
    """Return how the config wants CSVs to be read."""
    return CollateOptions(
        munge=config.collate.munge,
        plate_column_from=config.collate.column,
        on_defective_site=config.collate.on_defective_site,
        on_repeated_site=config.collate.on_repeated_site,
        on_count_differs=config.collate.on_count_differs,
        split_plates=config.collate.split_plates,
        well_column=config.aggregation.well_column,
        strata=config.aggregation.strata,
        compartments=config.compartments,
    )


def sqlite_file(scratch: Path, key: PlateKey) -> Path:
    """Return where in scratch space the SQLite backend of a plate is made."""
    return scratch / f"{key.plate}.sqlite"


def listing_of(source: PlateSource) -> PlateListing:
    """Return the site folders of a source that is CSVs."""
    if source.listing is None:
        raise ValueError("a source of CSVs has a listing")
    return source.listing


def _check_space(
    workspace: Workspace,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    backends: int,
    copies: bool,
) -> int:
    folders = listing_of(source).folders
    needed = backends * backend_bytes(csv_bytes(folders))
    needed += bytes_to_copy(folders) if copies else 0
    if needed:
        what = f"the backend of plate {key}"
        check_space(workspace, scratch, needed, what=what, path=source.path)
    return needed


def vanished_sites(
    workspace: Workspace, key: PlateKey, now: Iterable[SiteRecord]
) -> tuple[SiteRecord, ...]:
    """List the sites of the former ledger whose folders are gone, as missing, in its order.

    `now`: the records of this build. Empty where there is no former ledger. Raises
    `InvalidInputError` where that is no table.
    """
    path = layout.site_ledger(key)
    if workspace.stat(path) is None:
        return ()
    text = workspace.read_bytes(path).decode("utf-8", "replace")
    records = list(now)
    folders = {record.folder for record in records}
    places = {(record.well, record.site) for record in records}
    gone: list[SiteRecord] = []
    for row in _rows(text, path):
        folder, well, site = (row.get(name) or "" for name in ("folder", "well", "site"))
        was_there = row.get("image_rows_kept") not in (None, "", "0") or row.get("reason") == _GONE
        if folder and was_there and folder not in folders and (well, site) not in places:
            gone.append(SiteRecord(folder, well, site, SiteState.MISSING, _GONE))
    return tuple(gone)


def _rows(text: str, path: str) -> list[dict[str, str | None]]:
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except csv.Error as error:
        raise InvalidInputError(
            f"the ledger of the former backend cannot be read: {error}",
            path=path,
            remedy="restore it from a copy; or remove it: then sites whose folders have gone since "
            "are not named",
        ) from error
