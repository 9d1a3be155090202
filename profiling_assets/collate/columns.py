"""What the headers of a plate tell: its tables, and their columns in order.

Put here: columns in their final order, what of them changes with a further header, and which
folders' headers are read.
Do not put here: parsing one header (`header`), values and their types (`column_types`).
A site whose image failed quality control has a short header; taking the first site's header, as
cytominer-database does, makes the backend depend on the order of folders.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from profiling_assets.collate.header import (
    IMAGE_NUMBER,
    OBJECT_NUMBER,
    Header,
    column_names,
    folded,
    folded_names,
    read_header,
)
from profiling_assets.collate.object_csv import compartment_headers
from profiling_assets.collate.table_choice import TablePresence, counted
from profiling_assets.workspace.site_folder import (
    IMAGE,
    SiteFiles,
    SiteFolder,
    site_files,
    table_order,
)

# Columns that every backend's Image table has; where no file has them, they are filled in.
IMAGE_METADATA = ("Metadata_Plate", "Metadata_Well", "Metadata_Site")
SAMPLE = 16  # folders: at most 80 requests more for a plate of 14,000 files
_Names = tuple[str, ...]
_FolderHeaders = tuple[frozenset[str], Mapping[str, _Names]]


@dataclass(frozen=True)
class TableLayout:
    """Columns of one table in their final order, without `TableNumber`."""

    table: str
    columns: tuple[str, ...]  # names as in the backend
    # folded names of the most complete site's columns; a file that lacks one is short
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
    """What the headers of a plate tell."""

    # image first (if any file has it), then Cells, Cytoplasm, Nuclei, then others by name
    tables: Mapping[str, TableLayout]
    # the object tables of a site, to the number of sites with just these
    present: Mapping[frozenset[str], int]
    # every different header of each table, as written in the files
    headers: Mapping[str, frozenset[tuple[str, ...]]]
    warnings: tuple[str, ...] = ()  # files that are no object table
    sampled: bool = False  # whether only some of the headers were read: others may add to it
    # table and header to the first file with it, `SITE/FILE`, for messages
    files: Mapping[tuple[str, tuple[str, ...]], str] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], str], compare=False, repr=False
    )

    @property
    def presence(self) -> TablePresence:
        """How many sites have each object table."""
        first: dict[str, str] = {}
        for (table, _), file in self.files.items():
            first[table] = min(first.get(table, file), file)
        return counted(self.present, [table for table in self.tables if table != IMAGE], first)

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

        They are where it has the same tables and the same most complete headers, and any further
        column comes last: it is missing in what was written before.
        """
        return list(self.tables) == list(other.tables) and all(
            layout.complete == other.tables[table].complete
            and layout.columns == other.tables[table].columns[: len(layout.columns)]
            for table, layout in self.tables.items()
        )


def lay_out(headers: Mapping[str, Collection[tuple[str, ...]]]) -> dict[str, TableLayout]:
    """Order the columns of each table, given every different header of it as written in the files.

    First come the columns of the fullest header (of several, the first in alphabetical order), then
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
    """List the image feature categories that are the first word of no Image column.

    `Image_` does not count as a word. `categories`: `Granularity`, `Texture`, ...
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


class HeaderTally:
    """The headers of the folders seen so far, and what they tell.

    `munge`: whether `object.csv` is to be split into compartments.
    """

    def __init__(self, *, munge: bool) -> None:
        self._munge = munge
        self._headers: dict[str, set[_Names]] = {}
        self._present: dict[frozenset[str], int] = {}
        self._unusable: dict[str, tuple[str, str]] = {}
        self._first: dict[tuple[str, _Names], SiteFolder] = {}

    def add(self, folder: SiteFolder) -> dict[str, _Names]:
        """Read the headers of a folder, and return by table those that no folder before had."""
        return self.take(folder, read_headers(folder, munge=self._munge))

    def take(self, folder: SiteFolder, headers: _FolderHeaders) -> dict[str, _Names]:
        """Take note of the headers of a folder, as `read_headers` returned them."""
        tables, found = headers
        self._present[tables] = self._present.get(tables, 0) + 1
        new: dict[str, _Names] = {}
        for table, names in found.items():
            if is_usable(table, names):
                first = self._first.get((table, names))
                if first is None or folder.name < first.name:
                    self._first[table, names] = folder
                known = self._headers.setdefault(table, set())
                if names not in known:
                    known.add(names)
                    new[table] = names
            elif table != IMAGE:
                file = site_files(folder).tables.get(table, table)
                first = min(self._unusable.get(table, (folder.name, file)), (folder.name, file))
                self._unusable[table] = first
        return new

    def survey(self, *, sampled: bool = False) -> Survey:
        """Return what the headers tell."""
        layouts = lay_out(self._headers)
        warnings = tuple(
            f"{folder}/{file} is no object table (a column {IMAGE_NUMBER} or {OBJECT_NUMBER} is "
            "absent) or its name cannot be a table: not read"
            for table, (folder, file) in sorted(self._unusable.items())
            if table not in layouts
        )
        frozen = {table: frozenset(names) for table, names in self._headers.items()}
        present = dict(self._present)
        return Survey(layouts, present, frozen, warnings, sampled, self._named())

    def _named(self) -> dict[tuple[str, _Names], str]:
        found: dict[tuple[str, _Names], str] = {}
        for (table, names), folder in self._first.items():
            files = site_files(folder)
            name = files.image if table == IMAGE else files.tables.get(table, files.merged)
            found[table, names] = f"{folder.name}/{name or table}"
        return found


def survey_headers(
    folders: Sequence[SiteFolder], *, munge: bool = False, at_once: int = 1
) -> Survey:
    """Read the header of every file of a plate, and nothing else.

    `at_once`: folders to be read at the same time. The survey is the same for any order and any
    names of the folders, `warnings` aside (which name some).
    """
    tally = HeaderTally(munge=munge)
    for folder, headers in zip(folders, _all_headers(folders, at_once, munge=munge), strict=True):
        tally.take(folder, headers)
    return tally.survey()


def survey_sample(
    folders: Sequence[SiteFolder], *, munge: bool = False, at_once: int = 1, size: int = SAMPLE
) -> Survey:
    """Read the headers of some folders, those that are likely to be the fullest among them.

    `at_once`: folders to be read at the same time. `size`: folders to be read, about; at least one
    for each object table that a listing names. Which tables a site must have is known from all
    listings, except where `object.csv` holds them. A pass that is given such a survey looks at
    every header it meets.
    """
    chosen = sample(folders, size)
    if len(chosen) == len(folders):
        return survey_headers(folders, munge=munge, at_once=at_once)
    tally = HeaderTally(munge=munge)
    for folder, headers in zip(chosen, _all_headers(chosen, at_once, munge=munge), strict=True):
        tally.take(folder, headers)
    names = {folder.name for folder in chosen}
    for folder in folders:
        if folder.name not in names:
            tally.take(folder, (_listed_tables(site_files(folder), munge=munge), {}))
    return tally.survey(sampled=True)


def sample(folders: Sequence[SiteFolder], size: int) -> list[SiteFolder]:
    """Choose the folders whose headers are read first.

    Sorted by name, these are those with the largest `Image.csv` (a short one is that of an image
    that failed quality control), one for each object table, and others evenly spread.
    """
    ordered = sorted(folders, key=lambda folder: folder.name)
    files = [site_files(folder) for folder in ordered]
    by_size = sorted(range(len(ordered)), key=lambda at: -_image_bytes(ordered[at], files[at]))
    chosen = dict.fromkeys(by_size[: (size + 1) // 2])
    tables = {table for at in chosen for table in files[at].tables}
    for at in by_size:
        if not tables.issuperset(files[at].tables):
            tables.update(files[at].tables)
            chosen[at] = None
    others = [at for at in range(len(ordered)) if at not in chosen]
    spread = min(size // 2, len(others))
    chosen.update(dict.fromkeys(others[len(others) * n // spread] for n in range(spread)))
    return [ordered[at] for at in sorted(chosen)]


def read_headers(folder: SiteFolder, *, munge: bool) -> _FolderHeaders:
    """Return the object tables of one folder, and the header of each table that has a whole one."""
    files = site_files(folder)
    found: dict[str, _Names] = {}
    if files.image is not None:
        _add(found, IMAGE, read_header(folder.head(files.image)))
    if munge and files.merged is not None:
        header = read_header(folder.head(files.merged), rows=2)
        tables = dict[str, _Names]()
        if header is not None and header.ended:
            tables = compartment_headers(header.folded())
        found.update(tables)
        return frozenset(tables), found
    for table, file in files.tables.items():
        _add(found, table, read_header(folder.head(file)))
    return frozenset(files.tables), found


def _all_headers(
    folders: Sequence[SiteFolder], at_once: int, *, munge: bool
) -> Iterable[_FolderHeaders]:
    read = partial(read_headers, munge=munge)
    if at_once <= 1:
        return map(read, folders)
    with ThreadPoolExecutor(at_once, thread_name_prefix="headers") as workers:
        return list(workers.map(read, folders))


def _listed_tables(files: SiteFiles, *, munge: bool) -> frozenset[str]:
    return frozenset() if munge and files.merged is not None else frozenset(files.tables)


def _image_bytes(folder: SiteFolder, files: SiteFiles) -> int:
    return -1 if files.image is None else folder.files[files.image]


def _add(found: dict[str, _Names], table: str, header: Header | None) -> None:
    if header is not None and header.ended:  # one that was cut must not shape the table
        found[table] = header.folded().names
