"""The list of selected features of a plate, a batch or a whole config.

Put here: who votes, and the refusal to vote while a plate is missing.
Do not put here: the operations (`core.feature_select`).
"""

from collections.abc import Collection, Mapping

from profiling_assets.core.config.model import Config
from profiling_assets.core.errors import MissingInputError
from profiling_assets.core.feature_select import select_features, selection_table
from profiling_assets.core.names import PlateKey
from profiling_assets.pipeline.made import Made, Stored


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
    _refuse_while_missing(normalized, absent)
    selection = select_features(
        {PlateKey.parse(key): normalized[key].frame() for key in sorted(normalized)},
        operations=section.operations,
        features=section.features,
        image_features=section.image_features,
        compartments=config.compartments,
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
    )


def _refuse_while_missing(normalized: Mapping[str, Stored], absent: Collection[PlateKey]) -> None:
    missing = sorted({key for key, stored in normalized.items() if not stored.exists()})
    missing += sorted(str(key) for key in absent)
    if not missing:
        return
    first = missing[0]
    there = first in normalized
    path = normalized[first].path if there else f"analysis/{first}"
    exclude = (
        f"take it out with `profiling-assets exclude {first} --reason ... --workspace ...`, or "
    )
    raise MissingInputError(
        f"features are selected over all plates, and {len(missing)} of them "
        f"{'are' if len(missing) > 1 else 'is'} not normalized: {', '.join(missing)}",
        path=path,
        remedy=f"build the plate, or {exclude if there else ''}set `process: false` in the config",
    )
