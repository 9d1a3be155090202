"""Listing `analysis`, `backend` and `profiles` with as few requests as will do.

Put here: which folders are listed, how many at a time, and their listings as facts.
Do not put here: what counts as a plate (`workspace.plates`), the sites of a plate (`workspace.scan`).
"""

from collections.abc import Collection
from pathlib import PurePosixPath

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.ignored import entry_problem
from profiling_assets.workspace.layout import ANALYSIS
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import (
    AREAS,
    AreaFacts,
    FolderFacts,
    csv_folder,
)
from profiling_assets.workspace.storage.interface import Listing, TwoLevels, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once


def list_areas(
    workspace: Workspace, csv_dir: str, known: Collection[PlateKey] = frozenset()
) -> dict[str, AreaFacts]:
    """List the areas, their batches, and each plate's own folder.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    csv_dir : str
        Folder of the site folders below a plate's folder in `analysis`.
    known : collection of PlateKey, optional
        Plates in `analysis` that count as having CSVs and are not listed.

    Returns
    -------
    dict of str to AreaFacts
        One for each of `workspace.plates.AREAS`.

    Raises
    ------
    WorkspaceError
        Where an area or a batch cannot be listed; a plate that cannot be is `unreadable`.
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
        return _facts(workspace.list_folder(path))
    except WorkspaceError:
        if not _may_lie_in_one_folder(workspace):
            raise
        return FolderFacts(unreadable=True)


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
