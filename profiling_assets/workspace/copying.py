"""Which files go from one workspace to another, to which path, and how they are copied.

Put here: the handbook's transfers (5.6.4, 5.6.10, 5.6.11, 5.6.16) as decisions on paths, and
listing, comparing and copying for them.
Do not put here: what is published in a data repository (`public_files`).
Pulled is what profiling starts from without the CSVs of CellProfiler; pushed is what it makes.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock

from profiling_assets.workspace.compression import packed
from profiling_assets.workspace.layout import (
    BACKEND,
    CONFIGS,
    EXCLUSIONS,
    EXTERNAL_METADATA,
    GCT,
    HEATMAPS,
    LOAD_DATA,
    METADATA,
    PLATEMAPS,
    PROFILES,
    QUALITY_CONTROL,
    REPORTS,
)
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_BACKEND_SUFFIXES = (".csv", ".csv.gz", ".tsv")  # not the SQLite files; the ledgers are `.tsv`
_IN_MEMORY_BYTES = 8 * 1024 * 1024  # larger files go by the disk
_ETAG = re.compile(r"^[0-9a-f]{32}(?:-[0-9]+)?$")  # told by content; a folder's version is a time


class Direction(StrEnum):
    """Towards where one works, or back to where the project's data are."""

    PULL = "pull"
    PUSH = "push"


FOLDERS = {
    Direction.PULL: (BACKEND, LOAD_DATA, METADATA),
    Direction.PUSH: (CONFIGS, GCT, PROFILES, QUALITY_CONTROL),
}


@dataclass(frozen=True, order=True)
class Transfer:
    """A file and where it goes; `zipped` where it is compressed on the way."""

    source: str
    target: str
    zipped: bool = False


@dataclass(frozen=True)
class Superseded:
    """A file that is not copied, and the one that goes to its place."""

    source: str
    by: str


@dataclass(frozen=True)
class TransferPlan:
    """What is to be compared and copied, sorted by target, and what is not."""

    transfers: tuple[Transfer, ...]
    superseded: tuple[Superseded, ...] = ()


def transfer(path: str, direction: Direction) -> Transfer | None:
    """Say where a file goes; None for one that stays.

    Hidden files, files of other folders and SQLite backends stay.
    """
    parts = path.split("/")
    if parts[0] not in FOLDERS[direction] or any(part.startswith(".") for part in parts):
        return None
    if direction is Direction.PUSH:
        return Transfer(path, path)
    if parts[0] == BACKEND:
        return Transfer(path, path) if path.endswith(_BACKEND_SUFFIXES) else None
    if parts[0] == LOAD_DATA:
        plain = path.endswith(".csv")
        return Transfer(path, f"{path}.gz" if plain else path, zipped=plain)
    if path.startswith((f"{PLATEMAPS}/", f"{EXTERNAL_METADATA}/")):
        return Transfer(path, path)
    if path == EXCLUSIONS:
        return Transfer(path, path)
    if len(parts) < 3:  # beside the batches
        return None
    return Transfer(path, f"{PLATEMAPS}{path.removeprefix(METADATA)}")


def batch_of(path: str) -> str | None:
    """Return the batch that a file belongs to.

    None for what belongs to no batch, as configs and the summary of quality control.
    """
    parts = path.split("/")
    if path.startswith((f"{PLATEMAPS}/", f"{HEATMAPS}/", f"{REPORTS}/")):
        at = 2
    elif parts[0] in {BACKEND, LOAD_DATA, PROFILES, GCT, METADATA}:
        at = 1
    else:
        return None
    if path.startswith(f"{EXTERNAL_METADATA}/") or len(parts) < at + 2:
        return None
    return parts[at]


def is_entered(folder: str, batches: Collection[str]) -> bool:
    """Say whether a folder may hold files of the chosen batches (none: of all).

    A hidden folder is never entered.
    """
    if any(part.startswith(".") for part in folder.split("/")):
        return False
    batch = batch_of(f"{folder}/-")
    return not batches or batch is None or batch in batches


def transfer_plan(
    paths: Iterable[str], direction: Direction, batches: Collection[str] = ()
) -> TransferPlan:
    """Say which of a workspace's files go where.

    `batches`: only files of these, and of no batch; none means all. Each target is there once:
    `metadata/platemaps/BATCH` goes before `metadata/BATCH`, and `load_data.csv`
    before a `load_data.csv.gz` beside it, in the order in which we read them.
    """
    chosen: dict[str, Transfer] = {}
    superseded: list[Superseded] = []
    found = (
        transfer(path, direction)
        for path in paths
        if not batches or batch_of(path) in {None, *batches}
    )
    for one in sorted(filter(None, found), key=_rank):
        first = chosen.setdefault(one.target, one)
        if first is not one:
            superseded.append(Superseded(one.source, first.source))
    return TransferPlan(
        tuple(chosen[target] for target in sorted(chosen)),
        tuple(sorted(superseded, key=lambda pair: pair.source)),
    )


def _rank(one: Transfer) -> tuple[bool, bool, str]:
    moved = one.source != one.target and not one.zipped
    return (moved, not one.zipped, one.source)


@dataclass(frozen=True)
class ComparedFile:
    """What became of one file."""

    transfer: Transfer
    differs: bool  # whether the target was absent or another one, and so was copied
    size: int  # bytes at the target; of the source where it would be compressed and was not
    was_newer: bool = False  # whether the target's other file was changed later than the source's


def list_files(
    workspace: Workspace, folders: Iterable[str], batches: Collection[str] = ()
) -> dict[str, ObjectInfo]:
    """List all files below some folders.

    They are sorted by path; what lies in hidden folders is left out. `batches`: only folders that
    may hold files of these are entered; none means all.
    """
    files: dict[str, ObjectInfo] = {}

    def note(path: str, listing: Listing) -> list[str]:
        files.update((file.path, file) for file in listing.files)
        below = (f"{path}/{name}" for name in listing.folders)
        return [folder for folder in below if is_entered(folder, batches)]

    tops = list(folders)
    at_once = workspace.at_once
    levels = map_at_once(workspace.list_folder, tops, at_once=at_once)
    found = [note(path, level) for path, level in zip(tops, levels, strict=True)]
    following = [path for paths in found for path in paths]
    while following:  # two levels at a time, which is one listing a batch on S3
        both = map_at_once(workspace.list_two_levels, following, at_once=at_once)
        deeper: list[str] = []
        for path, two in zip(following, both, strict=True):
            for folder in note(path, two.level):
                deeper += note(folder, two.folders[folder.rpartition("/")[2]])
        following = deeper
    return dict(sorted(files.items()))


def copy_files(
    source: Workspace,
    target: Workspace,
    transfers: Iterable[Transfer],
    *,
    have: Mapping[str, ObjectInfo],
    there: Mapping[str, ObjectInfo],
    dry_run: bool = False,
    told: Callable[[ComparedFile], None] = lambda _: None,
) -> list[ComparedFile]:
    """Copy what differs, and tell what became of each file, in the order of the transfers.

    `have`, `there`: files of source and target, as listed. `dry_run`: whether to compare only.
    `told`: called after each file, one call at a time, in the order in which they are done. Each
    target is there whole or not at all. Raises the `ProfilingError` of the first file that cannot
    be read or written; files copied before it stay.
    """
    lock = Lock()

    def one(transfer: Transfer) -> ComparedFile:
        info, standing = have[transfer.source], there.get(transfer.target)
        if transfer.zipped:
            done = _zip(source, info, target, transfer, standing, dry_run=dry_run)
        else:
            differs = standing is None or _differs(source, info, target, standing)
            if differs and not dry_run:
                _copy(source, info, target, transfer.target)
            done = ComparedFile(transfer, differs, info.size)
        if done.differs and standing is not None and standing.modified > info.modified:
            done = replace(done, was_newer=True)
        with lock:
            told(done)
        return done

    return map_at_once(one, transfers, at_once=max(source.at_once, target.at_once))


def _differs(source: Workspace, ours: ObjectInfo, target: Workspace, theirs: ObjectInfo) -> bool:
    if ours.size != theirs.size:
        return True
    if ours.version == theirs.version and _ETAG.match(ours.version):
        return False
    # An ETag may be an MD5 and need not be (encryption, upload in parts): it proves equality only.
    # The side that has none, a folder, is read first.
    sides = [(source, ours), (target, theirs)]
    sides.sort(key=lambda side: _ETAG.match(side[1].version) is not None)
    (near, near_file), (far, far_file) = sides
    mark = _md5(near, near_file)
    return mark != far_file.version and mark != _md5(far, far_file)


def _md5(workspace: Workspace, file: ObjectInfo) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    if file.size <= _IN_MEMORY_BYTES:
        digest.update(workspace.read_bytes(file.path))
        return digest.hexdigest()
    with workspace.local_file(file.path) as local, local.open("rb") as content:
        while piece := content.read(_IN_MEMORY_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _copy(source: Workspace, file: ObjectInfo, target: Workspace, path: str) -> None:
    if file.size <= _IN_MEMORY_BYTES:
        target.publish_bytes(source.read_bytes(file.path), path)
        return
    with source.local_file(file.path) as local, target.scratch("sync") as scratch:
        # publishing moves a file away, but of a link it takes the content
        link = scratch / "file"
        link.symlink_to(local.resolve())
        target.publish_file(link, path)


def _zip(
    source: Workspace,
    file: ObjectInfo,
    target: Workspace,
    transfer: Transfer,
    standing: ObjectInfo | None,
    *,
    dry_run: bool,
) -> ComparedFile:
    if dry_run and standing is None:
        return ComparedFile(transfer, differs=True, size=file.size)
    data = source.read_bytes(transfer.source)
    zipped = packed(data)  # no clock in it: the same bytes each time
    if standing is not None and _holds(target, standing, zipped, data):
        return ComparedFile(transfer, differs=False, size=standing.size)
    if not dry_run:
        target.publish_bytes(zipped, transfer.target)
    return ComparedFile(transfer, differs=True, size=len(zipped))


def _holds(target: Workspace, standing: ObjectInfo, zipped: bytes, data: bytes) -> bool:
    """Tell whether the target has this content, whoever compressed it."""
    if standing.version == hashlib.md5(zipped, usedforsecurity=False).hexdigest():
        return True
    there = target.read_bytes(standing.path)
    try:
        return there == zipped or gzip.decompress(there) == data
    except (OSError, EOFError, zlib.error):  # damaged, or no gzip file
        return False
