"""How alike the profiles of a plate's wells are.

Put here: the correlation of every two wells, and what it says of controls and replicates.
Do not put here: correlations of features (`profiles.correlation`), position (`position_effect`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from profiling_assets.profiles.column_kinds import WELL_COLUMNS, column, feature_columns
from profiling_assets.profiles.correlation import pairwise_correlations
from profiling_assets.quality.pictures.draw_plate import Grid
from profiling_assets.workspace.names import normalized_well, well_position

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class WellCorrelation:
    """The correlations of a plate's wells."""

    wells: tuple[str, ...]  # wells row by row from A01, each once
    matrix: Grid  # wells by wells, -1 to 1; NaN where a profile is constant or missing
    features: int  # features that they were computed over
    metadata: pd.DataFrame  # the metadata of each well, in the order of `wells`
    averaged: int = 0  # wells with several profiles (one for each site), which were averaged


def well_correlation(frame: pd.DataFrame, compartments: Sequence[str] | None) -> WellCorrelation:
    """Correlate the profiles of every two wells (Pearson, over the features that both have).

    Image features take no part, as in the recipe.

    Empty where the table has no row.
    """
    names = feature_columns(frame, compartments, image_features=False)
    well_column = next(name for name in WELL_COLUMNS if name in frame.columns)
    labels = [normalized_well(w) or w for w in map(str, column(frame, well_column).tolist())]
    wells = sorted(set(labels), key=_order)
    values = frame.loc[:, names].to_numpy(dtype=np.float64)
    places: dict[str, list[int]] = {well: [] for well in wells}
    for at, label in enumerate(labels):
        places[label].append(at)
    first = [rows[0] for rows in places.values()]
    profiles = values[first]
    for at, rows in enumerate(places.values()):
        if len(rows) > 1:
            profiles[at] = _mean(values[rows])
    return WellCorrelation(
        wells=tuple(wells),
        matrix=_correlations(profiles),
        features=len(names),
        metadata=frame.iloc[first].reset_index(drop=True),
        averaged=sum(len(rows) > 1 for rows in places.values()),
    )


def _mean(rows: Grid) -> Grid:
    """Average each column over its finite values; NaN where it has none."""
    finite = np.isfinite(rows)
    count = finite.sum(axis=0)
    total = np.where(finite, rows, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def _correlations(profiles: Grid) -> Grid:
    if profiles.shape[1] < 2:  # a profile of one number has no direction
        return np.full((len(profiles), len(profiles)), np.nan)
    return pairwise_correlations(pd.DataFrame(profiles.T))


def _order(well: str) -> tuple[int, int, str]:
    try:
        return (*well_position(well), "")
    except ValueError:
        return (99, 99, well)


def between(matrix: Grid, one: Mask, other: Mask) -> float:
    """Return the median correlation of the wells of one group with those of another.

    `one, other`: which wells are in each group; the same group twice for its own pairs. Over the
    pairs of different wells; NaN where there is none.
    """
    pairs = one[:, None] & other[None, :]
    np.fill_diagonal(pairs, val=False)
    found = matrix[pairs]
    found = found[~np.isnan(found)]
    return float(np.median(found)) if found.size else np.nan


def replicate_correlation(matrix: Grid, treatments: Sequence[str]) -> float:
    """Return the median correlation of wells with the same treatment.

    `treatments`: treatment of each well; wells without one (empty) are nobody's replicate. Over the
    pairs of different wells; NaN where no treatment was given twice.
    """
    names = np.asarray(treatments, dtype=object)
    same = (names[:, None] == names[None, :]) & (names != "")[:, None]
    same = np.asarray(same, dtype=np.bool_)
    np.fill_diagonal(same, val=False)
    found = matrix[same]
    found = found[~np.isnan(found)]
    return float(np.median(found)) if found.size else np.nan


def correlation_with(matrix: Grid, group: Mask) -> Grid:
    """Return each well's median correlation with the wells of a group, itself not among them.

    One value a well; NaN where there is no pair.
    """
    result = np.full(len(matrix), np.nan)
    for at, row in enumerate(matrix):
        mask = group & ~np.isnan(row)
        mask[at] = False
        if mask.any():
            result[at] = np.median(row[mask])
    return result
