"""Sites of a plate: what a folder name tells, and what the load data expects.

Put here: names of site folders, the expected sites of a load data file, when two sites are one.
Do not put here: listing folders (`storage.scan`), reading `Image.csv` (`collate`), verdicts on a
plate (`completeness`).
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from profiling_assets.core.errors import InvalidInputError
from profiling_assets.core.wells import normalized_well

PLATE_COLUMN = "Metadata_Plate"
WELL_COLUMN = "Metadata_Well"
SITE_COLUMN = "Metadata_Site"

_WELL_SITE = re.compile(r"^(?P<well>[A-Za-z]{1,2}[0-9]+)(?:-(?P<site>[0-9]+))?$")
_WHOLE_NUMBER = re.compile(r"^0*([0-9]+?)(?:\.0*)?$")
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, order=True)
class ExpectedSite:
    """A site that the load data names; well and site are its verbatim text."""

    well: str
    site: str


@dataclass(frozen=True)
class SiteName:
    """What a folder name tells: the well as `A01`, the site verbatim; None for what it does not."""

    well: str | None
    site: str | None


def parse_site_folder(folder: str, plate: str) -> SiteName:
    """Read well and site from the name of a site folder.

    Parameters
    ----------
    folder : str
        `PLATE-A01-1`, `PLATE-A01`, `A01-1` or `A01`; other names tell nothing.
    plate : str
        The plate's name, verbatim. A known prefix is stripped and nothing is split at a dash of
        the plate, so plates may hold dashes and may look like a well.

    Returns
    -------
    SiteName
        The well, normalized, and the site as written; `SiteName(None, None)` for other names.
    """
    prefix = f"{plate}-"
    # The whole name is the second choice: for a plate called `A01`, the folder `A01-B02` is well
    # B02 of the plate, and `A01-1` is a folder without the plate.
    rests = (folder[len(prefix) :], folder) if folder.startswith(prefix) else (folder,)
    for rest in rests:
        found = _WELL_SITE.match(rest)
        if found is None:
            continue
        well = normalized_well(found.group("well"))
        if well is not None:
            return SiteName(well, found.group("site"))
    return SiteName(None, None)


def site_identity(well: str, site: str) -> tuple[str, str]:
    """Return what two spellings of one site have in common.

    Parameters
    ----------
    well : str
        As written in load data, in `Image.csv` or in a folder name.
    site : str
        Likewise.

    Returns
    -------
    tuple of str
        The normalized well (the stripped text where it is not a well) and the site without
        leading zeros; `1.0`, which a table with gaps makes of `1`, is `1`.
    """
    number = _WHOLE_NUMBER.match(site.strip())
    return (
        normalized_well(well) or well.strip(),
        site.strip() if number is None else number.group(1),
    )


def expected_sites(data: bytes, *, path: str, plate: str) -> tuple[ExpectedSite, ...]:
    """List the sites of a plate that a load data file names.

    Parameters
    ----------
    data : bytes
        Content of `load_data*.csv`, plain or gzip (told by its first bytes, not by its name).
    path : str
        Where it lies, for messages.
    plate : str
        The plate. Rows of other plates are left out where `Metadata_Plate` holds several; a file
        with one plate, or without the column, is taken whole, whatever it calls the plate.

    Returns
    -------
    tuple of ExpectedSite
        Each site once, in the order of the file; well and site verbatim.

    Raises
    ------
    InvalidInputError
        Where the file cannot be read, lacks a column, names no site, or has rows of several
        plates and none of this one.
    """
    rows = list(_site_rows(_load_data_text(data, path), path))
    plates = sorted({row_plate for row_plate, _ in rows if row_plate})
    if len(plates) > 1:
        if plate not in plates:
            raise InvalidInputError(
                f"it has rows of {len(plates)} plates ({', '.join(plates[:5])}"
                f"{', ...' if len(plates) > 5 else ''}) and none of plate {plate}",
                path=path,
                remedy=f"correct {PLATE_COLUMN}, or put the load data of {plate} there",
            )
        rows = [row for row in rows if row[0] == plate]
    unique: dict[tuple[str, str], ExpectedSite] = {}
    for _, site in rows:
        unique.setdefault(site_identity(site.well, site.site), site)
    if not unique:
        raise InvalidInputError(
            "it names no site",
            path=path,
            remedy="put the load data of the plate there, or remove the file",
        )
    return tuple(unique.values())


def is_image_csv(file: str) -> bool:
    """Tell whether a file is a site's `Image.csv`, in any case of letters."""
    return file.lower() == "image.csv"


def is_input_csv(file: str) -> bool:
    """Tell whether a file is one of the CSVs that a backend is made of."""
    name = file.lower()
    return name.endswith(".csv") and name != "experiment.csv" and not name.startswith(".")


def _load_data_text(data: bytes, path: str) -> str:
    try:
        if data.startswith(_GZIP_MAGIC):
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError(
            "the gzip file is damaged or cut short",
            path=path,
            remedy="copy the file again, or remove it",
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"it is not UTF-8 text (byte {error.start})",
            path=path,
            remedy="save the file as CSV in UTF-8",
        ) from error


def _site_rows(text: str, path: str) -> Iterator[tuple[str, ExpectedSite]]:
    """Yield plate ('' without the column) and site of each row."""
    # newline=None: a CR alone ends a line too (files of old Mac programs)
    lines = io.StringIO(text, newline=None)
    header_line = lines.readline()
    lines.seek(0)
    tabs = "," not in header_line and "\t" in header_line
    reader = csv.reader(lines, delimiter="\t" if tabs else ",")
    try:
        header = [name.strip() for name in next(reader, list[str]())]
        well_at = _position(header, WELL_COLUMN, path)
        site_at = _position(header, SITE_COLUMN, path)
        plate_at = header.index(PLATE_COLUMN) if PLATE_COLUMN in header else None
        for row in reader:
            if not any(field.strip() for field in row):
                continue
            well, site = _field(row, well_at), _field(row, site_at)
            if not well or not site:
                raise InvalidInputError(
                    f"line {reader.line_num} has no {WELL_COLUMN if not well else SITE_COLUMN}",
                    path=path,
                    remedy="correct or remove the line",
                )
            yield _field(row, plate_at), ExpectedSite(well, site)
    except csv.Error as error:
        raise InvalidInputError(
            f"line {reader.line_num} cannot be read as CSV: {error}",
            path=path,
            remedy="correct the line, or remove the file",
        ) from error


def _position(header: list[str], column: str, path: str) -> int:
    if column not in header:
        seen = ", ".join(header[:8]) + (", ..." if len(header) > 8 else "")
        raise InvalidInputError(
            f"it has no column {column}; its columns are: {seen or 'none'}",
            path=path,
            remedy=f"add the column {column}, or remove the file",
        )
    return header.index(column)


def _field(row: list[str], position: int | None) -> str:
    return row[position].strip() if position is not None and position < len(row) else ""
