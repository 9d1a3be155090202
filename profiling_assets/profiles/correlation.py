"""Of each pair of features that say the same, which one goes.

Put here: pycytominer's `correlation_threshold`, the same set from the same numbers; correlations
over the rows that two columns share.
Do not put here: the other operations (`feature_select`), which wells vote (`reference_wells`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd

from profiling_assets.profiles.pycytominer import reference

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
THRESHOLD = 0.9
_TILE_ROWS, _TILE_COLUMNS = 128, 1024  # of a tile: its results stay in the processor's cache
_NARROW = 8
_SAMPLE = 24
# A pattern of missing rows costs about as much as 5 columns cost pandas.
_MAX_PATTERNS = 0.2
_CHUNK = 4096  # pairs at once
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

    The features to exclude, in the order of the table. Raises `ValueError` where the threshold is
    not between 0 and 1, or the method is none of the three.
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


def pairwise_correlations(frame: pd.DataFrame) -> Matrix:
    """Correlate every two columns over the rows that both have, ten times faster than pandas.

    Of two features that are copies of each other the last bits decide which one goes, so the
    result is that of `DataFrame.corr` bit by bit: Welford's recurrence, row after row, each product
    rounded before it is added. pandas runs it for each pair; here the deviations of a column are
    computed once, and a tile of pairs is summed at once. Whether this machine and these versions of
    pandas and numpy give the same bits is looked at on a sample of the columns, each time; where
    not, and where almost every column has its own missing rows, pandas does all of it.
    Source: `nancorr` of pandas 3.1, after Welford (1962).

    Columns by columns, -1 to 1; NaN where two columns share no row, or one of them is constant over
    the rows shared.
    """
    values = frame.to_numpy(dtype=np.float64)
    present = np.isfinite(values)
    incomplete = np.flatnonzero(~present.all(axis=0))
    patterns = np.unique(present[:, incomplete], axis=1).shape[1]
    if patterns > _MAX_PATTERNS * values.shape[1] + _SAMPLE or not _as_pandas(values, incomplete):
        return frame.corr().to_numpy()
    return _correlations(values, present)


def _as_pandas(values: Matrix, incomplete: np.ndarray[Any, np.dtype[np.intp]]) -> bool:
    every = max(1, values.shape[1] // _SAMPLE)
    some = np.unique([*incomplete[: _SAMPLE // 2], *range(0, values.shape[1], every)])
    sample = np.ascontiguousarray(values[:, some])
    ours = _correlations(sample, np.isfinite(sample))
    return np.array_equal(ours, pd.DataFrame(sample).corr().to_numpy(), equal_nan=True)


def _correlations(values: Matrix, present: Mask) -> Matrix:
    result = _complete(np.where(present, values, 0.0))
    incomplete = np.flatnonzero(~present.all(axis=0))
    if not incomplete.size:
        return result
    result[incomplete] = np.nan
    result[:, incomplete] = np.nan
    patterns, of = np.unique(present[:, incomplete], axis=1, return_inverse=True)
    for number, rows in enumerate(patterns.T):
        members = incomplete[of == number]
        partners = np.flatnonzero(present[rows].all(axis=0))
        after, before, squares = _deviations(values[np.ix_(rows, partners)])
        at = np.searchsorted(partners, members)
        # of a pair, the deviation from the mean with the row is that of the later column
        if_later = _pair_sums(before[:, at], after)
        if_earlier = _pair_sums(after[:, at], before)
        block = np.where(partners > members[:, None], if_later, if_earlier)
        block = _ratio(block, squares[at, None] * squares)
        result[np.ix_(members, partners)] = block
        result[np.ix_(partners, members)] = block.T
    # two columns each of which has a row that the other lacks
    has = patterns.astype(np.int64)
    shared = has.T @ has
    apart = (shared < has.sum(axis=0)) & (shared < has.sum(axis=0)[:, None])
    later, earlier = np.nonzero(np.tril(apart[np.ix_(of, of)]))
    for start in range(0, len(later), _CHUNK):
        one, two = (incomplete[places[start : start + _CHUNK]] for places in (later, earlier))
        found = _of_pairs(values[:, one], values[:, two], present[:, one] & present[:, two])
        result[one, two] = result[two, one] = found
    return result


def _complete(values: Matrix) -> Matrix:
    """Correlate columns without a missing value."""
    after, before, squares = _deviations(values)
    count = values.shape[1]
    result = np.empty((count, count))
    for top in range(0, count, _TILE_ROWS):
        rows = slice(top, min(top + _TILE_ROWS, count))
        mine = np.ascontiguousarray(after[:, rows])
        for left in range(0, rows.stop, _TILE_COLUMNS):
            columns = slice(left, min(left + _TILE_COLUMNS, rows.stop))
            block = _pair_sums(mine, before[:, columns])
            result[rows, columns] = _ratio(block, squares[rows, None] * squares[columns])
        corner = result[rows, rows]
        result[rows, rows] = np.tril(corner) + np.tril(corner, -1).T
        result[:top, rows] = result[rows, :top].T
    return result


def _deviations(values: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Give each value's deviation from the mean with it and before it, and their sums of products.

    Columns of the three results are those of `values`.
    """
    after, before = np.empty(values.shape), np.empty(values.shape)
    mean, squares = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for number, row in enumerate(values):
        np.subtract(row, mean, out=before[number])
        mean += (1.0 / (number + 1)) * before[number]
        np.subtract(row, mean, out=after[number])
        squares += after[number] * before[number]
    return after, before, squares


def _pair_sums(one: Matrix, other: Matrix) -> Matrix:
    """Sum the products of every two columns, row after row.

    Not by BLAS, which adds in another order, and rounds once for multiplying and adding.
    """
    if min(one.shape[1], other.shape[1]) < _NARROW:  # there, einsum adds in another order
        result = np.zeros((one.shape[1], other.shape[1]))
        for left, right in zip(one, other, strict=True):
            result += left[:, None] * right
        return result
    return np.einsum("ki,kj->ij", one, other)


def _of_pairs(later: Matrix, earlier: Matrix, both: Mask) -> Matrix:
    """Correlate column by column of two tables over the rows of each pair."""
    count, products, x_squares, y_squares, x_mean, y_mean = np.zeros((6, later.shape[1]))
    for x, y, taken in zip(later, earlier, both, strict=True):
        count += taken
        share = np.divide(1.0, count, out=np.zeros_like(count), where=count > 0)
        x_before, y_before = (np.where(taken, a - b, 0.0) for a, b in ((x, x_mean), (y, y_mean)))
        x_mean += share * x_before
        y_mean += share * y_before
        x_after, y_after = (np.where(taken, a - b, 0.0) for a, b in ((x, x_mean), (y, y_mean)))
        x_squares += x_after * x_before
        y_squares += y_after * y_before
        products += x_after * y_before
    return _ratio(products, x_squares * y_squares)


def _ratio(products: Matrix, squares: Matrix) -> Matrix:
    divisor = np.sqrt(squares)
    divisor[divisor == 0] = np.nan
    return np.clip(products / divisor, -1.0, 1.0)
