"""What a user can choose about collate and aggregate.

Put here: the options as plain values, checked once.
Do not put here: reading config files (`config`), what the options do (`collate`, `aggregate`).
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from profiling_assets.workspace.ledger import SiteRecord, WellRecord


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


# The image features that pycytominer's collate takes, Count as in its command line.
COLLATE_CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Count", "Threshold")


@dataclass(frozen=True)
class CollateOptions:
    """How site folders become a backend."""

    munge: bool = False  # split one `object.csv` per folder into compartments (`--munge`)
    # column of `Image.csv` that becomes `Metadata_Plate` where that is absent (`--column`)
    plate_column_from: str | None = None
    # `drop` keeps the Image row and drops the objects of a defective site; `fail` raises
    on_defective_site: Literal["drop", "fail"] = "drop"


@dataclass(frozen=True)
class AggregateOptions:
    """How objects become one profile a well."""

    # `mean` or `median` of every feature; of image features too, except counts (summed)
    method: Literal["mean", "median"]
    # columns of the Image table that make a well; `Image_Metadata_Plate` of older backends is read
    # as `Metadata_Plate`
    plate_column: str = "Metadata_Plate"
    # columns of the Image table that make a well; `Image_Metadata_Plate` of older backends is read
    # as `Metadata_Plate`
    well_column: str = "Metadata_Well"
    site_column: str | None = None  # a third column that splits a well
    # keep only these values of `Metadata_Site`; None keeps all
    fields: tuple[int, ...] | None = None
    # column of the first compartment whose values are counted as `Metadata_Object_Count`; None
    # counts its `ObjectNumber`
    object_feature: str | None = None
    # image features to add, by the first word of their name: `Granularity`, `Count`,
    image_feature_categories: tuple[str, ...] = ()
    # tables to aggregate, in any case; None takes all that are there, Cells, Cytoplasm, Nuclei
    # first
    compartments: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a method that is none."""
        if self.method not in ("mean", "median"):
            message = f"method is mean or median, not {self.method!r}"
            raise ValueError(message)
