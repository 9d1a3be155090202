"""Single-cell tables as Parquet: the one backend that holds more than 2,000 columns a table.

Put here: writing one file a table, in a scratch place.
Do not put here: columns and types (`columns`, `column_types`), publishing (`storage`).
Keys are int64, features float64, text is string, missing is null. Nothing of the clock or of the
machine is in a file, so two runs give the same bytes.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pyarrow ships no types

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from profiling_assets.collate.block import Block
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.column_types import ColumnType, ColumnTypes
from profiling_assets.collate.columns import TableLayout
from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER
from profiling_assets.collate.image_spool import SpooledRow
from profiling_assets.workspace.site_folder import IMAGE

_GROUP_BYTES = 32 * 2**20  # of a row group in memory: bounds what waits to be written
_IMAGE_ROWS = 256
_ARROW: dict[ColumnType, Any] = {
    "BIGINT": pa.int64(),
    "FLOAT": pa.float64(),
    "TEXT": pa.string(),
}


class ParquetSink:
    """Writes the tables of one plate, `TABLE.parquet` each, into a folder that exists."""

    def __init__(
        self, folder: Path, layouts: Mapping[str, TableLayout], types: ColumnTypes
    ) -> None:
        self._layouts = layouts
        self._types = types
        self.files = {table: folder / f"{table}.parquet" for table in layouts}
        self._waiting: dict[str, list[tuple[int, Block]]] = {table: [] for table in layouts}
        self._bytes = dict.fromkeys(layouts, 0)
        self._text = {table: types.text(table) for table in layouts if table != IMAGE}
        self._writers = {
            table: pq.ParquetWriter(self.files[table], self._schema(table)) for table in self._text
        }

    def can_grow(self, layouts: Mapping[str, TableLayout]) -> bool:
        """Tell whether only Image has further columns: the other files have their columns."""
        return all(layouts[table] == self._layouts[table] for table in self._writers)

    def grow(self, layouts: Mapping[str, TableLayout]) -> None:
        """Write Image with further columns."""
        self._layouts = layouts

    def add_objects(self, block: Block, table_number: int) -> None:
        """Take the objects of one site in one compartment."""
        table = block.layout.table
        self._waiting[table].append((table_number, block))
        self._bytes[table] += block.values.nbytes
        if self._bytes[table] >= _GROUP_BYTES:
            self._write(table)

    def finish(self, images: Iterable[SpooledRow]) -> None:
        """Write what waits and the Image rows, and close the files.

        `images`: `TableNumber` and values of each Image row, in order.
        """
        for table, writer in self._writers.items():
            self._write(table)
            writer.close()
        if IMAGE in self._layouts:
            self._write_images(images)

    def discard(self) -> None:
        """Close and remove unfinished files."""
        for writer in self._writers.values():
            writer.close()
        for file in self.files.values():
            file.unlink(missing_ok=True)

    def _schema(self, table: str) -> Any:
        fields = [(TABLE_NUMBER, pa.int64())]
        for place, name in enumerate(self._layouts[table].columns):
            key = name in (IMAGE_NUMBER, OBJECT_NUMBER)
            text = place in self._text[table]
            fields.append((name, pa.int64() if key else pa.string() if text else pa.float64()))
        return pa.schema(fields)

    def _write(self, table: str) -> None:
        waiting, self._waiting[table], self._bytes[table] = self._waiting[table], [], 0
        blocks = [block for _, block in waiting]
        if not any(len(block.values) for block in blocks):
            return
        schema = self._schema(table)
        numbers = [np.full(len(block.values), number) for number, block in waiting]
        columns: list[Any] = [pa.array(np.concatenate(numbers), pa.int64())]
        for place in range(len(self._layouts[table].columns)):
            kind = schema.field(place + 1).type
            if place in self._text[table]:
                cells = [cell for block in blocks for cell in _cells(block, place)]
                columns.append(pa.array(rendered(cells), kind))
            else:
                values = np.concatenate([block.values[:, place] for block in blocks])
                columns.append(pa.array(values, from_pandas=True).cast(kind))
        group = pa.Table.from_arrays(columns, schema=schema)
        self._writers[table].write_table(group, row_group_size=max(group.num_rows, 1))

    def _write_images(self, images: Iterable[SpooledRow]) -> None:
        layout, declared = self._layouts[IMAGE], self._types.declared(IMAGE)
        fields = [(TABLE_NUMBER, pa.int64())]
        for name, kind in zip(layout.columns, declared, strict=True):
            fields.append((name, _ARROW[kind]))
        schema = pa.schema(fields)
        rows = iter(images)
        with pq.ParquetWriter(self.files[IMAGE], schema) as writer:
            while some := list(islice(rows, _IMAGE_ROWS)):
                columns = [pa.array([number for number, _ in some], pa.int64())]
                for place, kind in enumerate(declared):
                    cells = [values[place] for _, values in some]
                    columns.append(pa.array(_typed(cells, kind), _ARROW[kind]))
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def rendered(cells: Iterable[Value]) -> list[str | None]:
    """Write cells as text, as SQLite does in a TEXT column.

    Text stays verbatim; 2.5 is `2.5` and 1.0 is `1.0`, with 15 digits.
    """
    cells = list(cells)
    if not any(isinstance(cell, (int, float)) for cell in cells):
        return [None if cell is None else str(cell) for cell in cells]
    connection = sqlite3.connect(":memory:")
    query = "SELECT CAST(? AS TEXT)"
    texts = [connection.execute(query, (cell,)).fetchone()[0] for cell in cells]
    connection.close()
    return texts


def _cells(block: Block, place: int) -> list[Value]:
    return block.texts.get(place) or [None] * len(block.values)


def _typed(cells: list[Value], kind: ColumnType) -> list[Value]:
    if kind == "TEXT":
        return list(rendered(cells))
    return [float(cell) if kind == "FLOAT" and cell is not None else cell for cell in cells]
