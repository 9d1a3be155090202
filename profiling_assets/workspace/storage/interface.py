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
    """Bytes at paths below one root. Paths are relative, with slashes, and never leave the root."""

    @property
    def root(self) -> str:
        """The root, absolute, without options; an `s3://` address on S3."""
        ...

    @property
    def identity(self) -> str:
        """Tells workspaces apart: the root, and on S3 the endpoint where it is not AWS's own."""
        ...

    @property
    def at_once(self) -> int:
        """How many requests are worth sending at the same time."""
        ...

    def list_folder(self, path: str) -> Listing:
        """List one level; an absent folder is empty, an unreadable one raises WorkspaceError."""
        ...

    def list_two_levels(self, path: str) -> TwoLevels:
        """List a folder and each folder in it; where it can, in fewer requests than folders."""
        ...

    def stat(self, path: str) -> ObjectInfo | None:
        """Look a file up; None where there is none."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """Read a file whole; MissingInputError where there is none."""
        ...

    def read_head(self, path: str, size: int) -> bytes:
        """Read at most the first `size` bytes of a file."""
        ...

    def local_file(self, path: str) -> AbstractContextManager[Path]:
        """Give a local path to read the file from."""
        ...

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        """Put a local file at its path, whole or not at all; `local` may be consumed."""
        ...

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        """Put bytes at a path, whole or not at all."""
        ...

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        """Publish only if the version is still `expected` (None: absent); else ConflictError."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file; an absent one is fine."""
        ...

    def scratch(self, label: str) -> AbstractContextManager[Path]:
        """Give a private temporary folder that is removed at exit."""
        ...

    def remove_leftovers(self) -> None:
        """Remove what dead processes left, never what a living one still uses."""
        ...

    def location(self, path: str) -> str:
        """Return where a path is, as a person would open it: on this machine, or on S3."""
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
