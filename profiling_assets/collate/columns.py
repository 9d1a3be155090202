"""What the headers of a plate tell: its tables, and their columns in order.

Put here: columns in their final order, what of them changes with a further header.
Do not put here: reading headers (`collate.header_survey`), values and their types (`collate.column_types`).
A site whose image failed quality control has a short header; taking the first site's header, as
cytominer-database does, makes the backend depend on the order of folders.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from profiling_assets.collate.header import (
    IMAGE_NUMBER,
    OBJECT_NUMBER,
    column_names,
    folded,
    folded_names,
)
from profiling_assets.workspace.site_folder import IMAGE, table_order

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
        index = {key: place for place, key in enumerate(folded_names(self.columns))}
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
    headers : mapping of str to frozenset
        Every different header of each table, as written in the files.
    warnings : tuple of str
        Files that are no object table.
    sampled : bool
        Whether only some of the headers were read: others may add to it.
    files : mapping of (str, tuple) to str
        Table and header to the first file with it, `SITE/FILE`, for messages.
    """

    tables: Mapping[str, TableLayout]
    required: frozenset[str]
    headers: Mapping[str, frozenset[tuple[str, ...]]]
    warnings: tuple[str, ...] = ()
    sampled: bool = False
    files: Mapping[tuple[str, tuple[str, ...]], str] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], str], compare=False, repr=False
    )

    def widest_file(self, table: str) -> str:
        """Return the file with the most columns of a table, and how many; empty where unknown."""
        headers = self.headers.get(table, ())
        names = min(headers, key=lambda names: (-len(names), names), default=())
        file = self.files.get((table, names))
        return f"{file} has {len(names):,} of them" if file else ""

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
        return replace(self, tables=lay_out(both), headers=both)

    def grows_into(self, other: "Survey") -> bool:
        """Tell whether rows written in these columns are right in those of a later survey.

        Parameters
        ----------
        other : Survey
            The same headers and more.

        Returns
        -------
        bool
            True where it has the same tables and the same most complete headers, and any further
            column comes last: it is missing in what was written before.
        """
        return list(self.tables) == list(other.tables) and all(
            layout.complete == other.tables[table].complete
            and layout.columns == other.tables[table].columns[: len(layout.columns)]
            for table, layout in self.tables.items()
        )


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
        complete = frozenset(folded_names(column_names(table, ordered[0])))
        if table == IMAGE:
            for name in IMAGE_METADATA:
                columns.setdefault(folded(name), name)
        layouts[table] = TableLayout(table, tuple(columns.values()), complete)
    return layouts


def split_columns(
    tables: Mapping[str, TableLayout],
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the columns of the Image table, and those of each object table."""
    objects = {table: layout.columns for table, layout in tables.items() if table != IMAGE}
    return tables[IMAGE].columns, objects


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
