"""One `Image.csv`: bytes in, one row an image out, or the defect.

Put here: parsing of Image files, whose columns mix numbers and text.
Do not put here: wells and sites of a row (`collate.image_rows`), objects (`collate.object_csv`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from profiling_assets.collate.cell_values import Value, column_values
from profiling_assets.collate.file_defect import (
    Defect,
    bytes_defect,
    count_lines,
    end_note,
    header_defect,
    width_defect,
)
from profiling_assets.collate.header import IMAGE_NUMBER, read_header
from profiling_assets.collate.object_csv import read_rows
from profiling_assets.workspace.ledger import SiteState

VERBATIM = ("Metadata_Plate", "Metadata_Well")


@dataclass(frozen=True)
class ImageRow:
    """One image.

    Attributes
    ----------
    number : int
        Its `ImageNumber`.
    text : mapping of str to str
        Column to cell, verbatim.
    values : mapping of str to value
        Column to what the cell is; `Metadata_Plate` and `Metadata_Well` are text always.
    """

    number: int
    text: Mapping[str, str]
    values: Mapping[str, Value]


@dataclass(frozen=True)
class ImageFile:
    """The rows of one Image file, its columns, and a remark for the ledger."""

    names: tuple[str, ...]
    rows: tuple[ImageRow, ...]
    note: str = ""


def read_image(data: bytes, file: str) -> ImageFile | Defect:
    """Parse an Image file.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for the reason.

    Returns
    -------
    ImageFile or Defect
        At least one row, each with its own `ImageNumber`. Every defect is `unreadable`.
    """
    defect = bytes_defect(data, file, SiteState.UNREADABLE)
    header = read_header(data)
    if defect is not None or header is None:
        reason = defect.reason if defect else f"{file} has no header"
        return _unreadable(reason, defect.rows if defect else max(count_lines(data) - 1, 0))
    body = data[header.body :]
    defect = header_defect(header, body, file, SiteState.UNREADABLE)
    if defect is not None:
        return defect
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
    images = _image_rows(header.names, rows)
    numbers = {image.number for image in images}
    if len(numbers) < len(rows):
        return _unreadable(f"{file} has a row without an {IMAGE_NUMBER} of its own", count)
    return ImageFile(header.names, images, end_note(body, file))


def _unreadable(reason: str, rows: int) -> Defect:
    return Defect(SiteState.UNREADABLE, reason, rows)


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
