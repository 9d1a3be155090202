"""The operations of feature selection, each giving the features to drop and the ground of each.

Put here: pycytominer's operations by name, with its default thresholds.
Do not put here: their order, the plates they look at (`profiles.feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# ^ pandas and pycytominer ship partial types

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from profiling_assets.profiles.columns import column
from profiling_assets.profiles.correlation import THRESHOLD, correlated_features
from profiling_assets.profiles.feature_list import Ground
from profiling_assets.profiles.pycytominer import reference

# pycytominer 1.7.1's defaults; the recipe's config cannot change them
MIN_VARIANCE = 1e-6
NA_CUTOFF = 0.05
OUTLIER_CUTOFF = 500.0
FREQ_CUT = 0.05
UNIQUE_CUT = 0.01

_OPERATIONS = "pycytominer.operations"
_UTILITIES = "pycytominer.cyto_utils"

Operation = Callable[[pd.DataFrame, list[str]], dict[str, Ground]]


def _variance_threshold(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature without a value: dropped
        try:
            excluded = reference(_OPERATIONS).variance_threshold(
                votes, features=features, min_variance=MIN_VARIANCE
            )
        except ValueError as error:
            if "meets the variance threshold" not in str(error):
                raise
            excluded = features  # scikit-learn refuses to drop all of them
        spread = np.nanvar(votes.loc[:, excluded].to_numpy(), axis=0)
    return {
        name: Ground("no value")
        if np.isnan(variance)
        else Ground(f"variance {variance:.3g}, below {MIN_VARIANCE:g}", float(variance))
        for name, variance in zip(excluded, spread, strict=True)
    }


def _correlation_threshold(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    goes = correlated_features(votes.loc[:, features])
    return {
        name: Ground(f"correlation above {THRESHOLD:g}, most with {partner}", correlation)
        for name, (partner, correlation) in goes.items()
    }


def _drop_na_columns(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    excluded = reference(_OPERATIONS).get_na_columns(votes, features=features, cutoff=NA_CUTOFF)
    missing = {name: float(column(votes, name).isna().mean()) for name in excluded}
    return {
        name: Ground(f"{share:.1%} of values missing, above {NA_CUTOFF:.0%}", share)
        for name, share in missing.items()
    }


def _blocklist(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    listed = reference(_UTILITIES).get_blocklist_features(population_df=votes.loc[:, features])
    return dict.fromkeys(listed, Ground("on pycytominer's blocklist"))


def _drop_outliers(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    excluded = reference(_UTILITIES).drop_outlier_features(
        votes, features=features, outlier_cutoff=OUTLIER_CUTOFF
    )
    largest = {name: float(column(votes, name).abs().max()) for name in excluded}
    return {
        name: Ground(f"a value of {value:.3g}, above {OUTLIER_CUTOFF:g}", value)
        for name, value in largest.items()
    }


def _frequency_threshold(votes: pd.DataFrame, features: list[str]) -> dict[str, Ground]:
    excluded = reference(_OPERATIONS).frequency_threshold(
        votes, features=features, freq_cut=FREQ_CUT, unique_cut=UNIQUE_CUT
    )
    return {name: _frequency(column(votes, name), len(votes)) for name in excluded}


def _frequency(values: pd.Series, wells: int) -> Ground:
    # the first of pycytominer's two rules that drops the feature
    times = values.value_counts().tolist()
    ratio = times[1] / times[0] if len(times) > 1 else 0.0
    if ratio < FREQ_CUT:
        what = f"second most frequent value {ratio:.3g} times the most frequent, below {FREQ_CUT:g}"
        return Ground(what, ratio)
    share = f"below {UNIQUE_CUT:.0%} of {wells} wells"
    return Ground(f"{len(times)} different values, {share}", len(times))


# noise_removal is not here: it needs groups of replicates, which the recipe's config cannot name
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "variance_threshold": _variance_threshold,
        "correlation_threshold": _correlation_threshold,
        "drop_na_columns": _drop_na_columns,
        "blocklist": _blocklist,
        "drop_outliers": _drop_outliers,
        "frequency_threshold": _frequency_threshold,
    }
)
