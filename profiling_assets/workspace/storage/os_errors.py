"""What the operating system refuses, in the user's words.

Put here: the one translation of `OSError` into errors that name path and remedy.
Do not put here: the operations themselves (`folder`, `atomic_write`).
"""

import errno
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from profiling_assets.errors import MissingInputError, WorkspaceError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

ABSENT = "there is no such file in the workspace"
ABSENT_REMEDY = "put it there, or run the step that makes it"
NO_SPACE_REMEDY = "free space on that disk, then run again; nothing half-written was left"


@contextmanager
def reading(path: str) -> Generator[None]:
    """Translate what goes wrong while a file or folder is read.

    Raises `MissingInputError` where the file is not there. Raises `WorkspaceError` where it cannot
    be read.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingInputError(ABSENT, path=path, remedy=ABSENT_REMEDY) from error
    except IsADirectoryError as error:
        raise MissingInputError("it is a folder where a file should be", path=path) from error
    except OSError as error:
        remedy = "check the disk or the network mount, then run again"
        if error.errno in _REFUSED:
            remedy = "give this user permission to read it"
        raise WorkspaceError(
            f"it cannot be read: {_reason(error)}", path=path or ".", remedy=remedy
        ) from error


@contextmanager
def writing(path: str, *, folder: Path, needed: int | None = None) -> Generator[None]:
    """Translate what goes wrong while a file is written.

    `folder`: a folder of the file system written to, to tell its free space. `needed`: bytes to be
    written, where known. Raises `WorkspaceError` where the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise WorkspaceError(
                no_space(folder, needed), path=path, remedy=NO_SPACE_REMEDY
            ) from error
        remedy = "check the disk or the network mount, then run again"
        if error.errno in _REFUSED:
            remedy = "give this user permission to write there, or copy the workspace"
        raise WorkspaceError(
            f"it cannot be written: {_reason(error)}", path=path, remedy=remedy
        ) from error


@contextmanager
def filling(path: str, *, folder: Path, needed: int) -> Generator[None]:
    """Translate a full disk while other libraries write scratch files; other errors pass.

    Raises `WorkspaceError` where the disk or a quota is full.
    """
    try:
        yield
    except Exception as error:
        if not _says_full(error):
            raise
        raise WorkspaceError(
            f"{no_space(folder, needed)} at {folder}", path=path, remedy=NO_SPACE_REMEDY
        ) from error


def no_space(folder: Path, needed: int | None) -> str:
    """Say what a full disk lacks: bytes needed (None: unknown) and bytes free at a folder."""
    needs = "more" if needed is None else f"{needed:,} bytes"
    standing = next((place for place in (folder, *folder.parents) if place.is_dir()), Path("/"))
    free = shutil.disk_usage(standing).free
    return f"the disk or a quota is full: it needs {needs}, and {free:,} bytes are free"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _says_full(error: BaseException | None) -> bool:
    while error is not None:  # SQLAlchemy hides SQLite's error behind its own
        if isinstance(error, sqlite3.Error):
            return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if isinstance(error, OSError):
            return error.errno in _FULL
        error = error.__cause__
    return False
