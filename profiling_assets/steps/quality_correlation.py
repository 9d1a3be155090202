"""How alike the wells of a plate are: the pictures, with the numbers that they show.

Put here: which correlations are drawn how, and what is said where something cannot be drawn.
Do not put here: the correlations and the drawing (`core.quality`), cells and sites
(`steps.pictures`).
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from profiling_assets.config.model import Config
from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.columns import column
from profiling_assets.quality.cell_count import control_groups
from profiling_assets.quality.checks.quality import every_well_drawn
from profiling_assets.quality.checks.rows import wells_of
from profiling_assets.quality.position_effect import PositionEffect, position_effect
from profiling_assets.quality.well_correlation import (
    Mask,
    WellCorrelation,
    between,
    correlation_with,
    replicate_correlation,
    well_correlation,
)
from profiling_assets.steps.outputs import Fact, MadePictures, Stored
from profiling_assets.steps.pictures import (
    known_numbers,
    ledger_wells,
    named_picture,
    plate_title,
)
from profiling_assets.workspace.names import PlateKey

# Columns by which plate maps of the field tell treatments apart, the first that is there.
_TREATMENTS = ("Metadata_broad_sample", "Metadata_pert_id", "Metadata_JCP2022")
_NEGCON = "negcon"


def correlation_pictures(config: Config, key: PlateKey, profiles: Stored) -> MadePictures:
    """Draw how alike the wells are, the effect of position, and controls against treatments.

    Parameters
    ----------
    config : Config
        Its compartments, and the column on which external metadata are merged: it names the
        treatments.
    key : PlateKey
        The plate.
    profiles : Stored
        The feature-selected profiles.

    Returns
    -------
    MadePictures
        The matrix, the position effect, and the controls where the plate map names some.

    Raises
    ------
    InvalidInputError
        Where the table has no row.
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
    groups = dict(zip(found.wells, control_groups(found.metadata), strict=True))
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
    return MadePictures(
        tuple(pictures),
        {**_numbers(config, found, effect, negcon), "profiles": profiles.path},
        tuple(warnings),
        (every_well_drawn(wells_of(frame) or (), found.wells),),
    )


def correlation_numbers(config: Config, frame: pd.DataFrame) -> dict[str, Fact]:
    """Return the numbers behind the pictures, without drawing them.

    Parameters
    ----------
    config : Config
        As for `correlation_pictures`.
    frame : pandas.DataFrame
        The feature-selected profiles, one row or more.

    Returns
    -------
    dict of str to Fact
        Those that are known, by the names of the asset's metadata.
    """
    found = well_correlation(frame, config.compartments)
    negcon = np.array([group == _NEGCON for group in control_groups(found.metadata)])
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
    names: list[str] = [*_TREATMENTS]
    external = config.annotate.external
    if external.perform and external.merge_column:
        names.insert(0, f"Metadata_{external.merge_column.removeprefix('Metadata_')}")
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
