"""A plate's site folders to backend and profiles, with the engine that the config names.

Put here: options from the config, what is checked before a file is read, how files are fetched.
Do not put here: reading cells (`core.collate`), other sources than CSVs (`steps.collate`).
"""

from pathlib import Path

from profiling_assets.collate.collate import collate_plate
from profiling_assets.collate.cytominer_database import collate_with_reference_engine
from profiling_assets.collate.header_survey import survey_headers, survey_sample
from profiling_assets.collate.options import AggregateOptions, CollateOptions
from profiling_assets.collate.result import CollateResult
from profiling_assets.collate.sqlite_backend import too_wide_survey
from profiling_assets.config.model import Config
from profiling_assets.steps.outputs import Progress
from profiling_assets.steps.sources import PlateSource
from profiling_assets.workspace.local_sites import bytes_to_copy, local_sites
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.read_ahead import read_ahead
from profiling_assets.workspace.scan import PlateListing
from profiling_assets.workspace.storage.disk_space import backend_bytes, check_space, csv_bytes
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.os_errors import filling

_REFERENCE = "cytominer-database"


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
    """Collate a plate from its CSVs.

    Parameters
    ----------
    workspace : Workspace
        Where the plate is.
    config : Config
        How to collate.
    key : PlateKey
        The plate.
    source : PlateSource
        Its CSVs.
    scratch : pathlib.Path
        An empty folder; the SQLite file is put at `sqlite_file`.
    sqlite, parquet : bool
        Which backends to write.
    aggregate : AggregateOptions or None
        How to aggregate; None for no profiles.
    progress : callable, optional
        Called with sites done and sites in all.

    Returns
    -------
    CollateResult or str
        What was made; or, where only a SQLite file was asked for and cannot hold the tables, why.

    Raises
    ------
    WorkspaceError
        Where a disk has no room, before a file is read; or is filled up by others meanwhile.
    """
    listing = listing_of(source)
    options = CollateOptions(
        munge=config.collate.munge,
        plate_column_from=config.collate.column,
        on_defective_site=config.collate.on_defective_site,
    )
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
