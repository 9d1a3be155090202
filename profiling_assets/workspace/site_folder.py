"""A site folder, and which of its files is what.

Put here: the interface to a folder, the names of CellProfiler's files.
Do not put here: reading disks or S3 (`storage`), headers (`collate.header`), contents
(`collate.object_csv`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Protocol

IMAGE = "Image"
CANONICAL = ("Cells", "Cytoplasm", "Nuclei")
_NO_COMPARTMENT = frozenset({"image", "experiment", "object"})


class SiteFolder(Protocol):
    """One folder of CellProfiler output, wherever it lies."""

    @property
    def name(self) -> str:
        """Name of the folder, verbatim."""
        ...

    @property
    def files(self) -> Mapping[str, int]:
        """File name to size in bytes."""
        ...

    def read(self, file: str) -> bytes:
        """Return the whole file."""
        ...

    def head(self, file: str) -> bytes:
        """Return at least the whole header line; may be more, may be the whole file."""
        ...


class HeldFolder:
    """A folder whose files are asked for once: what was read for its header is kept until read."""

    def __init__(self, folder: SiteFolder) -> None:
        self._folder = folder
        self._held: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """Name of the folder, verbatim."""
        return self._folder.name

    @property
    def files(self) -> Mapping[str, int]:
        """File name to size in bytes."""
        return self._folder.files

    def read(self, file: str) -> bytes:
        """Return the whole file, and hold it no longer."""
        held = self._held.pop(file, None)
        return self._folder.read(file) if held is None else held

    def head(self, file: str) -> bytes:
        """Return the whole file, and hold it."""
        if file not in self._held:
            self._held[file] = self._folder.read(file)
        return self._held[file]


@dataclass(frozen=True)
class SiteFiles:
    """The files of a folder by what they are."""

    image: str | None  # the file with one row an image
    merged: str | None  # `object.csv`, one table with the columns of all compartments
    # table name to file: `PH3.csv` makes the table `Ph3`, as cytominer-database names it
    tables: Mapping[str, str]
    # files whose table another file of the folder makes already (`cells.csv` by `Cells.csv`)
    clashes: tuple[str, ...]


def site_files(folder: SiteFolder) -> SiteFiles:
    """Tell which file of a folder is what, by name alone and in any case.

    Hidden files and files other than `.csv` are left out.
    """
    return _by_name(tuple(sorted(folder.files)))


# The folders of a plate hold files of the same names.
@lru_cache(maxsize=256)
def _by_name(names: tuple[str, ...]) -> SiteFiles:
    special: dict[str, str] = {}
    tables: dict[str, str] = {}
    clashes: list[str] = []
    for file in names:
        path = PurePosixPath(file)
        if file.startswith(".") or path.suffix.lower() != ".csv":
            continue
        stem = path.stem
        known = special if stem.lower() in _NO_COMPARTMENT else tables
        name = stem.lower() if known is special else stem.capitalize()
        if name in known:
            clashes.append(file)
        else:
            known[name] = file
    return SiteFiles(special.get("image"), special.get("object"), tables, tuple(clashes))


def table_order(table: str) -> tuple[int, str]:
    """Sort key of tables: Image, then Cells, Cytoplasm, Nuclei, then the others by name."""
    order = (IMAGE, *CANONICAL)
    return (order.index(table) if table in order else len(order), table)
