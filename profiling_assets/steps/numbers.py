"""The numbers a user looks for, from what a step returned.

Put here: counts of sites, cells, wells and features, by stable names.
Do not put here: counting itself (`profiles`), showing them (`dagster.metadata`).
"""

from collections.abc import Sequence

import pandas as pd

from profiling_assets.collate.options import CollateResult
from profiling_assets.profiles.tables import table_facts
from profiling_assets.steps.outputs import Fact
from profiling_assets.workspace.ledger import KEPT_WHOLE, WellRecord, count_states


def site_facts(result: CollateResult) -> dict[str, Fact]:
    """Count the sites of a collated plate (in all, kept whole, and not, by state) and its cells."""
    whole = sum(1 for site in result.sites if site.state in KEPT_WHOLE)
    return {
        "sites": len(result.sites),
        "sites_kept_whole": whole,
        "sites_with_loss": len(result.sites) - whole,
        "cells": result.cells,
        "objects_found": sum(sum(s.objects_in.values()) for s in result.sites),
        "objects_kept": sum(sum(s.objects_kept.values()) for s in result.sites),
        "site_states": count_states(result.sites),
    }


def well_facts(frame: pd.DataFrame, wells: Sequence[WellRecord]) -> dict[str, Fact]:
    """Count rows, wells, features and missing values of profiles, and their wells by state.

    `wells`: the wells' ledger; empty where there is none.
    """
    facts = table_facts(frame)
    found: dict[str, Fact] = {
        "rows": facts.rows,
        "wells": facts.wells,
        "features": facts.features,
        "nan_share": facts.nan_share,
        "inf_cells": facts.inf_cells,
    }
    if wells:
        found["wells_without_profile"] = len(wells) - facts.wells
        found["well_states"] = count_states(wells)
    return found
