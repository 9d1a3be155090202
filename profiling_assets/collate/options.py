"""What a user can choose about collate and aggregate.

Put here: the options as plain values, checked once.
Do not put here: reading config files (`core.config`), what the options do (`collate`, `aggregate`).
"""

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
    """One plate, collated.

    Attributes
    ----------
    tables : mapping of str to TableSummary
        Image first, then Cells, Cytoplasm, Nuclei, then other compartments.
    sites : tuple of SiteRecord
        The site ledger, in sorted order of folders; expected sites without a folder last.
    wells : tuple of WellRecord
        The wells ledger; empty where nothing was aggregated.
    aggregate : pandas.DataFrame or None
        Profiles at full precision, one row a well; None where not asked for.
    sqlite_withheld : str or None
        Why there is no SQLite file although one was asked for.
    parquet_files : mapping of str to Path
        Table name to the file written.
    warnings : tuple of str
        Sentences for the user.
    cells : int
        Objects in the backend of the first compartment.
    """

    tables: Mapping[str, TableSummary]
    sites: tuple[SiteRecord, ...]
    wells: tuple[WellRecord, ...]
    aggregate: pd.DataFrame | None
    sqlite_withheld: str | None
    parquet_files: Mapping[str, Path]
    warnings: tuple[str, ...]
    cells: int


@dataclass(frozen=True)
class AggregateResult:
    """Profiles of one plate from a backend.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a well, at full precision.
    wells : tuple of WellRecord
        Every well with an Image row.
    warnings : tuple of str
        Sentences for the user.
    sites : int
        Image rows in the backend.
    cells : int
        Objects of the first compartment that joined an Image row.
    """

    frame: pd.DataFrame
    wells: tuple[WellRecord, ...]
    warnings: tuple[str, ...]
    sites: int
    cells: int


# The image features that pycytominer's collate takes, Count as in its command line.
COLLATE_CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Count", "Threshold")


@dataclass(frozen=True)
class CollateOptions:
    """How site folders become a backend.

    Attributes
    ----------
    munge : bool
        Split one `object.csv` per folder into compartments (`--munge`).
    plate_column_from : str or None
        Column of `Image.csv` that becomes `Metadata_Plate` where that is absent (`--column`).
    on_defective_site : str
        `drop` keeps the Image row and drops the objects of a defective site; `fail` raises.
    """

    munge: bool = False
    plate_column_from: str | None = None
    on_defective_site: Literal["drop", "fail"] = "drop"


@dataclass(frozen=True)
class AggregateOptions:
    """How objects become one profile a well.

    Attributes
    ----------
    method : str
        `mean` or `median` of every feature; of image features too, except counts (summed).
    plate_column, well_column : str
        Columns of the Image table that make a well; `Image_Metadata_Plate` of older backends is
        read as `Metadata_Plate`.
    site_column : str or None
        A third column that splits a well.
    fields : tuple of int or None
        Keep only these values of `Metadata_Site`; None keeps all.
    object_feature : str or None
        Column of the first compartment whose values are counted as `Metadata_Object_Count`;
        None counts its `ObjectNumber`.
    image_feature_categories : tuple of str
        Image features to add, by the first word of their name: `Granularity`, `Count`, ...
    compartments : tuple of str or None
        Tables to aggregate, in any case; None takes all that are there, Cells, Cytoplasm, Nuclei
        first.
    """

    method: Literal["mean", "median"]
    plate_column: str = "Metadata_Plate"
    well_column: str = "Metadata_Well"
    site_column: str | None = None
    fields: tuple[int, ...] | None = None
    object_feature: str | None = None
    image_feature_categories: tuple[str, ...] = ()
    compartments: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a method that is none."""
        if self.method not in ("mean", "median"):
            message = f"method is mean or median, not {self.method!r}"
            raise ValueError(message)
