"""Sites of a plate: what a folder name tells, and what the load data expects.

Put here: names of site folders, the expected sites of a load data file, when two sites are one.
Do not put here: listing folders (`scan_workspace`), reading `Image.csv` (`collate`), verdicts on a
plate (`completeness`).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.workspace.compression import unpacked
from profiling_assets.workspace.names import normalized_well

PLATE_COLUMN = "Metadata_Plate"
WELL_COLUMN = "Metadata_Well"
SITE_COLUMN = "Metadata_Site"

_WELL_SITE = re.compile(r"^(?P<well>[A-Za-z]{1,2}[0-9]+)(?:-(?P<site>[0-9]+))?$")
_WHOLE_NUMBER = re.compile(r"^([0-9]+)(?:\.0*)?$")
# The sites of one plate are those of the next, spelled alike: more than the 3,456 of a usual plate
# and the 13,824 of a plate of 1,536 wells.
_REMEMBERED = 32_768


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

    `PLATE-A01-1`, `PLATE-A01`, `A01-1` and `A01` tell something, other names nothing. The plate's
    name is stripped where it stands in front, and nothing is split at a dash of it, so plates may
    hold dashes and may look like a well. A folder called as its plate is that of the whole plate.
    """
    if folder == plate:
        return SiteName(None, None)
    prefix = f"{plate}-"
    # The whole name is the second choice: for a plate called `A01`, the folder `A01-B02` is well
    # B02 of the plate, and `A01-1` is a folder without the plate.
    rests = (folder[len(prefix) :], folder) if folder.startswith(prefix) else (folder,)
    for rest in rests:
        name = _well_site(rest)
        if name.well is not None:
            return name
    return SiteName(None, None)


@lru_cache(maxsize=_REMEMBERED)
def _well_site(text: str) -> SiteName:
    found = _WELL_SITE.match(text)
    well = None if found is None else normalized_well(found.group("well"))
    return SiteName(None, None) if found is None or well is None else SiteName(well, found["site"])


@lru_cache(maxsize=_REMEMBERED)
def site_identity(well: str, site: str) -> tuple[str, str]:
    """Return what two spellings of one site have in common.

    These are the normalized well (the stripped text where it is not a well) and the site without
    leading zeros; `1.0`, which a table with gaps makes of `1`, is `1`.
    """
    number = _WHOLE_NUMBER.match(site.strip())
    return (
        normalized_well(well) or well.strip(),
        site.strip() if number is None else number.group(1).lstrip("0") or "0",
    )


def expected_sites(data: bytes, *, path: str, plate: str) -> tuple[ExpectedSite, ...]:
    """List the sites of a plate that a load data file names, each once, in the order of the file.

    `data`: content of `load_data*.csv`, plain or gzip (told by its first bytes, not by its name).
    Rows of other plates are left out where `Metadata_Plate` holds several; a file with one plate,
    or without the column, is taken whole, whatever it calls the plate. Well and site are verbatim.
    Raises `InvalidInputError` where
    the file cannot be read, lacks a column, names no site, or has rows of several plates and none
    of this one.
    """
    rows = list(_site_rows(_load_data_text(data, path), path))
    plates = sorted({row_plate for row_plate, _, _ in rows if row_plate})
    if len(plates) > 1:
        if plate not in plates:
            raise InvalidInputError(
                f"it has rows of {len(plates)} plates ({listed(plates)}) and none of plate {plate}",
                path=path,
                remedy=f"correct {PLATE_COLUMN}, or put the load data of {plate} there",
            )
        rows = [row for row in rows if row[0] == plate]
    unique: dict[tuple[str, str], ExpectedSite] = {}
    for _, well, site in rows:
        identity = site_identity(well, site)
        if identity not in unique:
            unique[identity] = _expected_site(well, site)
    if not unique:
        raise InvalidInputError(
            "it names no site",
            path=path,
            remedy="put the load data of the plate there, or remove the file",
        )
    return tuple(unique.values())


@lru_cache(maxsize=_REMEMBERED)
def _expected_site(well: str, site: str) -> ExpectedSite:
    return ExpectedSite(well, site)


@lru_cache(maxsize=_REMEMBERED)
def is_image_csv(file: str) -> bool:
    """Tell whether a file is a site's `Image.csv`, in any case of letters."""
    return file.lower() == "image.csv"


@lru_cache(maxsize=_REMEMBERED)
def is_input_csv(file: str) -> bool:
    """Tell whether a file is one of the CSVs that a backend is made of."""
    name = file.lower()
    return name.endswith(".csv") and name != "experiment.csv" and not name.startswith(".")


def _load_data_text(data: bytes, path: str) -> str:
    try:
        return unpacked(data, path=path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"it is not UTF-8 text (byte {error.start})",
            path=path,
            remedy="save the file as CSV in UTF-8",
        ) from error


def _site_rows(text: str, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield plate ('' without the column), well and site of each row."""
    # newline=None: a CR alone ends a line too (files of old Mac programs)
    lines = io.StringIO(text, newline=None)
    header_line = lines.readline()
    lines.seek(0)
    separator = "\t" if "," not in header_line and "\t" in header_line else ","
    reader = csv.reader(lines, delimiter=separator)
    try:
        header = [name.strip() for name in next(reader, list[str]())]
        well_at = _position(header, WELL_COLUMN, path)
        site_at = _position(header, SITE_COLUMN, path)
        plate_at = header.index(PLATE_COLUMN) if PLATE_COLUMN in header else None
        last = max(well_at, site_at, -1 if plate_at is None else plate_at)
        rows: Iterable[tuple[int, list[str]]] = (
            ((reader.line_num, row) for row in reader)
            if '"' in text
            # without quotes a line is a row, and splitting it takes half the time
            else enumerate((line.rstrip("\n").split(separator) for line in lines), start=2)
        )
        for number, read in rows:
            row = read if len(read) > last else read + [""] * (last + 1 - len(read))
            well, site = row[well_at].strip(), row[site_at].strip()
            if not well or not site:
                if not any(field.strip() for field in row):
                    continue
                raise InvalidInputError(
                    f"line {number} has no {WELL_COLUMN if not well else SITE_COLUMN}",
                    path=path,
                    remedy="correct or remove the line",
                )
            yield "" if plate_at is None else row[plate_at].strip(), well, site
    except csv.Error as error:
        raise InvalidInputError(
            f"line {reader.line_num} cannot be read as CSV: {error}",
            path=path,
            remedy="correct the line, or remove the file",
        ) from error


def _position(header: list[str], column: str, path: str) -> int:
    if column not in header:
        raise InvalidInputError(
            f"it has no column {column}; its columns are: {listed(header) or 'none'}",
            path=path,
            remedy=f"add the column {column}, or remove the file",
        )
    return header.index(column)
