"""The first line of a CellProfiler CSV: its columns, and where the data begin.

Put here: finding and reading the header, one row or (for `object.csv`) two.
Do not put here: which columns a table gets (`columns`), data lines (`object_csv`, `image_csv`).
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

from profiling_assets.workspace.compression import is_packed
from profiling_assets.workspace.file_kind import HEAD_BYTES, foreign_kind
from profiling_assets.workspace.site_folder import IMAGE

IMAGE_NUMBER = "ImageNumber"
OBJECT_NUMBER = "ObjectNumber"
TABLE_NUMBER = "TableNumber"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Header:
    """Columns of a file."""

    names: tuple[str, ...]  # verbatim
    # the first of two header rows (`Cells` over `AreaShape_Area`); empty with one row
    groups: tuple[str, ...]
    body: int  # bytes before the first data line
    ended: bool  # whether the header line has its line end; a line without may have been cut
    delimiter: str  # a comma or a tab, whichever occurs more often

    @property
    def places(self) -> tuple[int, ...]:
        """Place of each column among the different names; empty where all are different.

        SQLite does not tell `Area` from `area`.
        """
        return _places(self.names, self.groups)

    def repeated(self) -> tuple[str, ...]:
        """Return the names that occur twice, in every spelling."""
        counts = Counter(self.places)
        pairs = zip(self.names, self.places, strict=False)
        return tuple(dict.fromkeys(name for name, place in pairs if counts[place] > 1))

    def folded(self) -> "Header":
        """Return the header with each name once."""
        if not self.places:
            return self
        names = dict[int, str]()
        groups = dict[int, str]()
        for at, (name, place) in enumerate(zip(self.names, self.places, strict=True)):
            if name in (IMAGE_NUMBER, OBJECT_NUMBER):
                names[place] = name
            names.setdefault(place, name)
            groups.setdefault(place, self.groups[at] if self.groups else "")
        kept = tuple(groups.values()) if self.groups else ()
        return replace(self, names=tuple(names.values()), groups=kept)


def read_header(data: bytes, *, rows: int = 1) -> Header | None:
    """Read the header of a file, of which the beginning is enough.

    None where there is none: an empty file, or bytes that are no text. `rows`: 2 for a merged
    `object.csv`.
    """
    start = len(_BOM) if data.startswith(_BOM) else 0
    stop, ended = start, True
    for _ in range(rows):
        stop, ended = _line_end(data, stop)
    line = data[start:stop]
    if b"\0" in line or not line.strip() or is_packed(line) or foreign_kind(data[:HEAD_BYTES]):
        return None
    names, groups, delimiter = _names(line, rows)
    return Header(names, groups, stop, ended, delimiter)


def _line_end(data: bytes, start: int) -> tuple[int, bool]:
    """Return where the next line begins, and whether this one ends."""
    newline = data.find(b"\n", start)
    stop = len(data) if newline < 0 else newline + 1
    # A CR alone ends a line too. Searched within the line only: most files have no CR.
    cr = data.find(b"\r", start, stop)
    if cr >= 0 and data[cr + 1 : cr + 2] != b"\n":
        return cr + 1, True
    return stop, newline >= 0 or cr >= 0


# A plate has a handful of different header lines in its thousands of files.
@lru_cache(maxsize=256)
def _names(line: bytes, rows: int) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    text = decoded(line)
    delimiter = "\t" if text.count("\t") > text.count(",") else ","
    try:
        read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[:rows]
    except csv.Error:
        read = []
    if len(read) < rows or len(read[0]) != len(read[-1]):
        return (), (), delimiter
    return tuple(read[-1]), tuple(read[0]) if rows > 1 else (), delimiter


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...], groups: tuple[str, ...]) -> tuple[int, ...]:
    keys = [folded(name) for name in names]
    if groups:
        keys = [f"{g}\0{k}" for g, k in zip(groups, keys, strict=False)]
    first = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return () if len(first) == len(keys) else tuple(first[key] for key in keys)


def decoded(data: bytes) -> str:
    """Decode UTF-8; what is not UTF-8 is read as Latin-1, which no byte defeats."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


_FOLD = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def folded(name: str) -> str:
    """Return a column's name as SQLite compares it: ASCII letters in lower case."""
    # of ASCII, `lower` does the same and is much faster: this runs for every column of many files
    return name.lower() if name.isascii() else name.translate(_FOLD)


@lru_cache(maxsize=256)
def folded_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return columns' names as SQLite compares them, see `folded`."""
    return tuple(map(folded, names))


@lru_cache(maxsize=256)
def column_names(table: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns of a backend table.

    Object columns are prefixed with the table, except `ImageNumber` and `ObjectNumber`; Image
    columns stay as they are (one called `TableNumber`, which is the backend's own, gets `.1`).
    """
    if table == IMAGE:
        return tuple(
            f"{name}.1" if folded(name) == folded(TABLE_NUMBER) else name for name in names
        )
    keys = (IMAGE_NUMBER, OBJECT_NUMBER)
    return tuple(name if name in keys else f"{table}_{name}" for name in names)
