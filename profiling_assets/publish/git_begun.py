"""What was begun in a clone: one publication at a time, and what an interrupted one left.

Put here: the lock, and the note of the paths that are being written.
Do not put here: writing them (`workspace.sync`), commits (`publish.commit`).
Both lie in git's own folder of the clone, so that they are in nobody's way.
"""

from collections.abc import Collection, Generator
from contextlib import contextmanager

import filelock

from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish.clone import GitClone
from profiling_assets.workspace.storage.atomic_write import publish_bytes
from profiling_assets.workspace.storage.os_errors import writing

_BEGUN = "profiling_assets_publishing"


def begun(clone: GitClone) -> frozenset[str]:
    """Return the paths that an interrupted publication may have written."""
    try:
        return frozenset((clone.git_folder / _BEGUN).read_text("utf-8").split("\0")) - {""}
    except FileNotFoundError:
        return frozenset()


def note_begun(clone: GitClone, paths: Collection[str]) -> None:
    """Remember which paths are about to be written, until `note_ended`."""
    _note(clone, begun(clone) | set(paths))


def note_ended(clone: GitClone, paths: Collection[str]) -> None:
    """Forget the paths that are committed; what else was begun earlier is remembered."""
    _note(clone, begun(clone) - set(paths))


def _note(clone: GitClone, paths: frozenset[str]) -> None:
    note = clone.git_folder / _BEGUN
    with writing(str(note), folder=clone.git_folder):
        if paths:
            # whole or not at all, as a killed process must not leave half a path
            publish_bytes("\0".join(sorted(paths)).encode(), note, path=str(note))
        else:
            note.unlink(missing_ok=True)


@contextmanager
def held(clone: GitClone) -> Generator[None]:
    """Keep other publications out of this clone.

    Parameters
    ----------
    clone : GitClone
        The clone.

    Yields
    ------
    None
        Once; the body publishes.

    Raises
    ------
    DataRepositoryError
        Where another process publishes to it now.
    """
    lock = clone.git_folder / f"{_BEGUN}.lock"
    with writing(str(lock), folder=clone.git_folder):
        held = filelock.FileLock(lock)
        try:
            held.acquire(blocking=False)
        except filelock.Timeout as error:
            raise DataRepositoryError(
                "another process publishes to this clone now",
                path=str(clone.folder),
                remedy="wait until it is done, then publish again",
            ) from error
    try:
        yield
    finally:
        held.release()
