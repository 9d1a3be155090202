"""Annotate: give each well of a plate what the plate map and external metadata say about it.

Put here: the wells to join, and the books of what did not join.
Do not put here: the join (`joining`), reading the files (`plate_map`), controls
(`reference_wells`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas and pycytominer ship partial types

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError, PlateMapError, listed
from profiling_assets.profiles.column_kinds import (
    PLATE_COLUMNS,
    column,
)
from profiling_assets.profiles.excluded_wells import Exclusions, exclusion_warnings, no_well_is_left
from profiling_assets.profiles.joining import CLEANED, as_externals, joined_tables, with_batch
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    join_name,
    metadata_name,
)
from profiling_assets.workspace.ledger import WellRecord, WellState
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True, eq=False)
class AnnotateResult:
    """An annotated profile table and its books."""

    # metadata columns first (plate map, external, then the profile's own), rows in the order of the
    # plate map
    frame: pd.DataFrame
    # each well of the plate map, then the wells that it does not have
    wells: tuple[WellRecord, ...]
    warnings: tuple[str, ...]  # what the user should know


def annotate_profiles(
    profiles: pd.DataFrame,
    plate_map: PlateMap,
    *,
    well_column: str,
    platemap_well_column: str,
    external: ExternalMetadata | Sequence[ExternalMetadata] | None,
    key: PlateKey,
    exclusions: Exclusions | None = None,
    of_plate: Mapping[str, str] = MappingProxyType({}),
    add_batch: bool = False,
) -> AnnotateResult:
    """Join a plate's profiles with its plate map and external metadata.

    `external`: more metadata, each joined on columns that are there by then; wells without an entry
    keep empty cells. `of_plate`: columns with one value for the whole plate. `add_batch`: whether
    to add the batch. Raises `PlateMapError` where no well joins or is left, or an external key is
    absent or ambiguous. Raises `InvalidInputError` where `profiles` has no well column. Raises
    `ValueError` where the plate map was read with another well column.
    """
    if metadata_name(platemap_well_column) != plate_map.well_column:
        message = f"the plate map was read by {plate_map.well_column}, not {platemap_well_column}"
        raise ValueError(message)
    profiles = profiles.reset_index(drop=True).rename(columns=CLEANED)
    well_column = CLEANED.get(well_column, well_column)
    if well_column not in profiles.columns:
        raise InvalidInputError(
            f"the profiles of {key} have no column {well_column}",
            remedy="set annotate.well_column to the column that holds the well",
        )
    joined = [join_name(str(well)) for well in column(profiles, well_column).tolist()]
    wells = _books(profiles, joined, plate_map, well_column, exclusions)
    if not set(joined).intersection(plate_map.wells):
        raise no_well_joins(str(key), joined, plate_map)
    warnings = [*plate_map.warnings, *_plate_warnings(profiles, key)]
    if exclusions is not None and exclusions.wells:
        warnings.extend(exclusion_warnings(exclusions, joined))
        stays = [well not in exclusions.wells for well in joined]
        profiles = profiles.loc[stays].reset_index(drop=True)
        joined = [well for well in joined if well not in exclusions.wells]
        if not set(joined).intersection(plate_map.wells):
            raise no_well_is_left(exclusions, key)
    strangers = [record.well for record in wells if record.state is WellState.NOT_IN_PLATE_MAP]
    if strangers:
        warnings.append(dropped_wells_warning(plate_map.path, strangers))
    if add_batch:
        profiles = with_batch(profiles, key)
    externals = as_externals(external)
    frame, remarks = joined_tables(
        profiles, joined, plate_map, externals, well_column=well_column, of_plate=of_plate
    )
    return AnnotateResult(frame=frame, wells=wells, warnings=(*warnings, *remarks))


def no_well_joins(plate: str, wells: Sequence[str], plate_map: PlateMap) -> PlateMapError:
    """Return the error of a plate of which no well is in its plate map."""
    return PlateMapError(
        f"no well of {plate} is in the plate map: the profiles have {listed(wells)}, "
        f"the plate map has {listed(plate_map.wells)}",
        path=plate_map.path,
        remedy="give the plate its own plate map in barcode_platemap.csv, or mend the wells",
    )


def dropped_wells_warning(path: str, wells: Sequence[str]) -> str:
    """Say which wells are dropped, being in no row of the plate map."""
    are = "1 well is" if len(wells) == 1 else f"{len(wells)} wells are"
    dropped = "is dropped" if len(wells) == 1 else "are dropped"
    return f"{are} not in {path} and {dropped}: {listed(wells)}"


def _books(
    profiles: pd.DataFrame,
    joined: Sequence[str],
    plate_map: PlateMap,
    well_column: str,
    exclusions: Exclusions | None,
) -> tuple[WellRecord, ...]:
    excluded = {} if exclusions is None else exclusions.wells
    rows: dict[str, list[int]] = {}
    for row, well in enumerate(joined):
        rows.setdefault(well, []).append(row)
    own = column(profiles, well_column).tolist()
    map_texts = column(plate_map.frame, plate_map.well_column).tolist()
    sites = _counts(profiles, "Metadata_Site_Count")
    cells = _counts(profiles, "Metadata_Object_Count")

    def record(found: list[int], state: WellState, reason: str = "") -> WellRecord:
        # Metadata_Site_Count is that of the well, also in each row of a table with a row a site
        return WellRecord(
            well=str(own[found[0]]),
            state=state,
            reason=reason,
            sites=int(sites[found].max()),
            cells=int(cells[found].sum()),
        )

    records: list[WellRecord] = []
    for well, text in zip(plate_map.wells, map_texts, strict=True):
        if well in rows and well in excluded:
            records.append(record(rows[well], WellState.EXCLUDED, excluded[well]))
        elif well in rows:
            records.append(record(rows[well], WellState.PROFILE))
        else:
            reason = "in the plate map, without a profile"
            records.append(WellRecord(text, WellState.NO_PROFILE, reason))
    known = set(plate_map.wells)
    records.extend(
        record(found, WellState.EXCLUDED, excluded[well])
        if well in excluded
        else record(found, WellState.NOT_IN_PLATE_MAP, f"not in {plate_map.path}; dropped")
        for well, found in rows.items()
        if well not in known
    )
    return tuple(records)


def _counts(profiles: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if name not in profiles.columns or not pd.api.types.is_numeric_dtype(column(profiles, name)):
        return np.zeros(len(profiles))
    return np.nan_to_num(column(profiles, name).to_numpy(dtype=np.float64))


def _plate_warnings(profiles: pd.DataFrame, key: PlateKey) -> list[str]:
    name = PLATE_COLUMNS[0]
    if name not in profiles.columns:
        return []
    others = sorted({str(text) for text in column(profiles, name).tolist()} - {key.plate})
    return [f"Metadata_Plate of {key} says {listed(others)}"] if others else []
