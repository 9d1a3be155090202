"""A site folder of the workspace, read when it is asked for.

Put here: the one implementation of collate's `SiteFolder` on a workspace.
Do not put here: which folders are site folders (`workspace.scan`), parsing (`core.collate`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.sites import SiteName
from profiling_assets.workspace.storage.interface import Workspace

_HEAD_BYTES = 64 * 1024
_HEAD_LINES = 2  # the merged `object.csv` of older pipelines has two header lines


@dataclass(frozen=True)
class WorkspaceSiteFolder:
    """A site folder: its listing is in memory, its files are read one by one on demand.

    Attributes
    ----------
    workspace : Workspace
        Where it lies.
    path : str
        The folder below the workspace's root.
    name : str
        Its name, verbatim.
    site : SiteName
        What the name tells.
    files : mapping of str to int
        File name to size in bytes.
    """

    workspace: Workspace
    path: str
    name: str
    site: SiteName
    files: Mapping[str, int]

    def read(self, file: str) -> bytes:
        """Read a file of the folder whole."""
        return self.workspace.read_bytes(self._path_of(file))

    def head(self, file: str) -> bytes:
        """Read at least the first two lines of a file, or the whole of a shorter one.

        Parameters
        ----------
        file : str
            The file's name.

        Returns
        -------
        bytes
            The file's beginning; the last line may be cut.
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
            lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
            return lines >= _HEAD_LINES
    return True
