"""Profiles of a standing SQLite backend, wherever it came from.

Put here: opening and reading a backend, which of its rows are aggregated, and in what order.
Do not put here: writing one (`sqlite_backend`), means and medians (`aggregate`).
"""

import sqlite3
from collections import Counter
from collections.abc import Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.aggregate import WellAggregator
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.export_to_database import ObjectView, make_views
from profiling_assets.collate.header import IMAGE_NUMBER, TABLE_NUMBER, folded
from profiling_assets.collate.joined_cells import aggregate_cells, check_cells
from profiling_assets.collate.joined_table import JoinedTable, joined_table
from profiling_assets.collate.options import AggregateResult
from profiling_assets.collate.sqlite_file import columns_of, connect, is_indexed, quoted
from profiling_assets.collate.strata import ImageColumns, Stratum
from profiling_assets.collate.table_choice import TablePresence, counted
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import BackendError, InvalidInputError, listed
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.site_folder import CANONICAL, IMAGE, table_order

ImageKey = tuple[Value, Value]
_ROWS = 512  # fetched at a time
_SCHEMA_REMEDY = (
    "use a file with the tables Image, Cells, ... as cytominer-database and this program make, or "
    "Per_Image, Per_Cells, ... as CellProfiler's ExportToDatabase does; or collate the plate's CSVs"
)


@dataclass(frozen=True)
class Backend:
    """An open backend."""

    connection: sqlite3.Connection  # read only
    image_table: str  # its name as in the file
    image_columns: tuple[str, ...]
    # object table to its columns without TableNumber; Cells, Cytoplasm, Nuclei first
    tables: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]  # object table to its name in the file, or that of its view
    # those that are views, where ExportToDatabase wrote the file
    views: Mapping[str, ObjectView] = field(default_factory=dict[str, ObjectView])
    # the one table with a row for each cell, where the file holds nothing else
    joined: JoinedTable | None = None

    def images(self) -> Iterator[tuple[ImageKey, list[Value]]]:
        """Yield key (TableNumber, ImageNumber) and values of each Image row."""
        table, image = (self._place(self.image_columns, c) for c in (TABLE_NUMBER, IMAGE_NUMBER))
        listed = ", ".join(map(quoted, self.image_columns))
        cursor = self.connection.execute(
            f"SELECT {listed} FROM {quoted(self.image_table)} ORDER BY rowid"  # noqa: S608 - quoted
        )
        while rows := cursor.fetchmany(_ROWS):
            for row in rows:
                values = cast("list[Value]", list(row))
                yield (values[table], values[image]), values

    def presence(self) -> TablePresence | None:
        """Count the sites of each table; None where Cells, Cytoplasm and Nuclei are all there is.

        A site has a table where it has objects in it, or `Image` counts them: CellProfiler counts
        0 objects of a table that it measures.
        """
        if all(table.capitalize() in CANONICAL for table in self.tables):
            return None
        keys = f"{quoted(TABLE_NUMBER)}, {quoted(IMAGE_NUMBER)}"
        of_image: dict[ImageKey, set[str]] = {}
        image = quoted(self.image_table)
        for key in self.connection.execute(f"SELECT {keys} FROM {image}"):  # noqa: S608 - quoted
            of_image[key] = set()
        columns = {folded(name.removeprefix("Image_")): name for name in self.image_columns}
        for table, name in self.names.items():
            queries = [f"SELECT DISTINCT {keys} FROM {quoted(name)}"]  # noqa: S608 - quoted
            count = columns.get(folded(f"Count_{table}"))
            if count is not None:
                queries.append(f"SELECT {keys} FROM {image} WHERE {quoted(count)} IS NOT NULL")  # noqa: S608
            for query in queries:
                for key in self.connection.execute(query):
                    if key in of_image:
                        of_image[key].add(table)
        return counted(Counter(map(frozenset, of_image.values())), self.tables)

    def has_index(self, table: str) -> bool:
        """Tell whether rows of an image can be found without reading the table."""
        if table in self.views:
            key = {folded(IMAGE_NUMBER)}
            return all(is_indexed(self.connection, n, key) for n in self.views[table].based_on)
        return is_indexed(self.connection, self.names[table], {folded(TABLE_NUMBER)})

    def unlinked(self, table: str) -> int:
        """Count the objects of a table that lack another object of their cell."""
        if table not in self.views or len(self.views[table].based_on) == 1:
            return 0
        view = self.views[table]
        counts = [
            int(self.connection.execute(f"SELECT COUNT(*) FROM {quoted(name)}").fetchone()[0])  # noqa: S608
            for name in (view.own, view.view)
        ]
        return max(0, counts[0] - counts[1])

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
        """Yield objects of some images, found by index, and the names of those columns with text.

        NaN stands where a value is missing.
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

    What SQLite finds damaged while the block runs is a `BackendError` too. Raises `BackendError`
    where the file is no SQLite file, is damaged, or holds no backend.
    """
    if not file.is_file():
        raise BackendError("the SQLite file is not there", path=path, remedy="collate the plate")
    connection = connect(file, path)
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
    columns = {name: columns_of(connection, name) for name in found}
    keys = {folded(TABLE_NUMBER), folded(IMAGE_NUMBER)}
    joinable = {
        name: names for name, names in columns.items() if keys <= {folded(n) for n in names}
    }
    images = [name for name in joinable if name.lower() == IMAGE.lower()]
    names = {name: name for name in joinable if name not in images}
    if not images or not names:
        exported = make_views(connection, columns, path)
        if exported is not None:
            tables = sorted(exported.objects.items(), key=lambda entry: table_order(entry[0]))
            return Backend(
                connection,
                exported.image,
                exported.image_columns,
                {table: view.columns for table, view in tables},
                {table: view.view for table, view in tables},
                exported.objects,
            )
        table = joined_table(columns)
        if table is not None:
            return Backend(connection, "", (), {}, {}, joined=JoinedTable(connection, table))
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


def aggregate_backend(
    key: PlateKey | None, sqlite_file: Path, aggregate: AggregateOptions, *, path: str
) -> AggregateResult:
    """Aggregate an existing SQLite backend, wherever it came from.

    `key`: the plate that it should be of; None where nothing says which. Raises `BackendError`
    where the file is no SQLite backend, is damaged, or lacks what is asked for.
    """
    with open_backend(sqlite_file, path) as backend:
        if backend.joined is not None:
            return aggregate_cells(key, backend.joined, aggregate, path=path, scratch=None)
        aggregator = _aggregator(backend, aggregate, path)
        images: dict[Stratum, list[ImageKey]] = {}
        known: Counter[ImageKey] = Counter()
        for image, values in backend.images():
            known[image] += 1
            stratum = aggregator.add_image(values)
            if stratum is not None:
                images.setdefault(stratum, []).append(image)
        searched = [table for table in aggregator.tables if backend.has_index(table)]
        strays = {table: backend.strays(table) for table in searched}
        for table in aggregator.tables:
            if table not in searched:
                strays[table] = _scan(backend, table, images, aggregator, known)
        for stratum in sorted(images, key=str):
            for table in searched:
                for values, texts in backend.objects_of(table, images[stratum]):
                    aggregator.add_objects(stratum, table, values)
                    aggregator.note_text(texts)
            aggregator.close([stratum])
        result = aggregator.result()
        unlinked = {table: backend.unlinked(table) for table in aggregator.tables}
    result = replace(result, warnings=(*result.warnings, *_key_warnings(strays, unlinked, known)))
    named = () if key is None else _plate_warnings(result, key)
    return replace(result, warnings=(*result.warnings, *named))


def check_backend(sqlite_file: Path, aggregate: AggregateOptions, *, path: str) -> None:
    """Refuse a backend that cannot be aggregated, as its tables and their columns show.

    Raises `BackendError` as `aggregate_backend`.
    """
    with open_backend(sqlite_file, path) as backend:
        if backend.joined is not None:
            check_cells(backend.joined, aggregate, path=path)
        else:
            _aggregator(backend, aggregate, path).discard()


def images_of_wells(
    sqlite_file: Path, aggregate: AggregateOptions, *, path: str
) -> tuple[list[str], list[int]]:
    """Return the columns of the Image table, without their prefix, and the images of each well.

    Raises `InvalidInputError` where the file is no backend, or lacks plate or well.
    """
    with open_backend(sqlite_file, path) as backend:
        image = ImageColumns(backend.image_columns, aggregate, path)
        strata = (image.stratum(values) for _, values in backend.images())
        counts = Counter(stratum[:2] for stratum in strata if stratum is not None and stratum[1])
        names = [name.removeprefix("Image_") for name in backend.image_columns]
    return names, list(counts.values())


def _aggregator(backend: Backend, aggregate: AggregateOptions, path: str) -> WellAggregator:
    try:
        return WellAggregator(
            aggregate,
            backend.image_columns,
            backend.tables,
            path=path,
            scratch=None,
            presence=None if aggregate.compartments else backend.presence(),
        )
    except InvalidInputError as error:
        raise BackendError(error.what, path=path, remedy=error.remedy) from error


def _plate_warnings(result: AggregateResult, key: PlateKey) -> Iterator[str]:
    plates = set(map(str, cast("Iterable[object]", result.frame[result.frame.columns[0]])))
    others = sorted(plates - {key.plate})
    if others:
        yield f"the backend calls the plate {listed(others)}, not {key.plate}"


def _scan(
    backend: Backend,
    table: str,
    images: dict[Stratum, list[ImageKey]],
    aggregator: WellAggregator,
    known: Container[ImageKey],
) -> int:
    """Read a table without an index in one go; its rows wait in the aggregator's spool.

    Returns how many of its objects belong to no Image row.
    """
    strays = 0
    of_image = {image: stratum for stratum, keys in images.items() for image in keys}
    for keys, values, texts in backend.objects(table):
        aggregator.note_text(texts)
        rows: dict[Stratum, list[int]] = {}
        for row, image in enumerate(keys):
            if image in of_image:
                rows.setdefault(of_image[image], []).append(row)
            elif image not in known:
                strays += 1
        for stratum, places in rows.items():
            aggregator.add_objects(stratum, table, values[places])
    return strays


def _key_warnings(
    strays: Mapping[str, int], unlinked: Mapping[str, int], images: Mapping[ImageKey, int]
) -> Iterator[str]:
    """Say which objects are in no profile, and which may be in two, for their keys."""
    for table, count in sorted(strays.items()):
        if count:
            yield f"{count} objects of {table} belong to no Image row: in no profile"
    for table, count in sorted(unlinked.items()):
        if count:
            yield (
                f"{count} objects of {table} have no Cytoplasm, Cells and Nuclei that belong "
                "together: in no profile, as in pycytominer"
            )
    repeated = sum(times for times in images.values() if times > 1)
    if repeated:
        yield (
            f"{repeated} Image rows have a TableNumber and ImageNumber that others have too: "
            "their objects cannot be told apart, and count for each"
        )


def row_numbers(
    rows: Sequence[Sequence[Value]], columns: Sequence[str]
) -> tuple[NDArray[np.float64], frozenset[str]]:
    """Turn rows as SQLite returned them into numbers, and name the columns that hold text.

    NaN stands where a value is missing, and 1 for a word: it is no value of a feature, but counts
    as an object where it is an id.
    """
    try:
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns)), frozenset()
    except ValueError:
        pass
    values = np.full((len(rows), len(columns)), np.nan)
    texts: set[str] = set()
    for place, (name, cells) in enumerate(zip(columns, zip(*rows, strict=True), strict=True)):
        try:
            values[:, place] = np.array(cells, dtype=np.float64)
        except ValueError:
            texts.add(name)
            values[:, place] = [np.nan if cell is None else 1.0 for cell in cells]
    return values, frozenset(texts)
