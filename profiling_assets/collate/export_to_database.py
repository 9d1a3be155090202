"""What CellProfiler's ExportToDatabase writes, shown as the tables of a cytominer backend.

Put here: the tables `Per_Image`, `Per_Cells`, ..., prefixed (`MyExpt_Per_Image`) or in one
(`Per_Object`), and how the objects of a cell belong together.
Do not put here: reading and aggregating the tables (`from_backend`).
Nothing is copied: temporary views have the names that a cytominer backend has. As in pycytominer's
`SingleCells.merge_single_cells`, which is how such files are read there, a cell is a row of
Cytoplasm with its Cells and its Nuclei; a nucleus without a cell is in no profile.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER, folded
from profiling_assets.collate.sqlite_file import quoted
from profiling_assets.errors import BackendError, listed
from profiling_assets.workspace.site_folder import CANONICAL, IMAGE

_IMAGES = re.compile(r"(?P<prefix>.*?Per_)Image", re.IGNORECASE)
_COMMON = "object"  # the table that holds the objects of all kinds, joined by their numbers
_NUMBER = "_Number_Object_Number"
_THUMBNAILS = folded("Image_Thumbnail_")  # pictures, of no use here
_CELLS, _CYTOPLASM, _NUCLEI = (name.lower() for name in CANONICAL)
_Tables = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ObjectView:
    """An object table as a cytominer backend has it."""

    view: str  # its name
    # the tables that its rows come from; of those that are linked, Cytoplasm first
    based_on: tuple[str, ...]
    own: str  # the one among them that holds its columns
    columns: tuple[str, ...]  # without TableNumber


@dataclass(frozen=True)
class Views:
    """The views of a file."""

    image: str
    image_columns: tuple[str, ...]
    objects: Mapping[str, ObjectView]  # by compartment


@dataclass(frozen=True)
class _Objects:
    table: str
    number: str  # the column that numbers the objects of an image
    features: tuple[str, ...]
    where: str = ""  # which rows are of this kind, where not all are


def make_views(connection: sqlite3.Connection, tables: _Tables, path: str) -> Views | None:
    """Make the views; None where the tables are not those of ExportToDatabase.

    `tables`: those of the file, with their columns. Taken are also `Image`, `Cells`, ... that have
    an ImageNumber and no TableNumber. Raises `BackendError` where several experiments lie in one
    file.
    """
    # with a TableNumber, an ImageNumber alone does not tell an image
    tables = {name: c for name, c in tables.items() if not _column(c, TABLE_NUMBER)}
    image, beginning = _image_table(tables, path)
    found = dict(_objects(tables, beginning, image)) if image else {}
    if not found:
        return None
    shown = [name for name in tables[image] if not folded(name).startswith(_THUMBNAILS)]
    _make_view(connection, IMAGE, f"{quoted(image)} AS t", {name: name for name in shown})
    objects = _object_views(connection, found, linked=bool(beginning))
    return Views(_view(IMAGE), (TABLE_NUMBER, *shown), dict(objects))


def _image_table(tables: _Tables, path: str) -> tuple[str, str]:
    """Return the image table and how the names of the others begin; empty where there is none."""
    keyed = [name for name, columns in tables.items() if _column(columns, IMAGE_NUMBER)]
    exported = {name: match["prefix"] for name in keyed if (match := _IMAGES.fullmatch(name))}
    if len(exported) > 1:
        raise BackendError(
            f"it holds {len(exported)} experiments of ExportToDatabase: {listed(exported)}",
            path=path,
            remedy="put each into a file of its own, in the folder of its plate",
        )
    plain = {name: "" for name in keyed if name.lower() == IMAGE.lower()}
    return next(iter((exported or plain).items()), ("", ""))


def _objects(tables: _Tables, beginning: str, image: str) -> Iterator[tuple[str, _Objects]]:
    """Yield compartments and where their objects lie."""
    own: set[str] = set()
    for table, columns in tables.items():
        kind = table[len(beginning) :]
        begins = folded(table).startswith(folded(beginning))
        number = _column(columns, f"{kind}{_NUMBER}") or _column(columns, OBJECT_NUMBER)
        is_object_table = begins and table != image and kind.lower() != _COMMON
        if is_object_table and number and _column(columns, IMAGE_NUMBER):
            own.add(kind.lower())
            yield kind, _Objects(table, number, _features(columns, kind))
    common = next((name for name in tables if folded(name) == folded(beginning + _COMMON)), None)
    if beginning and common is not None and _column(tables[common], IMAGE_NUMBER):
        for column in tables[common]:
            kind = column.removesuffix(_NUMBER)
            if kind != column and kind.lower() not in own:
                where = f" WHERE t.{quoted(column)} IS NOT NULL"
                yield kind, _Objects(common, column, _features(tables[common], kind), where)


def _object_views(
    connection: sqlite3.Connection, found: Mapping[str, _Objects], *, linked: bool
) -> Iterator[tuple[str, ObjectView]]:
    joined = _joined({kind.lower(): objects for kind, objects in found.items()}) if linked else ""
    for kind, objects in found.items():
        features, first, own = objects.features, "t", "t"
        rows, based_on = f"{quoted(objects.table)} AS t{objects.where}", (objects.table,)
        if joined and kind.lower() in (_CELLS, _CYTOPLASM, _NUCLEI):
            rows, first, own = joined, _CYTOPLASM, kind.lower()
            parts = {name.lower(): part.table for name, part in found.items()}
            based_on = (parts[_CYTOPLASM], parts[_CELLS], parts[_NUCLEI])
            if kind.lower() != _CYTOPLASM:
                # pycytominer links by the numbers of Cells and Nuclei: they are no features
                features = tuple(name for name in features if name != objects.number)
        columns = {IMAGE_NUMBER: IMAGE_NUMBER, OBJECT_NUMBER: objects.number}
        columns |= {name: name for name in features if name not in columns}
        _make_view(connection, kind, rows, columns, of=own, ordered_by=first)
        yield kind, ObjectView(_view(kind), based_on, objects.table, tuple(columns))


def _joined(found: Mapping[str, _Objects]) -> str:
    """Return the rows of Cytoplasm with their Cells and Nuclei; empty where nothing links them."""
    if not {_CELLS, _CYTOPLASM, _NUCLEI} <= set(found):
        return ""
    if any(found[kind].where for kind in (_CELLS, _CYTOPLASM, _NUCLEI)):
        return ""  # in one table: the rows are linked
    cytoplasm = found[_CYTOPLASM]
    rows = f"{quoted(cytoplasm.table)} AS {_CYTOPLASM}"
    for kind in (_CELLS, _NUCLEI):
        parent = _column(cytoplasm.features, f"{_CYTOPLASM}_Parent_{kind}")
        if parent is None:
            return ""
        number, image = quoted(found[kind].number), quoted(IMAGE_NUMBER)
        rows += (
            f" CROSS JOIN {quoted(found[kind].table)} AS {kind}"
            f" ON {kind}.{image} = {_CYTOPLASM}.{image}"
            f" AND {kind}.{number} = {_CYTOPLASM}.{quoted(parent)}"
        )
    return rows


def _make_view(
    connection: sqlite3.Connection,
    name: str,
    rows: str,
    columns: Mapping[str, str],
    *,
    of: str = "t",
    ordered_by: str = "t",
) -> None:
    """Make a view with TableNumber and these columns: name in the view to name in the table `of`.

    `ordered_by`: the table whose order the rows have.
    """
    chosen = [f"{ordered_by}.rowid AS rowid", f"0 AS {quoted(TABLE_NUMBER)}"]
    chosen += [f"{of}.{quoted(name)} AS {quoted(shown)}" for shown, name in columns.items()]
    select = f"SELECT {', '.join(chosen)} FROM {rows}"  # noqa: S608 - quoted
    connection.execute(f"CREATE TEMP VIEW {quoted(_view(name))} AS {select}")


def _view(name: str) -> str:
    return f"cytominer {name}"


def _column(columns: Collection[str], name: str) -> str | None:
    return next((column for column in columns if folded(column) == folded(name)), None)


def _features(columns: Sequence[str], kind: str) -> tuple[str, ...]:
    return tuple(name for name in columns if folded(name).startswith(folded(f"{kind}_")))
