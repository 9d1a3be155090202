"""What a table of hundreds of plates says of one plate, and nothing that grows with its sites.

Put here: a look at a plate reduced to its completeness.
Do not put here: the look itself (`workspace.scan`), whether the plate may be started (`workspace.arrivals`).
"""

import gc
from dataclasses import dataclass

from profiling_assets.workspace.completeness import PlateCompleteness, SiteFolderFacts, site_matrix
from profiling_assets.workspace.ignored import (
    IgnoredEntry,
    no_path_entries,
    printable,
    site_name_problem,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import csv_folder
from profiling_assets.workspace.scan import read_expected, scan_plate
from profiling_assets.workspace.sites import parse_site_folder
from profiling_assets.workspace.storage.interface import Workspace

_IMAGED = {"Image.csv": 1}  # what a glance by names takes every folder to hold


@dataclass(frozen=True)
class PlateGlance:
    """What one look told of a plate.

    Attributes
    ----------
    completeness : PlateCompleteness
        Expected against found sites.
    folders : int
        Number of site folders.
    last_change : float or None
        When one of its files last changed, in seconds since 1970; None where that was not looked
        at, or nothing is there.
    fingerprint : str or None
        Of its CSV files; None where they were not looked at.
    ignored : tuple of IgnoredEntry
        What lies among its site folders and was left out, as far as this look tells.
    """

    completeness: PlateCompleteness
    folders: int
    last_change: float | None
    fingerprint: str | None
    ignored: tuple[IgnoredEntry, ...] = ()


def expect_many() -> None:
    """Prepare a process that looks at hundreds of plates and then ends.

    What is imported stays: collections of garbage need not walk over it. They come seldom, as a
    look makes tens of thousands of records at once and hardly any garbage.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def glance(workspace: Workspace, key: PlateKey, csv_dir: str) -> PlateGlance:
    """Look at all files of a plate: on S3 a request for each thousand of them.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    key : PlateKey
        The plate.
    csv_dir : str
        Folder of the site folders below the plate's folder; empty or `.` for that folder itself.

    Returns
    -------
    PlateGlance
        What is there.
    """
    listing = scan_plate(workspace, key, csv_dir)
    return PlateGlance(
        listing.completeness,
        len(listing.folders),
        listing.last_change,
        listing.fingerprint,
        listing.ignored,
    )


def glance_at_names(workspace: Workspace, key: PlateKey, csv_dir: str) -> PlateGlance:
    """Look at the names of a plate's site folders only: on S3 four requests for 3,456 sites.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    key : PlateKey
        The plate.
    csv_dir : str
        Folder of the site folders below the plate's folder; empty or `.` for that folder itself.

    Returns
    -------
    PlateGlance
        As if every site folder held an Image.csv.
    """
    base = csv_folder(key, csv_dir)
    listing = workspace.list_folder(base)
    ignored = list(no_path_entries(listing.no_paths))
    names: list[str] = []
    for name in listing.folders:
        problem = site_name_problem(name)
        if problem is None:
            names.append(name)
        else:
            ignored.append(IgnoredEntry(printable(f"{base}/{name}"), problem))
    loaded = read_expected(workspace, key)
    facts = [SiteFolderFacts(name, parse_site_folder(name, key.plate), _IMAGED) for name in names]
    # `outlines` and the like lie among site folders; a scan of the files leaves them out
    facts = [fact for fact in facts if fact.site.well is not None] or facts
    completeness = site_matrix(None if loaded is None else loaded.sites, facts)
    return PlateGlance(completeness, len(facts), None, None, tuple(ignored))
