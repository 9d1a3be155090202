"""What a report takes from the ledgers of sites and wells.

Put here: totals of a ledger, and its lines that are not fine.
Do not put here: what makes a site or a well fine (`workspace.ledger`), reading files.
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

from collections import Counter
from typing import cast

import pandas as pd

from profiling_assets.profiles.columns import column
from profiling_assets.quality.report.facts import Ledger, Rows, Share
from profiling_assets.workspace.ledger import KEPT_WHOLE, SiteState, WellState

_WHOLE = frozenset(state.value for state in KEPT_WHOLE)
_NOT_ASKED = frozenset({SiteState.DUPLICATE.value, SiteState.UNEXPECTED.value})
_FINE = frozenset({SiteState.COMPLETE.value, WellState.PROFILE.value})
_IMAGE = "image_rows"
_TOLD = ("folder", "well", "site", "state", "reason", "cells")


def _texts(ledger: pd.DataFrame, name: str) -> list[str]:
    return cast("list[str]", column(ledger, name).tolist())


def site_share(ledger: pd.DataFrame) -> Share:
    """Count the sites of which everything was kept, of those expected.

    Parameters
    ----------
    ledger : pandas.DataFrame
        `PLATE_sites.tsv` as text.

    Returns
    -------
    Share
        Duplicates, and sites that the load data do not name, are among the states alone, as in the
        picture of the sites.
    """
    states = Counter(_texts(ledger, "state"))
    asked = {state: count for state, count in states.items() if state not in _NOT_ASKED}
    whole = sum(count for state, count in asked.items() if state in _WHOLE)
    return Share(whole, sum(asked.values()), dict(sorted(states.items())))


def well_share(ledger: pd.DataFrame) -> Share:
    """Count the wells with a profile, of all in the ledger (`PLATE_wells.tsv` as text)."""
    states = Counter(_texts(ledger, "state"))
    whole = states[WellState.PROFILE.value]
    return Share(whole, sum(states.values()), dict(sorted(states.items())))


def cells_of(ledger: pd.DataFrame) -> int | None:
    """Sum the cells of the wells with a profile; None where the ledger has no such numbers."""
    if "cells" not in ledger.columns:
        return None
    pairs = zip(_texts(ledger, "state"), _texts(ledger, "cells"), strict=True)
    cells = [text for state, text in pairs if state == WellState.PROFILE.value]
    return sum(map(int, cells)) if all(text.isdecimal() for text in cells) else None


def objects_of(ledger: pd.DataFrame) -> dict[str, Rows]:
    """Sum the rows of each object table, found and kept (`PLATE_sites.tsv` as text)."""
    names = [name.removesuffix("_in") for name in ledger.columns if name.endswith("_in")]
    found: dict[str, Rows] = {}
    for name in names:
        if name == _IMAGE or f"{name}_kept" not in ledger.columns:
            continue
        both = (_texts(ledger, f"{name}_in"), _texts(ledger, f"{name}_kept"))
        if all(text.isdecimal() for texts in both for text in texts):
            found[name] = Rows(*(sum(map(int, texts)) for texts in both))
    return found


def ledger_part(title: str, path: str, ledger: pd.DataFrame) -> Ledger:
    """Return the lines of a ledger that are not fine.

    Parameters
    ----------
    title : str
        What it is a ledger of.
    path : str
        Its workspace path.
    ledger : pandas.DataFrame
        Its table as text, with a column state.

    Returns
    -------
    Ledger
        In the order of the ledger, its telling columns.
    """
    columns = tuple(name for name in _TOLD if name in ledger.columns)
    lines = zip(*(_texts(ledger, name) for name in columns), strict=True)
    pairs = list(zip(_texts(ledger, "state"), lines, strict=True))
    rows = tuple(tuple(line) for state, line in pairs if state not in _FINE)
    return Ledger(title, path, len(pairs) - len(rows), columns, rows)
