"""The wells that others are measured by: samples of a query, and negative controls.

Put here: which wells a step is fitted on, what a negative control is, and how many a plate needs.
Do not put here: fitting a scaler on them (`normalize`), selecting features (`feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from profiling_assets.errors import ControlsError, InvalidInputError
from profiling_assets.profiles.column_kinds import WELL_COLUMNS, column
from profiling_assets.workspace.names import PlateKey

ALL = "all"
OBJECT_COUNT = "Metadata_Object_Count"
CONTROL_TYPE = "Metadata_control_type"
NEGCON_QUERY = f"{CONTROL_TYPE} == 'negcon'"
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


def sampled_rows(
    frame: pd.DataFrame, query: str, *, key: PlateKey, min_cells: int = 1
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which rows a query takes.

    Raises `InvalidInputError` where the query cannot be evaluated, or the plate has no object
    counts.
    """
    if query == ALL:
        return np.ones(len(frame), dtype=np.bool_)
    counted = OBJECT_COUNT in frame.columns and pd.api.types.is_numeric_dtype(
        column(frame, OBJECT_COUNT)
    )
    if min_cells > 1 and not counted:
        raise InvalidInputError(
            f"min_cells is {min_cells}, and {key} has no numbers in {OBJECT_COUNT}",
            remedy="aggregate the plate again, or set min_cells to 1",
        )
    try:
        taken = cast(object, frame.query(query))  # a query without a condition gives a column
    except (NameError, SyntaxError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(
            f"the query for samples, {query!r}, does not work on {key}: {error}",
            remedy="mend options.samples; metadata are text, so write Metadata_dose == '5'",
        ) from error
    if not isinstance(taken, pd.DataFrame):
        raise InvalidInputError(
            f"the query for samples, {query!r}, does not choose rows",
            remedy="mend options.samples; an example is Metadata_pert_type == 'control'",
        )
    return np.asarray(frame.index.isin(taken.index), dtype=np.bool_)


@dataclass(frozen=True)
class ControlsCheck:
    """How many negative controls a plate has."""

    count: int  # wells with `Metadata_control_type == 'negcon'`
    warning: str | None  # what the user should know where there are few


def check_negative_controls(
    frame: pd.DataFrame, *, plate_map_path: str, key: PlateKey
) -> ControlsCheck:
    """Count the negative control wells of an annotated plate.

    Raises `ControlsError` where there is no column `Metadata_control_type`, or fewer than 2 wells
    are `negcon`.
    """
    remedy = (
        "write negcon for the negative controls in a column control_type of the plate map or the "
        "external metadata, or set perform to false in the config's two negcon sections"
    )
    if CONTROL_TYPE not in frame.columns:
        raise ControlsError(
            f"there is no column control_type, so {key} has no negative controls",
            path=plate_map_path,
            remedy=remedy,
        )
    rows = frame.loc[column(frame, CONTROL_TYPE) == "negcon"]
    well = next((name for name in WELL_COLUMNS if name in frame.columns), None)
    count = len(rows) if well is None else int(column(rows, well).nunique())
    if count < _NEEDED:
        raise ControlsError(
            f"{key} has {count} wells with control_type negcon, and needs {_NEEDED}",
            path=plate_map_path,
            remedy=remedy,
        )
    if count < _ADVISED:
        return ControlsCheck(
            count, f"{key} has only {count} negative control wells: their spread is mostly chance"
        )
    return ControlsCheck(count, None)
