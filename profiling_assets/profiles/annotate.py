"""Annotate: give each well of a plate what the plate map and external metadata say about it.

Put here: the join, and the books of what did not join.
Do not put here: reading the files (`plate_map`), controls (`reference_wells`).
pycytominer's `annotate` does the join, on tables prepared so that `A1` meets `A01`.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas and pycytominer ship partial types

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import cast

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError, PlateMapError, listed
from profiling_assets.profiles.column_kinds import PLATE_COLUMNS, column, is_metadata
from profiling_assets.profiles.excluded_wells import Exclusions, exclusion_warnings, no_well_is_left
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    checked_external,
    join_name,
    metadata_name,
    unmatched_external,
)
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import with_numbers
from profiling_assets.workspace.ledger import WellRecord, WellState
from profiling_assets.workspace.names import PlateKey

_KEY = "Metadata_joined_well__"  # it stands in for both well columns during the join
# What pycytominer's `cp_clean` does after the join; done before it, so that a plate map's own
# column `Well` gets its suffix instead of a second column of the same name.
_CLEANED = {f"Image_Metadata_{name}": f"Metadata_{name}" for name in ("Plate", "Well", "Site")}


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
    external: ExternalMetadata | None,
    key: PlateKey,
    exclusions: Exclusions | None = None,
) -> AnnotateResult:
    """Join a plate's profiles with its plate map and external metadata.

    `external`: more metadata, joined on one of the columns; wells without an entry keep empty
    cells. Raises `PlateMapError` where no well joins or is left, or the external key is absent or
    ambiguous. Raises `InvalidInputError` where `profiles` has no well column. Raises `ValueError`
    where the plate map was read with another well column.
    """
    if metadata_name(platemap_well_column) != plate_map.well_column:
        message = f"the plate map was read by {plate_map.well_column}, not {platemap_well_column}"
        raise ValueError(message)
    profiles = profiles.reset_index(drop=True).rename(columns=_CLEANED)
    well_column = _CLEANED.get(well_column, well_column)
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
    if external is not None:
        external, remark = checked_external(external, plate_map, list(profiles.columns))
        warnings.extend(remark)
    frame = _joined(profiles, joined, plate_map, well_column, external)
    if external is not None:
        warnings.extend(unmatched_external(frame, external))
    return AnnotateResult(frame=frame, wells=wells, warnings=tuple(warnings))


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


def _joined(
    profiles: pd.DataFrame,
    joined: Sequence[str],
    plate_map: PlateMap,
    well_column: str,
    external: ExternalMetadata | None,
) -> pd.DataFrame:
    more = () if external is None else map(metadata_name, external.frame.columns)
    taken = {*profiles.columns, *plate_map.frame.columns, *more}
    key = next(name for name in (_KEY + "_" * n for n in count()) if name not in taken)
    map_frame = plate_map.frame.reset_index(drop=True)
    place = map_frame.columns.get_loc(plate_map.well_column)
    map_frame = map_frame.rename(columns={plate_map.well_column: key})
    map_frame[key] = pd.Series(plate_map.wells, dtype="str")
    own = pd.DataFrame({key: pd.Series(joined, dtype="str")})
    on = None if external is None else metadata_name(external.merge_column)
    frame = cast(
        pd.DataFrame,
        reference().annotate(
            profiles=pd.concat([profiles, own], axis="columns"),
            platemap=map_frame,
            join_on=[key, key],
            external_metadata=None if external is None else external.frame,
            external_join_on=None if on is None else [on],
        ),
    ).reset_index(drop=True)
    if well_column == plate_map.well_column:
        # pandas puts a key of one name where the plate map has it
        own_wells = frame.pop(well_column)
        frame = frame.rename(columns={key: well_column})
        frame[well_column] = own_wells
        names = frame.columns.drop(well_column)
        frame = frame.loc[:, [*names[:place], well_column, *names[place:]]]
    else:
        frame = frame.drop(columns=key)
    texts = [
        name
        for name in frame.columns
        if is_metadata(name) and not pd.api.types.is_numeric_dtype(column(frame, name))
    ]
    return with_numbers(frame.fillna(dict.fromkeys(texts, "")))


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
