"""The list of selected features of a plate, a batch or a whole config.

Put here: who votes, or which frozen list is taken instead.
Do not put here: the operations (`profiles.feature_select`), what may be in a frozen list
(`profiles.frozen_features`), choosing the columns of a plate (`profiles`).
"""

from collections.abc import Collection, Mapping

import pandas as pd

from profiling_assets.config.recipe_steps import Step
from profiling_assets.config.sections import FeatureSelectConfig
from profiling_assets.profiles.feature_list import FeatureSelection, selection_table
from profiling_assets.profiles.feature_select import Cutoffs, select_features
from profiling_assets.profiles.frozen_features import FrozenFeatures, frozen_selection
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.checks import Checks, selection_checks
from profiling_assets.steps.frozen_lists import frozen_path, is_frozen, load_frozen
from profiling_assets.steps.outputs import Stored, TableOutput
from profiling_assets.steps.whole_batch import refuse_while_missing
from profiling_assets.workspace.names import PlateKey


def selected_features(
    catalog: Catalog,
    normalized: Mapping[str, Stored],
    absent: Collection[PlateKey],
    *,
    negcon: bool,
) -> TableOutput:
    """Select features over plates, or take a frozen list; say of each dropped feature why.

    `normalized`: profiles by plate. `absent`: plates that the config names for this scope and the
    workspace does not have. Raises `MissingPlatesError` where a plate that should vote is not
    there, `MissingInputError` where the frozen list is not, and `InvalidInputError` where that
    cannot be used.
    """
    config = catalog.config
    section = config.feature_select_negcon if negcon else config.feature_select
    refuse_while_missing(Step.SELECT, normalized, absent)
    frames = {PlateKey.parse(key): normalized[key].frame() for key in sorted(normalized)}
    checks = selection_checks({key: list(frame.columns) for key, frame in frames.items()})
    if any(check.verdict == "failed" for check in checks):
        # not to be published: the check is shown, and raised (`dagster.asset_checks`)
        return TableOutput(pd.DataFrame(), checks=checks)
    if is_frozen(config, negcon=negcon):
        frozen = load_frozen(catalog.workspace, config, negcon=negcon)
        return _frozen(frames, frozen, section.level, checks)
    selection = select_features(
        frames,
        operations=section.operations,
        features=section.features,
        image_features=section.image_features,
        compartments=config.compartments,
        level=section.level,
        samples=section.samples or config.options.samples,
        min_cells=section.min_cells,
        cutoffs=_cutoffs(catalog, section, negcon=negcon),
    )
    return TableOutput(
        selection_table(selection),
        facts={
            "plates": len(normalized),
            "wells_that_voted": selection.voters or 0,
            **_counts(selection),
        },
        checks=checks,
    )


def _cutoffs(catalog: Catalog, section: FeatureSelectConfig, *, negcon: bool) -> Cutoffs:
    blocklist = None
    if frozen_path(catalog.config, negcon=negcon):
        blocklist = load_frozen(catalog.workspace, catalog.config, negcon=negcon)
    return Cutoffs(
        min_variance=section.min_variance,
        na_cutoff=section.na_cutoff,
        corr_threshold=section.corr_threshold,
        corr_method=section.corr_method,
        freq_cut=section.freq_cut,
        unique_cut=section.unique_cut,
        outlier_cutoff=section.outlier_cutoff,
        blocklist=blocklist,
        noise_removal_perturb_groups=section.noise_removal_perturb_groups,
        noise_removal_stdev_cutoff=section.noise_removal_stdev_cutoff,
    )


def _frozen(
    frames: Mapping[PlateKey, pd.DataFrame], frozen: FrozenFeatures, level: str, checks: Checks
) -> TableOutput:
    selection = frozen_selection(frames, frozen, level=level)
    columns = [set(frame.columns) for frame in frames.values()]
    lacking = sum(any(name not in one for one in columns) for name in frozen.names)
    return TableOutput(
        selection_table(selection),
        facts={
            "plates": len(frames),
            "frozen_list": frozen.path,
            **_counts(selection),
            "features_empty_on_some_plates": lacking,
        },
        checks=checks,
    )


def _counts(selection: FeatureSelection) -> dict[str, int]:
    return {f"features_{name}": count for name, count in selection.counts.items()}
