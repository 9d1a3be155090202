"""Cells of each well: on the plate, as a distribution, and in the groups of the plate map.

Put here: which column counts the cells, the counts of the wells and the numbers that sum them up.
Do not put here: drawing, counting objects of a site (`collate`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from profiling_assets.config.queries import NEGATIVE
from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import WELL_COLUMNS, column
from profiling_assets.profiles.reference_wells import CONTROL_TYPE
from profiling_assets.profiles.samples import Rows, taken_rows
from profiling_assets.workspace.names import normalized_well

# The second is the recipe's choice where old profiles lack the first: the mean number that an
# object has in its site, which grows with the cells and is no count.
CELL_COUNTS = ("Metadata_Object_Count", "Cytoplasm_Number_Object_Number")
TREATMENT = "treatment"
_TREATED = frozenset({"", "trt", "treatment", "test", "compound"})


@dataclass(frozen=True)
class CellCounts:
    """The cells of a plate's wells."""

    column: str  # the column that counts them; empty where the table has none
    # well to cells; NaN where the count is missing
    counts: Mapping[str, float] = field(default_factory=dict[str, float])
    # well to `negcon`, `poscon` ... as the plate map says, or `treatment`
    groups: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class CellCountFacts:
    """Cells of a plate in numbers."""

    wells: int  # wells with a count
    median: float  # cells a well; NaN where there is none
    lowest: float  # cells a well; NaN where there is none
    highest: float  # cells a well; NaN where there is none
    variation: float  # standard deviation over mean (coefficient of variation); NaN below two wells


def cell_counts(
    frame: pd.DataFrame, *, negative: str = NEGATIVE, positive: str | None = None
) -> CellCounts:
    """Read the cells of each well from annotated profiles.

    `frame`: annotated profiles; where a well has several rows (one for each site), they are added.
    `negative`, `positive`: the queries for controls.
    Without counts where the table has no such column.
    """
    wells = _wells(frame)
    name = next((name for name in CELL_COUNTS if name in frame.columns), "")
    groups = dict(
        zip(wells, control_groups(frame, negative=negative, positive=positive), strict=True)
    )
    if not name:
        return CellCounts("", {}, groups)
    numbers = np.asarray(pd.to_numeric(column(frame, name), errors="coerce"), dtype=np.float64)
    rows: dict[str, list[float]] = {well: [] for well in wells}
    for well, number in zip(wells, numbers.tolist(), strict=True):
        if not np.isnan(number):
            rows[well].append(number)
    total = np.sum if name == CELL_COUNTS[0] else np.mean
    counts = {well: float(total(row)) if row else np.nan for well, row in rows.items()}
    return CellCounts(name, counts, groups)


def control_groups(
    frame: pd.DataFrame, *, negative: str = NEGATIVE, positive: str | None = None
) -> list[str]:
    """Say of each row whether it is a control, and which.

    What `Metadata_control_type` says, `treatment` where it is empty or `trt`, or the table has no
    such column. Other queries than the usual one decide on `negcon`, and on `poscon`; one that does
    not fit the table takes no row.
    """
    said = [""] * len(frame)
    if CONTROL_TYPE in frame.columns:
        said = column(frame, CONTROL_TYPE).astype(str).str.strip().tolist()
    groups = [TREATMENT if text.lower() in _TREATED else text for text in said]
    for group, query in (("negcon", negative), ("poscon", positive)):
        if query not in {None, NEGATIVE}:
            rows = _rows(frame, str(query)).tolist()
            groups = [
                group if taken else (TREATMENT if text == group else text)
                for text, taken in zip(groups, rows, strict=True)
            ]
    return groups


def _rows(frame: pd.DataFrame, query: str) -> Rows:
    try:
        return taken_rows(frame, query, of="the plate")
    except InvalidInputError:  # the step that is fitted on controls says it
        return np.zeros(len(frame), dtype=np.bool_)


def cell_count_facts(counts: CellCounts) -> CellCountFacts:
    """Sum the cells of a plate up."""
    values = np.array([n for n in counts.counts.values() if not np.isnan(n)])
    if not values.size:
        return CellCountFacts(0, np.nan, np.nan, np.nan, np.nan)
    mean = values.mean()
    varies = values.size > 1 and mean > 0
    return CellCountFacts(
        wells=int(values.size),
        median=float(np.median(values)),
        lowest=float(values.min()),
        highest=float(values.max()),
        variation=float(values.std(ddof=1) / mean) if varies else np.nan,
    )


def _wells(frame: pd.DataFrame) -> list[str]:
    name = next(name for name in WELL_COLUMNS if name in frame.columns)
    return [normalized_well(well) or well for well in map(str, column(frame, name).tolist())]
