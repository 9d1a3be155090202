"""One `Image.csv`: bytes in, one row an image out, or the defect; then its plate, well and site.

Put here: parsing of Image files, whose columns mix numbers and text, and what is filled into a row
before it goes to the backend.
Do not put here: objects (`object_csv`), names of site folders (`workspace.sites`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from profiling_assets.collate.header import IMAGE_NUMBER, Header, folded, folded_names, read_header
from profiling_assets.collate.object_csv import read_rows
from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.names import normalized_well
from profiling_assets.workspace.site_folder import IMAGE
from profiling_assets.workspace.sites import SiteName, site_identity

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


NO_NUMBER = f"has no column {IMAGE_NUMBER}"
NO_WELL = ", and the folder's name tells no well"
_SEMICOLONS = "is separated by semicolons, as a spreadsheet saves a CSV file in some countries"


def image_header_problem(header: Header, file: str) -> str | None:
    """Say why an Image file with this header cannot be used; None where it may be."""
    if IMAGE_NUMBER in header.names:
        return None
    if len(header.names) == 1 and header.names[0].count(";") > 1:
        return f"{file} {_SEMICOLONS}"
    return f"{file} {NO_NUMBER}"


def remedy_of(reason: str) -> str:
    """Say what can be done about Image files that cannot be used, by the reason of one."""
    if NO_NUMBER in reason:
        return (
            f"export {IMAGE_NUMBER} too: in CellProfiler's ExportToSpreadsheet, do not select "
            "measurements, or select it"
        )
    if _SEMICOLONS in reason:
        return "put the files as CellProfiler wrote them there, or export them again"
    return "check that the Image.csv files are whole"


def like_wells(names: Iterable[str], well_column: str) -> tuple[str, ...]:
    """Return the columns that may hold the well, by their names, beside the one that should."""
    return tuple(sorted(n for n in names if "well" in n.lower() and n != well_column))


def well_remedy(like: Sequence[str]) -> str:
    """Say what can be done where nothing tells a site's well; `like`: as `like_wells` has them."""
    shown = f" (as {listed(like)})" if like else ""
    return (
        f"name the column with the well in aggregate.well_column{shown}, name site folders "
        "PLATE-WELL-SITE, or add Metadata_Well to Image.csv"
    )


def read_image(
    data: bytes, file: str, *, only: Callable[[str], bool] | None = None
) -> ImageFile | FileDefect:
    """Parse an Image file.

    It has at least one row, each with its own `ImageNumber`. Every defect is `unreadable`. `only`:
    which columns are wanted besides that; None for all.
    """
    defect = bytes_defect(data, file, SiteState.UNREADABLE)
    header = read_header(data)
    if defect is not None or header is None:
        reason = defect.reason if defect else f"{file} has no header"
        return _unreadable(reason, defect.rows if defect else max(count_lines(data) - 1, 0))
    body = data[header.body :]
    count = count_lines(body)
    problem = image_header_problem(header, file)
    if problem is not None:
        return _unreadable(problem, count)
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
    if only is not None:
        chosen = [at for at, name in enumerate(names) if name == IMAGE_NUMBER or only(name)]
        names = tuple(names[at] for at in chosen)
        rows = [[row[at] for at in chosen] for row in rows]
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
    text: Mapping[str, str]  # the row, verbatim
    note: str = ""  # a remark for the ledger


class ImageRows:
    """Lays out the Image rows of one plate, and remembers what was filled in.

    `plate_column_from`: a column that stands in for an absent `Metadata_Plate`. `well_column`: the
    column with the well; where it is empty, `Metadata_Well` counts, then the folder's name.
    `split`: whether rows of other plates are left out.
    """

    def __init__(
        self,
        plate: str,
        plate_column_from: str | None,
        well_column: str = _WELL,
        *,
        split: bool = False,
    ) -> None:
        self._plate = plate
        self._column = plate_column_from
        self._well_column = well_column
        self._split = split
        self._misplaced: dict[str, str] = {}
        self._filled: dict[str, int] = {}
        self._other_plates: dict[str, int] = {}
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
        well = _cell(row, names, self._well_column).strip() or well
        note = self._placed(name, well, site)
        filled = {_PLATE: plate, _WELL: well, _SITE: site}
        if not plate:
            stand_in = _cell(row, names, self._column) if self._column else ""
            filled[_PLATE] = stand_in or self._plate
            self._count("" if stand_in else _PLATE)
        elif plate != self._plate:
            self._other_plates[plate] = self._other_plates.get(plate, 0) + 1
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
        filled.setdefault(self._well_column, filled[_WELL])
        for column in (_PLATE, _WELL, self._well_column):  # without the blanks around them, too
            place = layout.position(column)
            if filled[column] and place is not None:
                values[place] = filled[column]
        told = (filled[_PLATE], filled[_WELL], filled[_SITE])
        return SiteImage(row.number, *told, tuple(values), row.text, note)

    def _placed(self, name: SiteName, well: str, site: str) -> str:
        """Compare what the folder's name tells with what the row says, which counts."""
        other_well = bool(name.well and well and name.well != (normalized_well(well) or well))
        other_site = bool(
            name.site and site and site_identity("", name.site) != site_identity("", site)
        )
        if not other_well and not other_site:
            return ""
        named, told = _place(name.well or "", name.site or ""), _place(well, site)
        self._misplaced.setdefault(named, told)
        return f"the folder is named {named}, its Image.csv says {told}, which counts"

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
        """Say what was filled in, and what is odd of the sites."""
        sources = {_PLATE: f"the plate's name {self._plate}", _WELL: "the folder's name"}
        filled = [
            f"{count} Image rows have no {column}: taken from {sources[column]}"
            for column, count in sorted(self._filled.items())
        ]
        return (*filled, *self.disagreements(), *self.other_plates())

    def disagreements(self) -> tuple[str, ...]:
        """Say where Image files and folders disagree on who a site is."""
        warnings: list[str] = []
        if self._respelled:
            some = listed(f"{well} as {first}" for well, first in self._respelled.items())
            warnings.append(
                f"{_WELL} in Image.csv spells {len(self._respelled)} wells in two ways, taken for "
                f"one each: {some}"
            )
        if self._misplaced:
            some = listed(f"{named} holds {told}" for named, told in self._misplaced.items())
            warnings.append(
                f"{len(self._misplaced)} folders hold the Image.csv of another site than their "
                f"names tell, and what Image.csv says counts: {some}"
            )
        return tuple(warnings)

    def other_plates(self) -> tuple[str, ...]:
        """Say which other plates the Image files name."""
        if not self._other_plates:
            return ()
        others = listed(sorted(self._other_plates))
        if not self._split:
            what = f"{_PLATE} in Image.csv is {others}, the plate's folder is called {self._plate}"
            return (f"{what}: kept as it is",)
        rows = sum(self._other_plates.values())
        what = f"{rows} Image rows are of {others} and not of {self._plate}: left out"
        return (f"{what} (collate.split_plates); each plate needs a folder with its rows",)


def _place(well: str, site: str) -> str:
    return f"{well}-{site}" if site else well


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
