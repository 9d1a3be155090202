"""Temporary folders to work in, on the workspace's own disk or, for S3, on this machine's.

Put here: lending one folder to one process, and removing those whose process died.
Do not put here: how it is told who lives, and temporary files beside results (`leftovers`), how
what was made is published (`atomic_write`).
"""

import contextlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage import leftovers
from profiling_assets.workspace.storage.os_errors import writing

_LABEL_CHARACTERS = re.compile(r"[^A-Za-z0-9._-]+")


@contextmanager
def scratch_folder(base: Path, label: str, *, path: str) -> Generator[Path]:
    """Lend an empty folder that is removed at exit.

    Folders that a dead process left behind are removed first. A file beside each folder is locked
    as long as its process lives.

    `base`: the folder of the scratch folders; made where absent. `label`: what it is for, to be
    seen in its name. `path`: `base` below the workspace's root, for messages.
    """
    name = f"{_LABEL_CHARACTERS.sub('_', label)[:80]}-{os.getpid()}-{secrets.token_hex(4)}"
    folder, lock = base / name, base / f"{name}.lock"
    with writing(f"{path}/{name}", folder=base):
        base.mkdir(parents=True, exist_ok=True)
        remove_dead_scratch(base)
        owned = leftovers.create_owned(lock)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _remove(folder, lock)
        os.close(owned)


def private_base(parent: Path) -> Path:
    """Return the folder of this user's scratch folders below one that users may share, as `/tmp`.

    Only this user can enter it; it is made where absent. Raises `WorkspaceError` where it
    cannot be made, or someone else has made it.
    """
    base = parent / f"profiling_assets-{os.getuid()}"
    with writing(str(base), folder=parent):
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = base.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise WorkspaceError(
                "someone else has taken the name of this user's scratch folder",
                path=str(base),
                remedy="remove it, or set PROFILING_ASSETS_SCRATCH to a folder of your own",
            )
        if status.st_mode & 0o077:
            base.chmod(0o700)
    return base


def remove_dead_scratch(base: Path) -> None:
    """Remove the scratch folders whose process no longer lives."""
    for lock in sorted(base.glob("*.lock")):
        with leftovers.taken_over(lock) as dead:
            if dead:
                _remove(lock.with_suffix(""), lock)


def _remove(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():  # what cannot be removed now keeps its lock file, for the next start
        with contextlib.suppress(OSError):
            lock.unlink()
