"""Feature selection: which columns go on, and why each other one does not.

Put here: the operations in their order over the plates of a level, and what they dropped.
Do not put here: the list and its file (`profiles.feature_list`), which plates make a level (partitions).
pycytominer's operations decide, but for `correlation_threshold` (see `profiles.correlation`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas and pycytominer ship partial types

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from profiling_assets.errors import ConfigError, InvalidInputError
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
from profiling_assets.profiles.normalize import INFER, chosen_features
from profiling_assets.profiles.samples import ALL, sampled_rows, samples_query
from profiling_assets.profiles.selection_operations import OPERATIONS
from profiling_assets.workspace.names import PlateKey

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
) -> FeatureSelection:
    """Select features over one plate or several.

    Parameters
    ----------
    frames : mapping of PlateKey to pandas.DataFrame
        Normalized profiles, in the order of batch and plate.
    operations : sequence of str
        Names of pycytominer's operations; each sees what the ones before it left.
    features : str or sequence of str
        `infer`, or column names.
    image_features : bool
        Whether `Image_*` columns are features.
    compartments : sequence of str or None
        The config's `compartments`.
    level : str
        What the plates make up together, `plate`, `batch` or `all`; for the ledger.
    samples : str
        A pandas query for the wells that vote, or `all`.
    min_cells : int
        Wells with fewer objects do not vote.

    Returns
    -------
    FeatureSelection
        Infinite values count as missing; a feature that has some says so in the ledger.

    Raises
    ------
    ConfigError
        Where an operation is unknown, or needs what the config cannot say.
    InvalidInputError
        Where no well votes, or no feature is left.
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
    votes, infinite = _votes(frames, names, query, min_cells)
    if votes.empty:
        raise InvalidInputError(
            f"no well of {plates_told(frames)} votes in feature selection ({query})",
            remedy="lower feature_select.min_cells",
        )
    dropped: dict[str, tuple[str, Ground]] = {}
    remaining = names
    for operation in operations:
        for name, ground in OPERATIONS[operation](votes, remaining).items():
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
    frames: Mapping[PlateKey, pd.DataFrame], names: list[str], query: str, min_cells: int
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
    return pd.DataFrame(votes.T, columns=pd.Index(names), copy=False), told
