"""The scalers of normalization that need one number or two of a feature, on all features at once.

Put here: centre and scale of each feature, to the same last bit as in pycytominer.
Do not put here: which wells they are taken from (`profiles.normalize`), methods that mix features.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ scikit-learn ships partial types

from typing import Any, cast

import numpy as np

from profiling_assets.profiles.pycytominer import reference

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]]

STANDARDIZE, ROBUSTIZE, MAD_ROBUSTIZE = "standardize", "robustize", "mad_robustize"
METHODS = (STANDARDIZE, ROBUSTIZE, MAD_ROBUSTIZE)
_AT_ONCE = 256  # features: what is computed on the way stays in the processor's cache
_NORMAL = 1.4826  # a normal distribution's standard deviation in median absolute deviations


def scaled(values: Matrix, sample: Matrix, *, method: str, fudge_factor: float) -> Matrix:
    """Put every feature on the scale of a sample.

    `mad_robustize`: (x - median) / (1.4826 median(|x - median|) + fudge factor). Source:
    pycytominer 1.7.1, `RobustMAD`, which asks pandas and scipy for the two medians.
    `robustize`: (x - median) / (third quartile - first). Source: scikit-learn's `RobustScaler`,
    as pycytominer calls it. `standardize`: scikit-learn's `StandardScaler` itself.
    Missing values are left out of the sample and stay missing.

    Parameters
    ----------
    values : numpy.ndarray
        Wells by features.
    sample : numpy.ndarray
        The wells that the scale is taken from, by the same features; at least one.
    method : str
        One of `METHODS`.
    fudge_factor : float
        Added to the median absolute deviation (`mad_robustize` only).

    Returns
    -------
    numpy.ndarray
        As `values`. A scale of zero gives inf and NaN with `mad_robustize`; the other two methods
        divide by 1 instead.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # features without a value
        if method == STANDARDIZE:
            scaler = reference("sklearn.preprocessing").StandardScaler()
            # a feature in one piece, as in a data frame: its sum depends on it in the last bits
            return cast(Matrix, scaler.fit(np.asfortranarray(sample)).transform(values))
        result = np.empty(values.shape, order="F")
        for start in range(0, values.shape[1], _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            if method == MAD_ROBUSTIZE:
                centre, scale = _median_and_mad(sample[:, some])
                scale += fudge_factor
            else:
                centre, scale = _median_and_quartiles(sample[:, some])
            np.subtract(values[:, some], centre, out=result[:, some])
            result[:, some] /= scale
        return result


def _median_and_mad(sample: Matrix) -> tuple[Matrix, Matrix]:
    centre = _medians(*_ordered(sample))
    deviations = np.abs(sample - centre)
    scale = _medians(*_ordered(deviations)) / (1 / _NORMAL)
    # infinite ones less an infinite median; unlike missing ones they are not left out
    scale[(np.isnan(deviations) & ~np.isnan(sample)).any(axis=0)] = np.nan
    return centre, scale


def _median_and_quartiles(sample: Matrix) -> tuple[Matrix, Matrix]:
    ordered, counts = _ordered(sample)
    scale = _quantiles(ordered, counts, 0.75) - _quantiles(ordered, counts, 0.25)
    scale[scale < 10 * np.finfo(np.float64).eps] = 1.0
    return _medians(ordered, counts), scale


def _ordered(sample: Matrix) -> tuple[Matrix, Places]:
    """Sort each feature's values, one row a feature, NaN last, and count those that are none."""
    ordered = np.sort(sample.T, axis=1)
    return ordered, np.count_nonzero(~np.isnan(ordered), axis=1)


def _medians(ordered: Matrix, counts: Places) -> Matrix:
    low = _at(ordered, (counts - 1) // 2)
    high = _at(ordered, counts // 2)
    return np.where(counts % 2, low, (low + high) / 2)  # without a value: NaN, sorted last


def _quantiles(ordered: Matrix, counts: Places, share: float) -> Matrix:
    """Interpolate between two values as numpy does, from the nearer one."""
    position = np.maximum(counts - 1, 0) * share
    below = np.floor(position).astype(np.intp)
    low, high = _at(ordered, below), _at(ordered, np.minimum(below + 1, np.maximum(counts - 1, 0)))
    step, part = high - low, position - below
    return np.where(part >= 0.5, high - step * (1 - part), low + step * part)


def _at(ordered: Matrix, places: Places) -> Matrix:
    return ordered[np.arange(len(ordered)), places]
