"""Finding plates and sites in a workspace, with as few listings as will do.

Put here: how `analysis`, `backend` and `profiles` are listed, and the site folders and load data of
a plate.
Do not put here: what counts as a plate, a site or complete (`plates`, `completeness`), many plates
at once (`scan_many`).
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import PurePosixPath

from profiling_assets.errors import InvalidInputError, WorkspaceError
from profiling_assets.workspace.completeness import PlateCompleteness, site_matrix
from profiling_assets.workspace.layout import ANALYSIS, load_data_folder
from profiling_assets.workspace.load_data import load_data_file
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import (
    AREAS,
    CSV_DIR,
    AreaFacts,
    FolderFacts,
    IgnoredEntry,
    WorkspaceScan,
    csv_folder,
    entry_problem,
    find_plates,
    site_name_problem,
)
from profiling_assets.workspace.site_folder import site_files
from profiling_assets.workspace.site_layouts import (
    folders_with_sites,
    plate_site_folders,
    plate_site_names,
)
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.sites import WELL_COLUMN, ExpectedSite, expected_sites
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.unread import is_packed_away


def scan_workspace(
    workspace: Workspace, csv_dir: str = "analysis", *, known: Collection[PlateKey] = ()
) -> WorkspaceScan:
    """Find the plates of a workspace and where each can start.

    Lists `analysis`, `backend` and `profiles`, their batches, and each plate's own folder; no
    site folder is listed and no file is read. On S3 that is three requests for the areas, one for
    each thousand files of a batch in `backend` and in `profiles`, one for each batch in `analysis`
    and one for each plate there.

    `csv_dir`: folder of the site folders below a plate's folder; empty or `.` for that folder
    itself. `known`: plates that had CSVs at an earlier scan: they are not asked for again, and
    count as having them as long as their batch in `analysis` lists them. A plate's folder that
    cannot be read is among the ignored; a batch's or an area's raises `WorkspaceError`, as its
    plates cannot be known.
    """
    return find_plates(list_areas(workspace, csv_dir, frozenset(known)), csv_dir)


def list_areas(
    workspace: Workspace, csv_dir: str, known: Collection[PlateKey] = frozenset()
) -> dict[str, AreaFacts]:
    """List the areas, their batches, and each plate's own folder.

    `known`: plates in `analysis` that count as having CSVs and are not listed. Raises
    `WorkspaceError` where an area or a batch cannot be listed; a plate that cannot be is
    `unreadable`.
    """
    at_once = workspace.at_once
    tops = dict(zip(AREAS, map_at_once(workspace.list_folder, AREAS, at_once=at_once), strict=True))
    batches = [
        (area, batch)
        for area, top in tops.items()
        for batch in top.folders
        if entry_problem(batch) is None
    ]
    listed = map_at_once(lambda at: _batch(workspace, *at), batches, at_once=at_once)
    levels = dict(zip(batches, listed, strict=True))
    plates = [
        (area, PlateKey(batch, plate))
        for (area, batch), two in levels.items()
        for plate in two.level.folders
        if entry_problem(plate) is None
    ]

    def look(at: tuple[str, PlateKey]) -> FolderFacts:
        area, key = at
        listing = levels[area, key.batch].folders.get(key.plate)
        if listing is not None:
            return _facts(listing)
        if area == ANALYSIS and key in known:
            return FolderFacts((PurePosixPath(csv_dir).name or "-",))
        return _plate(workspace, area, key, csv_dir)

    looks = dict(zip(plates, map_at_once(look, plates, at_once=at_once), strict=True))
    return {
        area: AreaFacts(
            _facts(top),
            {batch: _facts(two.level) for (of, batch), two in levels.items() if of == area},
            {key: facts for (of, key), facts in looks.items() if of == area},
        )
        for area, top in tops.items()
    }


def _batch(workspace: Workspace, area: str, batch: str) -> TwoLevels:
    """List a batch, and its plates where they come with few requests; else without folders."""
    path = f"{area}/{batch}"
    if area != ANALYSIS:  # there, what lies below the plates is 3,456 site folders each
        try:
            return workspace.list_two_levels(path)
        except WorkspaceError:
            if not _may_lie_in_one_folder(workspace):
                raise
    return TwoLevels(workspace.list_folder(path), {})


def _plate(workspace: Workspace, area: str, key: PlateKey, csv_dir: str) -> FolderFacts:
    path = f"{area}/{key}"
    if area == ANALYSIS:
        folder = csv_folder(key, csv_dir)
        path = path if folder == path else PurePosixPath(folder).parent.as_posix()
    try:
        listing = workspace.list_folder(path)
        usual = area != ANALYSIS or csv_dir != CSV_DIR or CSV_DIR in listing.folders
        elsewhere = False if usual else bool(folders_with_sites(workspace, key, listing))
    except WorkspaceError:
        if not _may_lie_in_one_folder(workspace):
            raise
        return FolderFacts(unreadable=True)
    return replace(_facts(listing), sites_elsewhere=elsewhere)


def _may_lie_in_one_folder(workspace: Workspace) -> bool:
    # A folder may be closed to this user while the others are open. On S3 rights are the bucket's:
    # a listing that fails there is a server that is busy or away, and no plate is gone for it.
    return workspace.at_once == 1


def _facts(listing: Listing) -> FolderFacts:
    return FolderFacts(
        listing.folders,
        {file.path.rpartition("/")[2]: file.size for file in listing.files},
        no_paths=listing.no_paths,
    )


@dataclass(frozen=True)
class PlateListing:
    """What `analysis` and `load_data_csv` hold of one plate."""

    base: str  # the folder of the site folders
    # the site folders, sorted by name; those of failed jobs (empty ones) too
    folders: tuple[WorkspaceSiteFolder, ...]
    # hash over path, size and version of the CSV files; of nothing where there are none
    fingerprint: str
    expected: tuple[ExpectedSite, ...] | None  # sites of the load data; None where there is none
    load_data_path: str | None
    load_data_fingerprint: str | None  # hash of its content
    completeness: PlateCompleteness
    ignored: tuple[IgnoredEntry, ...]
    # when the newest of its input CSVs and the load data file changed, in seconds since 1970 by the
    # storage's clock; None where there is neither
    last_change: float | None = None

    @property
    def unread(self) -> tuple[IgnoredEntry, ...]:
        """What of the ignored looks like input."""
        return tuple(entry for entry in self.ignored if entry.unread)

    @property
    def imageless(self) -> tuple[str, ...]:
        """Tables in folders that have none of images."""
        return tuple(
            f"{folder.path}/{file}"
            for folder in self.folders
            if (files := site_files(folder)).image is None
            for file in files.inputs
            if folder.files[file] > 0
        )

    @property
    def unusable(self) -> bool:
        """Whether input lies there and no site can be read: then no older source is taken."""
        if len(self.completeness.without_image) < len(self.folders):
            return False
        return bool(self.imageless) or not all(map(is_packed_away, self.unread))


def scan_plate(
    workspace: Workspace,
    key: PlateKey,
    csv_dir: str = "analysis",
    *,
    well_column: str = WELL_COLUMN,
) -> PlateListing:
    """List the site folders of a plate and read its load data.

    `csv_dir`: as in `plate_site_folders`. `well_column`: as in `expected_sites`. There are no
    folders where the plate has no CSVs.
    """
    sites = plate_site_folders(workspace, key, csv_dir)
    try:
        loaded = read_expected(workspace, key, well_column)
    except InvalidInputError:
        if sites.imaged:
            raise
        loaded = None  # a plate that starts later needs none
    expected = None if loaded is None else loaded.sites
    read = (*sites.inputs, *(() if loaded is None else (loaded.file,)))
    return PlateListing(
        base=sites.base,
        folders=sites.folders,
        fingerprint=_fingerprint(sites.inputs, sites.base),
        expected=expected,
        load_data_path=None if loaded is None else loaded.file.path,
        load_data_fingerprint=None if loaded is None else loaded.fingerprint,
        completeness=site_matrix(expected, sites.folders),
        ignored=sites.ignored,
        last_change=max((file.modified for file in read), default=None),
    )


def site_folder_names(
    workspace: Workspace, key: PlateKey, csv_dir: str = "analysis"
) -> tuple[str, ...]:
    """List the names of a plate's site folders, sorted, and nothing of what is in them.

    On S3 that is four requests for 3,456 sites, where `scan_plate` needs one for each thousand
    files. A folder with another kind of name counts too: only its files tell what it is.

    `csv_dir`: folder of the site folders below the plate's folder; empty or `.` for that folder
    itself.
    """
    found = plate_site_names(workspace, key, csv_dir)
    return tuple(name for name in found.names if site_name_problem(name) is None)


@dataclass(frozen=True)
class LoadData:
    """A plate's load data file, the hash of its content, and the sites that it names."""

    file: ObjectInfo
    fingerprint: str
    sites: tuple[ExpectedSite, ...]


def read_expected(
    workspace: Workspace, key: PlateKey, well_column: str = WELL_COLUMN
) -> LoadData | None:
    """Read which sites a plate should have; None where no load data file is there.

    Which file that is, `load_data_file` says.
    """
    files = {_name(file.path): file for file in workspace.list_folder(load_data_folder(key)).files}
    name = load_data_file(files)
    if name is None:
        return None
    file = files[name]
    data = workspace.read_bytes(file.path)
    sites = expected_sites(data, path=file.path, plate=key.plate, well_column=well_column)
    return LoadData(file, fingerprint_bytes(data), sites)


def fingerprint_bytes(data: bytes) -> str:
    """Return the hash of a small file's content."""
    return hashlib.sha256(data).hexdigest()


def _fingerprint(files: Iterable[ObjectInfo], base: str) -> str:
    # below `base`, so that the hash does not depend on what the plate or batch is called
    cut = len(base) + 1
    lines = [
        f"{file.path[cut:]}\0{file.size}\0{file.version}\n"
        for file in sorted(files, key=attrgetter("path"))
    ]
    return fingerprint_bytes("".join(lines).encode())


def _name(path: str) -> str:
    return path.rpartition("/")[2]
