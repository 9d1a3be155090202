"""What can be told of a plate before anything is computed, from a few headers.

Put here: warnings that would otherwise come after hours.
Do not put here: errors of a step, completeness of sites (`core.completeness`).
"""

from collections.abc import Sequence
from dataclasses import replace

from profiling_assets.core.collate.folders import SiteFolder
from profiling_assets.core.collate.header import read_header
from profiling_assets.core.collate.survey import absent_categories
from profiling_assets.core.config.model import Config
from profiling_assets.core.sites import is_image_csv
from profiling_assets.pipeline.sources import PlateSource
from profiling_assets.storage.site_folder import WorkspaceSiteFolder

_HEADERS = 3  # the largest Image.csv files: a site that failed QC has a short one


def slim(source: PlateSource) -> PlateSource:
    """Keep of a plate's source what `forewarnings` needs: a plan looks at thousands of plates.

    Parameters
    ----------
    source : PlateSource
        What the plate starts from.

    Returns
    -------
    PlateSource
        The same with the few site folders whose Image.csv is largest.
    """
    if source.listing is None:
        return source
    folders = tuple({folder.name: folder for folder, _ in _largest_images(source)}.values())
    return replace(source, listing=replace(source.listing, folders=folders, expected=None))


def forewarnings(config: Config, source: PlateSource) -> list[str]:
    """Say what can be told of a plate before anything is computed.

    Parameters
    ----------
    config : Config
        The config.
    source : PlateSource
        What the plate starts from.

    Returns
    -------
    list of str
        Sentences; empty for a plate that does not start at CSVs.
    """
    found: list[str] = []
    absent = absent_image_categories(config, source)
    if absent:
        found.append(
            f"no Image.csv has features of the categories {', '.join(absent)}, which the config "
            "asks for (image_feature_categories); the profiles come out without them"
        )
    if source.listing is not None:
        look = source.listing.completeness
        if look.missing:
            found.append(f"{len(look.missing)} sites that the load data names are missing")
        if look.repeated:
            found.append(repeated_warning(look.repeated))
    return found


def repeated_warning(folders: Sequence[str]) -> str:
    """Say that folders hold a site that another folder holds too.

    Parameters
    ----------
    folders : sequence of str
        The second folders of their sites.

    Returns
    -------
    str
        One sentence.
    """
    shown = ", ".join(folders[:5]) + (" ..." if len(folders) > 5 else "")
    return (
        f"{len(folders)} folders hold a site that another folder holds too, and both are counted "
        f"in its well: {shown}"
    )


def absent_image_categories(config: Config, source: PlateSource) -> tuple[str, ...]:
    """List the image feature categories that the config asks for and the plate does not have.

    Parameters
    ----------
    config : Config
        Names the categories.
    source : PlateSource
        What the plate starts from.

    Returns
    -------
    tuple of str
        Empty for a plate that does not start at CSVs.
    """
    if source.listing is None:
        return ()
    columns = {column for image in _largest_images(source) for column in _columns(*image)}
    if not columns:
        return ()
    return absent_categories(columns, config.aggregation.image_feature_categories)


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
