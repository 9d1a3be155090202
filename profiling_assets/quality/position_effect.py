"""Position effect: whether wells are more like those of their own row and column than others.

Put here: the share of a well's correlations that stand out, and its value by chance.
Do not put here: the correlations (`well_correlation`), drawing.
Source: `pipeline_quality_control` of cytomining/profiling-recipe.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from profiling_assets.quality.pictures.draw_plate import Grid
from profiling_assets.workspace.names import normalized_well, well_position

PERCENTILE = 95.0


@dataclass(frozen=True)
class PositionEffect:
    """What position does to the profiles of a plate."""

    # well to share of its correlations, 0 to 1, NaN where it cannot be told
    values: dict[str, float]
    # the same share over all wells, with wells of the same row alone, and of the same column alone,
    # the well itself not among them; NaN where it cannot be told
    row: float
    column: float
    by_chance: float  # what `values` are on average where position does nothing


def position_effect(wells: Sequence[str], correlations: Grid) -> PositionEffect:
    """Compare each well's correlations along its row and column with those to all others.

    For each well the 95th percentile (linear) of its correlations with wells of other rows and
    columns is a threshold; its value is the share of its correlations with wells of the same row or
    column that lie above. The well itself is one of those, as in the recipe, so a plate with a full
    row and column never has 0. Correlations that are NaN are left out of both.

    `wells`: each once, in the order of the matrix. A value is NaN for a well without a correlation
    on either side. Raises `ValueError` where the matrix is not wells by wells.
    """
    if correlations.shape != (len(wells), len(wells)):
        message = f"{len(wells)} wells and a matrix of {correlations.shape}"
        raise ValueError(message)
    places = [_place(well, at) for at, well in enumerate(wells)]
    rows = np.array([row for row, _ in places], dtype=np.int64)
    columns = np.array([column for _, column in places], dtype=np.int64)
    values: dict[str, float] = {}
    totals = np.zeros((2, 2))  # of the row and the column: how many stand out, how many there are
    chance: list[float] = []
    for at, well in enumerate(wells):
        known = ~np.isnan(correlations[at])
        in_row, in_column = rows == rows[at], columns == columns[at]
        others = correlations[at, known & ~(in_row | in_column)]
        near = correlations[at, known & (in_row | in_column)]
        if not others.size or not near.size:
            values[well] = np.nan
            continue
        threshold = np.percentile(others, PERCENTILE)
        values[well] = float((near > threshold).mean())
        chance.append((1 + (near.size - 1) * (1 - PERCENTILE / 100)) / near.size)
        for side, line in enumerate((in_row, in_column)):
            mask = line & known
            mask[at] = False
            totals[side] += (correlations[at, mask] > threshold).sum(), mask.sum()
    row, column = (float(n / of) if of else np.nan for n, of in totals)
    return PositionEffect(values, row, column, float(np.mean(chance)) if chance else np.nan)


def _place(name: str, at: int) -> tuple[int, int]:
    well = normalized_well(name)
    # what is no well of a plate shares no row and no column with any other
    return (-1 - at, -1 - at) if well is None else well_position(well)
