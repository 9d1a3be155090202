"""Files that appear whole or not at all.

Put here: temporary name, fsync, rename, and the check of what was written.
Do not put here: workspace paths and who may write where (`folder`).
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage import leftovers
from profiling_assets.workspace.storage.os_errors import NO_SPACE_REMEDY, no_space, writing

_COPY_BYTES = 8 * 1024 * 1024
# Two versions of a file may fall into one tick of the file system's clock; the later gets a later
# time. The larger steps are for file systems that keep whole or even seconds.
_CLOCK_STEPS_NS = (1, 1_000_000_000, 2_000_000_000)


def publish_bytes(
    data: bytes, target: Path, *, path: str, later_than: int | None = None
) -> os.stat_result:
    """Put bytes at a path, whole or not at all.

    `target`: where; its folder is made where absent. `path`: the same below the workspace's root,
    for messages. `later_than`: give the file a modification time (ns) after this one.
    """
    return _publish(
        lambda file: file.write(data), len(data), target, path=path, later_than=later_than
    )


def publish_file(local: Path, target: Path, *, path: str) -> os.stat_result:
    """Move a local file to a path, whole or not at all.

    On one file system it is renamed; else it is copied and then removed.

    `target`: where; its folder is made where absent. `path`: the same below the workspace's root,
    for messages.
    """
    with local.open("rb") as source:
        # a link is copied: renaming it would publish the link
        if not local.is_symlink():
            with writing(path, folder=target.parent):
                if _rename(local, target, source.fileno()):
                    return os.fstat(source.fileno())
        published = _publish(
            lambda file: shutil.copyfileobj(source, file, _COPY_BYTES),
            os.fstat(source.fileno()).st_size,
            target,
            path=path,
        )
    with contextlib.suppress(OSError):
        local.unlink()
    return published


def _rename(local: Path, target: Path, descriptor: int) -> bool:
    """Sync and rename; False where the file lies on another file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    leftovers.remove_dead_parts(target.parent)
    os.fsync(descriptor)
    try:
        local.replace(target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    _sync_folder(target.parent)
    return True


def _publish(
    write: Callable[[BinaryIO], object],
    size: int,
    target: Path,
    *,
    path: str,
    later_than: int | None = None,
) -> os.stat_result:
    with writing(path, folder=target.parent, needed=size):
        target.parent.mkdir(parents=True, exist_ok=True)
        leftovers.remove_dead_parts(target.parent)
        if shutil.disk_usage(target.parent).free < size:
            raise WorkspaceError(no_space(target.parent, size), path=path, remedy=NO_SPACE_REMEDY)
        part = leftovers.part_path(target)
        with os.fdopen(leftovers.create_owned(part), "wb") as file:
            try:
                write(file)
                file.flush()
                if later_than is not None:
                    _date_after(file.fileno(), later_than)
                os.fsync(file.fileno())
                written = os.fstat(file.fileno())
                _check_size(written.st_size, size, path)
                part.replace(target)
            except BaseException:
                with contextlib.suppress(OSError):
                    part.unlink()
                raise
            _sync_folder(target.parent)
            return written


def _check_size(written: int, size: int, path: str) -> None:
    if written != size:
        raise WorkspaceError(
            f"{written:,} bytes were written instead of {size:,}",
            path=path,
            remedy="check the disk or the network mount, then run again",
        )


def _date_after(descriptor: int, time_ns: int) -> None:
    for step in _CLOCK_STEPS_NS:
        if os.fstat(descriptor).st_mtime_ns > time_ns:
            return
        os.utime(descriptor, ns=(time_ns + step, time_ns + step))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # some network file systems do not sync folders; the file itself was synced
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
