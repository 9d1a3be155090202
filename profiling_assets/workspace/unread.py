"""Input that lies in a workspace and is not used: said, and never passed over.

Put here: which files look like input beside what is read, the refusal of a plate whose newer input
cannot be read.
Do not put here: finding what is read (`plates`, `site_layouts`, `plate_map_files`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from profiling_assets.errors import InvalidInputError, ProfilingError, listed
from profiling_assets.workspace.layout import LOAD_DATA, platemap_folders
from profiling_assets.workspace.load_data import load_data_file
from profiling_assets.workspace.names import PlateKey, name_problem
from profiling_assets.workspace.plate_map_files import BARCODE, MAPS, SUFFIXES
from profiling_assets.workspace.plates import IgnoredEntry, looks_like_input, printable
from profiling_assets.workspace.site_folder import ALONE
from profiling_assets.workspace.storage.interface import Listing, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_SHOWN = 3  # files of one reason


def refused_source(
    path: str, entries: Iterable[IgnoredEntry], tables: Sequence[str], *, backend: str
) -> ProfilingError | None:
    """Say why a plate does not start at an older source, where input of it lies unread.

    `path`: the folder of its site folders. `entries`: what was left out there. `tables`: files with
    tables that lie in folders without a table of images.
    `backend`: a standing SQLite backend; empty where there is none. None where nothing lies there
    that looks like input.
    """
    unread = [entry for entry in entries if entry.unread]
    if not unread and not tables:
        return None
    said = list(reasons(unread))
    remedy = "put tables there that can be read: Image.csv and those of its objects"
    if any(entry.path.endswith(".dvc") for entry in unread):
        remedy = "fetch the files themselves: run `dvc pull`"
    elif any("set it to" in entry.reason for entry in unread):
        remedy = "set collate.csv_dir in the config"
        path = path.rpartition("/")[0]
    elif tables and not unread:
        remedy = "put each site's Image.csv beside its other tables"
    if tables:
        several = f"{len(tables)} tables lie" if len(tables) > 1 else "a table lies"
        said.append(f"{several} in folders without an Image.csv: {listed(tables, shown=_SHOWN)}")
    if backend:
        remedy += f"; or set collate.aggregate_only, to start at {backend}"
    return InvalidInputError(
        f"input lies there and none of it can be used: {'; '.join(said)}", path=path, remedy=remedy
    )


def is_packed_away(entry: IgnoredEntry) -> bool:
    """Tell an archive or a measurements file: it may be what is left of CSVs that were used."""
    return entry.path.lower().endswith(ALONE)


def reasons(entries: Iterable[IgnoredEntry]) -> Iterable[str]:
    """Put entries of one reason into one sentence: how many, and the first few."""
    by_reason: dict[str, list[str]] = {}
    for entry in entries:
        by_reason.setdefault(entry.reason, []).append(entry.path)
    for reason, paths in by_reason.items():
        count = f"{len(paths)} files: " if len(paths) > 1 else ""
        yield f"{count}{listed(paths, shown=_SHOWN)} ({reason})"


def of_plate(entries: Iterable[IgnoredEntry], key: PlateKey) -> str:
    """Say what was left out of a plate, and why; empty where there is nothing of it."""
    of_it = re.compile(rf"[^/]+/{re.escape(printable(str(key)))}(/|$)")
    return "; ".join(reasons(entry for entry in entries if of_it.match(entry.path)))


def unread_beside(
    workspace: Workspace, plates: Collection[PlateKey], batches: Collection[str]
) -> list[IgnoredEntry]:
    """Name what lies below `load_data_csv` and `metadata` and is not used, by names alone.

    `plates`: all that the workspace has. `batches`: of these the folders are looked into; on S3 a
    few requests a batch.
    """
    looked = sorted(batches)
    loads = map_at_once(
        lambda batch: list(_load_data(workspace, batch, plates)), looked, at_once=workspace.at_once
    )
    maps = map_at_once(
        lambda batch: list(_plate_maps(workspace, batch)), looked, at_once=workspace.at_once
    )
    return [entry for found in (*loads, *maps) for entry in found]


def _load_data(
    workspace: Workspace, batch: str, plates: Collection[PlateKey]
) -> Iterator[IgnoredEntry]:
    base = f"{LOAD_DATA}/{batch}"
    two = workspace.list_two_levels(base)
    yield from _inputs(two.level, "load data lie in the folder of a plate")
    for plate, listing in two.folders.items():
        path = f"{base}/{plate}"
        if load_data_file(_name(file.path) for file in listing.files) is not None:
            if name_problem(plate) is None and PlateKey(batch, plate) not in plates:
                yield _unread(path, "load data of a plate that the workspace does not have")
            continue
        yield from _inputs(listing, "load data are called load_data.csv, .csv.gz or .parquet")
        for inner in listing.folders:
            yield _unread(f"{path}/{inner}", "load data lie in the plate's folder itself")


def _plate_maps(workspace: Workspace, batch: str) -> Iterator[IgnoredEntry]:
    for folder in platemap_folders(batch):
        two = workspace.list_two_levels(folder)
        for entry in _inputs(two.level, "plate maps lie in platemap/, beside barcode_platemap.csv"):
            if _name(entry.path) != BARCODE:
                yield entry
        for inner, listing in two.folders.items():
            if inner != MAPS:
                yield from _inputs(listing, f"plate maps lie in {MAPS}/")
                continue
            for entry in _inputs(listing, "a plate map is a .txt, .csv or .tsv file"):
                if not entry.path.lower().endswith(SUFFIXES):
                    yield entry


def _inputs(listing: Listing, reason: str) -> Iterator[IgnoredEntry]:
    for file in listing.files:
        name = _name(file.path).lower()
        if name.startswith((".", "~", "readme")):
            continue
        if looks_like_input(name) or name.endswith(".txt"):
            yield _unread(file.path, reason)


def _unread(path: str, reason: str) -> IgnoredEntry:
    return IgnoredEntry(printable(path), reason, unread=True)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
