"""The SQLite backend: tables, columns, types and indices as cytominer-database and collate make.

Put here: writing one SQLite file, in a scratch place, in one go.
Do not put here: reading one (`from_backend`), publishing it (`storage`).
Types are known only after the last site. SQLite keeps a value as it is bound in a column without a
type, so the tables are made without types and their declarations are written at the end; see
docs/decisions/one-pass-column-types.md.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.block import Block
from profiling_assets.collate.block_spool import Again
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.column_types import ColumnType, ColumnTypes
from profiling_assets.collate.columns import Survey, TableLayout
from profiling_assets.collate.from_backend import row_numbers
from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER
from profiling_assets.collate.image_spool import SpooledRow
from profiling_assets.collate.sqlite_file import quoted
from profiling_assets.workspace.site_folder import IMAGE

MAX_COLUMNS = 2000  # of a SQLite table; a build can lower it, and no build in use raises it
_PLATE_WELL = ("Metadata_Plate", "Metadata_Well")
# The file is scratch: a crash leaves it behind unpublished, so nothing is gained by a journal.
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE")
_PAGE_BYTES = 65536
# 16 MiB: rows are only appended, so few pages are in use at a time. In pages, as SQLite turns a
# size in KiB into pages by the page size that it knows at that moment: 4 KiB before it wrote or
# read the file. It would keep 16 times as much.
_CACHE_PAGES = 256


class SqliteSink:
    """Writes one backend into a file that must not exist."""

    def __init__(self, file: Path, layouts: Mapping[str, TableLayout], types: ColumnTypes) -> None:
        self._file = file
        self._layouts = layouts
        self._types = types
        self._connection = _connect(file)
        self._connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._connection.execute("BEGIN")
        self._inserts = {table: _insert(layout) for table, layout in layouts.items()}
        self._rows = dict.fromkeys(layouts, 0)
        for table, layout in layouts.items():
            text = types.text(table)
            kinds = ["TEXT" if place in text else "" for place in range(len(layout.columns))]
            self._connection.execute(_create(layout, kinds))

    def can_grow(self, layouts: Mapping[str, TableLayout]) -> bool:
        """Tell whether SQLite can hold the tables with further columns."""
        return too_wide(layouts) is None

    def grow(self, layouts: Mapping[str, TableLayout]) -> None:
        """Add columns at the end of tables; SQLite reads them as NULL in the rows written."""
        for table, layout in layouts.items():
            for name in layout.columns[len(self._layouts[table].columns) :]:
                column = f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)}"
                self._connection.execute(column)
            self._inserts[table] = _insert(layout)
        self._layouts = layouts

    def add_objects(self, block: Block, table_number: int) -> Again | None:
        """Write the objects of one site in one compartment; they can be read back until the end."""
        if len(block.values) == 0:
            return None
        table, count = block.layout.table, len(block.values)
        self._connection.executemany(self._inserts[table], _numbered(block, table_number))
        first = self._rows[table] + 1  # SQLite counts the rows of a new table from 1
        self._rows[table] += count
        return lambda: self._read(table, first, count)

    def _read(self, table: str, first: int, count: int) -> NDArray[np.float64]:
        query = f"SELECT * FROM {quoted(table)} WHERE rowid BETWEEN ? AND ?"  # noqa: S608 - quoted
        rows = self._connection.execute(query, (first, first + count - 1)).fetchall()
        return row_numbers([row[1:] for row in rows], self._layouts[table].columns)[0]

    def finish(self, images: Iterable[SpooledRow]) -> None:
        """Write types, Image rows and indices, and close the file.

        `images`: `TableNumber` and values of each Image row, in order.
        """
        self._declare()
        self._connection.execute("COMMIT")
        self._connection.close()
        # A connection reads the declarations when it opens the file.
        self._connection = _connect(self._file)
        self._sort_beside_the_file()
        self._connection.execute("BEGIN")
        if IMAGE in self._layouts:
            rows = ((number, *values) for number, values in images)
            self._connection.executemany(self._inserts[IMAGE], rows)
        for statement in _indices(self._layouts):
            self._connection.execute(statement)
        self._connection.execute("COMMIT")
        self._connection.close()

    def _sort_beside_the_file(self) -> None:
        # Indices are sorted in temporary files, which lie in /var/tmp or /tmp by default. It is one
        # setting for the process; once the folder is gone, SQLite takes the default again.
        folder = str(self._file.resolve().parent).replace("'", "''")
        self._connection.execute(f"PRAGMA temp_store_directory = '{folder}'")

    def discard(self) -> None:
        """Close and remove an unfinished file."""
        self._connection.close()
        self._file.unlink(missing_ok=True)

    def _declare(self) -> None:
        self._connection.execute("PRAGMA writable_schema = ON")
        for table, layout in self._layouts.items():
            self._connection.execute(
                "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?",
                (_create(layout, self._types.declared(table)), table),
            )
        self._connection.execute("PRAGMA writable_schema = OFF")


def _numbered(block: Block, table_number: int) -> Iterator[list[Value]]:
    # a row at a time: its objects are used again for the next one, while the processor has them
    for row in block.rows():
        row.insert(0, table_number)
        yield row


def too_wide(layouts: Mapping[str, TableLayout]) -> str | None:
    """Say which table is wider than SQLite can hold; None where every table fits."""
    wide = {
        table: len(layout.columns) + 1
        for table, layout in layouts.items()
        if len(layout.columns) + 1 > MAX_COLUMNS
    }
    if not wide:
        return None
    tables = " and ".join(f"{table} has {width:,} columns" for table, width in wide.items())
    return f"{tables} with {TABLE_NUMBER}; a SQLite table holds {MAX_COLUMNS:,} at most"


def too_wide_survey(survey: Survey) -> str | None:
    """Say which table is wider than SQLite can hold, and which file has most of its columns.

    None where every table fits.
    """
    said = too_wide(survey.tables)
    if said is None:
        return None
    wide = [table for table, one in survey.tables.items() if too_wide({table: one}) is not None]
    files = [file for file in map(survey.widest_file, wide) if file]
    if not files:
        return said
    return (
        f"{said}; {' and '.join(files)}: if the other sites have fewer, mend or take out that one"
    )


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA cache_size = {_CACHE_PAGES}")
    return connection


def _insert(layout: TableLayout) -> str:
    marks = ", ".join("?" * (len(layout.columns) + 1))
    return f"INSERT INTO {quoted(layout.table)} VALUES ({marks})"  # noqa: S608 - quoted


def _create(layout: TableLayout, kinds: Iterable[ColumnType | str]) -> str:
    columns = [f"{quoted(TABLE_NUMBER)} BIGINT"]
    columns += [
        f"{quoted(name)} {kind}".rstrip() for name, kind in zip(layout.columns, kinds, strict=True)
    ]
    return f"CREATE TABLE {quoted(layout.table)} (\n\t" + ",\n\t".join(columns) + "\n)"


def _indices(layouts: Mapping[str, TableLayout]) -> list[str]:
    """Return the indices that collate makes, and none more.

    `DataFrame.to_sql` adds one on TableNumber to each table; these begin with that column.
    """
    statements: list[str] = []
    for table in layouts:
        if table == IMAGE:
            name, columns = "table_image_idx", (TABLE_NUMBER, IMAGE_NUMBER)
        else:
            name = f"table_image_object_{table.lower()}_idx"
            columns = (TABLE_NUMBER, IMAGE_NUMBER, OBJECT_NUMBER)
        statements.append(_index(name, table, columns))
    if IMAGE in layouts:
        statements.append(_index("plate_well_image_idx", IMAGE, _PLATE_WELL))
    return statements


def _index(name: str, table: str, columns: Iterable[str]) -> str:
    listed = ", ".join(quoted(column) for column in columns)
    return f"CREATE INDEX {quoted(name)} ON {quoted(table)} ({listed})"
