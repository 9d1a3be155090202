"""Whether a disk has room for a build, asked before anything is read.

Put here: how much a build needs at most, comparing it with what is free.
Do not put here: what a full disk says while a file is written (`os_errors`), lending scratch space
(`scratch`).
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.site_folder import SiteFolder, site_files, unpacked_size
from profiling_assets.workspace.storage.interface import Workspace

# Backends take 0.49 to 0.68 bytes for each byte of CSV that CellProfiler writes: a number takes
# some 18 characters there, 9 bytes in SQLite. See docs/decisions/scratch.md.
_BACKEND_PER_CSV = 1.0
_SMALL = 2**20  # what an empty table and its index take


class _Usage(Protocol):
    @property
    def free(self) -> int: ...


DiskUsage = Callable[[Path], _Usage]


def csv_bytes(folders: Iterable[SiteFolder]) -> int:
    """Return the bytes that a build reads, unpacked: `Image.csv` and those with objects."""
    total = 0
    for folder in folders:
        names = site_files(folder).by_table.values()
        total += sum(unpacked_size(name, folder.files[name]) for name in names)
    return total


def backend_bytes(csv: int) -> int:
    """Return how many bytes a backend takes at most, scratch space during the build included.

    `csv`: bytes of its CSVs.
    """
    return int(_BACKEND_PER_CSV * csv) + _SMALL


def check_space(
    workspace: Workspace,
    scratch: Path,
    needed: int,
    *,
    what: str,
    path: str,
    disk_usage: DiskUsage = shutil.disk_usage,
) -> None:
    """Refuse a build for which a disk has no room.

    `workspace`: where results go; where that is a folder, its disk is looked at too. `disk_usage`:
    tells the free bytes of the disk that a folder is on. `what`: what needs the bytes, to begin the
    message with. Raises `WorkspaceError` where fewer bytes
    are free; it names them, the folder and the remedy.
    """
    root = Path(workspace.location(""))
    places = [scratch]
    if root.is_dir() and root.stat().st_dev != scratch.stat().st_dev:
        places.append(root)
    for place in places:
        free = disk_usage(place).free
        if free >= needed:
            continue
        inside = root.is_dir() and place.resolve().is_relative_to(root.resolve())
        remedy = "free space on that disk"
        if not inside:
            remedy += ", or name a folder on a larger one in PROFILING_ASSETS_SCRATCH"
        raise WorkspaceError(
            f"{what} needs up to {_size(needed)} of disk space, and {_size(free)} are free "
            f"at {place}",
            path=path,
            remedy=f"{remedy}, then run again; nothing was read or written",
        )


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"
