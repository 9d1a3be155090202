"""Of each pair of features that say the same, which one goes.

Put here: pycytominer's `correlation_threshold`, the same set from the same numbers.
Do not put here: the other operations (`profiles.feature_select`), correlations with NaN (`profiles.pairwise`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# ^ pandas ships partial types

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd

from profiling_assets.profiles.pairwise import Matrix, pairwise_correlations
from profiling_assets.profiles.pycytominer import reference

THRESHOLD = 0.9
_BLOCK = 64  # columns, or rows, of the matrix at once
_ROWS = 512


def correlation_threshold(
    population_df: pd.DataFrame,
    features: str | Sequence[str] = "infer",
    samples: str = "all",
    threshold: float = THRESHOLD,
    method: str = "pearson",
) -> list[str]:
    """Exclude features that have correlations above a certain threshold.

    A function in the shape of pycytominer's, with its parameters, defaults and result, for whoever
    wants it without the rest of this package.

    Parameters
    ----------
    population_df : pandas.DataFrame
        Metadata and features, a row a sample.
    features : str or sequence of str
        `infer` for the columns of Cells, Cytoplasm and Nuclei, or column names.
    samples : str
        A pandas query for the rows to look at, or `all`.
    threshold : float
        Between 0 and 1.
    method : str
        `pearson`, `spearman` or `kendall`.

    Returns
    -------
    list of str
        The features to exclude, in the order of the table.

    Raises
    ------
    ValueError
        Where the threshold is not between 0 and 1, or the method is none of the three.
    """
    method = method.lower()
    if method not in ("pearson", "spearman", "kendall"):
        message = f"method {method} is not one of pearson, spearman, kendall"
        raise ValueError(message)
    if not 0 <= threshold <= 1:
        message = "threshold must be between 0 and 1"
        raise ValueError(message)
    if samples != "all":
        population_df = population_df.query(samples)
    if isinstance(features, str):
        infer = reference("pycytominer.cyto_utils.features").infer_cp_features
        features = cast(list[str], infer(population_df))
    frame = cast(pd.DataFrame, population_df.loc[:, list(features)])
    excluded = correlated_features(frame, threshold, method=method)
    return [name for name in map(str, frame.columns) if name in excluded]


def correlated_features(
    frame: pd.DataFrame, threshold: float = THRESHOLD, *, method: str = "pearson"
) -> dict[str, tuple[str, float]]:
    """List the features to drop because another one is correlated with them.

    Of each pair with a correlation above the threshold (signed, not absolute), the feature with
    the larger sum of absolute correlations to all features goes; pairs are judged one by one, also
    where one of the two goes because of a third. Source: pycytominer 1.7.1,
    `correlation_threshold`. Its correlations, their sums and the ranking have the same bits here,
    so that features that are copies of each other are told apart alike. What differs: the pairs
    are looked up in the matrix, some columns of it at a time; pycytominer lists all of them in a
    table of names and asks for the rank of each by name.

    Parameters
    ----------
    frame : pandas.DataFrame
        Wells by features; NaN and infinite values are missing.
    threshold : float
        Correlation above which a pair counts.
    method : str
        `pearson`, `spearman` or `kendall`.

    Returns
    -------
    dict of str to tuple of str and float
        Feature to the feature that it is most correlated with, of those that make it go, and that
        correlation.
    """
    names = frame.columns
    if len(names) < 2 or len(frame) < 2:
        return {}
    if method == "pearson" and np.isfinite(frame.to_numpy()).all():
        with np.errstate(divide="ignore", invalid="ignore"):  # a constant feature: NaN, no pair
            matrix = np.corrcoef(frame.transpose())
        sums = _sums(matrix, by_column=True)
    else:
        if method == "pearson":
            matrix = pairwise_correlations(frame)
        else:
            matrix = frame.corr(method=method).to_numpy()  # pyright: ignore[reportArgumentType] - one of three words
        sums = _sums(matrix, by_column=bool(np.isnan(matrix).any()))
    # quicksort, as pycytominer: features with equal sums have some order, and it is the same one
    order = pd.Series(sums).sort_values().index.to_numpy()
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    partner, strength = _strongest_partners(matrix, rank, threshold)
    return {
        str(names[at]): (str(names[partner[at]]), float(strength[at]))
        for at in np.flatnonzero(partner >= 0)
    }


def _sums(matrix: Matrix, *, by_column: bool) -> Matrix:
    """Sum the absolute correlations of each feature in the order in which pandas adds them.

    `DataFrame.abs().sum()` adds in the order of memory: pairwise along a column that lies in one
    piece, as those made from `np.corrcoef` do, else row after row; NaN as 0 after a copy that puts
    each column in one piece.
    """
    # one column alone would be in one piece, and added pairwise
    starts = [*range(0, len(matrix) - 1, _BLOCK), len(matrix)]
    sums: list[Matrix] = []
    for start, stop in pairwise(starts):
        if by_column:
            columns = np.empty((stop - start, len(matrix)))
            for top in range(0, len(matrix), _ROWS):  # few pages of memory are in use at a time
                rows = slice(top, top + _ROWS)
                np.abs(matrix[rows, start:stop].T, out=columns[:, rows])
            total = columns.sum(axis=1)
            if np.isnan(total).any():
                columns[np.isnan(columns)] = 0.0
                total = columns.sum(axis=1)
        else:
            total = np.abs(matrix[:, start:stop]).sum(axis=0)
        sums.append(total)
    return np.concatenate(sums)


def _strongest_partners(
    matrix: Matrix, rank: np.ndarray[tuple[int], np.dtype[np.int64]], threshold: float
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float64]]
]:
    """Tell of each feature that goes its strongest partner and correlation, of the others -1."""
    best = np.full(len(matrix), -np.inf)
    partner = np.full(len(matrix), -1)
    for start in range(0, len(matrix), _BLOCK):
        rows = matrix[start : start + _BLOCK, : start + _BLOCK]
        above = rows > threshold
        above[:, start:] = np.tril(above[:, start:], k=-1)
        first, second = np.divmod(np.flatnonzero(above), rows.shape[1])
        strength = rows[first, second]
        first += start
        first_goes = rank[first] > rank[second]
        goes = np.where(first_goes, first, second)
        other = np.where(first_goes, second, first)
        last = np.flatnonzero(strength >= best[goes])
        last = last[np.argsort(strength[last], kind="stable")]  # what is assigned last stays
        best[goes[last]] = strength[last]
        partner[goes[last]] = other[last]
    return partner, best
