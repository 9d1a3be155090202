"""What the verbs give: a table, its warnings, and the books of the step.

Put here: one class for each kind of result that has more than a table.
Do not put here: the verbs (`from_csvs`, `well_profiles`, `whole_tables`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from profiling_assets.quality.table_differences import TableDifference


@dataclass(frozen=True, eq=False)
class WithFrame:
    """What every verb gives: a table, and what is to be known about it.

    Attributes
    ----------
    frame : pandas.DataFrame
        The table. In one of profiles, features are float64, counts of sites and objects are
        numbers, all other metadata are text.
    warnings : tuple of str
        Sentences; empty where there is nothing to be told.
    """

    frame: pd.DataFrame
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Aggregated(WithFrame):
    """Profiles of a plate from its single cells.

    Attributes
    ----------
    wells : pandas.DataFrame
        One row per well, also where it has no profile: `well`, `state`, `reason`, `sites`, `cells`.
    """

    wells: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Collated(Aggregated):
    """A plate, collated.

    Attributes
    ----------
    sites : pandas.DataFrame
        One row per site folder: `folder`, `well`, `site`, `state`, `reason`, and how many Image
        rows and objects of each table were found (`_in`) and kept (`_kept`).
    sqlite : pathlib.Path or None
        The SQLite backend; None where SQLite cannot hold a table so wide, which a warning says.
    """

    sites: pd.DataFrame
    sqlite: Path | None


@dataclass(frozen=True, eq=False)
class Annotated(WithFrame):
    """Annotated profiles.

    Attributes
    ----------
    wells : pandas.DataFrame
        One row per well of the plate map or of the profiles, also where it did not join: `well`,
        `state`, `reason`, `sites`, `cells`.
    """

    wells: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Normalized(WithFrame):
    """Normalized profiles.

    Attributes
    ----------
    fitted_on : int
        How many rows the scale was taken from.
    degenerate : mapping of str to int
        Features with a scale of zero, and how many of their cells are infinite or NaN for it.
    """

    fitted_on: int
    degenerate: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Selected(WithFrame):
    """Feature-selected profiles.

    Attributes
    ----------
    features : pandas.DataFrame
        One row a feature: `feature`, `outcome` (kept or dropped), `operation`, `value` (the number
        that decided, NaN where there is none) and `reason`.
    """

    features: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Compared(WithFrame):
    """What differs between two tables of profiles.

    Attributes
    ----------
    difference : TableDifference
        All of it, counted.
    is_empty : bool
        Whether the tables hold the same, up to the tolerance and the order.
    """

    difference: TableDifference

    @property
    def is_empty(self) -> bool:
        """Whether the tables hold the same, up to the tolerance and the order."""
        return self.difference.is_empty
