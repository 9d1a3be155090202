"""The weight of a plate: names and sizes of its files, and nothing that is in them.

Put here: listing a plate for an estimate.
Do not put here: what follows from its weight (`plate`), completeness (`workspace.scan_workspace`).
"""

from collections.abc import Iterable

from profiling_assets.operations.estimate.plate import PlateWeight
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.site_folder import site_files, unpacked_size
from profiling_assets.workspace.site_layouts import plate_site_folders
from profiling_assets.workspace.standing_files import cells_files
from profiling_assets.workspace.storage.interface import Workspace
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
    found = plate_site_folders(workspace, key, csv_dir)
    files = [site_files(folder) for folder in found.folders]
    wells = {
        folder.site.well
        for folder, of_site in zip(found.folders, files, strict=True)
        if of_site.image is not None
    }
    return PlateWeight(
        key,
        sum(
            unpacked_size(name, folder.files[name])
            for folder, of_site in zip(found.folders, files, strict=True)
            for name in of_site.inputs
        ),
        sum(len(of_site.inputs) for of_site in files),
        found.keys,
        max(len(found.folders), 1),
        None if None in wells else len(wells),
    )


def _of_backend(workspace: Workspace, plate: PlateFound) -> PlateWeight:
    folder = layout.backend_folder(plate.key)
    standing = plate.sources & {Source.SQLITE, Source.PARQUET}
    files = workspace.list_folder(folder).files if standing else ()
    sizes = {file.path.rpartition("/")[2]: file.size for file in files}
    cells = cells_files(plate.key.plate, sizes)
    of_cells = (cells.databases or cells.parquet)[:1]
    size = sum(sizes[name] for name in of_cells)
    return PlateWeight(plate.key, 0, 0, 1, 0, None, backend_bytes=size)
