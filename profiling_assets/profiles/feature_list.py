"""The list of selected features: its file, its reading, its use on a plate.

Put here: what the list says of every feature, and how it is laid out.
Do not put here: which features are kept (`feature_select`, `frozen_features`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import column, is_metadata
from profiling_assets.workspace.names import PlateKey

KEPT = "kept"
DROPPED = "dropped"
_LEDGER = ("feature", "outcome", "operation", "level", "value", "reason")
_SINCE = ("level", "value")  # older files do not have them
_FILE = ("column", "kind", *_LEDGER[1:])


class Ground(NamedTuple):
    """Why an operation drops a feature."""

    reason: str  # a few words
    value: float = math.nan  # the number that decided; NaN where there is none


@dataclass(frozen=True, eq=False)
class FeatureSelection:
    """The columns of the result, and the books of the selection."""

    # every column of the result, in order: metadata of all plates, then the kept features
    columns: tuple[str, ...]
    # one row a feature, text: feature, outcome (kept or dropped), operation, level (plate, batch or
    # all), value (the number that decided, empty where there is none), reason
    ledger: pd.DataFrame
    counts: Mapping[str, int]  # features kept, dropped, and dropped by each operation
    # rows that the operations looked at; None where none was asked
    voters: int | None = field(default=None)


def ledger_row(
    name: str, level: str, dropped: tuple[str, Ground] | None = None, note: str = ""
) -> dict[str, str]:
    """Say of one feature what became of it.

    `note`: what else is to be known of it. A row of `FeatureSelection.ledger`. Numbers have six
    digits, so that a selection made twice has equal bytes.
    """
    operation, ground = dropped or ("", Ground(""))
    return {
        "feature": name,
        "outcome": DROPPED if dropped else KEPT,
        "operation": operation,
        "level": level,
        "value": "" if math.isnan(ground.value) else f"{ground.value:.6g}",
        "reason": "; ".join(part for part in (ground.reason, note) if part),
    }


def selection_of(
    columns: Sequence[str], rows: Iterable[Mapping[str, str]], *, voters: int | None = None
) -> FeatureSelection:
    """Put a selection together.

    `columns`: every column of the result, in order.
    """
    ledger = pd.DataFrame(list(rows), columns=pd.Index(_LEDGER), dtype="str")
    return _selection(tuple(columns), ledger, voters)


def selection_table(selection: FeatureSelection) -> pd.DataFrame:
    """Lay a selection out as one table of text, to be stored."""
    metadata = [name for name in selection.columns if is_metadata(name)]
    head = pd.DataFrame({"column": metadata, "kind": "metadata", "outcome": KEPT})
    body = selection.ledger.rename(columns={"feature": "column"}).assign(kind="feature")
    table = pd.concat([head.reindex(columns=list(_FILE), fill_value=""), body.loc[:, list(_FILE)]])
    return table.reset_index(drop=True).astype("str")


def selection_from_table(table: pd.DataFrame, *, path: str | None = None) -> FeatureSelection:
    """Read a selection back from its table.

    `table`: as `selection_table` lays it out, every column text. Level and value are empty in one
    that was made before the list had them. The same columns, ledger and counts. Raises
    `InvalidInputError` where a column of the table is missing.
    """
    absent = [name for name in _FILE if name not in table.columns and name not in _SINCE]
    if absent:
        raise InvalidInputError(
            f"not a list of selected features: there is no column {absent[0]}",
            path=path,
            remedy="materialize selected_features again",
        )
    table = table.reindex(columns=list(_FILE), fill_value="")
    kept = table.loc[column(table, "outcome") == KEPT]
    is_feature = column(table, "kind") == "feature"
    ledger = table.loc[is_feature].drop(columns="kind").rename(columns={"column": "feature"})
    return _selection(tuple(column(kept, "column").tolist()), ledger.reset_index(drop=True))


def apply_selection(frame: pd.DataFrame, selection: FeatureSelection) -> pd.DataFrame:
    """Give a plate the columns of a selection.

    Every row, the columns in the list's order; one that the plate lacks is empty.
    """
    result = frame.reindex(columns=list(selection.columns))
    lacking = [
        name for name in selection.columns if name not in frame.columns and is_metadata(name)
    ]
    return result.assign(**dict.fromkeys(lacking, "")).astype(dict.fromkeys(lacking, "str"))


def united(lists: Iterable[Iterable[str]]) -> list[str]:
    """Return all names in the order of first appearance."""
    return list(dict.fromkeys(name for names in lists for name in names))


def metadata_of(frames: Mapping[PlateKey, pd.DataFrame]) -> list[str]:
    """Return the metadata columns of all plates, in the order of first appearance."""
    return united([n for n in frame.columns if is_metadata(n)] for frame in frames.values())


def others_of(frames: Mapping[PlateKey, pd.DataFrame]) -> list[str]:
    """Return all plates' columns that are no metadata, in the order of first appearance."""
    return united([n for n in frame.columns if not is_metadata(n)] for frame in frames.values())


def infinite_cells(key: PlateKey, values: np.ndarray) -> dict[int, str]:
    """Say which columns of a plate have infinite cells, and how many."""
    counts = np.isinf(values).sum(axis=0)
    return {int(at): f"{key} ({int(counts[at])} inf cells)" for at in np.flatnonzero(counts)}


def infinite_note(plates: Sequence[str]) -> str:
    """Say of a feature where it is infinite, from what `infinite_cells` says; empty if nowhere."""
    return f"degenerate scale on {', '.join(plates)}" if plates else ""


def plates_told(frames: Mapping[PlateKey, pd.DataFrame]) -> str:
    """Name a level's plates in a sentence."""
    keys = [str(key) for key in frames]
    return keys[0] if len(keys) == 1 else f"{len(keys)} plates ({keys[0]} to {keys[-1]})"


def counted(names: Iterable[str]) -> dict[str, int]:
    """Count names, in the order of first appearance."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _selection(
    columns: tuple[str, ...], ledger: pd.DataFrame, voters: int | None = None
) -> FeatureSelection:
    outcomes = column(ledger, "outcome")
    counts = {
        KEPT: int((outcomes == KEPT).sum()),
        DROPPED: int((outcomes == DROPPED).sum()),
        **counted(name for name in column(ledger, "operation").tolist() if name),
    }
    return FeatureSelection(columns, ledger, counts, voters)
