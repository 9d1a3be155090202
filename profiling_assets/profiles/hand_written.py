"""Tables that people write by hand or in a spreadsheet, read as verbatim text with line numbers.

Put here: line ends, separators, blank lines and columns of such files.
Do not put here: encodings (`workspace.text_encoding`), what the columns mean (`plate_map`), tables
that programs write (`tables`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# ^ pandas ships partial types

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from profiling_assets.errors import InvalidInputError, PlateMapError
from profiling_assets.workspace.text_encoding import decoded_text

_SEPARATORS = "\t,;"
_MOST_COLUMNS = 10_000


@dataclass(frozen=True)
class HandMadeTable:
    """A table as it stands in the file."""

    # column names without surrounding blanks; a repeated one has `.1` behind it, one without a name
    # is `Unnamed: 3`, both as pandas names them
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # verbatim cells, as many in each row as there are names
    lines: tuple[int, ...]  # the number of the line on which each row ends, the first line being 1
    warnings: tuple[str, ...]  # what was mended in reading

    def values(self, name: str) -> list[str]:
        """Return the cells of one column."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the table with text columns, indexed by line number."""
        return pd.DataFrame(
            {name: pd.Series(self.values(name), dtype="str") for name in self.names}
        ).set_axis(pd.Index(self.lines, name="line"), axis="index")


def read_hand_made(data: bytes, *, path: str, expected: Iterable[str] = ()) -> HandMadeTable:
    """Read a table with tabs, commas or semicolons between the cells.

    `data`: text as `decoded_text` takes it. `expected`: column names by which the separator is
    told; else the most frequent one of the header is it. The rows that are not blank lines. Columns
    without name and content are left out. Raises `PlateMapError` where it is no text, has no row,
    an open quote, more than 10,000 columns, or more cells than the header.
    """
    lines, remark = decoded_lines(data, path)
    head = next((line for line in lines if line.strip()), "")
    separator = _separator(head, set(expected))
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    records: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if cells and (len(cells) > 1 or cells[0].strip()):
                records.append((reader.line_num, cells))  # noqa: PERF401 - line_num moves with the loop
    except csv.Error as error:
        raise PlateMapError(
            f"line {reader.line_num}: {error}", path=path, remedy="mend the quotes in that line"
        ) from error
    if len(records) < 2:
        raise PlateMapError(
            "there are no rows in it", path=path, remedy="write a header and one row for each entry"
        )
    return _table(records, path, (remark,) if remark else ())


def text_lines(data: bytes, path: str) -> list[str]:
    r"""Return the lines of a text file, without what ends them (`\n`, `\r\n` or `\r`).

    Raises `PlateMapError` where it is no text.
    """
    return decoded_lines(data, path)[0]


def decoded_lines(data: bytes, path: str) -> tuple[list[str], str | None]:
    """Return the lines of a text file, and a remark on its encoding where that was guessed.

    Raises `PlateMapError` where it is no text.
    """
    try:
        text, remark = decoded_text(data, path=path)
    except InvalidInputError as error:
        raise PlateMapError(error.what, path=path, remedy=error.remedy) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), remark


def _separator(head: str, expected: set[str]) -> str:
    def fit(separator: str) -> tuple[int, int]:
        names = [name.strip() for name in head.split(separator)]
        return len(expected.intersection(names)), len(names)

    return max(_SEPARATORS, key=fit)


def _table(
    records: Sequence[tuple[int, list[str]]], path: str, remarks: tuple[str, ...]
) -> HandMadeTable:
    _, header = records[0]
    width = len(header)
    if width > _MOST_COLUMNS:
        raise PlateMapError(
            f"its header has {width} cells; up to {_MOST_COLUMNS} are read",
            path=path,
            remedy="check that it is a table; take out columns that nobody reads",
        )
    for line, cells in records[1:]:
        if any(cell.strip() for cell in cells[width:]):
            raise PlateMapError(
                f"line {line} has {len(cells)} cells, the header {width}",
                path=path,
                remedy="mend that line; put a cell that holds the separator in quotes",
            )
    rows = [(cells + [""] * width)[:width] for _, cells in records[1:]]
    kept = [
        place
        for place, name in enumerate(header)
        if name.strip() or any(row[place].strip() for row in rows)
    ]
    names, warnings = _names(header, kept)
    return HandMadeTable(
        names=names,
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        lines=tuple(line for line, _ in records[1:]),
        warnings=(*remarks, *warnings),
    )


def _names(header: Sequence[str], kept: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names: dict[str, None] = {}
    repeated: dict[str, int] = {}
    warnings: list[str] = []
    for place in kept:
        given = header[place].strip() or f"Unnamed: {place}"
        name, times = given, repeated.get(given, 0)
        while name in names:
            times += 1
            name = f"{given}.{times}"
        repeated[given] = times
        if times:
            warnings.append(f"column {given} is there again; the second is called {name}")
        names[name] = None
    return tuple(names), tuple(warnings)
