"""Finding plates and sites in a workspace, with as few listings as will do.

Put here: the plates of a workspace, the site folders and load data of a plate.
Do not put here: what counts as a plate, a site or complete (`core.discovery`, `core.completeness`),
how `analysis`, `backend` and `profiles` are listed (`areas`).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from profiling_assets.core.completeness import PlateCompleteness, SiteFolderFacts, site_matrix
from profiling_assets.core.discovery import (
    IgnoredEntry,
    WorkspaceScan,
    csv_folder,
    find_plates,
    printable,
    site_folder_problem,
)
from profiling_assets.core.errors import InvalidNameError
from profiling_assets.core.layout import LOAD_DATA_NAMES, load_data_folder
from profiling_assets.core.names import PlateKey
from profiling_assets.core.sites import (
    ExpectedSite,
    expected_sites,
    is_image_csv,
    is_input_csv,
    parse_site_folder,
)
from profiling_assets.storage.areas import list_areas
from profiling_assets.storage.overlay import OverlayWorkspace
from profiling_assets.storage.site_folder import WorkspaceSiteFolder
from profiling_assets.storage.workspace import (
    Listing,
    ObjectInfo,
    TwoLevels,
    Workspace,
    checked_path,
)


@dataclass(frozen=True)
class PlateListing:
    """What `analysis` and `load_data_csv` hold of one plate.

    Attributes
    ----------
    folders : tuple of WorkspaceSiteFolder
        The site folders, sorted by name; those of failed jobs (empty ones) too.
    fingerprint : str
        Hash over path, size and version of the CSV files; of nothing where there are none.
    expected : tuple of ExpectedSite or None
        Sites of the load data; None where there is none.
    load_data_path : str or None
        The load data file used.
    load_data_fingerprint : str or None
        Hash of its content.
    completeness : PlateCompleteness
        Expected against found sites.
    ignored : tuple of IgnoredEntry
        What was left out, and why.
    last_change : float or None
        When the newest of its input CSVs and the load data file changed, in seconds since 1970 by
        the storage's clock; None where there is neither.
    """

    folders: tuple[WorkspaceSiteFolder, ...]
    fingerprint: str
    expected: tuple[ExpectedSite, ...] | None
    load_data_path: str | None
    load_data_fingerprint: str | None
    completeness: PlateCompleteness
    ignored: tuple[IgnoredEntry, ...]
    last_change: float | None = None


def scan_workspace(
    workspace: Workspace, csv_dir: str = "analysis", *, known: Collection[PlateKey] = ()
) -> WorkspaceScan:
    """Find the plates of a workspace and where each can start.

    Lists `analysis`, `backend` and `profiles`, their batches, and each plate's own folder; no
    site folder is listed and no file is read. On S3 that is three requests for the areas, one for
    each thousand files of a batch in `backend` and in `profiles`, one for each batch in `analysis`
    and one for each plate there.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    csv_dir : str
        Folder of the site folders below a plate's folder; empty or `.` for that folder itself.
    known : collection of PlateKey, optional
        Plates that had CSVs at an earlier scan: they are not asked for again, and count as having
        them as long as their batch in `analysis` lists them.

    Returns
    -------
    WorkspaceScan
        Plates and ignored entries. A plate's folder that cannot be read is among the ignored; a
        batch's or an area's raises WorkspaceError, as its plates cannot be known.
    """
    return find_plates(list_areas(workspace, csv_dir, frozenset(known)), csv_dir)


def scan_plate(workspace: Workspace, key: PlateKey, csv_dir: str = "analysis") -> PlateListing:
    """List the site folders of a plate and read its load data.

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
    PlateListing
        Without folders where the plate has no CSVs. Where the CSVs lie directly in `csv_dir`, that
        folder is the only site folder.
    """
    base = csv_folder(key, csv_dir)
    listed, holders = _two_levels(workspace, base)
    level = listed.level
    folders: list[WorkspaceSiteFolder] = []
    inputs: list[ObjectInfo] = []
    ignored: list[IgnoredEntry] = []
    for name in level.folders:
        path, listing = f"{base}/{name}", listed.folders[name]
        problem = _path_problem(path) or site_folder_problem(name, _sizes(listing), key.plate)
        if problem is not None:
            ignored.append(IgnoredEntry(printable(path), problem))
            continue
        folders.append(_site_folder(holders.get(name, workspace), path, listing, key))
        inputs.extend(listing.files)
    if not folders and any(is_image_csv(_name(file)) for file in level.files):
        folders.append(_site_folder(workspace, base, level, key))
        inputs.extend(level.files)
    else:
        ignored.extend(
            IgnoredEntry(printable(file.path), "it is a file where site folders lie")
            for file in level.files
        )
    load_data = _load_data(workspace, key)
    expected = None
    if load_data is not None:
        file, data = load_data
        expected = expected_sites(data, path=file.path, plate=key.plate)
    inputs = [file for file in inputs if is_input_csv(_name(file))]
    changes = [file.modified for file in (*inputs, *(load_data or ())[:1])]
    return PlateListing(
        folders=tuple(folders),
        fingerprint=_fingerprint(inputs, base),
        expected=expected,
        load_data_path=None if load_data is None else load_data[0].path,
        load_data_fingerprint=None if load_data is None else fingerprint_bytes(load_data[1]),
        completeness=site_matrix(
            expected,
            [SiteFolderFacts(folder.name, folder.site, folder.files) for folder in folders],
        ),
        ignored=tuple(ignored),
        last_change=max(changes, default=None),
    )


def site_folder_names(
    workspace: Workspace, key: PlateKey, csv_dir: str = "analysis"
) -> tuple[str, ...]:
    """List the names of a plate's site folders, and nothing of what is in them.

    Four requests on S3 for 3,456 sites, where `scan_plate` needs one for each thousand files.

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
    tuple of str
        Sorted. A folder with another kind of name counts too: only its files tell what it is.
    """
    return tuple(
        name
        for name in workspace.list_folder(csv_folder(key, csv_dir)).folders
        if name and not name.startswith(".") and printable(name) == name
    )


def fingerprint_bytes(data: bytes) -> str:
    """Return the hash of a small file's content."""
    return hashlib.sha256(data).hexdigest()


def _fingerprint(files: Iterable[ObjectInfo], base: str) -> str:
    digest = hashlib.sha256()
    # below `base`, so that the hash does not depend on what the plate or batch is called
    for file in sorted(files, key=lambda file: file.path):
        path = file.path[len(base) + 1 :]
        digest.update(f"{path}\0{file.size}\0{file.version}\n".encode())
    return digest.hexdigest()


def _site_folder(
    workspace: Workspace, path: str, listing: Listing, key: PlateKey
) -> WorkspaceSiteFolder:
    name = PurePosixPath(path).name
    return WorkspaceSiteFolder(
        workspace, path, name, parse_site_folder(name, key.plate), _sizes(listing)
    )


def _two_levels(workspace: Workspace, path: str) -> tuple[TwoLevels, Mapping[str, Workspace]]:
    """List two levels, and tell which workspace to read a folder from where it is another one."""
    if isinstance(workspace, OverlayWorkspace):
        return workspace.list_with_holders(path)
    return workspace.list_two_levels(path), {}


def _path_problem(path: str) -> str | None:
    """Say why what S3 takes for a folder has no path (`analysis/B/P//x`), or None."""
    try:
        checked_path(path)
    except InvalidNameError:
        return "its key cannot be a path: an empty part, '.' or '..' is in it"
    return None


def _load_data(workspace: Workspace, key: PlateKey) -> tuple[ObjectInfo, bytes] | None:
    files = {_name(file): file for file in workspace.list_folder(load_data_folder(key)).files}
    for name in LOAD_DATA_NAMES:
        if name in files:
            return files[name], workspace.read_bytes(files[name].path)
    return None


def _sizes(listing: Listing) -> dict[str, int]:
    return {_name(file): file.size for file in listing.files}


def _name(file: ObjectInfo) -> str:
    return file.path.rpartition("/")[2]
