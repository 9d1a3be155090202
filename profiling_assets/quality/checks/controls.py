"""Check that an annotated plate has its negative controls.

Put here: the verdict on their number.
Do not put here: what a negative control is and how many are needed (`profiles.reference_wells`).
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

import pandas as pd

from profiling_assets.errors import ControlsError
from profiling_assets.profiles.reference_wells import check_negative_controls
from profiling_assets.quality.checks.check import CheckResult, not_passed
from profiling_assets.workspace.names import PlateKey

CONTROLS = "negative_controls_present"


def negative_controls_present(
    frame: pd.DataFrame, *, plate_map_path: str, key: PlateKey
) -> CheckResult:
    """Check the negative controls of an annotated plate.

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
    CheckResult
        A warning: profiles normalized on all wells need no controls, and the negative-control
        twins refuse a plate with too few by themselves.
    """
    try:
        check = check_negative_controls(frame, plate_map_path=plate_map_path, key=key)
    except ControlsError as error:
        what = f"{plate_map_path}: {error.what}"
        return not_passed(CONTROLS, what, str(error.remedy), {"negcon_wells": 0})
    numbers = {"negcon_wells": check.count}
    if check.warning is None:
        return CheckResult(CONTROLS, numbers=numbers)
    remedy = f"mark more wells as negcon in {plate_map_path}, or read the negcon twins with care"
    return not_passed(CONTROLS, check.warning, remedy, numbers)
