"""What differs between two tables of profiles.

Put here: aligning two tables by well and feature, counting and ranking what differs.
Do not put here: which files belong together (`steps.differences`), what is printed (`cli.diff`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from profiling_assets.profiles.column_kinds import (
    PLATE_COLUMNS,
    WELL_COLUMNS,
    column,
    is_metadata,
    numeric_columns,
)
from profiling_assets.profiles.plate_map import join_name


@dataclass(frozen=True)
class LinesDifference:
    """Lines that only one of two lists has, in their order; repeated ones count each."""

    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both have the same lines, in whatever order."""
        return not (self.only_in_a or self.only_in_b)


def lines_difference(a: Sequence[str], b: Sequence[str]) -> LinesDifference:
    """Return which lines only one of two lists has, whatever their order."""
    return LinesDifference(_beyond(a, b), _beyond(b, a))


def _beyond(lines: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    left = Counter(others)
    found: list[str] = []
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            found.append(line)
    return tuple(found)


_Numbers = NDArray[np.float64]
_NOT_FINITE = 3  # changes from or to empty or infinite that are named


@dataclass(frozen=True)
class ValueChange:
    """A value of both tables that differs."""

    feature: str  # the column
    well: str  # the well, with its plate in front where a table has several
    before: float  # NaN where the cell is empty, as of `after`
    after: float
    # difference over the larger magnitude, 0 to 2; NaN where a value is empty or infinite
    relative: float
    # difference in standard deviations of the feature over the wells of both tables; NaN where a
    # value is empty or infinite
    spreads: float


@dataclass(frozen=True)
class MetadataChange:
    """A metadata column that differs: in how many wells, and the first of them."""

    column: str
    wells: int
    first_well: str
    before: str
    after: str


@dataclass(frozen=True)
class TableDifference:
    """What differs between two tables of profiles, A and B."""

    wells_only_in_a: tuple[str, ...]  # wells of one table
    wells_only_in_b: tuple[str, ...]  # wells of one table
    features_only_in_a: tuple[str, ...]  # measured columns of one table
    features_only_in_b: tuple[str, ...]  # measured columns of one table
    metadata_only_in_a: tuple[str, ...]  # metadata columns of one table
    metadata_only_in_b: tuple[str, ...]  # metadata columns of one table
    wells: int  # how many both have
    features: int  # how many both have
    # values of these wells and features that are equal (empty ones among them), that differ by no
    # more than the tolerance, and that differ by more
    equal: int
    # values of these wells and features that are equal (empty ones among them), that differ by no
    # more than the tolerance, and that differ by more
    close: int
    # values of these wells and features that are equal (empty ones among them), that differ by no
    # more than the tolerance, and that differ by more
    different: int
    features_that_differ: int  # features with a value that differs by more than the tolerance
    # the largest changes of finite values, in standard deviations of the feature
    largest: tuple[ValueChange, ...]
    not_finite: int  # values among the different that are empty or infinite in one of the tables
    first_not_finite: tuple[ValueChange, ...]  # the first of them, row by row
    metadata: tuple[MetadataChange, ...]  # metadata columns of both that differ in a well of both
    # whether rows or columns stand in another order, which is no difference of the result
    reordered: bool

    @property
    def is_empty(self) -> bool:
        """Whether the tables hold the same, up to the tolerance and the order."""
        only = (
            *self.wells_only_in_a,
            *self.wells_only_in_b,
            *self.features_only_in_a,
            *self.features_only_in_b,
            *self.metadata_only_in_a,
            *self.metadata_only_in_b,
        )
        return not (only or self.different or self.metadata)


def table_difference(
    a: pd.DataFrame, b: pd.DataFrame, *, tolerance: float = 0.0, largest: int = 10
) -> TableDifference:
    """Compare two tables of profiles, well by well and feature by feature.

    `a, b`: tables of `profiles.tables.read_profiles`, one row a well. Where each is of one plate,
    wells are compared by their names alone, so that two plates can be compared; `A1` is `A01`.
    `tolerance`: largest difference over the larger magnitude that counts as close.
    """
    several = max(_plates(a), _plates(b)) > 1
    a, b = _by_well(a, several=several), _by_well(b, several=several)
    wells = [well for well in a.index if well in set(b.index)]
    shared = [name for name in a.columns if name in set(b.columns)]
    numeric = numeric_columns(a) & numeric_columns(b)
    features = [name for name in shared if name in numeric and not is_metadata(name)]
    others = [name for name in shared if name not in set(features)]
    left, right = a.loc[wells], b.loc[wells]
    before = left[features].to_numpy(dtype=np.float64)
    after = right[features].to_numpy(dtype=np.float64)
    equal, close, relative = _judged(before, after, tolerance)
    differs = ~(equal | close)
    spreads = _spreads(before, after)
    measures, names = (relative, spreads), (wells, features)
    broken = differs & np.isnan(relative)
    rows, columns = np.nonzero(differs & ~broken)
    ranked = np.lexsort((rows, columns, -spreads[rows, columns]))[:largest]
    top = (rows[ranked], columns[ranked])
    first = tuple(one[: min(largest, _NOT_FINITE)] for one in np.nonzero(broken))
    return TableDifference(
        wells_only_in_a=_only(a.index, b.index),
        wells_only_in_b=_only(b.index, a.index),
        features_only_in_a=_only(_measured(a), b.columns),
        features_only_in_b=_only(_measured(b), a.columns),
        metadata_only_in_a=_only(_metadata(a), b.columns),
        metadata_only_in_b=_only(_metadata(b), a.columns),
        wells=len(wells),
        features=len(features),
        equal=int(equal.sum()),
        close=int(close.sum()),
        different=int(differs.sum()),
        features_that_differ=int(differs.any(axis=0).sum()) if differs.size else 0,
        largest=_changes(before, after, measures, top, names),
        not_finite=int(broken.sum()),
        first_not_finite=_changes(before, after, measures, (first[0], first[1]), names),
        metadata=_metadata_changes(left, right, others),
        reordered=list(a.index) != list(b.index) or list(a.columns) != list(b.columns),
    )


def _plates(frame: pd.DataFrame) -> int:
    name = next((name for name in PLATE_COLUMNS if name in frame.columns), None)
    return 1 if name is None else int(column(frame, name).nunique())


def _by_well(frame: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    # read_profiles lets no table pass without a well column
    named = next((name for name in WELL_COLUMNS if name in frame.columns), frame.columns[0])
    wells = [join_name(str(well)) for well in column(frame, str(named))]
    plate = next((name for name in PLATE_COLUMNS if name in frame.columns), None)
    if several and plate is not None:
        wells = [f"{p} {w}" for p, w in zip(column(frame, plate), wells, strict=True)]
    seen: Counter[str] = Counter()
    index: list[str] = []
    for well in wells:  # a site is a row too, and a well may be there twice
        seen[well] += 1
        index.append(well if seen[well] == 1 else f"{well} (row {seen[well]})")
    kept = [name for name in frame.columns if several or name not in PLATE_COLUMNS]
    return cast(pd.DataFrame, frame[kept]).set_axis(index, axis=0)


def _measured(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if not is_metadata(name)]


def _metadata(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if is_metadata(name)]


def _only(names: Sequence[str] | pd.Index, others: Sequence[str] | pd.Index) -> tuple[str, ...]:
    known = set(others)
    return tuple(str(name) for name in names if name not in known)


def _judged(
    before: _Numbers, after: _Numbers, tolerance: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], _Numbers]:
    equal = (before == after) | (np.isnan(before) & np.isnan(after))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        relative = np.abs(after - before) / np.maximum(np.abs(before), np.abs(after))
    relative[~(np.isfinite(before) & np.isfinite(after))] = np.nan
    relative[equal] = 0.0
    return equal, ~equal & (relative <= tolerance), relative


def _spreads(before: _Numbers, after: _Numbers) -> _Numbers:
    """Return the difference in standard deviations of each column; NaN where it is not finite."""
    both = np.concatenate([before, after])
    known = np.isfinite(both)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.where(known, both, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, both - mean, 0) ** 2).sum(axis=0) / count)
        return np.abs(after - before) / spread


def _changes(
    before: _Numbers,
    after: _Numbers,
    measures: tuple[_Numbers, _Numbers],
    chosen: tuple[NDArray[np.intp], NDArray[np.intp]],
    names: tuple[Sequence[str], Sequence[str]],
) -> tuple[ValueChange, ...]:
    relative, spreads = measures
    wells, features = names
    return tuple(
        ValueChange(
            feature=features[int(at)],
            well=wells[int(row)],
            before=float(before[row, at]),
            after=float(after[row, at]),
            relative=float(relative[row, at]),
            spreads=float(spreads[row, at]),
        )
        for row, at in zip(*(one.tolist() for one in chosen), strict=True)
    )


def _metadata_changes(
    a: pd.DataFrame, b: pd.DataFrame, names: Sequence[str]
) -> tuple[MetadataChange, ...]:
    found: list[MetadataChange] = []
    for name in names:
        before, after = _texts(column(a, name)), _texts(column(b, name))
        rows = [
            row for row, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]
        ]
        if rows:
            at = rows[0]
            found.append(MetadataChange(name, len(rows), str(a.index[at]), before[at], after[at]))
    return tuple(found)


def _texts(values: pd.Series) -> list[str]:
    # the well's own spelling is no change, and neither is a count that is read as float64
    if values.name in WELL_COLUMNS:
        return [join_name(str(value)) for value in values]
    if not pd.api.types.is_numeric_dtype(values):
        return ["" if value is None else str(value) for value in values]
    return ["" if np.isnan(number) else f"{number:.17g}" for number in values.astype(np.float64)]
