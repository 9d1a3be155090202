"""A plain folder of CellProfiler output, laid out as a workspace.

Put here: which files go where, linking or copying them, the list of plate maps.
Do not put here: recognising the folder (`site_layouts`), the command (`cli.init_workspace`).
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.errors import InvalidInputError, MissingInputError, WorkspaceError, listed
from profiling_assets.workspace.file_kind import refuse_foreign
from profiling_assets.workspace.layout import (
    BACKEND,
    PROFILES,
    analysis_folder,
    platemap_folders,
)
from profiling_assets.workspace.names import PlateKey, checked_name
from profiling_assets.workspace.plate_map_files import BARCODE, MAPS, SUFFIXES
from profiling_assets.workspace.plates import AREAS, CSV_DIR, IgnoredEntry
from profiling_assets.workspace.site_folder import IMAGE, site_files
from profiling_assets.workspace.site_layouts import SiteFolders, list_site_folders
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.os_errors import reading, writing

_COLUMNS = ("Assay_Plate_Barcode", "Plate_Map_Name")
_WELL_POSITION = "well_position"
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class LaidOut:
    """What was made."""

    workspace: Path
    plate: str  # the folder of the plate, below the workspace
    sites: int
    files: int
    plate_map: str  # its path below the workspace; empty where there is none
    ignored: tuple[IgnoredEntry, ...]  # what was left out of the folder
    wells_told: bool  # whether `Image.csv` or the names of folders tell the wells


def lay_out(
    folder: Path, workspace: Path, key: PlateKey, *, plate_map: Path | None, link: bool
) -> LaidOut:
    """Lay a folder of CellProfiler output out as a plate of a workspace.

    The files keep their names, and their places relative to each other. `workspace`: may be there
    already, with other plates. `plate_map`: the plate's map; None for the one that lies in the
    folder or beside it, if it is clearly one. `link`: link the files, or else copy them. The folder
    is never changed. Raises `ProfilingError` where it holds no CellProfiler output, or something
    would be overwritten.
    """
    sites = _recognised(folder, key)
    target = Path(workspace, analysis_folder(key, "")).resolve()
    _refuse_overwriting(folder, workspace, key, target)
    chosen = _plate_map(folder) if plate_map is None else _checked_map(plate_map)
    lines = None if chosen is None else _barcode_lines(workspace, key, chosen)
    files = list(_files(sites))
    with writing(str(target), folder=workspace):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{key.plate}-", dir=target.parent))
        try:
            for file in files:
                _put(folder / file, made / CSV_DIR / file, link=link)
            made.chmod(0o755)
            made.rename(target)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        maps = Path(workspace, platemap_folders(key.batch)[0])
        (maps / MAPS).mkdir(parents=True, exist_ok=True)
        own = ""
        if chosen is not None and lines is not None:
            own = f"{platemap_folders(key.batch)[0]}/{MAPS}/{chosen.name}"
            if not (workspace / own).exists():
                shutil.copyfile(chosen, workspace / own)
            (maps / BARCODE).write_text(lines, encoding="utf-8", newline="")
    return LaidOut(
        workspace,
        analysis_folder(key, "").rstrip("/"),
        len(sites.folders),
        len(files),
        own,
        sites.ignored,
        _wells_told(sites.folders),
    )


def _recognised(folder: Path, key: PlateKey) -> SiteFolders:
    with reading(str(folder)):
        if not folder.is_dir():
            raise MissingInputError("there is no such folder", path=str(folder))
    inside = sorted(name for name in AREAS if (folder / name).is_dir())
    if BACKEND in inside or PROFILES in inside:
        raise WorkspaceError(
            "it is a workspace already",
            path=str(folder),
            remedy="see `profiling-assets scan` for what is in it",
        )
    resolved = folder.resolve()
    sites = list_site_folders(FolderWorkspace(str(resolved.parent)), resolved.name, key.plate)
    if not sites.imaged:
        there = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        raise InvalidInputError(
            "there is no Image.csv in it and in its folders, with or without a prefix; there is "
            + (listed(there, shown=5) or "nothing"),
            path=str(folder),
            remedy="name the folder that CellProfiler's ExportToSpreadsheet wrote",
        )
    return sites


def _refuse_overwriting(folder: Path, workspace: Path, key: PlateKey, target: Path) -> None:
    if workspace.resolve().is_relative_to(folder.resolve()):
        raise WorkspaceError(
            "the workspace would lie in the folder of CellProfiler's output",
            path=str(workspace),
            remedy="name a folder beside it with --workspace",
        )
    if target.exists() or target.is_symlink():
        raise WorkspaceError(
            f"plate {key} is there already, and nothing is overwritten",
            path=str(target),
            remedy="choose another --plate, --batch or --workspace, or move it away",
        )


def _files(sites: SiteFolders) -> Iterator[str]:
    """Yield the tables of each site, `Experiment.csv` too, below the folder."""
    cut = len(sites.base) + 1
    for folder in sites.folders:
        inside = f"{folder.path[cut:]}/" if len(folder.path) > cut else ""
        tables = set(site_files(folder).inputs)
        for file in folder.files:
            if file in tables or "experiment." in file.lower():
                yield f"{inside}{file}"


def _put(source: Path, target: Path, *, link: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        target.symlink_to(source.resolve())
    else:
        shutil.copy2(source, target)


def _plate_map(folder: Path) -> Path | None:
    """Return the one file in the folder, or else beside it, that has the wells of a plate map."""
    for place in (folder, folder.resolve().parent):
        files = [file for file in sorted(place.iterdir()) if file.suffix.lower() in SUFFIXES]
        maps = [file for file in files if file.is_file() and _WELL_POSITION in _header(file)]
        if maps:
            return maps[0] if len(maps) == 1 else None
    return None


def _checked_map(file: Path) -> Path:
    with reading(str(file)):
        refuse_foreign(_head(file), str(file))
    if file.suffix.lower() not in SUFFIXES:
        raise InvalidInputError(
            "a plate map is a .txt, .csv or .tsv file",
            path=str(file),
            remedy="save it as text with tabs, in a spreadsheet as 'Text (Tab delimited)'",
        )
    checked_name(file.name, "plate map")
    return file


def _header(file: Path) -> str:
    head = _head(file)
    return head.split(b"\n", 1)[0].decode("utf-8", "replace")


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEAD_BYTES)


def _barcode_lines(workspace: Path, key: PlateKey, plate_map: Path) -> str:
    """Return the batch's list of plate maps with this plate in it."""
    path = f"{platemap_folders(key.batch)[0]}/{BARCODE}"
    standing = Path(workspace, path)
    name = plate_map.stem
    rows: list[list[str]] = [list(_COLUMNS)]
    if standing.exists():
        with reading(path):
            text = standing.read_text(encoding="utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        if not rows or tuple(rows[0][:2]) != _COLUMNS:
            raise InvalidInputError(
                f"it does not begin with the columns {' and '.join(_COLUMNS)}",
                path=path,
                remedy="add the plate to it by hand, and leave out --platemap",
            )
    own = Path(workspace, platemap_folders(key.batch)[0], MAPS, plate_map.name)
    if own.exists() and own.read_bytes() != plate_map.read_bytes():
        raise WorkspaceError(
            "another plate map of this name is there already",
            path=str(own),
            remedy="give the plate map another name",
        )
    others = {row[0]: row[1] for row in rows[1:] if len(row) > 1}
    if others.get(key.plate, name) != name:
        raise WorkspaceError(
            f"the plate has the plate map {others[key.plate]} there",
            path=path,
            remedy="correct that line, or give the plate map this name",
        )
    if key.plate not in others:
        rows.append([key.plate, name, *[""] * (len(rows[0]) - 2)])
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def _wells_told(folders: Sequence[WorkspaceSiteFolder]) -> bool:
    if all(folder.site.well is not None for folder in folders):
        return True
    image = next(
        (folder, file)
        for folder in folders
        if (file := site_files(folder).by_table.get(IMAGE)) is not None
    )
    line = image[0].head(image[1]).split(b"\n", 1)[0]
    return b"Metadata_Well" in line
