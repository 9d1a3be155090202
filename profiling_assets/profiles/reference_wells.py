"""Negative controls: whether a plate has enough of them.

Put here: what a negative control is, and how many a plate needs.
Do not put here: fitting a scaler on them (`profiles.normalize`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

from dataclasses import dataclass

import pandas as pd

from profiling_assets.errors import ControlsError
from profiling_assets.profiles.columns import WELL_COLUMNS, column
from profiling_assets.workspace.names import PlateKey

CONTROL_TYPE = "Metadata_control_type"
NEGCON_QUERY = f"{CONTROL_TYPE} == 'negcon'"

_NEEDED = 2  # one well has no spread
_ADVISED = 8  # fewer give a median absolute deviation that is mostly chance


@dataclass(frozen=True)
class ControlsCheck:
    """How many negative controls a plate has.

    Attributes
    ----------
    count : int
        Wells with `Metadata_control_type == 'negcon'`.
    warning : str or None
        What the user should know where there are few.
    """

    count: int
    warning: str | None


def check_negative_controls(
    frame: pd.DataFrame, *, plate_map_path: str, key: PlateKey
) -> ControlsCheck:
    """Count the negative control wells of an annotated plate.

    Parameters
    ----------
    frame : pandas.DataFrame
        Annotated profiles.
    plate_map_path : str
        The plate map, for the message.
    key : PlateKey
        The plate, for the message.

    Returns
    -------
    ControlsCheck
        The count, and a warning below 8.

    Raises
    ------
    ControlsError
        Where there is no column `Metadata_control_type`, or fewer than 2 wells are `negcon`.
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
