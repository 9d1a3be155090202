"""What a user can choose about collate, and what collating and aggregating give.

Put here: the options and the results as plain values.
Do not put here: how objects become profiles (`config.aggregation`), reading config files
(`config`), what the options do (`collate_plate`, `aggregate`).
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from profiling_assets.collate.repeats import OnRepeat
from profiling_assets.workspace.ledger import SiteRecord, WellRecord
from profiling_assets.workspace.sites import WELL_COLUMN


@dataclass(frozen=True)
class TableSummary:
    """Size of one table: rows, and columns with `TableNumber`."""

    rows: int
    columns: int


@dataclass(frozen=True)
class CollateResult:
    """One plate, collated."""

    # image first, then Cells, Cytoplasm, Nuclei, then other compartments
    tables: Mapping[str, TableSummary]
    # the site ledger, in sorted order of folders; expected sites without a folder last
    sites: tuple[SiteRecord, ...]
    wells: tuple[WellRecord, ...]  # the wells ledger; empty where nothing was aggregated
    # profiles at full precision, one row a well; None where not asked for
    aggregate: pd.DataFrame | None
    sqlite_withheld: str | None  # why there is no SQLite file although one was asked for
    parquet_files: Mapping[str, Path]  # table name to the file written
    warnings: tuple[str, ...]  # sentences for the user
    cells: int  # objects in the backend of the first compartment


@dataclass(frozen=True)
class AggregateResult:
    """Profiles of one plate from a backend."""

    frame: pd.DataFrame  # one row a well, at full precision
    wells: tuple[WellRecord, ...]  # every well with an Image row
    warnings: tuple[str, ...]  # sentences for the user
    sites: int  # image rows in the backend
    cells: int  # objects of the first compartment that joined an Image row


@dataclass(frozen=True)
class CollateOptions:
    """How site folders become a backend."""

    munge: bool = False  # split one `object.csv` per folder into compartments (`--munge`)
    # column of `Image.csv` that becomes `Metadata_Plate` where that is absent (`--column`)
    plate_column_from: str | None = None
    # `drop` keeps the Image row and drops the objects of a defective site; `fail` raises
    on_defective_site: Literal["drop", "fail"] = "drop"
    # an Image row of a site that an earlier row has: `keep` counts both in the well, `drop` keeps
    # the first, `fail` raises
    on_repeated_site: OnRepeat = "keep"
    # what to do with a site whose tables have other numbers of objects than `Image.csv` counts:
    # `drop` treats it as defective
    on_count_differs: Literal["keep", "drop", "fail"] = "keep"
    # whether rows of other plates, as `Metadata_Plate` has them, are left out
    split_plates: bool = False
    well_column: str = WELL_COLUMN  # column of `Image.csv` with the well
    strata: tuple[str, ...] = ()  # columns that split a well, and so tell sites apart
    compartments: tuple[str, ...] | None = None  # tables that the config names
