"""The books: what went in, what came out, and why the rest was dropped.

Put here: the records of sites and wells, their totals, and the rule in = out + dropped.
Do not put here: finding defects (`collate`), joining plate maps (`profiles.annotate`), writing
files.
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class SiteState(StrEnum):
    """What became of one site folder (or one Image row of a folder with several)."""

    COMPLETE = "complete"
    ZERO_CELLS = "zero_cells"
    QC_FLAGGED = "qc_flagged"
    COUNT_DIFFERS = "count_differs"
    PARTIAL = "partial"
    MISSING_OBJECT_CSV = "missing_object_csv"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    RAGGED = "ragged"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    DUPLICATE = "duplicate"  # an Image.csv with the bytes of another
    REPEATED = "repeated"  # an Image row of a site that an earlier row has
    OTHER_PLATE = "other_plate"


# Of these, no site more is there than without them.
NOT_ASKED = frozenset(
    {SiteState.DUPLICATE, SiteState.UNEXPECTED, SiteState.REPEATED, SiteState.OTHER_PLATE}
)
KEPT_WHOLE = frozenset(
    {SiteState.COMPLETE, SiteState.ZERO_CELLS, SiteState.QC_FLAGGED, SiteState.UNEXPECTED}
)


@dataclass(frozen=True)
class SiteRecord:
    """One site: what was found, what was kept, and why the rest was not."""

    folder: str  # name of the site folder; empty where the site was expected and is not there
    # well and site as in `Image.csv` or the load data; empty where unknown
    well: str
    site: str
    state: SiteState
    reason: str = ""  # empty for a complete site, else a sentence with the file's name
    image_rows_in: int = 0  # rows of `Image.csv`
    image_rows_kept: int = 0  # those in the backend
    # table name to rows of each object table, found and kept
    objects_in: Mapping[str, int] = field(default_factory=dict[str, int])
    objects_kept: Mapping[str, int] = field(default_factory=dict[str, int])


class WellState(StrEnum):
    """What became of one well."""

    PROFILE = "profile"
    NO_OBJECTS = "no_objects"
    INCOMPLETE = "incomplete"
    NO_SITES = "no_sites"
    NOT_IN_FIELDS = "not_in_fields"
    NOT_IN_PLATE_MAP = "not_in_plate_map"
    EXCLUDED = "excluded"
    NO_PROFILE = "no_profile"


# for wells that are incomplete: they have cells, and no profile
LOST_REMEDY = (
    "bring the object CSVs that are absent or empty, name in `compartments` the tables that a "
    "profile is to be made of, or take the wells out in metadata/exclusions.tsv"
)


@dataclass(frozen=True)
class WellRecord:
    """One well: whether it has a profile, and if not, why."""

    well: str  # as written where it was found
    state: WellState
    reason: str = ""  # empty for a well with a profile
    sites: int = 0  # image rows of the well
    cells: int = 0  # objects of the first compartment


def site_ledger_frame(records: Iterable[SiteRecord]) -> pd.DataFrame:
    """Lay the site records out as a table, one row a site, in the order given.

    Columns are folder, well, site, state, reason, image_rows_in, image_rows_kept, then for each
    object table `<Table>_in` and `<Table>_kept`.
    """
    rows = list(records)
    tables = sorted({t for r in rows for t in (*r.objects_in, *r.objects_kept)})
    data: dict[str, list[object]] = {
        "folder": [r.folder for r in rows],
        "well": [r.well for r in rows],
        "site": [r.site for r in rows],
        "state": [r.state.value for r in rows],
        "reason": [r.reason for r in rows],
        "image_rows_in": [r.image_rows_in for r in rows],
        "image_rows_kept": [r.image_rows_kept for r in rows],
    }
    for table in tables:
        data[f"{table}_in"] = [r.objects_in.get(table, 0) for r in rows]
        data[f"{table}_kept"] = [r.objects_kept.get(table, 0) for r in rows]
    import pandas as pd

    return pd.DataFrame(data)


def well_ledger_frame(records: Iterable[WellRecord]) -> pd.DataFrame:
    """Lay the well records out as a table, one row a well, in the order given."""
    rows = list(records)
    import pandas as pd

    return pd.DataFrame(
        {
            "well": [r.well for r in rows],
            "state": [r.state.value for r in rows],
            "reason": [r.reason for r in rows],
            "sites": [r.sites for r in rows],
            "cells": [r.cells for r in rows],
        }
    )


def count_states(records: Iterable[SiteRecord] | Iterable[WellRecord]) -> dict[str, int]:
    """Count records by the name of their state; states that do not occur are absent."""
    counts: dict[str, int] = {}
    for record in records:
        counts[record.state.value] = counts.get(record.state.value, 0) + 1
    return dict(sorted(counts.items()))
