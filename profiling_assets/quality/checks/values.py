"""Checks of what a result says: values infinite or missing, controls, wells drawn, lines of plates.

Put here: what is counted in the matrix of features, and whether what must be shown is.
Do not put here: rows (`rows`), what is done about a scale of zero (`profiles.normalize`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from profiling_assets.config.queries import NEGATIVE
from profiling_assets.errors import ControlsError, listed
from profiling_assets.profiles.column_kinds import is_measured, numeric_columns
from profiling_assets.profiles.reference_wells import check_negative_controls
from profiling_assets.quality.checks.verdict import CheckResult, not_passed
from profiling_assets.workspace.names import PlateKey, normalized_well

INFINITE = "no_unflagged_inf"
MISSING = "share_of_nan"
CONTROLS = "negative_controls_present"
DRAWN = "every_well_drawn"
LINES = "every_plate_has_a_line"
MUCH_MISSING = 0.1  # share of the feature cells
_Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class FeatureCells:
    """Where the features of a table are infinite or missing: rows x features."""

    names: tuple[str, ...]  # the features
    infinite: _Mask
    missing: _Mask

    def with_inf(self) -> dict[str, int]:
        """Return the features with infinite cells, and how many."""
        counts = self.infinite.sum(axis=0)
        return {self.names[at]: int(counts[at]) for at in np.flatnonzero(counts)}


def feature_cells(frame: pd.DataFrame) -> FeatureCells:
    """Look once at the features of a profile table.

    `frame`: a profile table; its numeric columns that were measured are looked at.
    """
    numeric = numeric_columns(frame)
    names = tuple(name for name in frame.columns if name in numeric and is_measured(name))
    values = frame.loc[:, list(names)].to_numpy(dtype=np.float64)
    return FeatureCells(names, np.isinf(values), np.isnan(values))


def no_unflagged_inf(
    cells: FeatureCells, flagged: Collection[str], *, blocking: bool
) -> CheckResult:
    """Check that every feature with infinite cells is known to have them.

    `blocking`: whether an infinite value of another feature must not be published.
    """
    infinite = cells.with_inf()
    unknown = [name for name in infinite if name not in flagged]
    numbers = {
        "inf_cells": sum(infinite.values()),
        "features_with_inf": len(infinite),
        "unflagged": len(unknown),
    }
    if not unknown:
        return CheckResult(INFINITE, numbers=numbers)
    what = (
        f"{len(unknown)} features have infinite values that no step before has told of: "
        f"{listed(unknown)}"
    )
    remedy = (
        "find where they come from (inf in CellProfiler's CSVs, or a table made elsewhere); "
        "feature selection counts them as missing"
    )
    return not_passed(INFINITE, what, remedy, numbers, blocking=blocking)


def share_of_nan(cells: FeatureCells, rows: Collection[str]) -> CheckResult:
    """Check how much of a table is missing.

    `rows`: the name of each row, for the message. Blocking where no feature of any row has a value;
    a warning where a row has none, or more than 10 % of the cells are missing.
    """
    missing = cells.missing
    share = float(missing.mean()) if missing.size else 0.0
    empty = np.flatnonzero(missing.all(axis=1)) if missing.size else np.empty(0, dtype=np.int64)
    columns = int(missing.all(axis=0).sum()) if missing.size else 0
    numbers = {
        "nan_share": round(share, 6),
        "rows_without_a_value": len(empty),
        "features_without_a_value": columns,
    }
    if missing.size and len(empty) == len(missing):
        what = "no feature of any well has a value"
        remedy = "look at the step before: too few wells to fit on, or measurements that are empty"
        return not_passed(MISSING, what, remedy, numbers, blocking=True)
    problems: list[str] = []
    if share > MUCH_MISSING:
        problems.append(f"{share:.0%} of the feature values are missing")
    if len(empty):
        names = list(rows)
        problems.append(f"wells without any value: {listed([names[at] for at in empty])}")
    if not problems:
        return CheckResult(MISSING, numbers=numbers)
    remedy = (
        "look at the plate's site ledger; leave out wells without cells with min_cells, features "
        "with drop_na_columns, or exclude the plate"
    )
    return not_passed(MISSING, "; ".join(problems), remedy, numbers)


def negative_controls_present(
    frame: pd.DataFrame, *, plate_map_path: str, key: PlateKey, query: str = NEGATIVE
) -> CheckResult:
    """Check the negative controls of an annotated plate. `query`: which wells they are."""
    try:
        check = check_negative_controls(frame, plate_map_path=plate_map_path, key=key, query=query)
    except ControlsError as error:
        what = f"{plate_map_path}: {error.what}"
        return not_passed(CONTROLS, what, str(error.remedy), {"negcon_wells": 0})
    numbers = {"negcon_wells": check.count}
    if check.warning is None:
        return CheckResult(CONTROLS, numbers=numbers)
    remedy = f"mark more wells as negcon in {plate_map_path}, or read the negcon twins with care"
    return not_passed(CONTROLS, check.warning, remedy, numbers)


def every_well_drawn(wells: Collection[str], drawn: Collection[str]) -> CheckResult:
    """Compare the wells of pictures with those of the profiles that they show."""
    there = {normalized_well(well) or well for well in wells}
    shown = {name for well in drawn if (name := normalized_well(well)) is not None}
    lost, new = sorted(there - shown), sorted(shown - there)
    numbers = {"wells_of_profiles": len(there), "wells_drawn": len(shown)}
    if not lost and not new:
        return CheckResult(DRAWN, numbers=numbers)
    parts = [
        *([f"wells with a profile are not drawn: {listed(lost)}"] if lost else []),
        *([f"wells are drawn that have no profile: {listed(new)}"] if new else []),
    ]
    remedy = (
        "write wells as A01 to AF48, in Image.csv (or the load data) as in the plate map; where "
        "they are written so, please report this with the plate's log"
    )
    return not_passed(DRAWN, "; ".join(parts), remedy, numbers)


def every_plate_has_a_line(
    plates: Collection[PlateKey], lines: Collection[PlateKey], reasons: Mapping[PlateKey, str]
) -> CheckResult:
    """Check that each plate of a batch has one line in the summary.

    `plates`: the plates that should have one: those of the batch that are not excluded. `lines`:
    the lines of the batch, as often as they are in the summary. `reasons`: why a plate has none,
    where its own record tells.
    """
    have = list(lines)
    lacking = sorted(set(plates) - set(have))
    twice = sorted({key for key in have if have.count(key) > 1})
    numbers = {"plates_expected": len(set(plates)), "lines": len(have)}
    told = [f"{key} ({reasons[key]})" if reasons.get(key) else str(key) for key in lacking]
    parts = [
        *([f"plates have no line: {listed(told)}"] if told else []),
        *([f"plates have more than one line: {listed(twice)}"] if twice else []),
    ]
    if not parts:
        return CheckResult(LINES, numbers=numbers)
    remedy = (
        "bring the load data of these plates and build again, or take out the lines that "
        "another program wrote twice"
    )
    return not_passed(LINES, "; ".join(parts), remedy, numbers)
