"""Checks of a result's features: infinite values that nobody told of, missing values.

Put here: what is counted in the matrix of features.
Do not put here: rows (`quality.checks.rows`), what is done about a scale of zero (`normalize`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from profiling_assets.profiles.columns import is_metadata, numeric_columns
from profiling_assets.quality.checks.check import CheckResult, not_passed, some

INFINITE = "no_unflagged_inf"
MISSING = "share_of_nan"

MUCH_MISSING = 0.1  # share of the feature cells

_Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class FeatureCells:
    """Where the features of a table are infinite or missing: rows x features.

    Attributes
    ----------
    names : tuple of str
        The features.
    infinite, missing : numpy.ndarray of bool
        One row a row of the table, one column a feature.
    """

    names: tuple[str, ...]
    infinite: _Mask
    missing: _Mask

    def with_inf(self) -> dict[str, int]:
        """Return the features with infinite cells, and how many."""
        counts = self.infinite.sum(axis=0)
        return {self.names[at]: int(counts[at]) for at in np.flatnonzero(counts)}


def feature_cells(frame: pd.DataFrame) -> FeatureCells:
    """Look once at the features of a profile table.

    Parameters
    ----------
    frame : pandas.DataFrame
        A profile table; its numeric columns that are not metadata are looked at.

    Returns
    -------
    FeatureCells
        Where they are infinite or missing.
    """
    numeric = numeric_columns(frame)
    names = tuple(name for name in frame.columns if name in numeric and not is_metadata(name))
    values = frame.loc[:, list(names)].to_numpy(dtype=np.float64)
    return FeatureCells(names, np.isinf(values), np.isnan(values))


def no_unflagged_inf(
    cells: FeatureCells, flagged: Collection[str], *, blocking: bool
) -> CheckResult:
    """Check that every feature with infinite cells is known to have them.

    Parameters
    ----------
    cells : FeatureCells
        The features.
    flagged : collection of str
        Features known to have infinite cells: those of a scale of zero, those of the input.
    blocking : bool
        Whether an infinite value of another feature must not be published.

    Returns
    -------
    CheckResult
        Names the features.
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
        f"{some(unknown)}"
    )
    remedy = (
        "find where they come from (inf in CellProfiler's CSVs, or a table made elsewhere); "
        "feature selection counts them as missing"
    )
    return not_passed(INFINITE, what, remedy, numbers, blocking=blocking)


def share_of_nan(cells: FeatureCells, rows: Collection[str]) -> CheckResult:
    """Check how much of a table is missing.

    Parameters
    ----------
    cells : FeatureCells
        The features.
    rows : collection of str
        The name of each row, for the message.

    Returns
    -------
    CheckResult
        Blocking where no feature of any row has a value; a warning where a row has none, or more
        than 10 % of the cells are missing.
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
        problems.append(f"wells without any value: {some([names[at] for at in empty])}")
    if not problems:
        return CheckResult(MISSING, numbers=numbers)
    remedy = (
        "look at the plate's site ledger; leave out wells without cells with min_cells, features "
        "with drop_na_columns, or exclude the plate"
    )
    return not_passed(MISSING, "; ".join(problems), remedy, numbers)
