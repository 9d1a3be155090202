"""Feature selection: which columns go on, and why each other one does not.

Put here: the operations in their order over the plates of a level, and what they dropped.
Do not put here: the list and its file (`feature_list`), which plates make a level (partitions).
pycytominer's operations decide, but for `correlation_threshold` (see `correlation`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from profiling_assets.config.queries import ALL
from profiling_assets.errors import ConfigError, InvalidInputError, there_is
from profiling_assets.profiles.column_kinds import column, is_metadata
from profiling_assets.profiles.correlation import THRESHOLD, correlated_features
from profiling_assets.profiles.feature_list import (
    FeatureSelection,
    Ground,
    counted,
    infinite_cells,
    infinite_note,
    ledger_row,
    metadata_of,
    others_of,
    plates_told,
    selection_of,
    united,
)
from profiling_assets.profiles.frozen_features import FrozenFeatures
from profiling_assets.profiles.normalize import INFER, chosen_features
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.reference_wells import sampled_rows, samples_query
from profiling_assets.profiles.samples import Rows, takes_none
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class Cutoffs:
    """Where the operations draw the line, by pycytominer's names and with its defaults."""

    min_variance: float = 1e-6  # features with less go
    na_cutoff: float = 0.05  # share of missing values, 0 to 1; features with more go
    corr_threshold: float = THRESHOLD  # of two features with a larger correlation one goes
    corr_method: str = "pearson"  # or spearman, kendall
    freq_cut: float = 0.05  # second most frequent value to the most frequent; features below go
    unique_cut: float = 0.01  # different values to wells; features below go
    outlier_cutoff: float = 500.0  # features with a larger absolute value go
    blocklist: FrozenFeatures | None = None  # the features that go; None takes pycytominer's list
    # column whose wells of one value are replicates; `noise_removal` needs both
    noise_removal_perturb_groups: str | None = None
    # features with a larger mean standard deviation within these groups go
    noise_removal_stdev_cutoff: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no share, and a way to correlate that is not known."""
        for name in ("na_cutoff", "corr_threshold", "freq_cut", "unique_cut"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}", remedy=f"give {name} a number from 0 to 1"
                )
        if self.corr_method not in ("pearson", "spearman", "kendall"):
            raise ConfigError(
                f"corr_method is {self.corr_method!r}", remedy="use pearson, spearman or kendall"
            )


_OPERATIONS = "pycytominer.operations"
_UTILITIES = "pycytominer.cyto_utils"

Operation = Callable[[pd.DataFrame, list[str], Cutoffs], dict[str, Ground]]


def _variance_threshold(
    votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs
) -> dict[str, Ground]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature without a value: dropped
        try:
            excluded = reference(_OPERATIONS).variance_threshold(
                votes, features=features, min_variance=cutoffs.min_variance
            )
        except ValueError as error:
            if "meets the variance threshold" not in str(error):
                raise
            excluded = features  # scikit-learn refuses to drop all of them
        spread = np.nanvar(votes.loc[:, excluded].to_numpy(), axis=0)
    return {
        name: Ground("no value")
        if np.isnan(variance)
        else Ground(f"variance {variance:.3g}, below {cutoffs.min_variance:g}", float(variance))
        for name, variance in zip(excluded, spread, strict=True)
    }


def _correlation_threshold(
    votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs
) -> dict[str, Ground]:
    threshold = cutoffs.corr_threshold
    goes = correlated_features(votes.loc[:, features], threshold, method=cutoffs.corr_method)
    return {
        name: Ground(f"correlation above {threshold:g}, most with {partner}", correlation)
        for name, (partner, correlation) in goes.items()
    }


def _drop_na_columns(
    votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs
) -> dict[str, Ground]:
    excluded = reference(_OPERATIONS).get_na_columns(
        votes, features=features, cutoff=cutoffs.na_cutoff
    )
    missing = {name: float(column(votes, name).isna().mean()) for name in excluded}
    return {
        name: Ground(f"{share:.1%} of values missing, above {_percent(cutoffs.na_cutoff)}", share)
        for name, share in missing.items()
    }


def _blocklist(votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs) -> dict[str, Ground]:
    if cutoffs.blocklist is not None:
        own = set(cutoffs.blocklist.names)
        ground = Ground(f"on the blocklist {cutoffs.blocklist.path}")
        return {name: ground for name in features if name in own}
    listed = reference(_UTILITIES).get_blocklist_features(population_df=votes.loc[:, features])
    return dict.fromkeys(listed, Ground("on pycytominer's blocklist"))


def _drop_outliers(votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs) -> dict[str, Ground]:
    excluded = reference(_UTILITIES).drop_outlier_features(
        votes, features=features, outlier_cutoff=cutoffs.outlier_cutoff
    )
    largest = {name: float(column(votes, name).abs().max()) for name in excluded}
    return {
        name: Ground(f"a value of {value:.3g}, above {cutoffs.outlier_cutoff:g}", value)
        for name, value in largest.items()
    }


def _frequency_threshold(
    votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs
) -> dict[str, Ground]:
    excluded = reference(_OPERATIONS).frequency_threshold(
        votes, features=features, freq_cut=cutoffs.freq_cut, unique_cut=cutoffs.unique_cut
    )
    return {name: _frequency(column(votes, name), cutoffs) for name in excluded}


def _frequency(values: pd.Series, cutoffs: Cutoffs) -> Ground:
    # the first of pycytominer's two rules that drops the feature
    times = values.value_counts().tolist()
    ratio = times[1] / times[0] if len(times) > 1 else 0.0
    if ratio < cutoffs.freq_cut:
        what = f"second most frequent value {ratio:.3g} times the most frequent"
        return Ground(f"{what}, below {cutoffs.freq_cut:g}", ratio)
    share = f"below {_percent(cutoffs.unique_cut)} of {len(values)} wells"
    return Ground(f"{len(times)} different values, {share}", len(times))


def _noise_removal(votes: pd.DataFrame, features: list[str], cutoffs: Cutoffs) -> dict[str, Ground]:
    groups, cutoff = cutoffs.noise_removal_perturb_groups, cutoffs.noise_removal_stdev_cutoff
    excluded = reference(_OPERATIONS).noise_removal(
        votes,
        features=features,
        noise_removal_perturb_groups=groups,
        noise_removal_stdev_cutoff=cutoff,
    )
    within = votes.loc[:, excluded].groupby(column(votes, str(groups))).std(ddof=0).mean()
    return {
        name: Ground(
            f"mean standard deviation {within[name]:.3g} within {groups}, above {cutoff:g}",
            float(within[name]),
        )
        for name in excluded
    }


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "variance_threshold": _variance_threshold,
        "correlation_threshold": _correlation_threshold,
        "drop_na_columns": _drop_na_columns,
        "blocklist": _blocklist,
        "drop_outliers": _drop_outliers,
        "frequency_threshold": _frequency_threshold,
        "noise_removal": _noise_removal,
    }
)


_NOT_ASKED_FOR = (
    "not_asked_for",
    Ground("not among the features that the config asks for"),
)


def select_features(
    frames: Mapping[PlateKey, pd.DataFrame],
    *,
    operations: Sequence[str],
    features: str | Sequence[str],
    image_features: bool,
    compartments: Sequence[str] | None,
    level: str,
    samples: str = ALL,
    min_cells: int = 1,
    cutoffs: Cutoffs = Cutoffs(),
) -> FeatureSelection:
    """Select features over one plate or several.

    `frames`: normalized profiles, in the order of batch and plate. `operations`: names of
    pycytominer's operations; each sees what the ones before it left. `min_cells`: wells with fewer
    objects do not vote. Infinite values count as missing; a feature that has some says so in the
    ledger. Raises `ConfigError` where an operation is unknown, or needs what the config cannot say.
    Raises `InvalidInputError` where no well votes, or no feature is left.
    """
    unknown = [name for name in operations if name not in OPERATIONS]
    if unknown:
        raise ConfigError(
            f"feature selection has no operation {unknown[0]}",
            remedy=f"use some of {', '.join(OPERATIONS)}",
        )
    # a listed feature need not be on every plate
    listed = None if isinstance(features, str) else set(features)
    names = united(
        chosen_features(
            frame,
            INFER if listed is None else [n for n in frame.columns if n in listed],
            compartments=compartments,
            image_features=image_features,
            key=key,
        )
        for key, frame in frames.items()
    )
    absent = sorted((listed or set()).difference(names))
    if absent:
        raise InvalidInputError(
            f"no plate of {plates_told(frames)} has a column {absent[0]}",
            remedy="mend the list of features in the config, or write infer",
        )
    query = samples_query(samples, min_cells=min_cells)
    groups = cutoffs.noise_removal_perturb_groups if "noise_removal" in operations else None
    if "noise_removal" in operations and None in {groups, cutoffs.noise_removal_stdev_cutoff}:
        raise ConfigError(
            "noise_removal needs groups of replicates and a cutoff",
            remedy="give noise_removal_perturb_groups and noise_removal_stdev_cutoff",
        )
    votes, infinite = _votes(frames, names, query, min_cells, groups)
    if votes.empty:
        first = next(iter(frames.items()), None)
        why = "" if first is None else takes_none(first[1], query, of=str(first[0]))
        raise InvalidInputError(
            f"no well of {plates_told(frames)} votes in feature selection ({query})"
            + (f": {why}" if why else ""),
            remedy="lower feature_select.min_cells, or mend the query for samples",
        )
    dropped: dict[str, tuple[str, Ground]] = {}
    remaining = names
    for operation in operations:
        for name, ground in OPERATIONS[operation](votes, remaining, cutoffs).items():
            dropped[name] = (operation, ground)
        remaining = [name for name in remaining if name not in dropped]
        if not remaining:
            tally = counted(dropped[name][0] for name in names)
            told = ", ".join(f"{name} {count}" for name, count in tally.items())
            raise InvalidInputError(
                f"feature selection over {plates_told(frames)} drops all {len(names)} features: "
                f"{told}",
                remedy="look at the normalized profiles; take out the operation or the plate",
            )
    asked = set(names)
    rows = [
        *(ledger_row(name, level, dropped.get(name), infinite.get(name, "")) for name in names),
        *(
            ledger_row(name, level, _NOT_ASKED_FOR)
            for name in others_of(frames)
            if name not in asked
        ),
    ]
    return selection_of((*metadata_of(frames), *remaining), rows, voters=len(votes))


def _votes(
    frames: Mapping[PlateKey, pd.DataFrame],
    names: list[str],
    query: str,
    min_cells: int,
    groups: str | None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Stack the rows that vote, inf as NaN, and tell for each feature where it was infinite."""
    wholes = {key: frame.reset_index(drop=True) for key, frame in frames.items()}
    rows = {
        key: sampled_rows(whole, query, key=key, min_cells=min_cells)
        for key, whole in wholes.items()
    }
    # one table for all, filled plate by plate: 30 plates of 5,700 features are 0.5 GB. A feature is
    # in one piece, as in a stacked frame: the last bits of a correlation depend on it
    votes = np.empty((len(names), sum(int(taken.sum()) for taken in rows.values())))
    infinite: dict[str, list[str]] = {}
    start = 0
    for key, whole in wholes.items():
        values = whole.reindex(columns=names).to_numpy(dtype=np.float64)
        for place, cells in infinite_cells(key, values).items():
            infinite.setdefault(names[place], []).append(cells)
        stop = start + int(rows[key].sum())
        votes[:, start:stop] = np.where(np.isinf(values), np.nan, values)[rows[key]].T
        start = stop
    told = {name: infinite_note(on) for name, on in infinite.items()}
    table = pd.DataFrame(votes.T, columns=pd.Index(names), copy=False)
    if groups is not None:
        table[groups] = _labels(wholes, rows, groups)
    return table, told


def _labels(
    frames: Mapping[PlateKey, pd.DataFrame], rows: Mapping[PlateKey, Rows], name: str
) -> list[str | None]:
    """Return the group of each row that votes; None, which pycytominer leaves out, where empty."""
    labels: list[str | None] = []
    for key, frame in frames.items():
        if name not in frame.columns:
            there = [str(known) for known in frame.columns if is_metadata(str(known))]
            raise InvalidInputError(
                f"{key} has no column {name}, which noise_removal groups by; "
                f"{there_is(name, there, what='columns')}",
                remedy="mend noise_removal_perturb_groups in the config",
            )
        labels += [str(text) or None for text in column(frame, name).to_numpy()[rows[key]]]
    return labels
