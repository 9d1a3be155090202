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
from profiling_assets.workspace.file_kind import refuse_foreign
from profiling_assets.workspace.load_data import is_parquet, parquet_rows
from profiling_assets.workspace.names import normalized_well

PLATE_COLUMN = "Metadata_Plate"
WELL_COLUMN = "Metadata_Well"
SITE_COLUMN = "Metadata_Site"

_WELL_SITE = re.compile(r"^(?P<well>[A-Za-z]{1,2}[0-9]+)(?:[-_](?:s|site_?)?(?P<site>[0-9]+))?$")
_SITE = re.compile(r"^(?:[sf]|site|field)?[-_]?(?P<site>[0-9]+)$", re.IGNORECASE)
# `s1`, `Site_1` and `f01`, as microscopes write it
_SITE_NUMBER = re.compile(r"^(?:[sf]|site|field)?[-_ ]?([0-9]+)(?:\.0*)?$", re.IGNORECASE)
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
    """Read well and site from the name of a site folder, or from its path where folders nest.

    `PLATE-A01-1`, `PLATE-A01`, `A01-1`, `A01` and `A01/1` tell something, other names nothing; `_`
    divides as `-` does. The plate's name is stripped where it stands in front, and nothing is split
    at a dash of it, so plates may hold dashes and may look like a well. A folder called as its
    plate is that of the whole plate.
    """
    if folder == plate:
        return SiteName(None, None)
    if "/" in folder:
        return _of_path(folder, plate)
    # The whole name is the second choice: for a plate called `A01`, the folder `A01-B02` is well
    # B02 of the plate, and `A01-1` is a folder without the plate.
    stripped = folder.startswith((f"{plate}-", f"{plate}_"))
    rests = (folder[len(plate) + 1 :], folder) if stripped else (folder,)
    for rest in rests:
        name = _well_site(rest)
        if name.well is not None:
            return name
    return SiteName(None, None)


def _of_path(path: str, plate: str) -> SiteName:
    """Read `A01/1`, `A01/A01-1` or `PLATE/A01/1/csv`: the last that tells a well, and its site."""
    well, site = None, None
    for part in path.split("/"):
        name = parse_site_folder(part, plate)
        if name.well is not None:
            well, site = name.well, name.site
        elif well is not None and site is None:
            found = _SITE.match(part)
            site = None if found is None else found["site"]
    return SiteName(well, site)


def is_site_name(name: str, plate: str) -> bool:
    """Tell whether a folder is named as a well or a site, as `1` within `A01`."""
    return parse_site_folder(name, plate).well is not None or _SITE.match(name) is not None


@lru_cache(maxsize=_REMEMBERED)
def _well_site(text: str) -> SiteName:
    found = _WELL_SITE.match(text)
    well = None if found is None else normalized_well(found.group("well"))
    return SiteName(None, None) if found is None or well is None else SiteName(well, found["site"])


@lru_cache(maxsize=_REMEMBERED)
def site_identity(well: str, site: str) -> tuple[str, str]:
    """Return what two spellings of one site have in common.

    These are the normalized well (the stripped text where it is not a well) and the site without
    leading zeros; `1.0`, which a table with gaps makes of `1`, is `1`; so are `s1` and `Site_1`.
    """
    number = _SITE_NUMBER.match(site.strip())
    return (
        normalized_well(well) or well.strip(),
        site.strip() if number is None else number.group(1).lstrip("0") or "0",
    )


def expected_sites(
    data: bytes, *, path: str, plate: str, well_column: str = WELL_COLUMN
) -> tuple[ExpectedSite, ...]:
    """List the sites of a plate that a load data file names, each once, in the order of the file.

    `data`: content of the load data: CSV, plain or gzip, or Parquet (told by its first bytes, not
    by its name). `well_column`: the column with the well; `Metadata_Well` where it is not there.
    Rows of other plates are left out where `Metadata_Plate` holds several; a file with one plate,
    or without the column, is taken whole, whatever it calls the plate. Well and site are verbatim.
    Raises `InvalidInputError` where the file cannot be read, lacks a column, names no site, or has
    rows of several plates and none of this one.
    """
    rows = list(
        _parquet_rows(data, path, well_column)
        if is_parquet(data)
        else _site_rows(_text_of(data, path), path, well_column)
    )
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


def _text_of(data: bytes, path: str) -> str:
    content = unpacked(data, path=path)
    refuse_foreign(content, path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"it is not UTF-8 text (byte {error.start})",
            path=path,
            remedy="save the file as CSV in UTF-8",
        ) from error


def _parquet_rows(data: bytes, path: str, well_column: str) -> Iterator[tuple[str, str, str]]:
    """Yield plate ('' without the column), well and site of each row."""
    possible = (PLATE_COLUMN, well_column, WELL_COLUMN, SITE_COLUMN)
    names, read, rows = parquet_rows(data, possible, path=path)
    well = well_column if well_column in names else WELL_COLUMN
    wanted = (PLATE_COLUMN, well, SITE_COLUMN)
    for column in wanted[1:]:
        _position(list(names), column, path)
    for number, row in enumerate(rows, start=1):
        cells = dict.fromkeys(wanted, "") | dict(zip(read, map(str.strip, row), strict=True))
        lacking = [column for column in wanted[1:] if not cells[column]]
        if lacking:
            raise InvalidInputError(
                f"row {number} has no {lacking[0]}", path=path, remedy="correct or remove the row"
            )
        yield cells[PLATE_COLUMN], cells[well], cells[SITE_COLUMN]


def _site_rows(text: str, path: str, well_column: str) -> Iterator[tuple[str, str, str]]:
    """Yield plate ('' without the column), well and site of each row."""
    # newline=None: a CR alone ends a line too (files of old Mac programs)
    lines = io.StringIO(text, newline=None)
    header_line = lines.readline()
    lines.seek(0)
    # semicolons: what a spreadsheet makes of it in some countries
    separator = next((mark for mark in ",\t;" if mark in header_line), ",")
    reader = csv.reader(lines, delimiter=separator)
    try:
        header = [name.strip() for name in next(reader, list[str]())]
        well_name = well_column if well_column in header else WELL_COLUMN
        well_at = _position(header, well_name, path)
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
                    f"line {number} has no {well_name if not well else SITE_COLUMN}",
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
        named = " (or name the column in aggregate.well_column)" if column == WELL_COLUMN else ""
        raise InvalidInputError(
            f"it has no column {column}; its columns are: {listed(header) or 'none'}",
            path=path,
            remedy=f"add the column {column}{named}, or remove the file",
        )
    return header.index(column)
