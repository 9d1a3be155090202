"""Cells and sites on the plate: the pictures, with the numbers that they show.

Put here: which values are drawn how, and what is said where something cannot be drawn; what the
pictures of profiles (`steps.quality_correlation`) have in common with them.
Do not put here: the values and the drawing (`core.quality`). The latter loads matplotlib, and is
imported where it is needed: whoever opens a code location is not to wait for that.
"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.columns import column
from profiling_assets.profiles.tables import read_tsv
from profiling_assets.quality.cell_count import (
    CellCounts,
    cell_count_facts,
    cell_counts,
)
from profiling_assets.quality.checks.quality import every_well_drawn
from profiling_assets.quality.checks.rows import wells_of
from profiling_assets.quality.site_completeness import (
    WellSites,
    share_of_whole_sites,
    sites_by_well,
)
from profiling_assets.steps.outputs import Fact, MadePictures, Picture, Stored
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.wells import normalized_well


def cell_count_pictures(workspace: Workspace, key: PlateKey, annotated: Stored) -> MadePictures:
    """Draw the cells and the sites of each well.

    Parameters
    ----------
    workspace : Workspace
        Where the ledgers of wells and sites are.
    key : PlateKey
        The plate.
    annotated : Stored
        The annotated profiles.

    Returns
    -------
    MadePictures
        The heatmap of cell counts, their distribution, and the sites on the plate; of the last two
        those that there are values for.
    """
    from profiling_assets.quality.pictures.draw import png
    from profiling_assets.quality.pictures.draw_groups import draw_histogram, grouped
    from profiling_assets.quality.pictures.draw_plate import Scale, draw_plate

    frame = annotated.frame()
    counts = cell_counts(frame)
    sites = _sites(workspace, key)
    expected = {*ledger_wells(workspace, key), *sites}
    title = plate_title(key)
    plate = draw_plate(
        title,
        f"cells per well ({counts.column})" if counts.column else "no column counts the cells",
        counts.counts,
        Scale("cells per well"),
        expected=expected,
        absent="no profile" if counts.column else "not counted",
    )
    pictures = [named_picture(key, "cell_count", png(plate))]
    warnings: list[str] = []
    groups = grouped(counts.counts, counts.groups)
    if groups:
        figure = draw_histogram(title, "wells by their number of cells", "cells per well", groups)
        pictures.append(named_picture(key, "cell_count_distribution", png(figure)))
    else:
        warnings.append("no column counts the cells of a well: their distribution is not drawn")
    if sites:
        figure = draw_plate(
            title,
            "share of the expected sites that are complete in the profile",
            {well: of.whole / of.expected for well, of in sites.items()},
            Scale("complete sites", 0, 1, "YlGn", "{:.0%}"),
            expected=expected,
            absent="no site",
        )
        pictures.append(named_picture(key, "site_completeness", png(figure)))
    else:
        warnings.append(
            f"there is no {layout.site_ledger(key)}: the plate was not collated here, so its sites "
            "are not drawn"
        )
    facts = known_numbers({**count_facts(counts, expected), **_site_facts(sites)})
    drawn = every_well_drawn(wells_of(frame) or (), counts.counts or counts.groups)
    return MadePictures(tuple(pictures), facts, tuple(warnings), (drawn,))


def count_facts(counts: CellCounts, expected: Iterable[str]) -> dict[str, Fact]:
    """Return the numbers of a plate's cell counts; NaN where they are not known.

    The share of empty wells is not known where nobody names the wells that should have cells.
    """
    numbers = cell_count_facts(counts)
    asked = set(expected)
    wells = {*counts.counts, *asked}
    empty = sum(not counts.counts.get(well, 0) > 0 for well in wells)
    facts: dict[str, Fact] = {
        "cells_per_well_median": numbers.median,
        "cells_per_well_cv": numbers.variation,
        "share_of_empty_wells": empty / len(wells) if asked and counts.column else math.nan,
        "cells_per_well_lowest": numbers.lowest,
        "cells_per_well_highest": numbers.highest,
        "wells": numbers.wells,
    }
    return facts


def _site_facts(sites: Mapping[str, WellSites]) -> dict[str, Fact]:
    if not sites:
        return {}
    short = sum(of.whole < of.expected for of in sites.values())
    share = share_of_whole_sites(sites.values())
    return {"share_of_complete_sites": share, "wells_lacking_sites": short}


def known_numbers(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Leave out the numbers that are NaN, and round the others to four decimals."""
    known = {k: v for k, v in facts.items() if not (isinstance(v, float) and math.isnan(v))}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in known.items()}


def plate_title(key: PlateKey) -> str:
    """Return the title of a plate's pictures."""
    return f"{key.plate}  ({key.batch})"


def named_picture(key: PlateKey, name: str, content: bytes) -> Picture:
    """Give a picture its name and its path."""
    return Picture(name, layout.quality_picture(key, name), content)


def ledger_wells(workspace: Workspace, key: PlateKey) -> set[str]:
    """Return the wells of plate map and profiles; none where there is no such ledger."""
    return _wells(_ledger(workspace, layout.annotated_well_ledger(key)))


def _sites(workspace: Workspace, key: PlateKey) -> dict[str, WellSites]:
    ledger = _ledger(workspace, layout.site_ledger(key))
    return {} if ledger is None or "state" not in ledger.columns else sites_by_well(ledger)


def _ledger(workspace: Workspace, path: str) -> pd.DataFrame | None:
    if workspace.stat(path) is None:
        return None
    try:
        ledger = read_tsv(workspace.read_bytes(path), path=path)
    except ProfilingError:  # a picture less is no reason to stop
        return None
    return ledger if "well" in ledger.columns else None


def _wells(ledger: pd.DataFrame | None) -> set[str]:
    if ledger is None:
        return set()
    return {normalized_well(well) or well for well in column(ledger, "well").tolist() if well}
