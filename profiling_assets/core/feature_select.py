"""Feature selection: which columns go on, and why each other one does not.

Put here: the operations in their order over the plates of a level, the list they give, its use.
Do not put here: which plates make a level (`config`, partitions), stacking plates.
pycytominer's operations decide, but for `correlation_threshold` (see `correlation`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas and pycytominer ship partial types

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from profiling_assets.core.columns import column, is_metadata
from profiling_assets.core.errors import ConfigError, InvalidInputError
from profiling_assets.core.names import PlateKey
from profiling_assets.core.normalize import INFER, chosen_features
from profiling_assets.core.samples import ALL, sampled_rows, samples_query
from profiling_assets.core.selection_operations import OPERATIONS

KEPT = "kept"
DROPPED = "dropped"
_LEDGER = ("feature", "outcome", "operation", "reason")
_NOT_ASKED_FOR = "not_asked_for"


@dataclass(frozen=True, eq=False)
class FeatureSelection:
    """The columns of the result, and the books of the selection.

    Attributes
    ----------
    columns : tuple of str
        Every column of the result, in order: metadata of all plates, then the kept features.
    ledger : pandas.DataFrame
        One row a feature in table order: feature, outcome (kept or dropped), operation, reason.
    counts : mapping of str to int
        Features kept, dropped, and dropped by each operation.
    voters : int or None
        Rows that the operations looked at; None for a list that was read from its file.
    """

    columns: tuple[str, ...]
    ledger: pd.DataFrame
    counts: Mapping[str, int]
    voters: int | None = field(default=None)


def select_features(
    frames: Mapping[PlateKey, pd.DataFrame],
    *,
    operations: Sequence[str],
    features: str | Sequence[str],
    image_features: bool,
    compartments: Sequence[str] | None,
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
    others = _united([n for n in frame.columns if not is_metadata(n)] for frame in frames.values())
    # a listed feature need not be on every plate
    listed = None if isinstance(features, str) else set(features)
    names = _united(
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
            f"no plate of {_plates(frames)} has a column {absent[0]}",
            remedy="mend the list of features in the config, or write infer",
        )
    query = samples_query(samples, min_cells=min_cells)
    votes, infinite = _votes(frames, names, query, min_cells)
    if votes.empty:
        raise InvalidInputError(
            f"no well of {_plates(frames)} votes in feature selection ({query})",
            remedy="lower feature_select.min_cells",
        )
    dropped: dict[str, tuple[str, str]] = {}
    remaining = names
    for operation in operations:
        for name, reason in OPERATIONS[operation](votes, remaining).items():
            dropped[name] = (operation, reason)
        remaining = [name for name in remaining if name not in dropped]
        if not remaining:
            tally = _counts(dropped[name][0] for name in names)
            told = ", ".join(f"{name} {count}" for name, count in tally.items())
            raise InvalidInputError(
                f"feature selection over {_plates(frames)} drops all {len(names)} features: {told}",
                remedy="look at the normalized profiles; take out the operation or the plate",
            )
    metadata = _united([n for n in frame.columns if is_metadata(n)] for frame in frames.values())
    asked = set(names)
    ledger = pd.DataFrame(
        [
            *(_row(name, dropped.get(name), infinite.get(name, "")) for name in names),
            *(
                _row(name, (_NOT_ASKED_FOR, "not among the features that the config asks for"), "")
                for name in others
                if name not in asked
            ),
        ],
        columns=pd.Index(_LEDGER),
        dtype="str",
    )
    return _selection((*metadata, *remaining), ledger, voters=len(votes))


def selection_table(selection: FeatureSelection) -> pd.DataFrame:
    """Lay a selection out as one table of text, to be stored.

    Parameters
    ----------
    selection : FeatureSelection
        The selection.

    Returns
    -------
    pandas.DataFrame
        Columns column, kind (metadata or feature), outcome, operation, reason. The rows kept, read
        from the top, are the columns of the result.
    """
    metadata = [name for name in selection.columns if is_metadata(name)]
    head = pd.DataFrame(
        {"column": metadata, "kind": "metadata", "outcome": KEPT, "operation": "", "reason": ""}
    )
    body = selection.ledger.rename(columns={"feature": "column"})
    body.insert(1, "kind", "feature")
    return pd.concat([head, body], ignore_index=True).astype("str")


def selection_from_table(table: pd.DataFrame, *, path: str | None = None) -> FeatureSelection:
    """Read a selection back from its table.

    Parameters
    ----------
    table : pandas.DataFrame
        As `selection_table` lays it out, every column text.
    path : str, optional
        Where it lies, for the message.

    Returns
    -------
    FeatureSelection
        The same columns, ledger and counts.

    Raises
    ------
    InvalidInputError
        Where a column of the table is missing.
    """
    wanted = ["column", "kind", "outcome", "operation", "reason"]
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        raise InvalidInputError(
            f"not a list of selected features: there is no column {absent[0]}",
            path=path,
            remedy="materialize selected_features again",
        )
    kept = table.loc[column(table, "outcome") == KEPT]
    is_feature = column(table, "kind") == "feature"
    ledger = (
        table.loc[is_feature, wanted].drop(columns="kind").rename(columns={"column": "feature"})
    )
    return _selection(tuple(column(kept, "column").tolist()), ledger.reset_index(drop=True))


def apply_selection(frame: pd.DataFrame, selection: FeatureSelection) -> pd.DataFrame:
    """Give a plate the columns of a selection.

    Parameters
    ----------
    frame : pandas.DataFrame
        The plate's normalized profiles.
    selection : FeatureSelection
        The list of its level.

    Returns
    -------
    pandas.DataFrame
        Every row, the columns in the list's order; one that the plate lacks is empty.
    """
    result = frame.reindex(columns=list(selection.columns))
    lacking = [
        name for name in selection.columns if name not in frame.columns and is_metadata(name)
    ]
    return result.assign(**dict.fromkeys(lacking, "")).astype(dict.fromkeys(lacking, "str"))


def _selection(
    columns: tuple[str, ...], ledger: pd.DataFrame, voters: int | None = None
) -> FeatureSelection:
    outcomes = column(ledger, "outcome")
    counts = {
        KEPT: int((outcomes == KEPT).sum()),
        DROPPED: int((outcomes == DROPPED).sum()),
        **_counts(name for name in column(ledger, "operation").tolist() if name),
    }
    return FeatureSelection(columns, ledger, counts, voters)


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
        is_inf = np.isinf(values)
        for place in np.flatnonzero(is_inf.any(axis=0)):
            told = f"{key} ({int(is_inf[:, place].sum())} inf cells)"
            infinite.setdefault(names[place], []).append(told)
        stop = start + int(rows[key].sum())
        votes[:, start:stop] = np.where(is_inf, np.nan, values)[rows[key]].T
        start = stop
    told = {name: f"degenerate scale on {', '.join(on)}" for name, on in infinite.items()}
    return pd.DataFrame(votes.T, columns=pd.Index(names), copy=False), told


def _row(name: str, dropped: tuple[str, str] | None, infinite: str) -> dict[str, str]:
    operation, reason = dropped or ("", "")
    return {
        "feature": name,
        "outcome": DROPPED if dropped else KEPT,
        "operation": operation,
        "reason": "; ".join(part for part in (reason, infinite) if part),
    }


def _united(lists: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in lists for name in names))


def _counts(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _plates(frames: Mapping[PlateKey, pd.DataFrame]) -> str:
    keys = [str(key) for key in frames]
    return keys[0] if len(keys) == 1 else f"{len(keys)} plates ({keys[0]} to {keys[-1]})"
