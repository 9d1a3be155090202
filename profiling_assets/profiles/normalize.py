"""Normalize: put every feature of a plate on one scale, that of all wells or of the controls.

Put here: the methods on whole matrices, which features they take, what came out of a scale of zero.
Do not put here: which wells the scale is fitted on, counting controls (`reference_wells`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pandas as pd

from profiling_assets.config.queries import ALL, NEGATIVE
from profiling_assets.errors import ControlsError, InvalidInputError
from profiling_assets.profiles.column_kinds import feature_columns, is_measured, numeric_columns
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.reference_wells import (
    groups_of,
    no_well_taken,
    sampled_rows,
    samples_query,
)
from profiling_assets.profiles.samples import Rows, near_misses
from profiling_assets.workspace.names import PlateKey

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]]
STANDARDIZE, ROBUSTIZE, MAD_ROBUSTIZE = "standardize", "robustize", "mad_robustize"
METHODS = (STANDARDIZE, ROBUSTIZE, MAD_ROBUSTIZE)
INFER = "infer"
_PYCYTOMINER_METADATA = "Metadata_"
_PASS_AS_THEY_ARE = ("Image_", "ome_arrow_")
_AT_ONCE = 256  # features: what is computed on the way stays in the processor's cache
_FITTED = "Metadata_fitted_on__"  # tells pycytominer the rows, whose query may read them otherwise
_NORMAL = 1.4826  # a normal distribution's standard deviation in median absolute deviations


@dataclass(frozen=True, eq=False)
class NormalizeResult:
    """A normalized profile table and what is to be known about its scale."""

    frame: pd.DataFrame  # metadata, then the features; rows as they came
    fitted_on: int  # rows that the scale was fitted on
    # features with a scale of zero: how many of their cells turned from a number into inf or NaN
    degenerate: Mapping[str, int]
    inf_cells: int  # infinite cells of the result; they stay in the file, as in published ones
    warnings: tuple[str, ...]  # what the user should know


def normalize_profiles(
    frame: pd.DataFrame,
    *,
    method: str,
    features: str | Sequence[str],
    image_features: bool,
    compartments: Sequence[str] | None,
    samples: str = ALL,
    fudge_factor: float = 0.0,
    min_cells: int = 1,
    negcon: bool = False,
    negative: str = NEGATIVE,
    groups: Sequence[str] = (),
    more: Mapping[str, object] = MappingProxyType({}),
    key: PlateKey,
) -> NormalizeResult:
    """Normalize a plate with pycytominer.

    `image_features`: whether `Image_*` columns are normalized; where not, they pass as they are.
    `fudge_factor`: added to the median absolute deviation (`mad_robustize` only); 0 gives inf where
    it is zero. `min_cells`: wells with fewer objects are not fitted on; they stay in the table.
    `negcon`: whether to fit on the negative controls only. `negative`: the query for them.
    `groups`: metadata columns; the wells that are alike in them have a scale of their own. `more`:
    what else pycytominer's `normalize` is told, where it is called. Raises `ControlsError` where
    fewer than 2 negative controls are left to fit on. Raises `InvalidInputError` where no well is
    left to fit on, or the method cannot work on these numbers.
    """
    frame = frame.reset_index(drop=True)
    names = chosen_features(
        frame, features, compartments=compartments, image_features=image_features, key=key
    )
    query = samples_query(negative if negcon else ALL, samples, min_cells=min_cells)
    rows = sampled_rows(frame, query, key=key, min_cells=min_cells)
    remarks = [f"{key}: {miss}" for miss in near_misses(frame, samples)]
    before = frame.loc[:, names].to_numpy(dtype=np.float64)
    # the other methods refuse infinite values
    if method.lower() != MAD_ROBUSTIZE and np.isinf(before).any():
        remarks.append(f"{key}: {int(np.isinf(before).sum())} infinite cells count as missing")
        frame = frame.copy()
        frame[names] = frame[names].replace([np.inf, -np.inf], np.nan)
    pieces: list[tuple[Places, Matrix]] = []
    for label, places in groups_of(frame, groups, of=str(key)):
        part = frame if len(places) == len(frame) else frame.iloc[places].reset_index(drop=True)
        taken = rows[places]
        _check_fit(part, taken, query, negcon=negcon, of=label)
        if taken.sum() == 1:
            what = f"{label} has one well to fit on ({query})"
            remarks.append(f"{what}: there is no spread to divide by")
        if method.lower() in METHODS:
            values = part.loc[:, names].to_numpy(dtype=np.float64)
            sample = values if taken.all() else values[taken]
            scale = scaled(values, sample, method=method.lower(), fudge_factor=fudge_factor)
        else:
            scale = _by_pycytominer(part, names, taken, method=method, more=more, of=label)
        pieces.append((places, scale))
    after = _in_order(pieces)
    result = _with_features(frame, names, after)
    lost = (np.isfinite(before) & ~np.isfinite(after)).sum(axis=0)
    degenerate = {name: int(cells) for name, cells in zip(names, lost, strict=True) if cells}
    inf_cells = int(np.isinf(after).sum())
    if degenerate:
        remarks.append(
            f"{len(degenerate)} features of {key} have a scale of zero; "
            f"{inf_cells} of their cells are infinite"
        )
    return NormalizeResult(result, int(rows.sum()), degenerate, inf_cells, tuple(remarks))


def chosen_features(
    frame: pd.DataFrame,
    features: str | Sequence[str],
    *,
    compartments: Sequence[str] | None,
    image_features: bool,
    key: PlateKey,
) -> list[str]:
    """Resolve the config's `features` for a plate.

    `image_features`: whether `Image_*` columns count where features are inferred. Raises
    `InvalidInputError` where there are none, or one is absent, no measurement, or holds words.
    """
    if isinstance(features, str):
        names = feature_columns(frame, compartments, image_features=image_features)
    else:
        names = list(features)
        absent = [name for name in names if name not in frame.columns]
        if absent:
            raise InvalidInputError(
                f"the profiles of {key} have no column {absent[0]}",
                remedy="mend the list of features in the config, or write infer",
            )
        others = [name for name in names if not is_measured(name)]
        if others:
            raise InvalidInputError(
                f"{others[0]} is metadata or describes images: it is no feature",
                remedy="take it out of the list of features in the config, or write infer",
            )
    if not names:
        raise InvalidInputError(
            f"the profiles of {key} have no feature of {', '.join(compartments or ('Cells',))}",
            remedy="set compartments to the tables that CellProfiler wrote",
        )
    numeric = numeric_columns(frame)
    words = [name for name in names if name not in numeric]
    if words:
        raise InvalidInputError(
            f"column {words[0]} of {key} holds words, not numbers",
            remedy="take it out of the profiles, or list the features in the config",
        )
    return names


def _with_features(
    frame: pd.DataFrame, names: list[str], numbers: np.ndarray[Any, np.dtype[np.float64]]
) -> pd.DataFrame:
    """Put the columns in the order of pycytominer's `normalize`.

    That function takes ten times as long, most of it for looking through the column names.
    """
    chosen = set(names)
    others = [name for name in frame.columns if name not in chosen]
    metadata = [name for name in others if name.startswith(_PYCYTOMINER_METADATA)]
    passed = [
        name
        for name in others
        if not name.startswith(_PYCYTOMINER_METADATA) and name.startswith(_PASS_AS_THEY_ARE)
    ]
    features = pd.DataFrame(numbers, columns=names, index=frame.index, copy=False)
    return pd.concat([frame.loc[:, [*metadata, *passed]], features], axis="columns")


def _in_order(pieces: Sequence[tuple[Places, Matrix]]) -> Matrix:
    """Put the rows of groups back where they were."""
    if len(pieces) == 1:
        return pieces[0][1]
    back = np.argsort(np.concatenate([places for places, _ in pieces]))
    return np.concatenate([values for _, values in pieces])[back]


def _by_pycytominer(
    frame: pd.DataFrame,
    names: list[str],
    rows: Rows,
    *,
    method: str,
    more: Mapping[str, object],
    of: str,
) -> Matrix:
    every = bool(rows.all())
    table = frame if every else frame.assign(**{_FITTED: rows})
    try:
        with warnings.catch_warnings():
            # a feature without a value, or without spread, is counted by the caller
            warnings.simplefilter("ignore", RuntimeWarning)
            done = reference().normalize(
                profiles=table,
                features=names,
                samples=ALL if every else _FITTED,
                method=method,
                **more,
            )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise InvalidInputError(
            f"{method} does not work on {of}: {error}",
            remedy="choose another normalize.method (mad_robustize takes any table), "
            "or take out features that are constant, missing or sums of others",
        ) from error
    return cast(pd.DataFrame, done).loc[:, names].to_numpy(dtype=np.float64)


def _check_fit(frame: pd.DataFrame, rows: Rows, query: str, *, negcon: bool, of: str) -> None:
    fitted_on = int(rows.sum())
    if negcon and fitted_on < 2:
        raise ControlsError(
            f"{of} has {fitted_on} negative controls to fit on ({query}), and needs 2",
            remedy="mark the controls in the plate map, or lower normalize_negcon.min_cells",
        )
    if fitted_on == 0:
        raise no_well_taken(frame, query, of=of)


def scaled(values: Matrix, sample: Matrix, *, method: str, fudge_factor: float) -> Matrix:
    """Put every feature on the scale of a sample.

    `mad_robustize`: (x - median) / (1.4826 median(|x - median|) + fudge factor). Source:
    pycytominer 1.7.1, `RobustMAD`, which asks pandas and scipy for the two medians.
    `robustize`: (x - median) / (third quartile - first). Source: scikit-learn's `RobustScaler`,
    as pycytominer calls it. `standardize`: scikit-learn's `StandardScaler` itself.
    Missing values are left out of the sample and stay missing.

    `sample`: the wells that the scale is taken from, by the same features; at least one.
    `fudge_factor`: added to the median absolute deviation (`mad_robustize` only).
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
