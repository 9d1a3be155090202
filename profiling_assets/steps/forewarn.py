"""What a few headers tell of a plate, and what is kept of its listing for that.

Put here: the choice of the few site folders whose headers are read before anything is computed.
Do not put here: what follows from them (`core.preflight`), completeness of sites
(`workspace.completeness`).
"""

from dataclasses import replace

from profiling_assets.collate.columns import Survey
from profiling_assets.collate.header import read_header
from profiling_assets.collate.header_survey import survey_headers
from profiling_assets.steps.sources import PlateShape, PlateSource
from profiling_assets.workspace.site_folder import SiteFolder, site_files, table_order
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.sites import is_image_csv
from profiling_assets.workspace.storage.disk_space import csv_bytes

_HEADERS = 3  # the largest Image.csv files: a site that failed QC has a short one


def slim(source: PlateSource) -> PlateSource:
    """Keep of a plate's source what preflight needs: a plan looks at thousands of plates.

    Parameters
    ----------
    source : PlateSource
        What the plate starts from.

    Returns
    -------
    PlateSource
        The same with the few site folders whose Image.csv is largest, and the shape of all.
    """
    if source.listing is None:
        return source
    folders = _largest_folders(source)
    listing = replace(source.listing, folders=folders, expected=None)
    return replace(source, listing=listing, shape=_shape(source))


def few_headers(source: PlateSource, *, munge: bool) -> Survey:
    """Read the headers of the site folders whose Image.csv is largest.

    Parameters
    ----------
    source : PlateSource
        What the plate starts from.
    munge : bool
        Whether `object.csv` is to be split into compartments.

    Returns
    -------
    Survey
        Without tables for a plate that does not start at CSVs.
    """
    return survey_headers(_largest_folders(source), munge=munge)


def _largest_folders(source: PlateSource) -> tuple[WorkspaceSiteFolder, ...]:
    return tuple({folder.name: folder for folder, _ in _largest_images(source)}.values())


def _shape(source: PlateSource) -> PlateShape:
    folders = () if source.listing is None else source.listing.folders
    files = [(folder, site_files(folder)) for folder in folders]
    imaged = [folder for folder, found in files if found.image is not None]
    wells = {folder.site.well for folder in imaged}
    named = tuple(sorted(well for well in wells if well is not None))
    merged = any(found.merged is not None for _, found in files)
    tables = {table for _, found in files for table in found.tables}
    return PlateShape(
        wells=None if None in wells else named,
        tables=() if merged else tuple(sorted(tables, key=table_order)),
        csv_bytes=csv_bytes(folders),
    )


def image_table_columns(source: PlateSource) -> set[str]:
    """Return the columns of a plate's image tables, from the headers of the largest few.

    Parameters
    ----------
    source : PlateSource
        What the plate starts from.

    Returns
    -------
    set of str
        Empty for a plate that does not start at CSVs.
    """
    return {column for image in _largest_images(source) for column in _columns(*image)}


def _largest_images(source: PlateSource) -> list[tuple[WorkspaceSiteFolder, str]]:
    if source.listing is None:
        return []
    images = sorted(
        (
            (size, folder, name)
            for folder in source.listing.folders
            for name, size in folder.files.items()
            if is_image_csv(name) and size > 0
        ),
        key=lambda entry: (-entry[0], entry[1].name),
    )
    return [(folder, name) for _, folder, name in images[:_HEADERS]]


def _columns(folder: SiteFolder, name: str) -> tuple[str, ...]:
    header = read_header(folder.head(name))
    return () if header is None else header.names
