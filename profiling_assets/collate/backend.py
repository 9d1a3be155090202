"""An existing SQLite backend as a source of images and objects, wherever it came from.

Put here: opening, checking and reading a backend.
Do not put here: writing one (`collate.sqlite_backend`), means and medians (`collate.aggregate`).
"""

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.header import IMAGE_NUMBER, TABLE_NUMBER, folded
from profiling_assets.collate.sqlite_rows import quoted, row_numbers
from profiling_assets.errors import BackendError
from profiling_assets.workspace.site_folder import IMAGE, table_order

ImageKey = tuple[Value, Value]
_ROWS = 512  # fetched at a time
_SCHEMA_REMEDY = (
    "use a backend with the tables Image, Cells, ... and the columns TableNumber and ImageNumber, "
    "as cytominer-database, CytoTable and this program make; collate the plate's CSVs anew"
)


@dataclass(frozen=True)
class Backend:
    """An open backend.

    Attributes
    ----------
    connection : sqlite3.Connection
        Read only.
    image_table : str
        The Image table's name, as in the file.
    image_columns : tuple of str
        Its columns.
    tables : mapping of str to tuple of str
        Object table to its columns without TableNumber; Cells, Cytoplasm, Nuclei first.
    names : mapping of str to str
        Object table to its name in the file.
    """

    connection: sqlite3.Connection
    image_table: str
    image_columns: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]

    def images(self) -> Iterator[tuple[ImageKey, list[Value]]]:
        """Yield key (TableNumber, ImageNumber) and values of each Image row."""
        table, image = (self._place(self.image_columns, c) for c in (TABLE_NUMBER, IMAGE_NUMBER))
        cursor = self.connection.execute(
            f"SELECT * FROM {quoted(self.image_table)} ORDER BY rowid"  # noqa: S608 - quoted
        )
        while rows := cursor.fetchmany(_ROWS):
            for row in rows:
                values = cast("list[Value]", list(row))
                yield (values[table], values[image]), values

    def has_index(self, table: str) -> bool:
        """Tell whether rows of an image can be found without reading the table."""
        name = self.names[table]
        for index in self.connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
            first = self.connection.execute(f"PRAGMA index_info({quoted(index[1])})").fetchone()
            if first is not None and folded(str(first[2])) == folded(TABLE_NUMBER):
                return True
        return False

    def strays(self, table: str) -> int:
        """Count the objects of a table with an index that belong to no Image row."""
        keys = f"{quoted(TABLE_NUMBER)}, {quoted(IMAGE_NUMBER)}"
        images = f"SELECT {keys} FROM {quoted(self.image_table)}"  # noqa: S608 - quoted
        query = (
            f"SELECT COUNT(*) - COALESCE(SUM(({keys}) IN ({images})), 0) "  # noqa: S608 - quoted
            f"FROM {quoted(self.names[table])}"
        )
        return int(self.connection.execute(query).fetchone()[0])

    def objects_of(
        self, table: str, keys: Sequence[ImageKey]
    ) -> Iterator[tuple[NDArray[np.float64], frozenset[str]]]:
        """Yield objects of some images, found by index.

        Parameters
        ----------
        table : str
            The object table.
        keys : sequence of tuple
            TableNumber and ImageNumber of the images.

        Yields
        ------
        ndarray of float64, shape (objects, columns)
            NaN where missing or text.
        frozenset of str
            Columns that hold text among them.
        """
        columns = self.tables[table]
        name, listed = quoted(self.names[table]), ", ".join(map(quoted, columns))
        both = f"{quoted(TABLE_NUMBER)} = ? AND {quoted(IMAGE_NUMBER)} = ?"
        query = f"SELECT {listed} FROM {name} WHERE {both} ORDER BY rowid"  # noqa: S608 - quoted
        for key in keys:
            cursor = self.connection.execute(query, key)
            while rows := cursor.fetchmany(_ROWS):
                yield row_numbers(rows, columns)

    def objects(
        self, table: str
    ) -> Iterator[tuple[list[ImageKey], NDArray[np.float64], frozenset[str]]]:
        """Yield all objects of a table in order: their image keys, values and text columns."""
        columns = self.tables[table]
        listed = ", ".join(map(quoted, (TABLE_NUMBER, IMAGE_NUMBER, *columns)))
        query = f"SELECT {listed} FROM {quoted(self.names[table])} ORDER BY rowid"  # noqa: S608
        cursor = self.connection.execute(query)
        while rows := cursor.fetchmany(_ROWS):
            values, texts = row_numbers([row[2:] for row in rows], columns)
            yield [(row[0], row[1]) for row in rows], values, texts

    @staticmethod
    def _place(columns: Sequence[str], name: str) -> int:
        return [folded(column) for column in columns].index(folded(name))


@contextmanager
def open_backend(file: Path, path: str) -> Generator[Backend]:
    """Open a backend for reading.

    Parameters
    ----------
    file : Path
        The SQLite file.
    path : str
        Its name for messages.

    Yields
    ------
    Backend
        Open within the block; what SQLite finds damaged in the block is a BackendError too.

    Raises
    ------
    BackendError
        Where the file is no SQLite file, is damaged, or holds no backend.
    """
    if not file.is_file():
        raise BackendError("the SQLite file is not there", path=path, remedy="collate the plate")
    # as a URI: a blank, `?` or `#` in the path must not end it
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        yield _checked(connection, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # a name that is no UTF-8
        raise BackendError(
            f"SQLite cannot read the file: {error}",
            path=path,
            remedy="it is damaged or no SQLite file: copy it again, or collate the plate anew",
        ) from error
    finally:
        connection.close()


def _checked(connection: sqlite3.Connection, path: str) -> Backend:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    found = [str(row[0]) for row in rows]
    columns = {name: _columns(connection, name) for name in found}
    keys = {folded(TABLE_NUMBER), folded(IMAGE_NUMBER)}
    joinable = {
        name: names for name, names in columns.items() if keys <= {folded(n) for n in names}
    }
    images = [name for name in joinable if name.lower() == IMAGE.lower()]
    names = {name: name for name in joinable if name not in images}
    if not images or not names:
        raise BackendError(
            f"the file is no backend; its tables are: {', '.join(found) or 'none'}",
            path=path,
            remedy=_SCHEMA_REMEDY,
        )
    ordered = {
        table: tuple(n for n in joinable[table] if folded(n) != folded(TABLE_NUMBER))
        for table in sorted(names, key=table_order)
    }
    return Backend(connection, images[0], joinable[images[0]], ordered, names)


def _columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    return tuple(str(row[1]) for row in rows)
