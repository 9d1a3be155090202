"""Data lines that hold plain numbers only, read by a JSON parser: the fast path of object CSVs.

Put here: what makes data lines JSON, and what may not be taken for JSON.
Do not put here: every other file (`object_csv` reads it with pyarrow or the `csv` module).
A line of numbers is JSON but for brackets and missing values. orjson reads a number as Python's
`float` does, in half the CPU of pyarrow, whose costs are by column: a site has hundreds of columns
and a hundred rows. Python objects live for one line only: in a plate's time their memory is used
again in any order, and objects that lie scattered cost more to visit than to make.
"""

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

import numpy as np
import orjson
from numpy.typing import NDArray

Cell = int | float | str | list[object] | dict[str, object] | None

# Stands for a missing cell, so that a row packs as numbers. A digit before or after it makes a
# number that is broken or infinite, which JSON does not allow.
_MISSING = b"-1.2345678901234e300"
_MISSING_VALUE = float(_MISSING)
_EMPTY = (b",,", b",,", b"[,", b",]")  # twice, as a second empty cell begins with the first's end
_LAST_CHARACTER = ord("n")  # of numbers and `nan`; beyond are letters of true, false and null
_BEYOND_INT64 = 2**63


@dataclass(frozen=True)
class PlainRows:
    """The content of data lines."""

    values: NDArray[np.float64]  # NaN where missing. No negative zero
    # of the columns asked for, those whose cells are whole numbers (None where missing)
    integers: Mapping[int, list[int | None]]


def read_plain(body: bytes, width: int, whole: Collection[int]) -> PlainRows | None:
    """Read data lines of plain numbers; None where they are left to the other readers.

    `body`: at least one line that is not blank, fields divided by commas. `width`: number of
    columns, at least 2. `whole`: places of columns that may hold whole numbers only. None is
    returned where anything else than numbers, `nan` and empty cells may be in it, a line has more
    or fewer fields, or a number is infinite.
    """
    if int(np.frombuffer(body, np.uint8).max()) > _LAST_CHARACTER:
        return None
    places = sorted(whole)
    # Of one place itemgetter gives the cell alone, of none there is none: the first is added.
    chosen = itemgetter(*places, 0, 0)
    pack = _packer(width).pack
    packed = bytearray()
    exact: list[Sequence[Cell]] = []
    missing = 0
    start = 0
    returns = b"\r" in body
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        line = body[start:end]
        start = end + 1
        if returns:
            line = line.removesuffix(b"\r")
        if not line:
            continue
        # A CR within is a line end to the `csv` module, and white space to JSON.
        read = None if returns and b"\r" in line else _read_line(line)
        if read is None or len(read[0]) != width:
            return None
        try:
            packed += pack(*read[0])
        except struct.error:  # text, or a list in brackets
            return None
        exact.append(chosen(read[0]))
        missing += read[1]
    values = np.frombuffer(packed).reshape(-1, width)
    absent = values == _MISSING_VALUE
    if np.count_nonzero(absent) != missing:
        return None  # the number itself is in the file
    if missing:
        values[absent] = np.nan
    values += 0.0  # makes 0.0 of -0.0
    columns = zip(*exact, strict=True)
    integers = {place: _whole(column) for place, column in zip(places, columns, strict=False)}
    return PlainRows(values, {place: cells for place, cells in integers.items() if cells})


def _read_line(line: bytes) -> tuple[list[Cell], int] | None:
    """Return the cells of a line, and how many of them are missing."""
    text = b"[" + line + b"]"
    missing = 0
    if b"n" in line:  # of one letter; a search for three takes many times as long
        missing = text.count(b"nan")
        text = text.replace(b"nan", _MISSING)
    try:
        return orjson.loads(text), missing
    except orjson.JSONDecodeError:
        pass
    text, empty = _filled(text)
    try:
        return orjson.loads(text), missing + empty
    except orjson.JSONDecodeError:
        return None


def _filled(text: bytes) -> tuple[bytes, int]:
    """Put the sign for a missing cell into each empty cell, and count them."""
    filled = text
    for empty in _EMPTY:
        filled = filled.replace(empty, empty[:1] + _MISSING + empty[1:])
    return filled, (len(filled) - len(text)) // len(_MISSING)


def _whole(column: Sequence[Cell]) -> list[int | None]:
    """Return a column's cells where those that are not missing are whole numbers; else nothing."""
    cells: list[int | None] = []
    for cell in column:
        if isinstance(cell, int) and cell < _BEYOND_INT64:
            cells.append(cell)
        elif cell == _MISSING_VALUE:
            cells.append(None)
        else:
            return []
    return cells


@lru_cache(maxsize=64)
def _packer(width: int) -> struct.Struct:
    """Pack a row of Python numbers: a third of the CPU of `np.array`, which asks each its type."""
    return struct.Struct(f"{width}d")
