"""What a table of hundreds of plates says of one plate, and nothing that grows with its sites.

Put here: a look at a plate reduced to its completeness.
Do not put here: the look itself (`scan`), whether the plate may be started (`core.arrivals`).
"""

from dataclasses import dataclass

from profiling_assets.core.completeness import PlateCompleteness, SiteFolderFacts, site_matrix
from profiling_assets.core.names import PlateKey
from profiling_assets.core.sites import parse_site_folder
from profiling_assets.storage.scan import read_expected, scan_plate, site_folder_names
from profiling_assets.storage.workspace import Workspace

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
    """

    completeness: PlateCompleteness
    folders: int
    last_change: float | None
    fingerprint: str | None


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
        listing.completeness, len(listing.folders), listing.last_change, listing.fingerprint
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
    names = site_folder_names(workspace, key, csv_dir)
    loaded = read_expected(workspace, key)
    facts = [SiteFolderFacts(name, parse_site_folder(name, key.plate), _IMAGED) for name in names]
    # `outlines` and the like lie among site folders; a scan of the files leaves them out
    facts = [fact for fact in facts if fact.site.well is not None] or facts
    completeness = site_matrix(None if loaded is None else loaded.sites, facts)
    return PlateGlance(completeness, len(facts), None, None)
