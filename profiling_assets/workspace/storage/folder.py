"""A workspace that is a folder.

Put here: how a folder lists, reads, publishes and lends scratch space.
Do not put here: what the files are (`workspace.layout`), finding plates
(`workspace.scan_workspace`).

Links may lead out of the root for reading (large `analysis` folders often lie on another disk).
Writing never follows one out of the root: a linked folder may be someone else's published data.
"""

import contextlib
import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import filelock

from profiling_assets.errors import ConflictError, MissingInputError, WorkspaceError
from profiling_assets.workspace.layout import STATE_FOLDER
from profiling_assets.workspace.storage import atomic_write
from profiling_assets.workspace.storage.interface import (
    Listing,
    ObjectInfo,
    TwoLevels,
    checked_path,
)
from profiling_assets.workspace.storage.os_errors import ABSENT, ABSENT_REMEDY, reading, writing
from profiling_assets.workspace.storage.scratch import remove_dead_scratch, scratch_folder

_SCRATCH = f"{STATE_FOLDER}/scratch"
_REPLACE_LOCK = f"{STATE_FOLDER}/replace.lock"
_LOCK_SECONDS = 120.0


class FolderWorkspace:
    """A workspace on a folder.

    `root`: the folder, absolute or relative to the current one; links are resolved once, now. It
    must be there and readable, else the constructor raises `WorkspaceError`.
    """

    def __init__(self, root: str) -> None:
        self._root = _resolved_root(root)

    def __repr__(self) -> str:
        return f"FolderWorkspace({self.root!r})"

    @property
    def root(self) -> str:
        return str(self._root)

    @property
    def identity(self) -> str:
        # there is one file system
        return self.root

    @property
    def at_once(self) -> int:
        # a local disk answers no faster for being asked twice
        return 1

    def list_folder(self, path: str) -> Listing:
        folder = self._local(path)
        folders: list[str] = []
        files: list[ObjectInfo] = []
        with reading(path):
            try:
                entries = os.scandir(folder)
            except (FileNotFoundError, NotADirectoryError):
                return Listing((), ())
            prefix = f"{path}/" if path else ""
            with entries:
                for entry in entries:
                    try:
                        if entry.is_dir():
                            folders.append(entry.name)
                        elif entry.is_file():
                            files.append(_info(prefix + entry.name, entry.stat()))
                    except OSError as error:
                        # removed meanwhile, or a link that leads round to itself: not there
                        if error.errno not in {errno.ENOENT, errno.ELOOP}:
                            raise
        return Listing(tuple(sorted(folders)), tuple(sorted(files, key=lambda file: file.path)))

    def list_two_levels(self, path: str) -> TwoLevels:
        level = self.list_folder(path)
        prefix = f"{path}/" if path else ""
        return TwoLevels(level, {name: self.list_folder(prefix + name) for name in level.folders})

    def stat(self, path: str) -> ObjectInfo | None:
        file = self._local(path)
        with reading(path):
            try:
                status = file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return _info(path, status) if file.is_file() else None

    def read_bytes(self, path: str) -> bytes:
        file = self._local(path)
        with reading(path):
            return file.read_bytes()

    def read_head(self, path: str, size: int) -> bytes:
        local = self._local(path)
        with reading(path), local.open("rb") as file:
            return file.read(size)

    def read_range(self, path: str, start: int, size: int) -> bytes:
        local = self._local(path)
        with reading(path), local.open("rb") as file:
            file.seek(start)
            return file.read(size)

    @contextmanager
    def local_file(self, path: str) -> Generator[Path]:
        if self.stat(path) is None:
            raise MissingInputError(ABSENT, path=path, remedy=ABSENT_REMEDY)
        yield self._local(path)

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        # renamed on one disk, else copied
        return _info(path, atomic_write.publish_file(local, self._writable(path), path=path))

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        return _info(path, atomic_write.publish_bytes(data, self._writable(path), path=path))

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        target = self._writable(path)
        with self._replace_lock():
            now = self.stat(path)
            if (None if now is None else now.version) != expected:
                raise ConflictError(
                    "someone else changed it meanwhile", path=path, remedy="read it again"
                )
            later_than = None if now is None else int(now.version)
            return _info(
                path,
                atomic_write.publish_bytes(data, target, path=path, later_than=later_than),
            )

    def remove(self, path: str) -> None:
        target = self._writable(path)
        with writing(path, folder=self._root), contextlib.suppress(FileNotFoundError):
            target.unlink()

    @contextmanager
    def scratch(self, label: str) -> Generator[Path]:
        base = self._writable(f"{_SCRATCH}/-").parent
        with scratch_folder(base, label, path=_SCRATCH) as folder:
            yield folder

    def remove_leftovers(self) -> None:
        # temporary files go with the next write to their folder
        with writing(_SCRATCH, folder=self._root):
            remove_dead_scratch(self._writable(f"{_SCRATCH}/-").parent)

    def location(self, path: str) -> str:
        return str(self._local(path))

    def _local(self, path: str) -> Path:
        return self._root / checked_path(path)

    def _writable(self, path: str) -> Path:
        """Return where to write, refusing a link that leads out of the root."""
        target = self._local(path)
        with writing(path, folder=self._root):
            folder = target.parent.resolve()
        if path == "" or not folder.is_relative_to(self._root):
            raise WorkspaceError(
                f"it lies behind a link that leads out of the workspace, to {folder}",
                path=path,
                remedy="put a folder in place of the link; results are only written below the root",
            )
        return target

    @contextmanager
    def _replace_lock(self) -> Generator[None]:
        lock = self._writable(_REPLACE_LOCK)
        with writing(_REPLACE_LOCK, folder=self._root):
            lock.parent.mkdir(parents=True, exist_ok=True)
            held = filelock.FileLock(lock, timeout=_LOCK_SECONDS)
            try:
                held.acquire()
            except filelock.Timeout as error:
                raise WorkspaceError(
                    f"another process has held this lock for {_LOCK_SECONDS:.0f} s",
                    path=_REPLACE_LOCK,
                    remedy="end the process that hangs, then run again",
                ) from error
        try:
            yield
        finally:
            held.release()


def _resolved_root(root: str) -> Path:
    if not root.strip() or "\0" in root:
        raise WorkspaceError(
            "no workspace is named", remedy="name the folder that holds `analysis` or `profiles`"
        )
    try:
        folder = Path(root).expanduser().resolve()
        with os.scandir(folder):
            return folder
    except (FileNotFoundError, NotADirectoryError, RuntimeError) as error:
        raise WorkspaceError(
            f"there is no such folder (looked from {Path.cwd()})",
            path=root,
            remedy="name the folder that holds `analysis` or `profiles`",
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"the workspace cannot be read: {error.strerror}",
            path=root,
            remedy="give this user permission to read and enter the folder",
        ) from error


def _info(path: str, status: os.stat_result) -> ObjectInfo:
    modified = max(status.st_mtime, status.st_ctime)
    return ObjectInfo(path, status.st_size, str(status.st_mtime_ns), modified)
