"""All object tables of one site folder.

Put here: which files of a folder hold its objects, read into blocks or found defective.
Do not put here: parsing of one file (`object_csv`), what follows for the site (`site_state`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from profiling_assets.collate.block import Block, places_of, to_block
from profiling_assets.collate.column_types import ColumnTypes
from profiling_assets.collate.columns import Survey, is_usable
from profiling_assets.collate.file_defect import FileDefect
from profiling_assets.collate.header import Header, read_header
from profiling_assets.collate.object_csv import (
    ObjectRows,
    column_sources,
    key_number_defect,
    read_objects,
    split_compartments,
)
from profiling_assets.collate.options import CollateOptions
from profiling_assets.collate.table_choice import required_tables
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.site_folder import IMAGE, SiteFiles, SiteFolder


@dataclass(frozen=True)
class SiteObjects:
    """The objects of one folder."""

    blocks: Mapping[str, Block]  # table to its objects, for the files that can be used
    # table to what is wrong with its file
    defects: Mapping[str, FileDefect] = field(default_factory=dict[str, FileDefect])
    absent: tuple[str, ...] = ()  # tables that a site must have and this one has no file for
    notes: tuple[str, ...] = ()  # remarks for the ledger
    # headers that the survey does not know; their rows are in no block
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    required: frozenset[str] = frozenset()  # tables without which no other is kept
    # table to the columns that its file has twice
    folded: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def tables(self) -> frozenset[str]:
        """The tables that the folder has a file of."""
        return frozenset({*self.blocks, *self.defects})


class ObjectReader:
    """Reads the object tables of the folders of one plate.

    `types`: which columns to read exactly, and which as text. `options`: whether `object.csv` is to
    be split, and which tables the config names. `doubted`: table and header of files that were
    taken for cut, as no file had such a whole header.
    """

    def __init__(self, survey: Survey, types: ColumnTypes, options: CollateOptions) -> None:
        self._types = types
        self._munge = options.munge
        self._compartments = options.compartments
        self._take(survey)
        self._places: dict[tuple[str, tuple[str, ...]], list[int] | None] = {}
        self.doubted: set[tuple[str, tuple[str, ...]]] = set()

    def grow(self, survey: Survey) -> None:
        """Read what follows in the columns of a survey that the former one grows into."""
        self._take(survey)
        self._places.clear()

    def _take(self, survey: Survey) -> None:
        presence = survey.presence
        self._survey = survey
        self._required = required_tables(presence, self._compartments)
        self._common = presence.common

    def read(self, folder: SiteFolder, files: SiteFiles) -> SiteObjects:
        """Read a folder's object tables."""
        if self._munge and files.merged is not None:
            read = self._read_merged(folder, files.merged)
        else:
            read = {
                table: self._read_table(folder, table, file)
                for table, file in files.tables.items()
                if table in self._survey.tables or self._may_be_new(folder, table, file)
            }
        for file, table in files.clashes.items():
            if table in read:
                reason = f"{file} and {files.tables[table]} make the same table"
                read[table] = FileDefect(SiteState.RAGGED, reason, _row_count(read[table]))
        return self._sorted_out(read)

    def _sorted_out(self, read: Mapping[str, ObjectRows | FileDefect]) -> SiteObjects:
        blocks: dict[str, Block] = {}
        defects: dict[str, FileDefect] = {}
        unseen: dict[str, tuple[str, ...]] = {}
        folded: dict[str, tuple[str, ...]] = {}
        notes: list[str] = []
        for table, rows in read.items():
            if isinstance(rows, FileDefect):
                defects[table] = rows
                continue
            places = self._places_of(table, rows.names)
            if places is None:
                unseen[table] = rows.names
                continue
            layout = self._survey.tables[table]
            lacking = 0
            if len(places) < len(layout.columns):
                lacking = len({layout.position(n) for n in layout.complete}.difference(places))
            if lacking:
                notes.append(f"{table} lacks {lacking} columns of the most complete site")
            notes.append(rows.note)
            blocks[table] = to_block(rows, layout, places)
            if rows.folded:
                folded[table] = rows.folded
        absent = [table for table in self._survey.tables if table not in (IMAGE, *read)]
        required = tuple(table for table in absent if table in self._required)
        notes += [
            f"there is no {table}.csv"
            for table in absent
            if table in self._common and table not in required
        ]
        return SiteObjects(blocks, defects, required, tuple(notes), unseen, self._required, folded)

    def _places_of(self, table: str, names: tuple[str, ...]) -> list[int] | None:
        key = (table, names)
        if key not in self._places:
            layout = self._survey.tables.get(table)
            self._places[key] = None if layout is None else places_of(layout, names)
        return self._places[key]

    def _may_be_new(self, folder: SiteFolder, table: str, file: str) -> bool:
        header = read_header(folder.head(file))
        return header is not None and header.ended and is_usable(table, header.names)

    def _read_table(self, folder: SiteFolder, table: str, file: str) -> ObjectRows | FileDefect:
        data = folder.read(file)
        header = read_header(data)
        if header is not None and not header.ended:
            # Nothing after a header without its line end tells whether the header was cut.
            known = self._survey.headers.get(table, frozenset())
            names = header.folded().names
            if names not in known:
                self.doubted.add((table, names))
                return FileDefect(SiteState.TRUNCATED, f"{file} is cut off in its header")
        places = None if header is None else self._places_of(table, header.names)
        whole, text = self._kinds(table, places)
        return _checked(read_objects(data, file, whole=whole, text=text, header=header), file)

    def _kinds(self, table: str, places: list[int] | None) -> tuple[frozenset[int], frozenset[int]]:
        """Return the file's columns to read as whole numbers, and those to read as text."""
        if places is None:
            return frozenset(), frozenset()
        whole, text = self._types.whole(table), self._types.text(table)
        return (
            frozenset(at for at, place in enumerate(places) if place in whole),
            frozenset(at for at, place in enumerate(places) if place in text),
        )

    def _read_merged(self, folder: SiteFolder, file: str) -> dict[str, ObjectRows | FileDefect]:
        data = folder.read(file)
        header = read_header(data, rows=2)
        single = None if header is None else header.folded()
        sources = {} if single is None else column_sources(single)
        usable = {table: at for table, at in sources.items() if table in self._survey.tables}
        if header is None or single is None or not usable:
            state = SiteState.RAGGED if data.strip() else SiteState.EMPTY
            why = "has no compartment with its ImageNumber" if data.strip() else "is empty"
            tables = [table for table in self._survey.tables if table in self._required]
            return {table: FileDefect(state, f"{file} {why}") for table in tables}
        whole, text = self._merged_kinds(single, usable)
        if header.places:
            whole = frozenset(at for at, place in enumerate(header.places) if place in whole)
            text = frozenset(at for at, place in enumerate(header.places) if place in text)
        wide = read_objects(data, file, whole=whole, text=text, header=header)
        if isinstance(wide, FileDefect):
            return dict.fromkeys(usable, wide)
        parts = split_compartments(single, wide)
        return {table: _checked(parts[table], file) for table in usable}

    def _merged_kinds(
        self, header: Header, sources: Mapping[str, tuple[int, ...]]
    ) -> tuple[frozenset[int], frozenset[int]]:
        whole, text = set[int](), set[int]()
        for table, at in sources.items():
            names = tuple(header.names[place] for place in at)
            # ObjectNumber comes second in each part, whatever the wide file calls it
            names = (names[0], "ObjectNumber", *names[2:])
            of_table, texts = self._kinds(table, self._places_of(table, names))
            whole |= {at[place] for place in of_table}
            text |= {at[place] for place in texts}
        return frozenset(whole), frozenset(text)


def _row_count(rows: ObjectRows | FileDefect) -> int:
    return rows.rows if isinstance(rows, FileDefect) else len(rows.values)


def _checked(rows: ObjectRows | FileDefect, file: str) -> ObjectRows | FileDefect:
    if isinstance(rows, FileDefect):
        return rows
    return key_number_defect(rows, file) or rows
