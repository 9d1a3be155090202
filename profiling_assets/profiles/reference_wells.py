"""The wells that others are measured by: samples of a query, and negative controls.

Put here: which wells a step is fitted on, what a negative control is, and how many a plate needs.
Do not put here: fitting a scaler on them (`normalize`), selecting features (`feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from profiling_assets.config.queries import ALL, NEGATIVE
from profiling_assets.errors import ControlsError, InvalidInputError, there_is
from profiling_assets.profiles.column_kinds import WELL_COLUMNS, column, is_metadata
from profiling_assets.profiles.samples import Rows, near_misses, taken_rows, takes_none
from profiling_assets.workspace.names import PlateKey

Places = np.ndarray[Any, np.dtype[np.intp]]
OBJECT_COUNT = "Metadata_Object_Count"
CONTROL_TYPE = "Metadata_control_type"
_NEEDED = 2  # one well has no spread
_ADVISED = 8  # fewer give a median absolute deviation that is mostly chance


def samples_query(*queries: str, min_cells: int) -> str:
    """Write one query from several and the least number of cells.

    `queries`: queries as pandas knows them, or `all`. `min_cells`: wells with fewer objects do not
    count; 1 means every well counts.
    """
    parts = [query for query in queries if query != ALL]
    if min_cells > 1:
        parts.append(f"{OBJECT_COUNT} >= {min_cells}")
    if len(parts) < 2:
        return parts[0] if parts else ALL
    return " and ".join(f"({part})" for part in parts)


def sampled_rows(frame: pd.DataFrame, query: str, *, key: PlateKey, min_cells: int = 1) -> Rows:
    """Tell which rows a query takes.

    Raises `InvalidInputError` where the query cannot be evaluated, or the plate has no object
    counts.
    """
    counted = OBJECT_COUNT in frame.columns and pd.api.types.is_numeric_dtype(
        column(frame, OBJECT_COUNT)
    )
    if query != ALL and min_cells > 1 and not counted:
        raise InvalidInputError(
            f"min_cells is {min_cells}, and {key} has no numbers in {OBJECT_COUNT}",
            remedy="aggregate the plate again, or set min_cells to 1",
        )
    return taken_rows(frame, query, of=str(key))


def no_well_taken(frame: pd.DataFrame, query: str, *, of: str) -> InvalidInputError:
    """Return the error of a query that takes no well. `of`: whose wells they are."""
    why = takes_none(frame, query, of=of)
    return InvalidInputError(
        f"{of} has no well to fit on ({query})" + (f": {why}" if why else ""),
        remedy="mend options.samples, or samples of the step, or lower min_cells",
    )


def groups_of(frame: pd.DataFrame, names: Sequence[str], *, of: str) -> list[tuple[str, Places]]:
    """Return the rows of each group of wells, alike in some metadata columns, each with its name.

    One group of all where no column is named. Raises `InvalidInputError` where a column is not
    there, or empty in some well.
    """
    if not names:
        return [(of, np.arange(len(frame)))]
    for name in names:
        if name not in frame.columns:
            there = [str(known) for known in frame.columns if is_metadata(str(known))]
            raise InvalidInputError(
                f"there is no column {name} to group the wells of {of} by; "
                f"{there_is(name, there, what='columns')}",
                remedy="mend groups in the config",
            )
        lacking = int((column(frame, name).astype(str).str.strip() == "").sum())
        if lacking:
            raise InvalidInputError(
                f"{lacking} wells of {of} have no {name}, and so no group to be normalized in",
                remedy=f"fill the column in the plate map, or take {name} out of groups",
            )
    grouped = frame.groupby(list(names), sort=False).indices
    found: list[tuple[str, Places]] = []
    for values, places in grouped.items():
        cells = values if isinstance(values, tuple) else (values,)
        told = ", ".join(f"{n} {cell}" for n, cell in zip(names, cells, strict=True))
        found.append((f"{of} ({told})", np.asarray(places, dtype=np.intp)))
    return found


@dataclass(frozen=True)
class ControlsCheck:
    """How many negative controls a plate has."""

    count: int  # wells that are negative controls
    warning: str | None  # what the user should know where there are few


def check_negative_controls(
    frame: pd.DataFrame,
    *,
    plate_map_path: str,
    key: PlateKey,
    query: str = NEGATIVE,
    groups: Sequence[str] = (),
) -> ControlsCheck:
    """Count the negative control wells of an annotated plate.

    `query`: which wells are negative controls. `groups`: metadata columns; each group of wells
    needs controls of its own. Raises `ControlsError` where the query cannot be evaluated, as for a
    column that is not there, or takes fewer than 2 wells.
    """
    remedy = _CONTROL_REMEDY if query == NEGATIVE else _QUERY_REMEDY
    if query == NEGATIVE and CONTROL_TYPE not in frame.columns:
        there = [str(name) for name in frame.columns if is_metadata(str(name))]
        raise ControlsError(
            f"there is no column control_type, so {key} has no negative controls; "
            f"{there_is(CONTROL_TYPE, there, what='metadata columns')}",
            path=plate_map_path,
            remedy=remedy,
        )
    try:
        taken = taken_rows(frame, query, of=str(key))
        parts = groups_of(frame, groups, of=str(key))
    except InvalidInputError as error:
        raise ControlsError(error.what, path=plate_map_path, remedy=remedy) from error
    well = next((name for name in WELL_COLUMNS if name in frame.columns), None)
    told = "with control_type negcon" if query == NEGATIVE else f"with {query}"
    total, few = 0, list[str]()
    for label, places in parts:
        part = frame.iloc[places]
        rows = part.loc[taken[places]]
        count = len(rows) if well is None else int(column(rows, well).nunique())
        if count < _NEEDED:
            why = "" if count else takes_none(part, query, of=label)
            raise ControlsError(
                f"{label} has {count} wells {told}, and needs {_NEEDED}"
                + (f": {why}" if why else ""),
                path=plate_map_path,
                remedy=remedy,
            )
        if count < _ADVISED:
            few.append(f"{label} has only {count} negative control wells")
        total += count
    warnings = [f"{'; '.join(few)}: their spread is mostly chance"] if few else []
    warnings += [f"{key}: {miss}" for miss in near_misses(frame, query)]
    return ControlsCheck(total, "; ".join(warnings) or None)


_CONTROL_REMEDY = (
    "write negcon for the negative controls in a column control_type of the plate map or the "
    "external metadata, say in the config which wells they are (controls: {negative: "
    "\"Metadata_control_type == 'NC'\"}), or set perform to false in its two negcon sections"
)
_QUERY_REMEDY = (
    "mend controls.negative in the config, or set perform to false in its two negcon sections"
)
