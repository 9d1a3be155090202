"""Plate maps, the list of which plate has which, and external metadata: bytes in, frames out.

Put here: reading what people write by hand or in a spreadsheet, and naming the line that is wrong.
Do not put here: joining them with profiles (`annotate`), finding the files
(`workspace.plate_map_files`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from profiling_assets.errors import InvalidNameError, PlateMapError, listed
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.hand_written import HandMadeTable, read_hand_made
from profiling_assets.workspace.names import checked_name, normalized_well

BARCODE = "Assay_Plate_Barcode"
PLATE_MAP_NAME = "Plate_Map_Name"
WELL_POSITION = "Metadata_well_position"


@dataclass(frozen=True, eq=False)
class PlateMap:
    """What is in each well of a plate."""

    path: str  # for messages
    # one row a well in file order, verbatim text, columns `Metadata_*`; the index is the number of
    # the line in the file
    frame: pd.DataFrame
    well_column: str  # the column that holds the well
    wells: tuple[str, ...]  # the name by which each row is joined (`A01` for `a1`)
    ignored_rows: int  # rows without a well, blank lines not counted
    warnings: tuple[str, ...]  # what the user should know, and need not mend


@dataclass(frozen=True, eq=False)
class ExternalMetadata:
    """A table with more about each perturbation, joined on a column of the plate map."""

    path: str  # for messages
    frame: pd.DataFrame  # as `read_external_metadata` returns it
    merge_column: str  # the column to join on, with or without `Metadata_`


def read_barcode_platemap(data: bytes, *, path: str) -> dict[str, str]:
    """Read which plate has which plate map.

    `data`: `barcode_platemap.csv`; commas, tabs or semicolons, any line ends, with or without BOM.
    Plate to plate map name, verbatim text, in file order. A plate without a name has ''. Raises
    `PlateMapError` where a column is missing, or a plate has two different plate maps.
    """
    table = read_hand_made(data, path=path, expected=(BARCODE, PLATE_MAP_NAME))
    _require(table, (BARCODE, PLATE_MAP_NAME), path)
    first_line: dict[str, int] = {}
    names: dict[str, str] = {}
    plates = table.values(BARCODE)
    for line, plate, name in zip(table.lines, plates, table.values(PLATE_MAP_NAME), strict=True):
        plate, name = plate.strip(), name.strip()  # noqa: PLW2901 - the verbatim cell is not needed
        if not plate:
            continue
        if names.setdefault(plate, name) != name:
            raise PlateMapError(
                f"plate {plate} has the plate map {names[plate]!r} in line {first_line[plate]} "
                f"and {name!r} in line {line}",
                path=path,
                remedy="keep one of the two lines",
            )
        first_line.setdefault(plate, line)
    return names


def _require(table: HandMadeTable, names: tuple[str, ...], path: str) -> None:
    missing = [name for name in names if name not in table.names]
    if missing:
        raise PlateMapError(
            f"there is no column {missing[0]}; the columns are {', '.join(table.names)}",
            path=path,
            remedy=f"write a header line with {', '.join(names)}",
        )


def plate_map_name_of(plate: str, barcode_map: Mapping[str, str], *, path: str) -> str:
    """Return the name of a plate's plate map.

    The name of the file without its suffix, a safe file name. Raises `PlateMapError` where the
    plate has no entry, or one that cannot be a file name.
    """
    name = barcode_map.get(plate)
    if not name:
        digits = plate.lstrip("0")
        alike = [known for known in barcode_map if known != plate and known.lstrip("0") == digits]
        hint = f" ({alike[0]!r} is: a spreadsheet takes leading zeros away)" if alike else ""
        missing = "is not listed" if name is None else "has no plate map name"
        raise PlateMapError(
            f"plate {plate} {missing}{hint}",
            path=path,
            remedy=f"add a line with {plate} and the name of its plate map",
        )
    try:
        return checked_name(name, "plate map")
    except InvalidNameError as error:
        raise PlateMapError(error.what, path=path, remedy=error.remedy) from error


def read_plate_map(data: bytes, *, path: str, well_column: str = WELL_POSITION) -> PlateMap:
    """Read a plate map.

    `data`: `.txt` (tabs) or `.csv`; the separator is found, any line ends, with or without BOM.
    `well_column`: the column that holds the well (the config's `platemap_well_column`), with or
    without `Metadata_`. Raises `PlateMapError` where the well column is missing, or a well is there
    twice, identical rows too.
    """
    key = metadata_name(well_column)
    short = key.removeprefix("Metadata_")
    table = read_hand_made(data, path=path, expected=(short, key))
    frame = _with_metadata_names(table, path)
    if key not in frame.columns:
        raise PlateMapError(
            f"there is no column {short}; the columns are {', '.join(table.names)}",
            path=path,
            remedy=f"name the column with the wells {short}, or set platemap_well_column",
        )
    wells = [join_name(text) for text in column(frame, key).tolist()]
    lines: dict[str, list[int]] = {}
    for well, line in zip(wells, table.lines, strict=True):
        lines.setdefault(well, []).append(line)
    ignored = lines.pop("", [])
    twice = {well: found for well, found in lines.items() if len(found) > 1}
    if twice:
        several = "; ".join(f"{well} in lines {listed(found)}" for well, found in twice.items())
        raise PlateMapError(
            f"wells are there more than once: {several}",
            path=path,
            remedy="keep one row for each well",
        )
    if not lines:
        raise PlateMapError("there is no well in it", path=path, remedy="write a row for each well")
    warnings = list(table.warnings)
    if "Metadata_plate_map_name" not in frame.columns:
        warnings.append("it has no column plate_map_name, which the handbook asks for")
    if ignored:
        warnings.append(f"rows without a well are ignored: lines {listed(ignored)}")
    return PlateMap(
        path=path,
        frame=frame.loc[[well != "" for well in wells]],
        well_column=key,
        wells=tuple(well for well in wells if well),
        ignored_rows=len(ignored),
        warnings=tuple(warnings),
    )


def _with_metadata_names(table: HandMadeTable, path: str) -> pd.DataFrame:
    frame = table.frame()
    names = [metadata_name(name) for name in table.names]
    counts = Counter(names)
    twice = [name for name in names if counts[name] > 1]
    if twice:
        raise PlateMapError(
            f"column {twice[0]} is there with and without Metadata_ in front",
            path=path,
            remedy="keep one of the two",
        )
    return frame.set_axis(names, axis="columns")


def join_name(well: str) -> str:
    """Return the name by which a well is joined: `A01` for `a1`; other text without blanks."""
    return normalized_well(well) or well.strip()


def metadata_name(name: str) -> str:
    """Return a column's name with `Metadata_` in front, as pycytominer writes it."""
    return name if name.startswith("Metadata_") else f"Metadata_{name}"


def read_external_metadata(data: bytes, *, path: str) -> pd.DataFrame:
    """Read external metadata.

    `data`: `.tsv` or `.csv`; the separator is found, any line ends, with or without BOM. Verbatim
    text, columns named as in the file; the index is the number of the line. Raises `PlateMapError`
    where it is not a table.
    """
    return read_hand_made(data, path=path).frame()


def checked_external(
    external: ExternalMetadata, plate_map: PlateMap, columns: Collection[str]
) -> tuple[ExternalMetadata, list[str]]:
    """Refuse external metadata that cannot be joined, or would give a well several profiles.

    The table without repeated rows, and what the user should know. Raises `PlateMapError` where the
    column to join on is absent, or has a value twice with different rows.
    """
    on = metadata_name(external.merge_column)
    named = external.frame.rename(columns={name: metadata_name(name) for name in external.frame})
    if on not in named.columns:
        raise PlateMapError(
            f"there is no column {external.merge_column}; the columns are "
            f"{', '.join(external.frame.columns)}",
            path=external.path,
            remedy="set annotate.external.merge_column to a column of this file",
        )
    if on not in plate_map.frame.columns and on not in columns:
        raise PlateMapError(
            f"there is no column {external.merge_column} to join {external.path} on",
            path=plate_map.path,
            remedy="add the column, or set annotate.external.merge_column to another",
        )
    different = external.frame.loc[~external.frame.duplicated()]
    keys = column(named.loc[different.index], on)
    twice = keys.loc[keys.duplicated(keep=False)]
    if len(twice):
        value = twice.iloc[0]
        lines = ", ".join(str(line) for line in twice.index[twice.to_numpy() == value])
        raise PlateMapError(
            f"{external.merge_column} {value!r} is there more than once, with different rows: "
            f"lines {lines}; a well would get as many profiles",
            path=external.path,
            remedy="keep one row for each",
        )
    same = len(external.frame) - len(different)
    remark = [f"{external.path}: {same} rows repeat another one exactly; ignored"] if same else []
    return ExternalMetadata(external.path, different, external.merge_column), remark


def unmatched_external(frame: pd.DataFrame, external: ExternalMetadata) -> list[str]:
    """Say which values of the column to join on have no row in the external metadata."""
    on = metadata_name(external.merge_column)
    short = on.removeprefix("Metadata_")
    name = on if on in external.frame.columns else short
    known = set(column(external.frame, name).tolist())
    lacking = sorted({str(text) for text in column(frame, on).tolist()} - known - {""})
    if not lacking:
        return []
    return [f"{external.path} has no row for {len(lacking)} {short}: {listed(lacking)}"]
