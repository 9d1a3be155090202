"""Finding plates and sites in a workspace, with as few listings as will do.

Put here: which folders are listed, and their listing as facts for `core.discovery`.
Do not put here: what counts as a plate, a site or complete (`core.discovery`, `core.completeness`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from profiling_assets.core.completeness import PlateCompleteness, SiteFolderFacts, site_matrix
from profiling_assets.core.discovery import (
    AREAS,
    AreaFacts,
    FolderFacts,
    IgnoredEntry,
    WorkspaceScan,
    csv_folder,
    entry_problem,
    find_plates,
    printable,
    site_folder_problem,
)
from profiling_assets.core.errors import WorkspaceError
from profiling_assets.core.layout import ANALYSIS, LOAD_DATA_NAMES, load_data_folder
from profiling_assets.core.names import PlateKey
from profiling_assets.core.sites import (
    ExpectedSite,
    expected_sites,
    is_image_csv,
    is_input_csv,
    parse_site_folder,
)
from profiling_assets.storage.site_folder import WorkspaceSiteFolder
from profiling_assets.storage.workspace import Listing, ObjectInfo, Workspace


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
    """

    folders: tuple[WorkspaceSiteFolder, ...]
    fingerprint: str
    expected: tuple[ExpectedSite, ...] | None
    load_data_path: str | None
    load_data_fingerprint: str | None
    completeness: PlateCompleteness
    ignored: tuple[IgnoredEntry, ...]


def scan_workspace(workspace: Workspace, csv_dir: str = "analysis") -> WorkspaceScan:
    """Find the plates of a workspace and where each can start.

    Lists `analysis`, `backend` and `profiles`, their batches, and each plate's own folder; no
    site folder is listed and no file is read.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    csv_dir : str
        Folder of the site folders below a plate's folder; empty or `.` for that folder itself.

    Returns
    -------
    WorkspaceScan
        Plates and ignored entries. A plate's folder that cannot be read is among the ignored; a
        batch's or an area's raises WorkspaceError, as its plates cannot be known.
    """
    return find_plates({area: _area(workspace, area, csv_dir) for area in AREAS}, csv_dir)


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
    level = workspace.list_folder(base)
    folders: list[WorkspaceSiteFolder] = []
    inputs: list[ObjectInfo] = []
    ignored: list[IgnoredEntry] = []
    for name in level.folders:
        path = f"{base}/{name}"
        listing = workspace.list_folder(path)
        problem = site_folder_problem(name, _sizes(listing), key.plate)
        if problem is not None:
            ignored.append(IgnoredEntry(printable(path), problem))
            continue
        folders.append(_site_folder(workspace, path, listing, key))
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
        path, data = load_data
        expected = expected_sites(data, path=path, plate=key.plate)
    return PlateListing(
        folders=tuple(folders),
        fingerprint=_fingerprint(inputs, base),
        expected=expected,
        load_data_path=None if load_data is None else load_data[0],
        load_data_fingerprint=None if load_data is None else fingerprint_bytes(load_data[1]),
        completeness=site_matrix(
            expected,
            [SiteFolderFacts(folder.name, folder.site, folder.files) for folder in folders],
        ),
        ignored=tuple(ignored),
    )


def fingerprint_bytes(data: bytes) -> str:
    """Return the hash of a small file's content."""
    return hashlib.sha256(data).hexdigest()


def _fingerprint(files: Iterable[ObjectInfo], base: str) -> str:
    digest = hashlib.sha256()
    # below `base`, so that the hash does not depend on what the plate or batch is called
    for file in sorted(files, key=lambda file: file.path):
        if is_input_csv(_name(file)):
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


def _load_data(workspace: Workspace, key: PlateKey) -> tuple[str, bytes] | None:
    folder = load_data_folder(key)
    names = _sizes(workspace.list_folder(folder))
    for name in LOAD_DATA_NAMES:
        if name in names:
            return f"{folder}/{name}", workspace.read_bytes(f"{folder}/{name}")
    return None


def _area(workspace: Workspace, area: str, csv_dir: str) -> AreaFacts:
    top = _facts(workspace.list_folder(area))
    batches: dict[str, FolderFacts] = {}
    plates: dict[PlateKey, FolderFacts] = {}
    for batch in top.folders:
        if entry_problem(batch) is not None:
            continue
        batches[batch] = _facts(workspace.list_folder(f"{area}/{batch}"))
        for plate in batches[batch].folders:
            if entry_problem(plate) is None:
                key = PlateKey(batch, plate)
                plates[key] = _plate_facts(workspace, area, key, csv_dir)
    return AreaFacts(top, batches, plates)


def _plate_facts(workspace: Workspace, area: str, key: PlateKey, csv_dir: str) -> FolderFacts:
    path = f"{area}/{key}"
    if area == ANALYSIS:
        folder = csv_folder(key, csv_dir)
        path = path if folder == path else PurePosixPath(folder).parent.as_posix()
    try:
        return _facts(workspace.list_folder(path))
    except WorkspaceError:
        return FolderFacts(unreadable=True)


def _facts(listing: Listing) -> FolderFacts:
    return FolderFacts(listing.folders, _sizes(listing))


def _sizes(listing: Listing) -> dict[str, int]:
    return {_name(file): file.size for file in listing.files}


def _name(file: ObjectInfo) -> str:
    return file.path.rpartition("/")[2]
