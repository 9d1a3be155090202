"""The files of a plate's site folders: read when asked for, ahead of that, or lent as local files.

Put here: the one implementation of collate's `SiteFolder` on a workspace, and what fetches its
files.
Do not put here: what a site folder is (`site_folder`), which folders are site folders
(`scan_workspace`), parsing (`collate`).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock

from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.site_folder import SiteFolder, site_files
from profiling_assets.workspace.sites import SiteName
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

LIMIT_BYTES = 48 * 1024 * 1024  # some ten sites of a standard plate
_HEAD_BYTES = 64 * 1024
_HEAD_LINES = 2  # the merged `object.csv` of older pipelines has two header lines


@dataclass(frozen=True)
class WorkspaceSiteFolder:
    """A site folder: its listing is in memory, its files are read one by one on demand."""

    workspace: Workspace
    path: str  # below the workspace's root
    name: str  # verbatim
    site: SiteName  # what the name tells
    files: Mapping[str, int]  # file name to size in bytes

    def read(self, file: str) -> bytes:
        """Read a file of the folder whole."""
        return self.workspace.read_bytes(self._path_of(file))

    def head(self, file: str) -> bytes:
        """Read at least the first two lines of a file, or the whole of a shorter one.

        What follows them may end in the middle of a line.
        """
        path, size = self._path_of(file), _HEAD_BYTES
        while True:
            data = self.workspace.read_head(path, size)
            if len(data) < size or _has_lines(data):
                return data
            size *= 4

    def _path_of(self, file: str) -> str:
        if "/" in file:
            raise InvalidNameError(f"{file!r} is not the name of a file of {self.path}")
        return f"{self.path}/{file}"


def _has_lines(data: bytes) -> bool:
    """Tell whether enough lines end in the data; CR alone ends one too."""
    end = -1
    for _ in range(_HEAD_LINES):
        end = data.find(b"\n", end + 1)
        if end < 0:
            first = data.find(b"\r")
            if first < 0 or data[first + 1 : first + 2] in (b"\n", b""):
                return False
            return data.replace(b"\r\n", b"\r").count(b"\r") >= _HEAD_LINES
    return True


@contextmanager
def read_ahead(
    workspace: Workspace,
    folders: Sequence[SiteFolder],
    *,
    limit_bytes: int = LIMIT_BYTES,
    munge: bool = False,
) -> Generator[Sequence[SiteFolder]]:
    """Lend site folders that fetch the files of the following folders while one is read.

    `folders`: the folders, in any order; they are expected to be read in the order of their names.
    `limit_bytes`: how many bytes of unread files may be held; the folder that is being read is
    fetched whole even if it is larger. `munge`: whether `object.csv` is read instead of the tables
    of the compartments.

    Lent are the same folders in the same order; on a disk, the folders themselves. Any file may be
    read at any time and again; what was not fetched ahead is fetched then. What goes wrong with a
    file is raised when that file is read.
    """
    if workspace.at_once <= 1:
        yield folders
        return
    ahead = _ReadAhead(folders, workspace.at_once, limit_bytes, munge=munge)
    try:
        yield ahead.folders
    finally:
        ahead.close()


@dataclass(frozen=True)
class _File:
    """A file that collate will read: the place of its folder in the order, its size in bytes."""

    place: int
    folder: SiteFolder
    name: str
    size: int


@dataclass(frozen=True)
class _Fetch:
    """A file that is being fetched, or waits to be read."""

    file: _File
    content: "Future[bytes]"


class _ReadAhead:
    """The files of the folder that is being read and of those that follow, up to a limit."""

    def __init__(
        self, folders: Sequence[SiteFolder], at_once: int, limit: int, *, munge: bool
    ) -> None:
        order = sorted(folders, key=lambda folder: folder.name)
        self._places = {folder.name: place for place, folder in enumerate(order)}
        self._files: list[_File] = []
        self._starts = [0]  # of each folder in the files, and the end
        for place, folder in enumerate(order):
            for name in _names(folder, munge=munge):
                self._files.append(_File(place, folder, name, folder.files[name]))
            self._starts.append(len(self._files))
        self._limit = limit
        self._lock = RLock()  # a callback of a fetch may run in the thread that holds it
        self._fetches: dict[tuple[str, str], _Fetch] = {}
        self._held = 0  # bytes of all fetches that are neither read nor dropped
        self._reading = -1  # place of the folder that is being read
        self._next = 0  # the file to be fetched next, and where to stop
        self._stop = 0
        self._closed = False
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix="read-ahead")
        self.folders = tuple(_FolderAhead(self, folder) for folder in folders)

    def read(self, folder: SiteFolder, name: str) -> bytes:
        """Return a file that was fetched, or fetch it now."""
        with self._lock:
            self._go_to(self._places[folder.name])
            fetch = self._fetches.pop((folder.name, name), None)
        if fetch is None:
            return folder.read(name)
        try:
            return fetch.content.result()
        finally:
            self._release(fetch.file.size)

    def head(self, folder: SiteFolder, name: str) -> bytes:
        """Return a file that is there or under way, or ask for its beginning."""
        with self._lock:
            fetch = self._fetches.get((folder.name, name))
        if fetch is not None and fetch.content.exception() is None:
            return fetch.content.result()
        return folder.head(name)

    def close(self) -> None:
        """Fetch no more; what is under way ends in its thread, and nobody waits for it."""
        with self._lock:
            self._closed = True
            self._fetches.clear()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _go_to(self, place: int) -> None:
        if place == self._reading:
            return
        begin, end = self._starts[place], self._starts[place + 1]
        # folders that failed jobs left empty lie between, and are not read
        follows = place > self._reading and self._starts[self._reading + 1] == begin
        if follows:
            self._drop(lambda file: file.place < place)
            self._next, self._stop = max(self._next, begin), len(self._files)
        else:  # somebody reads here and there: this folder, and nothing beyond it
            self._drop(lambda _: True)
            self._next, self._stop = begin, end
        self._reading = place
        self._fetch_more()

    def _fetch_more(self) -> None:
        while self._next < self._stop and not self._closed:
            file = self._files[self._next]
            if file.place != self._reading and self._held + file.size > self._limit:
                return
            content = self._workers.submit(file.folder.read, file.name)
            self._fetches[file.folder.name, file.name] = _Fetch(file, content)
            self._held += file.size
            self._next += 1

    def _drop(self, chosen: Callable[[_File], bool]) -> None:
        """Forget files that nobody read; one under way counts until it has ended."""
        for key, fetch in list(self._fetches.items()):
            if chosen(fetch.file):
                del self._fetches[key]
                if fetch.content.cancel():
                    self._held -= fetch.file.size
                else:
                    # not the fetch: it and its callback would keep each other, and the bytes
                    size = fetch.file.size
                    fetch.content.add_done_callback(lambda _, size=size: self._release(size))

    def _release(self, size: int) -> None:
        with self._lock:
            self._held -= size
            self._fetch_more()


@dataclass(frozen=True)
class _FolderAhead:
    """A site folder that is read through the read-ahead."""

    ahead: _ReadAhead
    folder: SiteFolder

    @property
    def name(self) -> str:
        """Name of the folder, verbatim."""
        return self.folder.name

    @property
    def files(self) -> Mapping[str, int]:
        """File name to size in bytes."""
        return self.folder.files

    def read(self, file: str) -> bytes:
        """Return the whole file."""
        return self.ahead.read(self.folder, file)

    def head(self, file: str) -> bytes:
        """Return at least the whole header line; may be the whole file."""
        return self.ahead.head(self.folder, file)


def _names(folder: SiteFolder, *, munge: bool) -> list[str]:
    """Return the files that collate reads, in its order."""
    files = site_files(folder)
    image = [] if files.image is None else [files.image]
    if munge and files.merged is not None:
        return [*image, files.merged]
    return [*image, *files.tables.values()]


@contextmanager
def local_sites(
    workspace: Workspace, path: str, folders: Sequence[WorkspaceSiteFolder], scratch: Path
) -> Generator[Path]:
    """Lend a local folder of site folders.

    It is the workspace's own folder where every CSV is in it; else a folder in scratch space with
    links to the files that are on a disk and copies of the others, under their names, which is
    removed at exit.
    """
    own = Path(workspace.location(path))
    if all(Path(own, folder.name, file).is_file() for folder in folders for file in _csvs(folder)):
        yield own
        return
    with TemporaryDirectory(prefix="sites-", dir=scratch) as made:
        copies = [
            (folder, file, Path(made, folder.name, file))
            for folder in folders
            for file in _csvs(folder)
        ]
        for folder in folders:
            Path(made, folder.name).mkdir()
        map_at_once(_fetch, copies, at_once=workspace.at_once)
        yield Path(made)


def bytes_to_copy(folders: Sequence[WorkspaceSiteFolder]) -> int:
    """Return the bytes of the CSVs that are no files on this machine."""
    return sum(
        folder.files[file]
        for folder in folders
        for file in _csvs(folder)
        if _on_disk(folder, file) is None
    )


def _fetch(copy: tuple[WorkspaceSiteFolder, str, Path]) -> None:
    folder, file, target = copy
    own = _on_disk(folder, file)
    if own is None:
        target.write_bytes(folder.read(file))
    else:
        target.symlink_to(own)


def _on_disk(folder: WorkspaceSiteFolder, file: str) -> Path | None:
    own = Path(folder.workspace.location(f"{folder.path}/{file}"))
    return own.resolve() if own.is_file() else None


def _csvs(folder: WorkspaceSiteFolder) -> list[str]:
    return [file for file in folder.files if file.endswith(".csv")]
