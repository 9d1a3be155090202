"""The weight of a plate: names and sizes of its files, and nothing that is in them.

Put here: listing a plate for an estimate.
Do not put here: what follows from its weight (`plate`), completeness (`workspace.scan_workspace`).
"""

from collections.abc import Iterable

from profiling_assets.operations.estimate.plate import PlateWeight
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source, csv_folder, site_folder_problem
from profiling_assets.workspace.sites import is_image_csv, is_input_csv, parse_site_folder
from profiling_assets.workspace.standing_files import cells_files
from profiling_assets.workspace.storage.interface import Listing, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once


def weigh_plates(
    workspace: Workspace, plates: Iterable[PlateFound], csv_dir: str
) -> list[PlateWeight]:
    """Weigh plates by their listings; no file is opened.

    The order is that of the plates; one that starts at profiles weighs nothing. `csv_dir` is the
    folder of the site folders below a plate's folder; empty or `.` for that folder itself. Raises
    `WorkspaceError` where a plate's folder cannot be listed.
    """

    def one(plate: PlateFound) -> PlateWeight:
        if Source.CSVS in plate.sources:
            return _of_csvs(workspace, plate.key, csv_dir)
        return _of_backend(workspace, plate)

    return map_at_once(one, plates, at_once=workspace.at_once)


def _of_csvs(workspace: Workspace, key: PlateKey, csv_dir: str) -> PlateWeight:
    base = csv_folder(key, csv_dir)
    listed = workspace.list_two_levels(base)
    total = files = keys = sites = 0
    wells: set[str | None] = set()
    folders = {f"{base}/{name}": listed.folders[name] for name in listed.level.folders}
    for path, listing in folders.items():
        keys += len(listing.files)
        sizes = _sizes(path, listing)
        name = path.rpartition("/")[2]
        if site_folder_problem(name, sizes, key.plate) is not None:
            continue
        of_site = _inputs(sizes)
        sites += 1
        total, files = total + sum(of_site), files + len(of_site)
        if any(map(is_image_csv, sizes)):
            wells.add(parse_site_folder(name, key.plate).well)
    keys += len(listed.level.files)
    if not sites:  # the CSVs lie in the folder itself
        of_site = _inputs(_sizes(base, listed.level))
        total, files, sites = sum(of_site), len(of_site), 1
        wells.add(None)
    known = None if None in wells else len(wells)
    return PlateWeight(key, total, files, keys, sites, known)


def _of_backend(workspace: Workspace, plate: PlateFound) -> PlateWeight:
    folder = layout.backend_folder(plate.key)
    standing = plate.sources & {Source.SQLITE, Source.PARQUET}
    sizes = _sizes(folder, workspace.list_folder(folder)) if standing else {}
    cells = cells_files(plate.key.plate, sizes)
    of_cells = (cells.databases or cells.parquet)[:1]
    size = sum(sizes[name] for name in of_cells)
    return PlateWeight(plate.key, 0, 0, 1, 0, None, backend_bytes=size)


def _inputs(sizes: dict[str, int]) -> list[int]:
    return [size for name, size in sizes.items() if is_input_csv(name)]


def _sizes(path: str, listing: Listing) -> dict[str, int]:
    cut = len(path) + 1
    return {file.path[cut:]: file.size for file in listing.files}
