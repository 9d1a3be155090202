"""A site folder, and which of its files is what: the one recogniser of CellProfiler's tables.

Put here: the interface to a folder, the names of CellProfiler's files, their prefixes and endings.
Do not put here: reading disks or S3 (`storage`), headers (`collate.header`), contents
(`collate.object_csv`), which folders are site folders (`site_layouts`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

IMAGE = "Image"
MERGED = "object"  # the table of all compartments, in small letters
CANONICAL = ("Cells", "Cytoplasm", "Nuclei")
_NO_COMPARTMENT = frozenset({"image", "experiment", "object"})
_TOLD = (*(name.lower() for name in CANONICAL), "experiment")
_NAMES = (*_TOLD, "image", "object")
# Of two files of one table the first is taken.
_CSV = (".csv", ".csv.gz")
_TEXT = (".tsv", ".tsv.gz", ".txt", ".txt.gz")
_ENDINGS = (*_CSV, *_TEXT)
_UNPACKED = 3  # bytes that a byte of a gzipped CSV makes; numbers pack to a third, or a bit less
# What looks like a table that CellProfiler (or somebody after it) wrote, and is not read here.
_UNREAD = (
    *(f".csv.{packed}" for packed in ("bz2", "xz", "zst", "zip", "7z", "lz4", "z")),
    ".parquet",
    ".feather",
    ".arrow",
    ".xlsx",
    ".xls",
    ".ods",
    ".dvc",
)
# Measurements too, where no table lies beside them.
ALONE = (
    ".h5",
    ".hdf5",
    ".mat",
    ".sqlite",
    ".sqlite3",
    ".db",
    ".zip",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".7z",
)


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


class Named(Protocol):
    """A folder of which names and sizes of files are known."""

    @property
    def files(self) -> Mapping[str, int]:
        """File name to size in bytes."""
        ...


@dataclass(frozen=True)
class SiteFiles:
    """The files of a folder by what they are."""

    image: str | None  # the file with one row an image
    merged: str | None  # `object.csv`, one table with the columns of all compartments
    # table name to file: `PH3.csv` makes the table `Ph3`, as cytominer-database names it
    tables: Mapping[str, str]
    # files whose table another file of the folder makes already (`cells.csv` by `Cells.csv`), to
    # that table
    clashes: Mapping[str, str] = field(default_factory=dict[str, str])
    # files that look like tables and are not read, to the reason
    unread: Mapping[str, str] = field(default_factory=dict[str, str])
    many: bool = False  # whether the files are those of several sites (`site_sets`)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that collate reads, or refuses for what it found in others."""
        return (*self.by_table.values(), *self.clashes)

    @property
    def by_table(self) -> Mapping[str, str]:
        """Table to file, those of images (`Image`) and of all objects (`object`) too."""
        special = {IMAGE: self.image, MERGED: self.merged}
        return {**{t: file for t, file in special.items() if file is not None}, **self.tables}


def site_files(folder: Named) -> SiteFiles:
    """Tell which file of a folder is what, by name alone and in any case.

    A table is a `.csv`, a `.csv.gz` or a text with tabs (`.txt`, `.tsv`), with or without the
    prefix that all tables of the folder share (`MyExpt_Image.csv`). Hidden files are left out.
    """
    return _by_name(tuple(sorted(folder.files)))


def files_of(names: Iterable[str]) -> SiteFiles:
    """Tell which of these files is what, as `site_files` does."""
    return _by_name(tuple(sorted(names)))


def unpacked_size(file: str, size: int) -> int:
    """Return about how many bytes a file has once it is unpacked."""
    return size * _UNPACKED if file.lower().endswith(".gz") else size


def site_sets(files: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the files of each site that a folder holds, by what their names begin with.

    Many where one folder holds the CSVs of many sites (`P_A01_1_Image.csv`, `P_A01_2_Image.csv`);
    else none.
    """
    return _sets(tuple(sorted(files)))


@lru_cache(maxsize=256)
def _sets(names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    stems = _stems(names)
    prefixes = _prefixes(_told(stems))
    if len(prefixes) < 2:
        return {}
    sets: dict[str, list[str]] = {prefix: [] for prefix in prefixes}
    lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)
    for file, stem in stems.items():
        own = next((stem[:n].lower() for n in lengths if stem[:n].lower() in sets), None)
        if own is not None:
            sets[own].append(file)
    return {members[0][: len(prefix)]: tuple(members) for prefix, members in sets.items()}


# The folders of a plate hold files of the same names, or each its own prefix.
@lru_cache(maxsize=8192)
def _by_name(names: tuple[str, ...]) -> SiteFiles:
    stems = _stems(names)
    told = _told(stems)
    found = _prefixes(told)
    prefix = found[0] if found else ""
    images = [file for file in stems if stems[file].lower() == f"{prefix}image"]
    text = bool(images) and all(file.lower().endswith(_TEXT) for file in images)
    special: dict[str, str] = {}
    tables: dict[str, str] = {}
    clashes: dict[str, str] = {}
    unread: dict[str, str] = {}
    second = () if prefix else _second_sets(told)
    for file in sorted(stems, key=_rank):
        stem = stems[file]
        if stem.lower().startswith(second):
            unread[file] = "another set of tables lies beside it, without a prefix"
            continue
        stem = stem[len(prefix) :] if stem.lower().startswith(prefix) else stem
        low = stem.lower()
        if not text and file.lower().endswith(_TEXT) and low not in _NAMES:
            continue  # a note, a list of files
        known = special if low in _NO_COMPARTMENT else tables
        name = low if known is special else stem.capitalize()
        if name not in known:
            known[name] = file
        elif low != "experiment":
            if _ending(known[name]) == _ending(file):
                clashes[file] = name
            if known is special or file not in clashes:
                unread[file] = f"{known[name]} is the same table"
    unread.update(_strange(names, stems, alone="image" not in special))
    return SiteFiles(
        special.get("image"), special.get("object"), tables, clashes, unread, len(found) > 1
    )


def _strange(
    names: Iterable[str], tables: Collection[str], *, alone: bool
) -> Iterable[tuple[str, str]]:
    endings = (*_UNREAD, *ALONE) if alone else _UNREAD
    for file in names:
        low = file.lower()
        if file not in tables and not low.startswith(".") and low.endswith(endings):
            if low.endswith(".dvc"):
                yield file, "it is a DVC file, not the file itself"
            elif "experiment." not in low:
                yield file, "tables are read as .csv, .csv.gz and text with tabs"


def _prefixes(stems: Iterable[str]) -> tuple[str, ...]:
    """Return what the tables of each site begin with, in small letters; one, or many, or none.

    It is what stands before `image`. A plain `Image.csv` has no prefix, and then no file has one.
    """
    there = set(stems)
    candidates = sorted(stem[: -len("image")] for stem in there if stem.endswith("image"))
    if "" in candidates or any(name.lower() in there for name in CANONICAL):
        return ()
    if not candidates:
        return _without_image(there)
    kept: list[str] = []
    for prefix in candidates:
        # `MyExpt_CroppedImage.csv` is a table of `MyExpt_`
        shorter = bool(kept) and prefix.startswith(kept[-1])
        if not shorter or any(f"{prefix}{name}" in there for name in _TOLD):
            kept.append(prefix)
    if len(kept) > 1:
        return tuple(kept)
    (prefix,) = kept
    others = [stem for stem in there if stem != f"{prefix}image"]
    shared = not others or any(stem.startswith(prefix) for stem in others)
    return (prefix,) if shared else ()


def _second_sets(stems: Collection[str]) -> tuple[str, ...]:
    """Return the prefixes of further sets of tables beside a plain `Image.csv`."""
    if "image" not in stems:
        return ()
    prefixes = [stem[: -len("image")] for stem in stems if stem.endswith("image")]
    return tuple(
        prefix
        for prefix in prefixes
        if prefix and any(f"{prefix}{name.lower()}" in stems for name in CANONICAL)
    )


def _without_image(stems: Collection[str]) -> tuple[str, ...]:
    """Return the prefix that two of CellProfiler's own tables share."""
    told = [stem.removesuffix(name) for stem in stems for name in _TOLD if stem.endswith(name)]
    return tuple(sorted({prefix for prefix in told if told.count(prefix) > 1})[:1])


def _told(stems: Mapping[str, str]) -> list[str]:
    """Return the names that tell a prefix, in small letters: a text may be a note."""
    small = {file: stem.lower() for file, stem in stems.items()}
    return [
        stem
        for file, stem in small.items()
        if not file.lower().endswith(_TEXT) or stem.endswith(_NAMES)
    ]


def _stems(names: Iterable[str]) -> dict[str, str]:
    """Return the files that may be tables, and their names without the ending."""
    return {
        file: file[: -len(ending)]
        for file in names
        if not file.startswith(".") and (ending := _ending(file))
    }


def _ending(file: str) -> str:
    low = file.lower()
    return next((ending for ending in _ENDINGS if low.endswith(ending)), "")


def _rank(file: str) -> tuple[int, str]:
    return _ENDINGS.index(_ending(file)), file


def table_order(table: str) -> tuple[int, str]:
    """Sort key of tables: Image, then Cells, Cytoplasm, Nuclei, then the others by name."""
    order = (IMAGE, *CANONICAL)
    return (order.index(table) if table in order else len(order), table)
