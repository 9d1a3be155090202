"""One object CSV (Cells, Nuclei, ...): bytes in, a matrix of numbers out, or the defect.

Put here: which way a file is read (plain numbers as JSON, text columns and odd numbers with
pyarrow, anything else with the `csv` module; all give the same), and splitting `object.csv`.
Do not put here: order and types of backend columns (`block`, `column_types`), states of sites.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pyarrow ships partial types

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from profiling_assets.collate.cell_values import MISSING, Value, column_values
from profiling_assets.collate.file_defect import (
    FileDefect,
    bytes_defect,
    count_lines,
    end_note,
    unequal_defect,
    width_defect,
)
from profiling_assets.collate.header import (
    IMAGE_NUMBER,
    OBJECT_NUMBER,
    Header,
    decoded,
    read_header,
)
from profiling_assets.collate.object_csv_fast import read_plain
from profiling_assets.workspace.ledger import SiteState

_MAX_BLOCK = 1 << 30  # pyarrow takes blocks below 2 GiB
_IMAGE_GROUP = "Image"
_NUMBER = "Number_Object_Number"


@dataclass(frozen=True)
class ObjectRows:
    """The content of one object CSV."""

    names: tuple[str, ...]  # as in the file
    # NaN where missing or text. No negative zero: SQLite keeps none in a FLOAT column
    values: NDArray[np.float64]
    # column place to its exact whole numbers (None where missing), where asked for or where every
    # cell is one
    integers: Mapping[int, list[int | None]]
    # column place to its cells, where one of them is text or where text was asked for
    texts: Mapping[int, list[Value]]
    note: str = ""  # a remark for the ledger; empty where there is none
    # names that the file has twice, with equal values: in `names` once
    folded: tuple[str, ...] = ()


def read_objects(
    data: bytes,
    file: str,
    *,
    whole: frozenset[int] = frozenset(),
    text: frozenset[int] = frozenset(),
    header: Header | None = None,
) -> ObjectRows | FileDefect:
    """Parse an object CSV.

    `whole`: places of columns that have held only whole numbers so far: read exactly. `text`:
    places of columns known to hold text somewhere on the plate. `header`: the header, where it has
    two rows; read from the file otherwise. A file with a header only has 0 rows and is no defect.
    """
    defect = bytes_defect(data, file, SiteState.RAGGED)
    if defect is not None:
        return defect
    header = header or read_header(data)
    if header is None:
        return FileDefect(SiteState.EMPTY, f"{file} has no header", max(count_lines(data) - 1, 0))
    body = data[header.body :]
    defect = _key_defect(header, body, file)
    if defect is not None:
        return defect
    if not body or body.isspace():
        note = "" if header.ended else f"{file} has no line end after its header"
        names = header.folded().names
        return ObjectRows(names, np.empty((0, len(names))), {}, {}, note, header.repeated())
    note = end_note(body, file)
    rows = None
    if header.delimiter == "," and not text:
        rows = _parse_plain(body, header, whole, note)
    # A quote may hide a comma or a line end; numbers need none, so such a file goes the slow way.
    if rows is None and b'"' not in body:
        rows = _parse_typed(body, header, whole, text, note)
    found = rows or _parse_slow(body, file, header, text, note)
    if not header.places or isinstance(found, FileDefect):
        return found
    return _folded(found, header, whole, file)


def _folded(
    rows: ObjectRows, header: Header, whole: frozenset[int], file: str
) -> ObjectRows | FileDefect:
    """Take columns of one name and equal values once; other columns of one name are a defect."""
    kept: dict[int, int] = {}
    unequal: dict[str, None] = {}
    for at, place in enumerate(header.places):
        first = kept.setdefault(place, at)
        if first != at and not _same_cells(rows, first, at, exact=at in whole):
            unequal.update({header.names[first]: None, header.names[at]: None})
    if unequal:
        return unequal_defect(unequal, len(rows.values), file, SiteState.RAGGED)
    places = list(kept.values())
    return ObjectRows(
        header.folded().names,
        rows.values[:, places],
        {i: rows.integers[p] for i, p in enumerate(places) if p in rows.integers},
        {i: rows.texts[p] for i, p in enumerate(places) if p in rows.texts},
        rows.note,
        header.repeated(),
    )


def _same_cells(rows: ObjectRows, a: int, b: int, *, exact: bool) -> bool:
    if a in rows.texts or b in rows.texts:
        return rows.texts.get(a) == rows.texts.get(b)
    if exact and a in rows.integers and b in rows.integers:
        return rows.integers[a] == rows.integers[b]
    return np.array_equal(rows.values[:, a], rows.values[:, b], equal_nan=True)


def key_number_defect(rows: ObjectRows, file: str) -> FileDefect | None:
    """Refuse rows that name no image, or a broken object number, as ragged.

    Every `ImageNumber` must be a whole number, and every `ObjectNumber` that is there.
    """
    numbers = rows.values[:, rows.names.index(IMAGE_NUMBER)]
    objects = rows.values[:, rows.names.index(OBJECT_NUMBER)]
    for name, wrong in (
        (IMAGE_NUMBER, ~np.isfinite(numbers) | (np.trunc(numbers) != numbers)),
        (OBJECT_NUMBER, ~np.isnan(objects) & (np.trunc(objects) != objects) | np.isinf(objects)),
    ):
        if wrong.any():
            reason = f"{file} has no whole {name} in data row {int(wrong.argmax()) + 1}"
            return FileDefect(SiteState.RAGGED, reason, len(rows.values))
    return None


def _key_defect(header: Header, body: bytes, file: str) -> FileDefect | None:
    keys = (IMAGE_NUMBER,) if header.groups else (IMAGE_NUMBER, OBJECT_NUMBER)
    absent = [key for key in keys if key not in header.names]
    if not absent:
        return None
    if not header.ended:
        return FileDefect(SiteState.TRUNCATED, f"{file} is cut off in its header")
    reason = f"{file} has no column {' and no column '.join(absent)}"
    return FileDefect(SiteState.RAGGED, reason, count_lines(body))


@lru_cache(maxsize=64)
def _convert_options(width: int, whole: frozenset[int], text: frozenset[int]) -> Any:
    types = {
        str(place): pa.int64() if place in whole else pa.string() if place in text else pa.float64()
        for place in range(width)
    }
    return pa_csv.ConvertOptions(column_types=types, null_values=sorted(MISSING))


def _parse_plain(
    body: bytes, header: Header, whole: frozenset[int], note: str
) -> ObjectRows | None:
    """Parse plain numbers; None where anything is unusual."""
    rows = read_plain(body, len(header.names), whole)
    return None if rows is None else ObjectRows(header.names, rows.values, rows.integers, {}, note)


def _parse_typed(
    body: bytes, header: Header, whole: frozenset[int], text: frozenset[int], note: str
) -> ObjectRows | None:
    """Parse columns of known kinds; None where one is of another kind, or a line is too short."""
    width = len(header.names)
    whole = whole - text
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=min(len(body) + 1, _MAX_BLOCK),
                column_names=[str(place) for place in range(width)],
            ),
            parse_options=pa_csv.ParseOptions(delimiter=header.delimiter, quote_char=False),
            convert_options=_convert_options(width, whole, text),
        )
    except pa.ArrowInvalid:
        return None
    values = np.empty((table.num_rows, width))
    floats = [place for place in range(width) if place not in whole and place not in text]
    start = 0
    for batch in table.select(floats).to_batches():
        if floats:
            matrix = batch.to_tensor(null_to_nan=True).to_numpy()
            values[start : start + len(matrix), floats] = matrix + 0.0
            start += len(matrix)
    integers = {place: cast("list[int | None]", table.column(place).to_pylist()) for place in whole}
    for place, column in integers.items():
        values[:, place] = np.array(column, dtype=np.float64)
    texts: dict[int, list[Value]] = {}
    for place in text:
        column = cast("list[str]", table.column(place).to_pylist())
        texts[place] = column_values(column)[1]
        values[:, place] = np.nan
    return ObjectRows(header.names, values, integers, texts, note)


def _parse_slow(
    body: bytes, file: str, header: Header, text: frozenset[int], note: str
) -> ObjectRows | FileDefect:
    rows = read_rows(body, header)
    if rows is None:
        return FileDefect(SiteState.RAGGED, f"{file} cannot be read as CSV", count_lines(body))
    defect = width_defect(rows, len(header.names), body, file)
    if defect is not None:
        return defect
    values = np.full((len(rows), len(header.names)), np.nan)
    integers: dict[int, list[int | None]] = {}
    texts: dict[int, list[Value]] = {}
    for place, column in enumerate(zip(*rows, strict=True)):
        kind, cells = column_values(column)
        if kind == "text" or place in text:
            texts[place] = cells
            continue
        values[:, place] = np.array(cast("list[float | None]", cells), dtype=np.float64) + 0.0
        if kind == "whole":
            integers[place] = cast("list[int | None]", cells)
    return ObjectRows(header.names, values, integers, texts, note)


def read_rows(body: bytes, header: Header) -> list[list[str]] | None:
    """Read data lines with the `csv` module, without blank ones; None where the text is no CSV."""
    lines: Iterable[str] = io.StringIO(decoded(body), newline="")
    try:
        return [row for row in csv.reader(lines, delimiter=header.delimiter) if row]
    except csv.Error:
        return None


def compartment_headers(header: Header) -> dict[str, tuple[str, ...]]:
    """Return the header that each compartment's own CSV would have.

    `header`: two rows, the compartment (`Image` for what concerns the image) over the feature. The
    columns are `ImageNumber`, `ObjectNumber`, other Image columns, features.
    """
    return {table: tuple(columns) for table, columns in _sources(header).items()}


def split_compartments(header: Header, rows: ObjectRows) -> dict[str, ObjectRows]:
    """Split the wide table; `ObjectNumber` is a compartment's own `Number_Object_Number`."""
    parts: dict[str, ObjectRows] = {}
    for table, columns in _sources(header).items():
        places = list(columns.values())
        parts[table] = ObjectRows(
            names=tuple(columns),
            values=rows.values[:, places],
            integers={i: rows.integers[p] for i, p in enumerate(places) if p in rows.integers},
            texts={i: rows.texts[p] for i, p in enumerate(places) if p in rows.texts},
            note=rows.note,
            folded=rows.folded,
        )
    return parts


def column_sources(header: Header) -> dict[str, tuple[int, ...]]:
    """Return table to the places of its columns in the wide file."""
    return {table: tuple(columns.values()) for table, columns in _sources(header).items()}


def _sources(header: Header) -> dict[str, dict[str, int]]:
    """Return table to column to its place in the wide file."""
    groups: dict[str, dict[str, int]] = {}
    for place, (group, name) in enumerate(zip(header.groups, header.names, strict=False)):
        groups.setdefault(group, {})[name] = place
    image = groups.pop(_IMAGE_GROUP, {})
    tables: dict[str, dict[str, int]] = {}
    for group, features in groups.items():
        number = features.get(_NUMBER, features.get(OBJECT_NUMBER))
        if number is None or IMAGE_NUMBER not in image:
            continue
        first = {IMAGE_NUMBER: image[IMAGE_NUMBER], OBJECT_NUMBER: number}
        tables[group.capitalize()] = {
            **first,
            **{name: place for name, place in image.items() if name not in first},
            **{name: place for name, place in features.items() if name not in first},
        }
    return tables
