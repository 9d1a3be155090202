"""The list of selected features: once a plate, a batch or a config, as the level says.

Put here: the asset that lets all plates vote.
Do not put here: the choice of columns on a plate (`profiles`), the operations (`profiles`).
"""

from collections.abc import Iterator

import dagster as dg

from profiling_assets.dagster.asset_checks import Checked, check_specs
from profiling_assets.dagster.assets.profiles import SELECTION_GROUP
from profiling_assets.dagster.assets.step import asset_of, made_of_plates
from profiling_assets.dagster.automation import when_inputs_change, when_plates_change
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Stored
from profiling_assets.steps.results import PLATE, Result

POOL = "selection"  # all wells of a batch, and every pair of their features, are in memory at once


def selection_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the lists of selected features that the config asks for."""
    return [
        _selected(result, partitions, negcon="_negcon_" in name)
        for name, result in catalog.results.items()
        if name.startswith("selected_features")
    ]


def _selected(result: Result, partitions: Partitions, *, negcon: bool) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=SELECTION_GROUP,
        pool=POOL,
        kinds={"tsv", "pandas"},
        check_specs=check_specs(result),
        ins={
            "normalized": dg.AssetIn(
                result.upstream[0], partition_mapping=partitions.mapping(PLATE, result.level)
            )
        },
        deps=list(result.external),
        output_required=False,
        automation_condition=(
            when_inputs_change(*result.external)
            if result.level == PLATE
            else when_plates_change(steps_aside=True)
        ),
        description="The features kept by feature selection, in the order of the output's columns, "
        "and every dropped feature with operation, level and the number that decided.",
    )
    def selected(
        context: dg.AssetExecutionContext,
        normalized: dict[str, Stored],
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.feature_list import selected_features
        from profiling_assets.steps.frozen_features import frozen_fingerprints

        absent = catalog.absent_of(result.level, context.partition_key)
        yield from made_of_plates(
            context,
            catalog,
            result,
            lambda: selected_features(catalog, normalized, absent, negcon=negcon),
            external=frozen_fingerprints(catalog.workspace, catalog.config, result.external),
        )

    return selected
