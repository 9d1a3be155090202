"""The pictures of a plate, with the numbers that they show: cells and sites, correlations of wells.

Put here: which values are drawn how, and what is said where something cannot be drawn.
Do not put here: the values (`quality`), the drawing (`quality.pictures`), which loads matplotlib
and is imported where it is needed: whoever reads the numbers alone is not to wait for that.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from profiling_assets.config.metadata_sections import ControlsConfig
from profiling_assets.config.model import Config
from profiling_assets.errors import InvalidInputError, ProfilingError
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.tables import read_tsv
from profiling_assets.quality.cell_count import (
    CellCounts,
    cell_count_facts,
    cell_counts,
    control_groups,
)
from profiling_assets.quality.checks.rows import wells_of
from profiling_assets.quality.checks.values import every_well_drawn
from profiling_assets.quality.position_effect import PositionEffect, position_effect
from profiling_assets.quality.site_completeness import (
    WellSites,
    share_of_whole_sites,
    sites_by_well,
)
from profiling_assets.quality.well_correlation import (
    Mask,
    WellCorrelation,
    between,
    correlation_with,
    replicate_correlation,
    well_correlation,
)
from profiling_assets.steps.outputs import Fact, Picture, PicturesOutput, Stored
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey, normalized_well
from profiling_assets.workspace.storage.interface import Workspace

# Columns by which plate maps of the field tell treatments apart, the first that is there.
_TREATMENTS = ("Metadata_broad_sample", "Metadata_pert_id", "Metadata_JCP2022")
_NEGCON = "negcon"


def cell_count_pictures(
    workspace: Workspace,
    key: PlateKey,
    annotated: Stored,
    controls: ControlsConfig | None = None,
) -> PicturesOutput:
    """Draw the heatmap of cell counts, their distribution, and the sites on the plate.

    Of the last two, those that there are values for.
    """
    from profiling_assets.quality.pictures.draw import png
    from profiling_assets.quality.pictures.draw_groups import draw_histogram, grouped
    from profiling_assets.quality.pictures.draw_plate import Scale, draw_plate

    frame = annotated.frame()
    chosen = controls or ControlsConfig()
    counts = cell_counts(frame, negative=chosen.negative, positive=chosen.positive)
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
    return PicturesOutput(tuple(pictures), facts=facts, warnings=tuple(warnings), checks=(drawn,))


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


def _sites(workspace: Workspace, key: PlateKey) -> dict[str, WellSites]:
    ledger = _ledger(workspace, layout.site_ledger(key))
    return {} if ledger is None or "state" not in ledger.columns else sites_by_well(ledger)


def correlation_pictures(config: Config, key: PlateKey, profiles: Stored) -> PicturesOutput:
    """Draw how alike the wells are, the effect of position, and controls against treatments.

    The last is drawn where the plate map names controls. Raises `InvalidInputError` where the table
    has no row.
    """
    from profiling_assets.quality.pictures.draw import png
    from profiling_assets.quality.pictures.draw_correlation import draw_correlation
    from profiling_assets.quality.pictures.draw_groups import draw_strips, grouped
    from profiling_assets.quality.pictures.draw_plate import Scale, draw_plate

    frame = profiles.frame()
    if frame.empty:
        raise InvalidInputError(
            f"plate {key} has no profile", path=profiles.path, remedy="see the plate's ledgers"
        )
    found = well_correlation(frame, config.compartments)
    effect = position_effect(found.wells, found.matrix)
    controls = config.controls_of(key.batch)
    told = control_groups(found.metadata, negative=controls.negative, positive=controls.positive)
    groups = dict(zip(found.wells, told, strict=True))
    negcon = np.array([group == _NEGCON for group in groups.values()])
    title = plate_title(key)
    step = profiles.path.rpartition("/")[2].removeprefix(key.plate).partition(".")[0].strip("_")
    matrix = draw_correlation(
        title,
        f"correlation of wells over {found.features} features ({step})",
        found.wells,
        found.matrix,
    )
    high = max(0.5, *(v for v in effect.values.values() if not math.isnan(v)), 0.5)
    place = draw_plate(
        title,
        "position effect: share of the correlations with wells of the same row or column "
        f"above 95 % of the others\n(by chance {effect.by_chance:.2f})",
        effect.values,
        Scale("share of correlations", 0, high, "Blues", "{:.2f}"),
        expected=ledger_wells(profiles.workspace, key),
    )
    pictures = [
        named_picture(key, "correlation", png(matrix)),
        named_picture(key, "position_effect", png(place)),
    ]
    warnings: list[str] = []
    if found.averaged:
        warnings.append(f"{found.averaged} wells have several profiles, which were averaged")
    if found.features < 2:
        warnings.append("fewer than 2 features are left: wells cannot be correlated")
    alike = dict(zip(found.wells, correlation_with(found.matrix, negcon).tolist(), strict=True))
    strips = grouped(alike, groups)
    if strips:
        figure = draw_strips(
            title,
            "each well's median correlation with the negative controls",
            "median correlation",
            strips,
            low=-1,
            high=1,
        )
        pictures.append(named_picture(key, "controls", png(figure)))
    else:
        warnings.append("no two wells are negative controls: they are not drawn")
    return PicturesOutput(
        tuple(pictures),
        facts={**_numbers(config, found, effect, negcon), "profiles": profiles.path},
        warnings=tuple(warnings),
        checks=(every_well_drawn(wells_of(frame) or (), found.wells),),
    )


def correlation_numbers(config: Config, key: PlateKey, frame: pd.DataFrame) -> dict[str, Fact]:
    """Return the numbers behind the pictures, without drawing them."""
    found = well_correlation(frame, config.compartments)
    negative = config.controls_of(key.batch).negative
    groups = control_groups(found.metadata, negative=negative)
    negcon = np.array([group == _NEGCON for group in groups])
    return _numbers(config, found, position_effect(found.wells, found.matrix), negcon)


def _numbers(
    config: Config, found: WellCorrelation, effect: PositionEffect, negcon: Mask
) -> dict[str, Fact]:
    return known_numbers(
        {
            "position_effect_row": effect.row,
            "position_effect_column": effect.column,
            "position_effect_median": _median(effect.values.values()),
            "position_effect_by_chance": effect.by_chance,
            **_likeness(config, found, negcon),
            "wells": len(found.wells),
            "features": found.features,
        }
    )


def _likeness(config: Config, found: WellCorrelation, negcon: Mask) -> dict[str, Fact]:
    on = [name for table in config.annotate.externals for name in table.on]
    names = [*(f"Metadata_{name.removeprefix('Metadata_')}" for name in on), *_TREATMENTS]
    name = next((name for name in names if name in found.metadata.columns), None)
    facts: dict[str, Fact] = {
        "negcon_correlation": between(found.matrix, negcon, negcon),
        "treatment_to_negcon_correlation": between(found.matrix, ~negcon, negcon),
    }
    if name is not None:
        said = column(found.metadata, name).astype(str).str.strip().tolist()
        treated = ["" if control else text for text, control in zip(said, negcon, strict=True)]
        facts["replicate_correlation"] = replicate_correlation(found.matrix, treated)
        facts["replicates_told_by"] = name
    return facts


def _median(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan


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
