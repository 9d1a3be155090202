"""What collate and aggregate hand back.

Put here: the plain results that callers read.
Do not put here: how they come about, where files are published (`storage`).
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships no stubs

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
