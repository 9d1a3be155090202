"""Single temporary files: whose one is, whether its owner still lives, and removing dead ones'.

Put here: files that are locked as long as their process lives, as the temporary name beside a
result and the lock of a scratch folder.
Do not put here: folders to work in (`scratch`, which asks here who lives), what the files hold
(`atomic_write`).
A lock of the operating system tells the living from the dead: it ends with the process, also
after `kill -9`, and it is not fooled by a reused process number, by a container that numbers its
processes anew, or by a second machine on the same network disk.
"""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"
_PART = re.compile(r"^\..+\.[0-9a-f]{16}\.part$", re.DOTALL)
_MAX_NAME_BYTES = 255


def part_path(target: Path) -> Path:
    """Return a new hidden temporary name beside a file, `.NAME.<random>.part`."""
    ending = f".{secrets.token_hex(8)}{PART_SUFFIX}"
    name = target.name
    # a long name is cut, so that the temporary one still fits the file system
    while len(name.encode("utf-8", "surrogateescape")) + len(ending) + 1 > _MAX_NAME_BYTES:
        name = name[:-1]
    return target.with_name(f".{name}{ending}")


def create_owned(path: Path) -> int:
    """Create a file that counts as in use until it is closed or its process ends.

    Nothing may be at the path. Returned is the open descriptor, for reading and writing.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        # Where the file system knows no locks, nobody can take the file over either: it is safe.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink > 0:
            return descriptor
        os.close(descriptor)  # a cleaner came between creating and locking: once more


@contextmanager
def taken_over(path: Path) -> Generator[bool]:
    """Tell whether a file's owner is dead, and keep others from taking it meanwhile.

    False is yielded also where that cannot be told.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            dead = False
        else:
            dead = True
        yield dead
    finally:
        os.close(descriptor)


def remove_dead_parts(folder: Path) -> list[str]:
    """Remove the temporary files of writers that no longer live, and return their names, sorted.

    Subfolders are left alone.
    """
    removed: list[str] = []
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _PART.match(entry.name))
    except OSError:
        return removed  # the write that follows says what is wrong with the folder
    for name in names:
        with taken_over(folder / name) as dead:
            if dead:
                with contextlib.suppress(OSError):
                    (folder / name).unlink()
                    removed.append(name)
    return removed
