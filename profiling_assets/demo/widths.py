"""Which columns a made-up table of a given width has.

Put here: the choice among the names that the rules compose.
Do not put here: how names are composed (`measurement_names`).
"""

from collections.abc import Sequence

from profiling_assets.demo.measurement_names import (
    BRIGHTFIELD,
    RELATIONS,
    STAINS,
    Rules,
    all_image_columns,
    all_object_columns,
)

# Kept at any width: what identifies a row, and a few features of each module.
_OBJECT_CORE = (
    *("ImageNumber", "ObjectNumber", "Number_Object_Number"),
    *("AreaShape_Area", "AreaShape_EquivalentDiameter", "AreaShape_EulerNumber"),
    *("AreaShape_FormFactor", "Correlation_Correlation_DNA_ER", "Granularity_1_ER"),
    *("Intensity_IntegratedIntensity_DNA", "Intensity_MeanIntensity_DNA"),
    *("Intensity_MeanIntensity_ER", "Intensity_MeanIntensity_Mito"),
    *("Location_Center_X", "Location_Center_Y", "RadialDistribution_FracAtD_Mito_1of4"),
    *("Texture_Contrast_ER_3_00_256", "Texture_Contrast_ER_3_01_256"),
)
_IMAGE_CORE = (
    *("Count_Cells", "Count_Cytoplasm", "Count_Nuclei", "Group_Index", "Group_Number"),
    *("ImageNumber", "Metadata_Plate", "Metadata_Well", "Metadata_Site", "Metadata_Row"),
    *("Metadata_Col", "Metadata_QCFlag", "FileName_OrigDNA", "PathName_OrigDNA"),
    *("ExecutionTime_01LoadData", "ModuleError_01LoadData", "Granularity_1_DNA"),
    *("ImageQuality_FocusScore_OrigDNA", "Intensity_MeanIntensity_DNA"),
    *("Texture_Contrast_DNA_3_00_256", "Threshold_FinalThreshold_Nuclei"),
)


def rules_for(width: int) -> Rules:
    """Return the smallest set of rules that gives a Cells table of the width.

    Five stains; with brightfield from about 1,200 columns on (1,941 in all, as in the published
    JUMP pipeline); with further texture scales beyond.
    """
    rules = Rules()
    if width > len(all_object_columns("Cells", rules)):
        rules = Rules(channels=(*STAINS, *BRIGHTFIELD))
    while width > len(all_object_columns("Cells", rules)):
        scales = (*rules.texture_scales, rules.texture_scales[-1] + 10)
        rules = Rules(channels=rules.channels, texture_scales=scales)
    return rules


def object_columns(compartment: str, width: int, rules: Rules | None = None) -> tuple[str, ...]:
    """Return the columns of an object table that is at most so wide.

    ImageNumber, ObjectNumber, then measurements of every category, by name. There are fewer than
    `width` only where the rules (those of `rules_for` unless given) name fewer. Raises `ValueError`
    for a width that does not hold the columns that every table has.
    """
    rules = rules or rules_for(width)
    core = (*_OBJECT_CORE, *RELATIONS[compartment])
    return _thinned(all_object_columns(compartment, rules), core, width)


def image_columns(width: int, rules: Rules | None = None) -> tuple[str, ...]:
    """Return the columns of `Image.csv`, at most so many, by name.

    There are fewer than `width` where the rules (those of `rules_for` unless given) name fewer.
    Raises `ValueError` for a width that does not hold the columns that every table has.
    """
    columns = all_image_columns(rules or rules_for(width))
    return _thinned(columns, _IMAGE_CORE, width)


def _thinned(columns: Sequence[str], core: Sequence[str], width: int) -> tuple[str, ...]:
    """Keep the core and an even share of every category, in the given order."""
    if width < len(core):
        message = f"a table has at least {len(core)} columns, {width} were asked for"
        raise ValueError(message)
    kept = set(core)
    categories: dict[str, list[str]] = {}
    for name in columns:
        if name not in kept:
            categories.setdefault(name.split("_")[0], []).append(name)
    groups = sorted(categories.values(), key=len)
    for done, group in enumerate(groups):
        share = (width - len(kept)) // (len(groups) - done)
        step = max(1.0, len(group) / share) if share else float("inf")
        kept.update(group[int(step * i)] for i in range(min(share, len(group))))
    return tuple(name for name in columns if name in kept)
