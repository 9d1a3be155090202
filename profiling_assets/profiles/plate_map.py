"""Plate maps, the list of which plate has which, and external metadata: bytes in, frames out.

Put here: reading what people write by hand or in a spreadsheet, and naming the line that is wrong.
Do not put here: joining them with profiles (`annotate`), finding the files
(`workspace.plate_map_files`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from profiling_assets.errors import InvalidNameError, PlateMapError, listed, nearest, there_is
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
    # the columns to join on, as the profiles call them, with or without `Metadata_`
    merge_column: str | tuple[str, ...]
    own_column: str | tuple[str, ...] | None = None  # as this table calls them, where otherwise
    warnings: tuple[str, ...] = ()  # what was mended in reading

    @property
    def on(self) -> tuple[str, ...]:
        """The columns to join on, as the profiles call them, with `Metadata_`."""
        return tuple(map(metadata_name, _several(self.merge_column)))

    @property
    def own(self) -> tuple[str, ...]:
        """The columns to join on, as this table calls them."""
        given = _several(self.merge_column if self.own_column is None else self.own_column)
        return tuple(self._called(name) for name in given)

    def _called(self, name: str) -> str:
        alike = [n for n in self.frame.columns if metadata_name(n) == metadata_name(name)]
        return name if name in self.frame.columns or not alike else alike[0]


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def read_barcode_platemap(
    data: bytes,
    *,
    path: str,
    plate_column: str = BARCODE,
    map_column: str = PLATE_MAP_NAME,
) -> dict[str, str]:
    """Read which plate has which plate map.

    `data`: `barcode_platemap.csv`; commas, tabs or semicolons, any line ends, with or without BOM.
    Plate to plate map name, verbatim text, in file order. A plate without a name has ''. Raises
    `PlateMapError` where a column is missing, or a plate has two different plate maps.
    """
    table = _barcode_table(data, path, (plate_column, map_column))
    first_line: dict[str, int] = {}
    names: dict[str, str] = {}
    plates = table.values(plate_column)
    for line, plate, name in zip(table.lines, plates, table.values(map_column), strict=True):
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


def read_plate_metadata(
    data: bytes,
    plate: str,
    *,
    path: str,
    plate_column: str = BARCODE,
    map_column: str = PLATE_MAP_NAME,
) -> dict[str, str]:
    """Read what `barcode_platemap.csv` says of a plate beside its plate map.

    Column, as `Metadata_time_point`, to verbatim text, in file order. Raises `PlateMapError` where
    two lines of the plate differ.
    """
    table = _barcode_table(data, path, (plate_column, map_column))
    further = [name for name in table.names if name not in {plate_column, map_column}]
    plates = [text.strip() for text in table.values(plate_column)]
    rows = [row for row, text in enumerate(plates) if text == plate]
    found: dict[str, str] = {}
    for name in further:
        cells = table.values(name)
        for row in rows:
            if found.setdefault(metadata_name(name), cells[row]) != cells[row]:
                raise PlateMapError(
                    f"plate {plate} has the {name} {cells[rows[0]]!r} in line "
                    f"{table.lines[rows[0]]} and {cells[row]!r} in line {table.lines[row]}",
                    path=path,
                    remedy="keep one of the two lines",
                )
    return found


def _barcode_table(data: bytes, path: str, names: tuple[str, str]) -> HandMadeTable:
    table = read_hand_made(data, path=path, expected=names)
    missing = [name for name in names if name not in table.names]
    if missing:
        raise PlateMapError(
            f"there is no column {missing[0]}; {there_is(missing[0], table.names, what='columns')}",
            path=path,
            remedy=f"call the columns {' and '.join(names)}, or name those that are there in the "
            "config: annotate.barcode_platemap.plate_column and map_column",
        )
    return table


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
        if name is None and not alike:
            hint = f"; {there_is(plate, list(barcode_map), what='plates')}"
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
            f"there is no column {short}; {there_is(short, table.names, what='columns')}",
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


def external_metadata(
    data: bytes, *, path: str, on: tuple[str, ...], own: tuple[str, ...]
) -> ExternalMetadata:
    """Read external metadata, with the columns by which they are to be joined.

    Raises `PlateMapError` where it is not a table.
    """
    table = read_hand_made(data, path=path)
    return ExternalMetadata(path, table.frame(), on, own, table.warnings)


def checked_external(
    external: ExternalMetadata, plate_map: PlateMap, columns: Collection[str]
) -> tuple[ExternalMetadata, list[str]]:
    """Refuse external metadata that cannot be joined, or would give a well several profiles.

    `columns`: what can be joined on beside the plate map's columns. The table without repeated
    rows, and what the user should know. Raises `PlateMapError` where a column to join on is absent,
    or a value is there twice with different rows.
    """
    known = [*plate_map.frame.columns, *(c for c in columns if c not in plate_map.frame.columns)]
    for name, own in zip(external.on, external.own, strict=True):
        if own not in external.frame.columns:
            there = there_is(own, external.frame.columns, what="columns")
            raise PlateMapError(
                f"there is no column {own}; {there}",
                path=external.path,
                remedy="set annotate.external.merge_column to a column of this file",
            )
        if name not in known:
            shown = [n.removeprefix("Metadata_") for n in known]
            raise PlateMapError(
                f"there is no column {name.removeprefix('Metadata_')} to join {external.path} on; "
                f"{there_is(name, shown, what='columns')}",
                path=plate_map.path,
                remedy="add the column, or set annotate.external.merge_column to another",
            )
    different = external.frame.loc[~external.frame.duplicated()]
    keys = different.loc[:, list(external.own)]
    twice = keys.loc[keys.duplicated(keep=False)]
    if len(twice):
        first = tuple(twice.iloc[0])
        alike = [tuple(row) == first for row in twice.itertuples(index=False)]
        lines = ", ".join(str(line) for line in twice.index[alike])
        told = ", ".join(f"{n} {v!r}" for n, v in zip(external.own, first, strict=True))
        raise PlateMapError(
            f"{told} is there more than once, with different rows: "
            f"lines {lines}; a well would get as many profiles",
            path=external.path,
            remedy="keep one row for each",
        )
    same = len(external.frame) - len(different)
    remark = [f"{external.path}: {warning}" for warning in external.warnings]
    if same:
        remark.append(f"{external.path}: {same} rows repeat another one exactly; ignored")
    return replace(external, frame=different), remark


def unmatched_external(frame: pd.DataFrame, external: ExternalMetadata) -> list[str]:
    """Say which values of the columns to join on have no row in the external metadata."""
    known = set(external.frame.loc[:, list(external.own)].itertuples(index=False, name=None))
    texts = frame.loc[:, list(external.on)].astype(object).fillna("").astype(str)
    asked = set(texts.itertuples(index=False, name=None))
    lacking = sorted(values for values in asked - known if any(values))
    if not lacking:
        return []
    short = " and ".join(name.removeprefix("Metadata_") for name in external.on)
    told = listed(" and ".join(values) for values in lacking)
    near = (
        nearest(lacking[0][0], [values[0] for values in known]) if len(external.on) == 1 else None
    )
    hint = f" ({lacking[0][0]!r} is near to its {near!r})" if near else ""
    return [f"{external.path} has no row for {len(lacking)} {short}: {told}{hint}"]
