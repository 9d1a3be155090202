"""The header pass: which tables and columns a plate has, before a value is read.

Put here: columns in their final order, tables a site must have, the widest table.
Do not put here: values and their types (`column_types`), the state of a site (`site`).
A site whose image failed quality control has a short header; taking the first site's header, as
cytominer-database does, makes the backend depend on the order of folders.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from profiling_assets.core.collate.folders import (
    CANONICAL,
    IMAGE,
    SiteFiles,
    SiteFolder,
    site_files,
    table_order,
)
from profiling_assets.core.collate.header import (
    IMAGE_NUMBER,
    OBJECT_NUMBER,
    Header,
    column_names,
    folded,
    read_header,
)
from profiling_assets.core.collate.munge import compartment_headers

# Columns that every backend's Image table has; where no file has them, they are filled in.
IMAGE_METADATA = ("Metadata_Plate", "Metadata_Well", "Metadata_Site")


@dataclass(frozen=True)
class TableLayout:
    """Columns of one table in their final order, without `TableNumber`.

    Attributes
    ----------
    table : str
        The table's name.
    columns : tuple of str
        Names as in the backend.
    complete : frozenset of str
        Folded names of the most complete site's columns; a file that lacks one is short.
    """

    table: str
    columns: tuple[str, ...]
    complete: frozenset[str]
    index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the columns by folded name."""
        index = {folded(name): place for place, name in enumerate(self.columns)}
        object.__setattr__(self, "index", index)

    def position(self, column: str) -> int | None:
        """Return a column's place, in any case; None where the table lacks it."""
        return self.index.get(folded(column))


@dataclass(frozen=True)
class Survey:
    """What the headers of a plate tell.

    Attributes
    ----------
    tables : mapping of str to TableLayout
        Image first (if any file has it), then Cells, Cytoplasm, Nuclei, then others by name.
    required : frozenset of str
        Object tables that a site must have: the canonical ones that any site has, others that
        more than half of the sites with objects have.
    lacking : mapping of str to mapping
        Folder to table to the columns of the most complete site that it lacks.
    headers : mapping of str to frozenset
        Every different header of each table, as written in the files.
    warnings : tuple of str
        Files that are no object table.
    """

    tables: Mapping[str, TableLayout]
    required: frozenset[str]
    lacking: Mapping[str, Mapping[str, tuple[str, ...]]]
    headers: Mapping[str, frozenset[tuple[str, ...]]]
    warnings: tuple[str, ...] = ()

    @property
    def widest(self) -> tuple[str, int]:
        """Name of the widest table and its number of columns, `TableNumber` included."""
        widths = [(len(layout.columns) + 1, name) for name, layout in self.tables.items()]
        width, name = max(widths, key=lambda pair: pair[0], default=(0, ""))
        return name, width

    def extended(self, headers: Mapping[str, Collection[tuple[str, ...]]]) -> "Survey":
        """Return the survey with headers that turned up later."""
        both = {
            table: frozenset(self.headers.get(table, ())) | frozenset(headers.get(table, ()))
            for table in {*self.headers, *headers}
        }
        return Survey(lay_out(both), self.required, self.lacking, both, self.warnings)


def survey_headers(folders: Sequence[SiteFolder], *, munge: bool = False) -> Survey:
    """Read the header of every file of a plate, and nothing else.

    Parameters
    ----------
    folders : sequence of SiteFolder
        The site folders, in any order.
    munge : bool
        Whether `object.csv` is to be split into compartments.

    Returns
    -------
    Survey
        The same for any order and any names of the folders, `lacking` aside.
    """
    headers: dict[str, set[tuple[str, ...]]] = {}
    seen: dict[str, dict[str, tuple[str, ...]]] = {}
    present: list[frozenset[str]] = []
    unusable: dict[str, str] = {}
    for folder in folders:
        files = site_files(folder)
        tables, of_folder = _folder_headers(folder, files, munge=munge)
        present.append(frozenset(tables))
        for table, names in of_folder.items():
            if is_usable(table, names):
                headers.setdefault(table, set()).add(names)
                seen.setdefault(folder.name, {})[table] = names
            elif table != IMAGE:
                unusable.setdefault(table, f"{folder.name}/{files.tables.get(table, table)}")
    layouts = lay_out(headers)
    warnings = tuple(
        f"{file} is no object table (a column {IMAGE_NUMBER} or {OBJECT_NUMBER} is absent) or its "
        "name cannot be a table: not read"
        for table, file in sorted(unusable.items())
        if table not in layouts
    )
    lacking = {
        name: short for name, of_folder in seen.items() if (short := _short(of_folder, layouts))
    }
    required = _required([tables & layouts.keys() for tables in present])
    frozen = {table: frozenset(names) for table, names in headers.items()}
    return Survey(layouts, required, lacking, frozen, warnings)


def lay_out(headers: Mapping[str, Collection[tuple[str, ...]]]) -> dict[str, TableLayout]:
    """Order the columns of each table.

    Parameters
    ----------
    headers : mapping of str to collection of tuple
        Every different header of each table, as written in the files.

    Returns
    -------
    dict of str to TableLayout
        The columns of the fullest header (of several, the first in alphabetical order), then
        further columns as they appear in the other headers, fullest first.
    """
    layouts: dict[str, TableLayout] = {}
    for table in sorted(headers, key=table_order):
        ordered = sorted(headers[table], key=lambda names: (-len(names), names))
        columns: dict[str, str] = {}
        for names in ordered:
            for name in column_names(table, names):
                columns.setdefault(folded(name), name)
        complete = frozenset(folded(name) for name in column_names(table, ordered[0]))
        if table == IMAGE:
            for name in IMAGE_METADATA:
                columns.setdefault(folded(name), name)
        layouts[table] = TableLayout(table, tuple(columns.values()), complete)
    return layouts


def absent_categories(
    survey_or_columns: Survey | Iterable[str], categories: Iterable[str]
) -> tuple[str, ...]:
    """List the image feature categories that no Image column has.

    Parameters
    ----------
    survey_or_columns : Survey or iterable of str
        A survey, or the columns of an Image table.
    categories : iterable of str
        `Granularity`, `Texture`, ...

    Returns
    -------
    tuple of str
        Those that are the first word of no column (`Image_` aside).
    """
    if isinstance(survey_or_columns, Survey):
        layout = survey_or_columns.tables.get(IMAGE)
        columns: Iterable[str] = () if layout is None else layout.columns
    else:
        columns = survey_or_columns
    words = {name.removeprefix("Image_").split("_")[0] for name in columns}
    return tuple(category for category in categories if category not in words)


def is_usable(table: str, names: Collection[str]) -> bool:
    """Tell whether a header can be that of a backend table."""
    if table == IMAGE:
        return IMAGE_NUMBER in names
    reserved = folded(table).startswith("sqlite_")  # such a name SQLite keeps for itself
    return not reserved and IMAGE_NUMBER in names and OBJECT_NUMBER in names


def _folder_headers(
    folder: SiteFolder, files: SiteFiles, *, munge: bool
) -> tuple[set[str], dict[str, tuple[str, ...]]]:
    """Return the folder's object tables, and the header of each of its tables that has one."""
    found: dict[str, tuple[str, ...]] = {}
    if files.image is not None:
        _add(found, IMAGE, read_header(folder.head(files.image)))
    if munge and files.merged is not None:
        header = read_header(folder.head(files.merged), rows=2)
        tables = dict[str, tuple[str, ...]]()
        if header is not None and header.ended and not header.repeated():
            tables = compartment_headers(header)
        found.update(tables)
        return set(tables), found
    for table, file in files.tables.items():
        _add(found, table, read_header(folder.head(file)))
    return set(files.tables), found


def _add(found: dict[str, tuple[str, ...]], table: str, header: Header | None) -> None:
    # A header that was cut, or has a name twice, must not shape the table.
    if header is not None and header.ended and not header.repeated():
        found[table] = header.names


def _short(
    of_folder: Mapping[str, tuple[str, ...]], layouts: Mapping[str, TableLayout]
) -> dict[str, tuple[str, ...]]:
    short: dict[str, tuple[str, ...]] = {}
    for table, names in of_folder.items():
        layout = layouts[table]
        have = {folded(name) for name in column_names(table, names)}
        lack = layout.complete - have
        if lack:
            short[table] = tuple(name for name in layout.columns if folded(name) in lack)
    return short


def _required(present: Iterable[frozenset[str]]) -> frozenset[str]:
    with_objects = [tables for tables in present if tables]
    every = frozenset[str]().union(*with_objects)
    return frozenset(
        table
        for table in every
        if table in CANONICAL
        or 2 * sum(table in tables for tables in with_objects) > len(with_objects)
    )
