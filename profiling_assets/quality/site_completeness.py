"""Which of a well's sites made it into its profile.

Put here: sites expected and kept of each well, from the ledger of sites.
Do not put here: what became of one site (`workspace.ledger`), which folders there are
(`workspace.completeness`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pandas as pd

from profiling_assets.workspace.ledger import KEPT_WHOLE, NOT_ASKED
from profiling_assets.workspace.names import normalized_well

_WHOLE = frozenset(state.value for state in KEPT_WHOLE)
_NOT_ASKED = frozenset(state.value for state in NOT_ASKED)


@dataclass(frozen=True)
class WellSites:
    """The sites of one well."""

    expected: int  # sites of the load data; those that were found where there is no load data
    whole: int  # sites of which everything was kept (also those without a cell)


def sites_by_well(ledger: pd.DataFrame) -> dict[str, WellSites]:
    """Count the sites of each well.

    `ledger`: `PLATE_sites.tsv` as text: columns well and state. Duplicates of a site and sites that
    the load data do not name count in neither number. Normalized well to its sites, in the order of
    the ledger; sites of no well are left out.
    """
    expected: dict[str, int] = {}
    whole: dict[str, int] = {}
    names = cast("list[str]", ledger["well"].tolist())
    states = cast("list[str]", ledger["state"].tolist())
    for name, state in zip(names, states, strict=True):
        well = normalized_well(name) or name.strip()
        if not well or state in _NOT_ASKED:
            continue
        expected[well] = expected.get(well, 0) + 1
        whole[well] = whole.get(well, 0) + (state in _WHOLE)
    return {well: WellSites(expected[well], whole[well]) for well in expected}


def share_of_whole_sites(sites: Iterable[WellSites]) -> float:
    """Return the share of expected sites of which everything was kept; 1 where none is expected."""
    pairs = [(well.whole, well.expected) for well in sites]
    expected = sum(of for _, of in pairs)
    return sum(n for n, _ in pairs) / expected if expected else 1.0
