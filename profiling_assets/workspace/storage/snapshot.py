"""One look at a workspace: what was listed or read once is not asked for again.

Put here: answering many questions about files from few listings.
Do not put here: anything that must see what others change meanwhile (steps, the registry).
A plan asks for every result of every plate. On S3 each question is a request; the files of all
plates of a batch come with one listing of their area.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

from profiling_assets.workspace.layout import BACKEND, PROFILES
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels, Workspace

_BY_BATCH = (BACKEND, PROFILES)  # areas whose plates hold few files
_REMEMBERED_BYTES = 1024 * 1024  # plate maps and lists; larger files are read anew


class Snapshot:
    """A workspace that remembers listings and small files from the first question on.

    Writing goes to the workspace itself, and makes the snapshot forget.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._listings: dict[str, Listing] = {}
        self._files: dict[str, bytes] = {}

    @property
    def root(self) -> str:
        return self._workspace.root

    @property
    def identity(self) -> str:
        return self._workspace.identity

    @property
    def at_once(self) -> int:
        return self._workspace.at_once

    def list_folder(self, path: str) -> Listing:
        area, _, rest = path.partition("/")
        if area in _BY_BATCH and rest.count("/") == 1:
            batch = path.rpartition("/")[0]
            with self._lock:
                if batch not in self._listings:
                    self._list_batch(batch)
            return self._listings.get(path, Listing((), ()))
        if path not in self._listings:
            self._listings[path] = self._workspace.list_folder(path)
        return self._listings[path]

    def _list_batch(self, path: str) -> None:
        both = self._workspace.list_two_levels(path)
        plates = {f"{path}/{name}": listing for name, listing in both.folders.items()}
        self._listings.update({**plates, path: both.level})

    def list_two_levels(self, path: str) -> TwoLevels:
        # not remembered, as a plate's sites are many
        return self._workspace.list_two_levels(path)

    def stat(self, path: str) -> ObjectInfo | None:
        listing = self.list_folder(path.rpartition("/")[0])
        return next((file for file in listing.files if file.path == path), None)

    def read_bytes(self, path: str) -> bytes:
        if path not in self._files:
            content = self._workspace.read_bytes(path)
            if len(content) > _REMEMBERED_BYTES:
                return content
            self._files[path] = content
        return self._files[path]

    def read_head(self, path: str, size: int) -> bytes:
        return self._workspace.read_head(path, size)

    def read_range(self, path: str, start: int, size: int) -> bytes:
        return self._workspace.read_range(path, start, size)

    def local_file(self, path: str) -> AbstractContextManager[Path]:
        return self._workspace.local_file(path)

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        self._forget()
        return self._workspace.publish_file(local, path)

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        self._forget()
        return self._workspace.publish_bytes(data, path)

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        self._forget()
        return self._workspace.replace_bytes(data, path, expected=expected)

    def remove(self, path: str) -> None:
        self._forget()
        self._workspace.remove(path)

    def scratch(self, label: str) -> AbstractContextManager[Path]:
        return self._workspace.scratch(label)

    def remove_leftovers(self) -> None:
        self._workspace.remove_leftovers()

    def location(self, path: str) -> str:
        return self._workspace.location(path)


def snapshot(workspace: Workspace) -> Workspace:
    """Return a workspace's snapshot where requests cost, else the workspace itself.

    A folder answers faster than a listing of a whole batch is made: it stays as it is.
    """
    return workspace if workspace.at_once == 1 else Snapshot(workspace)
