"""What a reader of a report is to look at, in sentences.

Put here: sentences made of a plate's facts and tables.
Do not put here: checks (`core.checks`), the facts (`steps.report`).
"""

from collections.abc import Mapping

import pandas as pd

from profiling_assets.quality.checks.controls import negative_controls_present
from profiling_assets.quality.report.facts import Normalization, Share
from profiling_assets.steps.checks import standing_checks
from profiling_assets.workspace.ledger import SiteState, WellState
from profiling_assets.workspace.names import PlateKey

# Every real plate has some (105 of 3,903 on a published one), and selection drops them.
MANY = 0.1
_FINE = {SiteState.COMPLETE.value, WellState.PROFILE.value}


def share_warnings(sites: Share | None, wells: Share | None) -> list[str]:
    """Name the states of sites and wells that are not fine, with their numbers."""
    found: list[str] = []
    for what, share in (("site", sites), ("well", wells)):
        states: Mapping[str, int] = {} if share is None else share.states
        found += [
            f"{count:,} {what}{'' if count == 1 else 's'}: {state.replace('_', ' ')}"
            for state, count in states.items()
            if state not in _FINE
        ]
    return found


def table_warnings(key: PlateKey, annotated: pd.DataFrame, *, controls: bool) -> list[str]:
    """Say what the checks find in the annotated profiles.

    Parameters
    ----------
    key : PlateKey
        The plate.
    annotated : pandas.DataFrame
        Its annotated profiles.
    controls : bool
        Whether negative controls are needed.

    Returns
    -------
    list of str
        Those that did not pass.
    """
    checks = list(standing_checks(key, annotated))
    if controls:
        checks.append(negative_controls_present(annotated, plate_map_path="plate map", key=key))
    return [check.what for check in checks if not check.passed]


def normalization_warnings(found: Normalization) -> list[str]:
    """Name many features without spread, and infinite values of a normalized table."""
    told: list[str] = []
    if found.without_spread > MANY * found.features:
        told.append(
            f"normalized on {found.reference}: {found.without_spread:,} of {found.features:,} "
            "features have no spread on this plate"
        )
    if found.inf_cells:
        told.append(f"normalized on {found.reference}: {found.inf_cells:,} values are infinite")
    return told
