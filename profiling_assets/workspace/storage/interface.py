"""What a workspace can do, wherever its bytes lie.

Put here: the interface, its records, what a path below the root may look like.
Do not put here: how a folder does it (`folder`) or S3 (`s3`), which paths there are
(`workspace.layout`), how one is opened (`opening`).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from profiling_assets.errors import InvalidNameError


@dataclass(frozen=True, slots=True)  # there are tens of thousands a plate
class ObjectInfo:
    """A file of the workspace.

    Attributes
    ----------
    path : str
        Below the root, with slashes.
    size : int
        Bytes.
    version : str
        Changes when the content does: the modification time in nanoseconds on a folder, the ETag
        on S3.
    modified : float
        When it last changed, in seconds since 1970 by the storage's own clock. On a folder the
        later of content and inode change, which copying tools do not set back.
    """

    path: str
    size: int
    version: str
    modified: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Listing:
    """One level of a folder.

    Attributes
    ----------
    folders : tuple of str
        Names of the folders, sorted.
    files : tuple of ObjectInfo
        The files, sorted by path.
    no_paths : tuple of str
        What lies there under a key that is no path (an empty part, `.` or `..`), sorted: below the
        root, up to the odd part and, where more follows, the slash after it (`analysis//`). Only
        S3 has such.
    """

    folders: tuple[str, ...]
    files: tuple[ObjectInfo, ...]
    no_paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class TwoLevels:
    """A folder and each of its folders, one level each.

    Attributes
    ----------
    level : Listing
        The folder.
    folders : mapping of str to Listing
        Each of its folders.
    holders : mapping of str to Workspace
        From where to read a folder's files, where that is another workspace than the listed one:
        it need not be looked for there first.
    """

    level: Listing
    folders: Mapping[str, Listing]
    holders: Mapping[str, "Workspace"] = field(default_factory=dict[str, "Workspace"])


class Workspace(Protocol):
    """Bytes at paths below one root. Paths are relative, with slashes, and never leave the root.

    Every method that takes a path raises InvalidNameError where it is none (`checked_path`), and
    WorkspaceError where the storage cannot be reached, refuses or fails.
    """

    @property
    def root(self) -> str:
        """The root, absolute, without options; an `s3://` address on S3."""
        ...

    @property
    def identity(self) -> str:
        """Tells workspaces apart: the root, and on S3 the endpoint where it is not AWS's own.

        Where inputs come from a second root it is named too: other inputs make another history of
        results.
        """
        ...

    @property
    def at_once(self) -> int:
        """How many requests are worth sending at the same time; 1 on a disk."""
        ...

    def list_folder(self, path: str) -> Listing:
        """List one level.

        Parameters
        ----------
        path : str
            The folder; `''` is the root. An absent one is empty.

        Returns
        -------
        Listing
            Its folders and files, without links that lead nowhere, sockets and the like.

        Raises
        ------
        WorkspaceError
            Where the folder, or either of two roots, cannot be listed.
        """
        ...

    def list_two_levels(self, path: str) -> TwoLevels:
        """List a folder and each folder in it; where it can, in fewer requests than folders.

        Parameters
        ----------
        path : str
            The folder; `''` is the root. An absent one is empty.

        Returns
        -------
        TwoLevels
            The folder's own level and that of each of its folders.

        Raises
        ------
        WorkspaceError
            Where one of them cannot be listed.
        """
        ...

    def stat(self, path: str) -> ObjectInfo | None:
        """Look a file up.

        Parameters
        ----------
        path : str
            The file.

        Returns
        -------
        ObjectInfo or None
            None where there is none, or a folder.

        Raises
        ------
        WorkspaceError
            Where that cannot be told.
        """
        ...

    def read_bytes(self, path: str) -> bytes:
        """Read a file whole.

        Parameters
        ----------
        path : str
            The file.

        Returns
        -------
        bytes
            Its content.

        Raises
        ------
        MissingInputError
            Where there is no such file.
        WorkspaceError
            Where it cannot be read.
        """
        ...

    def read_head(self, path: str, size: int) -> bytes:
        """Read the beginning of a file.

        Parameters
        ----------
        path : str
            The file.
        size : int
            How many bytes at most.

        Returns
        -------
        bytes
            The first `size` bytes, or all of a shorter file.

        Raises
        ------
        MissingInputError
            Where there is no such file.
        WorkspaceError
            Where it cannot be read.
        """
        ...

    def read_range(self, path: str, start: int, size: int) -> bytes:
        """Read a part of a file.

        Parameters
        ----------
        path : str
            The file.
        start : int
            Where the part begins, in bytes.
        size : int
            How many bytes at most, above 0.

        Returns
        -------
        bytes
            The bytes from `start` on; fewer than `size` where the file ends before.

        Raises
        ------
        MissingInputError
            Where there is no such file.
        WorkspaceError
            Where it cannot be read.
        """
        ...

    def local_file(self, path: str) -> AbstractContextManager[Path]:
        """Give a local path to read a file from, while the block runs.

        Parameters
        ----------
        path : str
            The file.

        Returns
        -------
        context manager of Path
            The file itself, which is not to be changed, or a copy that is removed at exit.

        Raises
        ------
        MissingInputError
            Where there is no such file.
        WorkspaceError
            Where it cannot be read, or the local disk is full.
        """
        ...

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        """Put a local file at its path, whole or not at all.

        Parameters
        ----------
        local : Path
            The file, complete and closed. It may be gone afterwards; of a link, the content is
            taken.
        path : str
            Where. A file that stands there is replaced; folders are made.

        Returns
        -------
        ObjectInfo
            The published file.

        Raises
        ------
        WorkspaceError
            Where it cannot be written, does not hold what was sent, or would lie behind a link
            that leads out of the root.
        """
        ...

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        """Put bytes at a path, whole or not at all.

        Parameters
        ----------
        data : bytes
            The content.
        path : str
            Where. A file that stands there is replaced; folders are made.

        Returns
        -------
        ObjectInfo
            The published file.

        Raises
        ------
        WorkspaceError
            Where it cannot be written, as in `publish_file`.
        """
        ...

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        """Put bytes at a path only if nobody changed the file since it was read.

        Parameters
        ----------
        data : bytes
            The new content.
        path : str
            The file.
        expected : str or None
            The version that was read, or None where there was no file.

        Returns
        -------
        ObjectInfo
            The published file. Its version is another one than before; on S3, the same for the
            same content.

        Raises
        ------
        ConflictError
            Where the version is another one now. On S3 rarely also where an answer was lost and
            the request repeated: then the object holds the new content already.
        WorkspaceError
            Where it cannot be written, as in `publish_file`.
        """
        ...

    def remove(self, path: str) -> None:
        """Remove a file; an absent one is fine.

        Parameters
        ----------
        path : str
            The file.

        Raises
        ------
        WorkspaceError
            Where it cannot be removed, or a file of the inputs would be read in its place.
        """
        ...

    def scratch(self, label: str) -> AbstractContextManager[Path]:
        """Give a private temporary folder while the block runs.

        Parameters
        ----------
        label : str
            What it is for, to be seen in its name.

        Returns
        -------
        context manager of Path
            An empty folder: on the workspace's own disk, or on this machine for S3. It is removed
            at exit.

        Raises
        ------
        WorkspaceError
            Where it cannot be made.
        """
        ...

    def remove_leftovers(self) -> None:
        """Remove what dead processes left, never what a living one still uses.

        Raises
        ------
        WorkspaceError
            Where the folder of scratch folders cannot be written.
        """
        ...

    def location(self, path: str) -> str:
        """Return where a path is, as a person would open it: on this machine, or on S3.

        Parameters
        ----------
        path : str
            A file or folder, which need not be there.

        Returns
        -------
        str
            A local path, or an `s3://` address.
        """
        ...


def checked_path(path: str) -> str:
    """Return a path below the root unchanged, or refuse it.

    Parameters
    ----------
    path : str
        Relative, with slashes; `''` is the root.

    Returns
    -------
    str
        The same path.

    Raises
    ------
    InvalidNameError
        Where it is absolute, has an empty part, `.` or `..`, or a NUL.
    """
    if path == "":
        return path
    if "\0" in path or any(part in {"", ".", ".."} for part in path.split("/")):
        raise InvalidNameError(
            f"{path!r} is not a path below the workspace's root",
            remedy="use names without '..', without a slash at either end and without NUL",
        )
    return path
