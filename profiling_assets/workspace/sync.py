"""Copying files from one workspace to another, only what differs.

Put here: listing both sides, comparing, copying one file.
Do not put here: which files go where (`workspace.copying`), what is printed (`cli.pull`, `cli.push`).
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from profiling_assets.workspace.compression import packed
from profiling_assets.workspace.copying import Transfer, is_entered
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_IN_MEMORY_BYTES = 8 * 1024 * 1024  # larger files go by the disk
_ETAG = re.compile(r"^[0-9a-f]{32}(?:-[0-9]+)?$")  # told by content; a folder's version is a time


@dataclass(frozen=True)
class Compared:
    """What became of one file.

    Attributes
    ----------
    transfer : Transfer
        The file and where it goes.
    differs : bool
        Whether the target was absent or another one, and so was copied.
    size : int
        Bytes at the target; of the source where it would be compressed and was not.
    was_newer : bool
        Whether the target's other file was changed later than the source's.
    """

    transfer: Transfer
    differs: bool
    size: int
    was_newer: bool = False


def list_files(
    workspace: Workspace, folders: Iterable[str], batches: Collection[str] = ()
) -> dict[str, ObjectInfo]:
    """List all files below some folders.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    folders : iterable of str
        The folders; absent ones are empty.
    batches : collection of str, optional
        Only folders that may hold files of these are entered; none means all.

    Returns
    -------
    dict of str to ObjectInfo
        By path, sorted; without what lies in hidden folders.
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
    told: Callable[[Compared], None] = lambda _: None,
) -> list[Compared]:
    """Copy what differs.

    Parameters
    ----------
    source, target : Workspace
        From where, and to where.
    transfers : iterable of Transfer
        The files.
    have, there : mapping of str to ObjectInfo
        Files of source and target, as listed.
    dry_run : bool
        Whether to compare only.
    told : callable, optional
        Called after each file, one call at a time, in the order in which they are done.

    Returns
    -------
    list of Compared
        In the order of the transfers. Each target is there whole or not at all.

    Raises
    ------
    ProfilingError
        Of the first file that cannot be read or written; files copied before it stay.
    """
    lock = Lock()

    def one(transfer: Transfer) -> Compared:
        info, standing = have[transfer.source], there.get(transfer.target)
        if transfer.zipped:
            done = _zip(source, info, target, transfer, standing, dry_run=dry_run)
        else:
            differs = standing is None or _differs(source, info, target, standing)
            if differs and not dry_run:
                _copy(source, info, target, transfer.target)
            done = Compared(transfer, differs, info.size)
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
) -> Compared:
    if dry_run and standing is None:
        return Compared(transfer, differs=True, size=file.size)
    data = source.read_bytes(transfer.source)
    zipped = packed(data)  # no clock in it: the same bytes each time
    if standing is not None and _holds(target, standing, zipped, data):
        return Compared(transfer, differs=False, size=standing.size)
    if not dry_run:
        target.publish_bytes(zipped, transfer.target)
    return Compared(transfer, differs=True, size=len(zipped))


def _holds(target: Workspace, standing: ObjectInfo, zipped: bytes, data: bytes) -> bool:
    """Tell whether the target has this content, whoever compressed it."""
    if standing.version == hashlib.md5(zipped, usedforsecurity=False).hexdigest():
        return True
    there = target.read_bytes(standing.path)
    try:
        return there == zipped or gzip.decompress(there) == data
    except (OSError, EOFError, zlib.error):  # damaged, or no gzip file
        return False
