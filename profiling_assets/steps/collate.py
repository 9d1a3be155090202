"""Backend and aggregated profiles of a plate, from whichever source it has.

Put here: which source is taken how, the numbers a user looks for.
Do not put here: collating site folders (`steps.engines`), reading cells (`core.collate`).
"""

import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import AggregateOptions
from profiling_assets.collate.result import CollateResult
from profiling_assets.config.model import Config
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.quality.preflight.plate_rules import repeated_warning
from profiling_assets.steps.checks import (
    aggregated_checks,
    backend_checks,
    standing_checks,
)
from profiling_assets.steps.engines import collate_sites, listing_of, sqlite_file
from profiling_assets.steps.facts import site_facts, well_facts
from profiling_assets.steps.former import vanished_sites
from profiling_assets.steps.outputs import Fact, Made, MadeFile, Progress
from profiling_assets.steps.results import AGGREGATED, PARQUET, SQLITE
from profiling_assets.steps.sources import PlateSource, SourceKind
from profiling_assets.workspace import layout
from profiling_assets.workspace.compression import packed
from profiling_assets.workspace.ledger import (
    site_ledger_frame,
    well_ledger_frame,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.disk_space import check_space
from profiling_assets.workspace.storage.interface import Workspace


@dataclass(frozen=True)
class Collated:
    """What one pass over a plate made.

    Attributes
    ----------
    made : mapping of str to Made or MadeFile
        Result name to what is to be stored.
    withheld : str
        Why the SQLite backend was withheld; empty where it was not.
    """

    made: Mapping[str, Made | MadeFile]
    withheld: str = ""


def aggregate_options(config: Config) -> AggregateOptions:
    """Say how cells become wells: by the `aggregate` section if it is on, else as collate does.

    Parameters
    ----------
    config : Config
        The config.

    Returns
    -------
    AggregateOptions
        Method, strata, fields and image feature categories.
    """
    rules = config.aggregation
    return AggregateOptions(
        method=rules.method,
        plate_column=rules.plate_column,
        well_column=rules.well_column,
        site_column=rules.site_column,
        fields=None if rules.fields == "all" else rules.fields,
        object_feature=rules.object_feature,
        image_feature_categories=rules.image_feature_categories,
        compartments=config.compartments,
    )


def make_plate(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    wanted: Collection[str],
    progress: Progress | None = None,
) -> Collated:
    """Make the wanted ones of backend and aggregated profiles in one pass over the source.

    Parameters
    ----------
    workspace : Workspace
        Where the plate is.
    config : Config
        How to collate and to aggregate.
    key : PlateKey
        The plate.
    source : PlateSource
        What it starts from.
    scratch : pathlib.Path
        An empty folder for files that the caller publishes.
    wanted : collection of str
        Some of the result names `sqlite_backend`, `parquet_backend`, `aggregated_profiles`.
    progress : callable, optional
        Called with sites done and sites in all.

    Returns
    -------
    Collated
        What was made; a backend is absent where the source is no CSV or SQLite cannot hold it.
    """
    if source.kind is SourceKind.CSVS:
        return _from_csvs(workspace, config, key, source, scratch, wanted=wanted, progress=progress)
    if AGGREGATED not in wanted:
        return Collated({})
    if source.kind is SourceKind.SQLITE:
        return Collated({AGGREGATED: _from_sqlite(workspace, config, key, source, scratch)})
    return Collated({AGGREGATED: _taken_over(workspace, config, key, source)})


def _from_csvs(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    source: PlateSource,
    scratch: Path,
    *,
    wanted: Collection[str],
    progress: Progress | None,
) -> Collated:
    result = collate_sites(
        workspace,
        config,
        key,
        source,
        scratch,
        sqlite=SQLITE in wanted,
        parquet=PARQUET in wanted,
        aggregate=aggregate_options(config) if AGGREGATED in wanted else None,
        progress=progress,
    )
    if isinstance(result, str):
        return Collated({}, result)
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
) -> Collated:
    facts = {"source": source.kind.value, **site_facts(result)}
    ledgers = {layout.site_ledger(key): site_ledger_frame(result.sites)}
    tables = {
        layout.parquet_table(key, table): local for table, local in result.parquet_files.items()
    }
    withheld = result.sqlite_withheld or ""
    made: dict[str, Made | MadeFile] = {}
    if SQLITE in wanted and not withheld:
        made[SQLITE] = MadeFile(
            sqlite,
            facts={**facts, **{f"rows_{t}": s.rows for t, s in result.tables.items()}},
            ledgers=ledgers,
            warnings=result.warnings,
            checks=backend_checks(result),
        )
    if PARQUET in wanted:
        first = layout.parquet_table(key, "Image")
        made[PARQUET] = MadeFile(
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
        made[AGGREGATED] = Made(
            result.aggregate,
            facts={**facts, **well_facts(result.aggregate, result.wells), **noted},
            ledgers={**ledgers, **wells},
            warnings=(*result.warnings, *([withheld] if withheld else [])),
            checks=aggregated_checks(config, key, result.aggregate, result.wells),
            files={} if PARQUET in wanted else tables,
        )
    return Collated(made, withheld)


def _from_sqlite(
    workspace: Workspace, config: Config, key: PlateKey, source: PlateSource, scratch: Path
) -> Made:
    backend = workspace.stat(source.path)
    if backend is not None and not Path(workspace.location(source.path)).is_file():
        what = f"the copy of plate {key}'s backend"
        check_space(workspace, scratch, backend.size, what=what, path=source.path)
    with workspace.local_file(source.path) as local:
        result = aggregate_backend(key, local, aggregate_options(config), path=source.path)
    return Made(
        result.frame,
        facts={"source": source.kind.value, **well_facts(result.frame, result.wells)},
        ledgers={layout.aggregated_well_ledger(key): well_ledger_frame(result.wells)},
        warnings=result.warnings,
        checks=aggregated_checks(config, key, result.frame, result.wells),
    )


def _taken_over(workspace: Workspace, config: Config, key: PlateKey, source: PlateSource) -> Made:
    content = workspace.read_bytes(source.path)
    frame = read_profiles(content, path=source.path)
    zipped = source.path.endswith(".gz")
    if config.options.compression == "gzip" and not zipped:
        content = packed(content)
    elif config.options.compression != "gzip" and zipped:
        content = gzip.decompress(content)
    return Made(
        frame,
        facts={
            "source": source.kind.value,
            "taken_over_from": source.path,
            **well_facts(frame, ()),
        },
        checks=standing_checks(key, frame),
        unchanged=content,
    )
