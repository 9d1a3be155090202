"""A database table with one row a cell and the columns of all compartments, as merged cells are.

Put here: which table of a database is one, and reading it as a Parquet file is read.
Do not put here: what its columns are (`joined_cells`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false
# ^ pyarrow ships no types

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from profiling_assets.collate.sqlite_file import quoted
from profiling_assets.workspace.site_folder import CANONICAL

_NUMERIC = ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC")  # in declared types, as SQLite sees them
_DESCRIBED = ("Metadata_", "Image_")


def joined_table(tables: Mapping[str, Sequence[str]]) -> str | None:
    """Return the table of joined cells; None where there is none, or several might be."""
    found = [name for name, columns in tables.items() if _is_joined(columns)]
    return found[0] if len(found) == 1 else None


def _is_joined(columns: Sequence[str]) -> bool:
    compartments = [n for n in CANONICAL if any(c.startswith(f"{n}_") for c in columns)]
    described = any(name.startswith(_DESCRIBED) for name in columns)
    return len(compartments) > 1 and described


class JoinedTable:
    """A table, with what is used of `pyarrow.parquet.ParquetFile`."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table
        described = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        self.schema_arrow = pa.schema(
            [(str(row[1]), _type_of(str(row[1]), str(row[2] or ""))) for row in described]
        )

    def iter_batches(self, batch_size: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns in pieces of so many rows, always in the same order."""
        schema = pa.schema([self.schema_arrow.field(name) for name in columns])
        listed = ", ".join(map(quoted, columns))
        query = f"SELECT {listed} FROM {quoted(self._table)} ORDER BY rowid"  # noqa: S608 - quoted
        cursor = self._connection.execute(query)
        while rows := cursor.fetchmany(batch_size):
            cells = zip(*rows, strict=True)
            arrays = [_array(values, of.type) for values, of in zip(cells, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type_of(name: str, declared: str) -> pa.DataType:
    if "INT" in declared.upper() and name.startswith(_DESCRIBED):
        return pa.int64()  # counts of images are whole
    return pa.float64() if any(part in declared.upper() for part in _NUMERIC) else pa.string()


def _array(values: Sequence[object], of_type: pa.DataType) -> pa.Array:
    if of_type == pa.string():
        return pa.array([None if v is None else str(v) for v in values], of_type)
    if of_type == pa.int64():
        return pa.array(values, of_type)
    return pa.array([_number(value) for value in values], of_type)


def _number(value: object) -> float | None:
    try:
        return None if value is None else float(str(value))
    except ValueError:  # a word in a column of numbers, as SQLite allows
        return None
