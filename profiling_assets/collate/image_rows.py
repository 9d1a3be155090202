"""Image rows in the backend's columns, with plate, well and site filled in where absent.

Put here: what `Metadata_Plate`, `Metadata_Well` and `Metadata_Site` of an image are.
Do not put here: parsing (`collate.image_csv`), which rows are kept (`collate.site`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from profiling_assets.collate.cell_values import Value, value_of
from profiling_assets.collate.columns import IMAGE_METADATA, Survey, TableLayout
from profiling_assets.collate.header import folded, folded_names
from profiling_assets.collate.image_csv import ImageFile, ImageRow
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.site_folder import IMAGE
from profiling_assets.workspace.sites import SiteName
from profiling_assets.workspace.wells import normalized_well

_PLATE, _WELL, _SITE = IMAGE_METADATA


@dataclass(frozen=True)
class SiteImage:
    """One image of a site.

    Attributes
    ----------
    number : int
        `ImageNumber`.
    plate, well, site : str
        As they go into the backend; empty where unknown.
    values : tuple
        The row, in the columns of the Image table.
    """

    number: int
    plate: str
    well: str
    site: str
    values: tuple[Value, ...]


class ImageRows:
    """Lays out the Image rows of one plate, and remembers what was filled in.

    Parameters
    ----------
    plate : str
        The plate's name, verbatim.
    plate_column_from : str or None
        Column that stands in for an absent `Metadata_Plate`.
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

        Parameters
        ----------
        image : ImageFile
            The rows.
        layout : TableLayout
            The Image table.
        places : sequence of int
            Place in the table of each column of the file.
        name : SiteName
            What the folder's name tells.

        Returns
        -------
        tuple of SiteImage
            One a row; `well` is empty where neither the file nor the folder tells it.
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
            some = ", ".join(
                f"{well} as {first}" for well, first in list(self._respelled.items())[:5]
            )
            warnings.append(
                f"{_WELL} in Image.csv spells {len(self._respelled)} wells in two ways, taken for "
                f"one each: {some}"
            )
        if self._other_plates:
            others = ", ".join(sorted(self._other_plates)[:5])
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

    Parameters
    ----------
    survey : Survey
        The headers.
    plate_column_from : str or None
        The column; not looked at where the files have `Metadata_Plate`.
    path : str
        The plate's analysis folder, for the message.

    Raises
    ------
    InvalidInputError
        Where the column is absent.
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
