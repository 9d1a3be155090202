"""Pearson correlations of all pairs of columns where values are missing, as pandas computes them.

Put here: `DataFrame.corr` again, to the last bit, many pairs at a time.
Do not put here: what the correlations are used for (`profiles.correlation`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

from typing import Any

import numpy as np
import pandas as pd

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_ROWS, _COLUMNS = 128, 1024  # of a tile: its results stay in the processor's cache
_NARROW = 8
_SAMPLE = 24
# A pattern of missing rows costs about as much as 5 columns cost pandas.
_MAX_PATTERNS = 0.2
_CHUNK = 4096  # pairs at once


def pairwise_correlations(frame: pd.DataFrame) -> Matrix:
    """Correlate every two columns over the rows that both have, ten times faster than pandas.

    Of two features that are copies of each other the last bits decide which one goes, so the
    result is that of `DataFrame.corr` bit by bit: Welford's recurrence, row after row, each product
    rounded before it is added. pandas runs it for each pair; here the deviations of a column are
    computed once, and a tile of pairs is summed at once. Whether this machine and these versions of
    pandas and numpy give the same bits is looked at on a sample of the columns, each time; where
    not, and where almost every column has its own missing rows, pandas does all of it.
    Source: `nancorr` of pandas 3.1, after Welford (1962).

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows by columns, float64; NaN and infinite values are missing.

    Returns
    -------
    numpy.ndarray
        Columns by columns, -1 to 1; NaN where two columns share no row, or one of them is constant
        over the rows shared.
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
        if_later = _sums(before[:, at], after)
        if_earlier = _sums(after[:, at], before)
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
    for top in range(0, count, _ROWS):
        rows = slice(top, min(top + _ROWS, count))
        mine = np.ascontiguousarray(after[:, rows])
        for left in range(0, rows.stop, _COLUMNS):
            columns = slice(left, min(left + _COLUMNS, rows.stop))
            block = _sums(mine, before[:, columns])
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


def _sums(one: Matrix, other: Matrix) -> Matrix:
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
