"""The profiles of a batch's plates as one table.

Put here: which columns the stacked table has, and in which order.
Do not put here: which plates make a batch (`config.plates_asked_for`), the GCT file (`gct`).
Source: `concat_dataframes` and `pipeline_feature_select` of cytomining/profiling-recipe.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from profiling_assets.errors import listed
from profiling_assets.profiles.column_kinds import column, is_count, is_metadata, numeric_columns
from profiling_assets.workspace.names import PlateKey

BATCH_COLUMN = "Metadata_batch"


@dataclass(frozen=True, eq=False)
class StackedProfiles:
    """The profiles of several plates, one below the other."""

    # one row a well (or site): plates in the order given, the rows of each in its own order
    frame: pd.DataFrame
    # column to the plates that have no value in it, where another plate has
    partly_empty: Mapping[str, tuple[PlateKey, ...]]
    # column to the plates whose table has no such column; they are in `partly_empty` too
    lacking: Mapping[str, tuple[PlateKey, ...]]
    # plates whose own `Metadata_batch` said something else than the batch
    replaced: tuple[PlateKey, ...]


def stack_profiles(frames: Mapping[PlateKey, pd.DataFrame], batch: str) -> StackedProfiles:
    """Stack the profiles of a batch's plates.

    `frames`: feature-selected profiles, at least one plate; metadata as verbatim text. `batch`: the
    batch, which becomes the column `Metadata_batch`, as in the recipe. The metadata columns of all
    plates in order of first appearance, `Metadata_batch`, then all other columns likewise. A column
    that a plate lacks is empty in its rows.
    """
    names = _united(frame.columns for frame in frames.values())
    metadata = [name for name in names if is_metadata(name) and name != BATCH_COLUMN]
    others = [name for name in names if not is_metadata(name)]
    wanted = pd.Index([*metadata, BATCH_COLUMN, *others])
    parts: list[pd.DataFrame] = []
    lacking: dict[str, list[PlateKey]] = {}
    for key, frame in frames.items():
        absent = [name for name in wanted if name not in frame.columns and name != BATCH_COLUMN]
        for name in absent:
            lacking.setdefault(name, []).append(key)
        words = dict.fromkeys((n for n in absent if is_metadata(n) and not is_count(n)), "")
        told = {
            name: pd.Series(word, index=frame.index, dtype="str")
            for name, word in {**words, BATCH_COLUMN: batch}.items()
        }
        parts.append(frame.reindex(columns=wanted).assign(**told))
    stacked = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    return StackedProfiles(
        frame=stacked.reset_index(drop=True),
        partly_empty=_partly_empty(dict(zip(frames, parts, strict=True))),
        lacking={name: tuple(keys) for name, keys in lacking.items()},
        replaced=tuple(key for key, frame in frames.items() if _says_another(frame, batch)),
    )


def stack_warnings(stacked: StackedProfiles) -> tuple[str, ...]:
    """Say which columns a plate lacks, and whose own batch was replaced."""
    warnings: list[str] = []
    if stacked.lacking:
        warnings.append(
            f"{len(stacked.lacking)} columns are not in the file of every plate and stay empty "
            f"there: {listed(f'{name} ({listed(on)})' for name, on in stacked.lacking.items())}"
        )
    if stacked.replaced:
        warnings.append(
            f"the plate map's own {BATCH_COLUMN} is replaced by the batch's name, as in the recipe "
            f"(the plates' files keep it): {listed(stacked.replaced)}"
        )
    return tuple(warnings)


def _partly_empty(parts: Mapping[PlateKey, pd.DataFrame]) -> dict[str, tuple[PlateKey, ...]]:
    found: dict[str, list[PlateKey]] = {}
    for key, part in parts.items():
        for name in _empty(part):
            found.setdefault(name, []).append(key)
    return {name: tuple(on) for name, on in found.items() if len(on) < len(parts)}


def _empty(part: pd.DataFrame) -> list[str]:
    numeric = numeric_columns(part)
    numbers = [name for name in part.columns if name in numeric]
    gaps = np.isnan(part.loc[:, numbers].to_numpy(dtype=np.float64)).all(axis=0).tolist()
    without = {name for name, is_empty in zip(numbers, gaps, strict=True) if is_empty}
    for name in part.columns:
        if name not in numeric:
            values = column(part, name)
            if bool((values.isna() | (values == "")).all()):
                without.add(name)
    return [name for name in part.columns if name in without]


def _says_another(frame: pd.DataFrame, batch: str) -> bool:
    if BATCH_COLUMN not in frame.columns:
        return False
    return bool((column(frame, BATCH_COLUMN).astype("str") != batch).any())


def _united(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in lists for name in names))
