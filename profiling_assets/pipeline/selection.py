"""The list of selected features of a plate, a batch or a whole config.

Put here: who votes.
Do not put here: the operations (`core.feature_select`).
"""

from collections.abc import Collection, Mapping

import pandas as pd

from profiling_assets.core.config.model import Config
from profiling_assets.core.feature_list import selection_table
from profiling_assets.core.feature_select import select_features
from profiling_assets.core.names import PlateKey
from profiling_assets.pipeline.checks import selection_checks
from profiling_assets.pipeline.made import Made, Stored
from profiling_assets.pipeline.whole_batch import refuse_while_missing


def selected_features(
    config: Config,
    normalized: Mapping[str, Stored],
    absent: Collection[PlateKey],
    *,
    negcon: bool,
) -> Made:
    """Select features over plates, and say of each dropped feature why.

    Parameters
    ----------
    config : Config
        Its `feature_select` or `feature_select_negcon` section.
    normalized : mapping of str to Stored
        `BATCH/PLATE` to normalized profiles.
    absent : collection of PlateKey
        Plates that the config names for this scope and the workspace does not have.
    negcon : bool
        Whether the negative-control twin is meant.

    Returns
    -------
    Made
        The list: one row a column of the output, and one a dropped feature.

    Raises
    ------
    MissingInputError
        Where a plate that should vote is not there; says how to take it out.
    """
    section = config.feature_select_negcon if negcon else config.feature_select
    refuse_while_missing(
        normalized,
        absent,
        what="features are selected over all plates",
        lack="not normalized",
    )
    frames = {PlateKey.parse(key): normalized[key].frame() for key in sorted(normalized)}
    checks = selection_checks({key: list(frame.columns) for key, frame in frames.items()})
    if any(check.verdict == "failed" for check in checks):
        # not to be published: the check is shown, and raised (`assets.checking`)
        return Made(pd.DataFrame(), checks=checks)
    selection = select_features(
        frames,
        operations=section.operations,
        features=section.features,
        image_features=section.image_features,
        compartments=config.compartments,
        level=section.level,
        samples=config.options.samples,
        min_cells=section.min_cells,
    )
    return Made(
        selection_table(selection),
        facts={
            "plates": len(normalized),
            "wells_that_voted": selection.voters or 0,
            **{f"features_{name}": count for name, count in selection.counts.items()},
        },
        checks=checks,
    )
