"""One `Image.csv`: bytes in, one row an image out, or the defect; then its plate, well and site.

Put here: parsing of Image files, whose columns mix numbers and text, and what is filled into a row
before it goes to the backend.
Do not put here: objects (`object_csv`), names of site folders (`workspace.sites`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from profiling_assets.collate.cell_values import Value, column_values, value_of
from profiling_assets.collate.columns import IMAGE_METADATA, Survey, TableLayout
from profiling_assets.collate.file_defect import (
    FileDefect,
    bytes_defect,
    count_lines,
    end_note,
    unequal_defect,
    width_defect,
)
from profiling_assets.collate.header import (
    IMAGE_NUMBER,
    Header,
    folded,
    folded_names,
    read_header,
)
from profiling_assets.collate.object_csv import read_rows
from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.names import normalized_well
from profiling_assets.workspace.site_folder import IMAGE
from profiling_assets.workspace.sites import SiteName

VERBATIM = ("Metadata_Plate", "Metadata_Well")
_PLATE, _WELL, _SITE = IMAGE_METADATA


@dataclass(frozen=True)
class ImageRow:
    """One image."""

    number: int  # its `ImageNumber`
    text: Mapping[str, str]  # column to cell, verbatim
    # column to what the cell is; `Metadata_Plate` and `Metadata_Well` are text always
    values: Mapping[str, Value]


@dataclass(frozen=True)
class ImageFile:
    """The rows of one Image file, its columns, and a remark for the ledger."""

    names: tuple[str, ...]
    rows: tuple[ImageRow, ...]
    note: str = ""
    # names that the file has twice, with equal values: in `names` once
    folded: tuple[str, ...] = ()


def read_image(data: bytes, file: str) -> ImageFile | FileDefect:
    """Parse an Image file.

    It has at least one row, each with its own `ImageNumber`. Every defect is `unreadable`.
    """
    defect = bytes_defect(data, file, SiteState.UNREADABLE)
    header = read_header(data)
    if defect is not None or header is None:
        reason = defect.reason if defect else f"{file} has no header"
        return _unreadable(reason, defect.rows if defect else max(count_lines(data) - 1, 0))
    body = data[header.body :]
    count = count_lines(body)
    if IMAGE_NUMBER not in header.names:
        return _unreadable(f"{file} has no column {IMAGE_NUMBER}", count)
    if count == 0:
        return _unreadable(f"{file} has no row", 0)
    rows = read_rows(body, header)
    if rows is None:
        return _unreadable(f"{file} cannot be read as CSV", count)
    defect = width_defect(rows, len(header.names), body, file)
    if defect is not None:
        return _unreadable(defect.reason, defect.rows)
    if header.places:
        rows = _folded(rows, header, file)
        if isinstance(rows, FileDefect):
            return rows
    names = header.folded().names
    images = _image_rows(names, rows)
    numbers = {image.number for image in images}
    if len(numbers) < len(rows):
        return _unreadable(f"{file} has a row without an {IMAGE_NUMBER} of its own", count)
    return ImageFile(names, images, end_note(body, file), header.repeated())


def _folded(rows: list[list[str]], header: Header, file: str) -> list[list[str]] | FileDefect:
    """Take columns of one name and equal values once; other columns of one name are a defect."""
    columns = list(zip(*rows, strict=True))
    kept: dict[int, int] = {}
    unequal: dict[str, None] = {}
    for at, place in enumerate(header.places):
        first = kept.setdefault(place, at)
        same = columns[first] == columns[at] or (
            column_values(columns[first])[1] == column_values(columns[at])[1]
        )
        if not same:
            unequal.update({header.names[first]: None, header.names[at]: None})
    if unequal:
        return unequal_defect(unequal, len(rows), file, SiteState.UNREADABLE)
    return [[row[at] for at in kept.values()] for row in rows]


def _unreadable(reason: str, rows: int) -> FileDefect:
    return FileDefect(SiteState.UNREADABLE, reason, rows)


def _image_rows(names: tuple[str, ...], rows: list[list[str]]) -> tuple[ImageRow, ...]:
    columns: list[list[Value]] = []
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        verbatim = name in VERBATIM
        columns.append([c or None for c in cells] if verbatim else column_values(cells)[1])
    images: list[ImageRow] = []
    for place, row in enumerate(rows):
        values = {name: cells[place] for name, cells in zip(names, columns, strict=True)}
        number = values[IMAGE_NUMBER]
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(number, int):
            images.append(ImageRow(number, dict(zip(names, row, strict=True)), values))
    return tuple(images)


@dataclass(frozen=True)
class SiteImage:
    """One image of a site."""

    number: int  # `ImageNumber`
    # plate, well and site as they go into the backend; empty where unknown
    plate: str
    well: str
    site: str
    values: tuple[Value, ...]  # the row, in the columns of the Image table


class ImageRows:
    """Lays out the Image rows of one plate, and remembers what was filled in.

    `plate_column_from`: a column that stands in for an absent `Metadata_Plate`.
    """

    def __init__(self, plate: str, plate_column_from: str | None) -> None:
        self._plate = plate
        self._column = plate_column_from
        self._filled: dict[str, int] = {}
        self._other_plates: dict[str, str] = {}
        self._spellings: dict[str, str] = {}
        self._respelled: dict[str, str] = {}

    def lay_out(
        self, image: ImageFile, layout: TableLayout, places: Sequence[int], name: SiteName
    ) -> tuple[SiteImage, ...]:
        """Lay out the rows of one file.

        `places`: place in the table of each column of the file. `well` of a row is empty where
        neither the file nor the folder tells it.
        """
        return tuple(self._image(row, image.names, layout, places, name) for row in image.rows)

    def _image(
        self,
        row: ImageRow,
        names: tuple[str, ...],
        layout: TableLayout,
        places: Sequence[int],
        name: SiteName,
    ) -> SiteImage:
        values: list[Value] = [None] * len(layout.columns)
        for column, place in zip(names, places, strict=True):
            values[place] = row.values[column]
        plate, well, site = (_cell(row, names, column).strip() for column in IMAGE_METADATA)
        filled = {_PLATE: plate, _WELL: well, _SITE: site}
        if not plate:
            stand_in = _cell(row, names, self._column) if self._column else ""
            filled[_PLATE] = stand_in or self._plate
            self._count("" if stand_in else _PLATE)
        elif plate != self._plate:
            self._other_plates.setdefault(plate, "")
        if well:
            filled[_WELL] = self._spelled(well)
        elif name.well:
            filled[_WELL] = name.well
            self._count(_WELL)
        if not site and name.site:
            filled[_SITE] = name.site
        place = layout.position(_SITE)
        if not site and filled[_SITE] and place is not None:
            values[place] = value_of(filled[_SITE])
        for column in (_PLATE, _WELL):  # without the blanks around them, too
            place = layout.position(column)
            if filled[column] and place is not None:
                values[place] = filled[column]
        return SiteImage(row.number, filled[_PLATE], filled[_WELL], filled[_SITE], tuple(values))

    def _spelled(self, well: str) -> str:
        """Return a well as the plate's first image of it spells it: it is one well, one profile."""
        first = self._spellings.setdefault(normalized_well(well) or well, well)
        if first != well:
            self._respelled.setdefault(well, first)
        return first

    def _count(self, column: str) -> None:
        if column:
            self._filled[column] = self._filled.get(column, 0) + 1

    def warnings(self) -> tuple[str, ...]:
        """Say what was filled in, and which other plate names the Image files hold."""
        sources = {_PLATE: f"the plate's name {self._plate}", _WELL: "the folder's name"}
        warnings = [
            f"{count} Image rows have no {column}: taken from {sources[column]}"
            for column, count in sorted(self._filled.items())
        ]
        if self._respelled:
            some = listed(f"{well} as {first}" for well, first in self._respelled.items())
            warnings.append(
                f"{_WELL} in Image.csv spells {len(self._respelled)} wells in two ways, taken for "
                f"one each: {some}"
            )
        if self._other_plates:
            others = listed(sorted(self._other_plates))
            warnings.append(
                f"{_PLATE} in Image.csv is {others}, the plate's folder is called {self._plate}: "
                "kept as it is"
            )
        return tuple(warnings)


def _cell(row: ImageRow, names: tuple[str, ...], column: str) -> str:
    """Return a cell's text by the column's name in any case; empty where there is none."""
    key, keys = folded(column), folded_names(names)
    return row.text[names[keys.index(key)]] if key in keys else ""


def check_plate_column(survey: Survey, plate_column_from: str | None, path: str) -> None:
    """Refuse a stand-in for `Metadata_Plate` that no Image file has.

    `plate_column_from`: the column; not looked at where the files have `Metadata_Plate`. Raises
    `InvalidInputError` where the column is absent.
    """
    names = {folded(name) for header in survey.headers.get(IMAGE, ()) for name in header}
    if plate_column_from is None or not names or folded(_PLATE) in names:
        return
    if folded(plate_column_from) not in names:
        raise InvalidInputError(
            f"no Image.csv has a column {plate_column_from}, which collate.column names",
            path=path,
            remedy="correct collate.column, or leave it out to take the plate's name",
        )
