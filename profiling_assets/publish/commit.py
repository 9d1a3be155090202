"""A commit of some paths alone, and its way to the remote.

Put here: what changes a clone's history (staging, committing, pushing, taking commits in), the lock
under which it is done, and the note of what was begun.
Do not put here: what a clone is like (`clone`), what is published (`destinations`).
"""

from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import filelock

from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish.clone import GitClone, Upstream
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

    Raises `DataRepositoryError` where another process publishes to it now.
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


def fast_forward(clone: GitClone, upstream: Upstream) -> bool:
    """Take the remote's newer commits in; False where the clone has other commits of its own.

    Raises `DataRepositoryError` where files that are not committed stand in the way.
    """
    clone.git.run("fetch", "--quiet", upstream.remote, upstream.ref)
    if clone.head() is not None and (
        clone.git.try_("merge-base", "--is-ancestor", "HEAD", "FETCH_HEAD").code != 0
    ):
        return False
    clone.git.run("merge", "--ff-only", "--quiet", "FETCH_HEAD")
    return True


def add(clone: GitClone, paths: Iterable[str]) -> None:
    """Stage some files, and no others."""
    clone.git.run("add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=paths)


def commit(clone: GitClone, paths: Iterable[str], message: str) -> str:
    """Commit some files, and nothing else that is staged."""
    clone.git.run(
        *("commit", "--quiet", "--only", "--cleanup=verbatim", "-m", message),
        *("--pathspec-from-file=-", "--pathspec-file-nul"),
        stdin=paths,
    )
    return clone.git.run("rev-parse", "HEAD").text


def push(clone: GitClone, upstream: Upstream, *, lfs: bool) -> None:
    """Push the branch, files of Git LFS first.

    `lfs`: whether there may be files of Git LFS; they are sent by name, as the hook that sends them
    is missing where `git lfs install` was not run in the clone. Raises `DataRepositoryError` where
    the remote does not take it; the commit stays in the clone.
    """
    if lfs and clone.lfs_problem() is None:
        clone.git.run("lfs", "push", upstream.remote, "HEAD")
    words = ("push", "--porcelain", upstream.remote, f"HEAD:{upstream.ref}")
    done = clone.git.try_(*words)
    if done.code == 0:
        return
    # the second: somebody pushed in the very moment between git's question and its answer
    if "[rejected]" in done.said or "cannot lock ref" in done.said:
        raise remote_is_ahead(clone.folder, upstream)
    remedy = "mend what it says, then publish again; the commit is kept in the clone"
    raise clone.git.failure(words, done, remedy)


def remote_is_ahead(folder: Path, upstream: Upstream) -> DataRepositoryError:
    """Return the error of a remote that has commits which the clone lacks."""
    return DataRepositoryError(
        f"{upstream} has commits that this clone lacks, and this clone has commits that it lacks",
        path=str(folder),
        remedy="run `git pull --rebase` in the clone, then publish again",
    )
