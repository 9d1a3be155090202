"""Stacked profiles and GCT file, one of each a batch.

Put here: the two assets, and their negative-control twins.
Do not put here: stacking and writing (`profiles`), what is told of it (`steps.stack`).
"""

from collections.abc import Iterator

import dagster as dg

from profiling_assets.dagster.asset_checks import Checked, check_specs, checked
from profiling_assets.dagster.assets.step import asset_of, made_of_plates, produced
from profiling_assets.dagster.automation import when_inputs_change, when_plates_change
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Stored
from profiling_assets.steps.results import PLATE, Result, gct_name, result_path, stacked_name

GROUP = "stacked"


def stacked_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of a batch's plates stacked, where the config asks for them."""
    found: list[dg.AssetsDefinition] = []
    for negcon in (False, True):
        source = catalog.results.get(stacked_name(negcon=negcon))
        if source is not None:
            found.append(_stacked(source, partitions))
            found.append(_gct(catalog.results[gct_name(negcon=negcon)], source, partitions))
    return found


def _stacked(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"csv", "pandas"},
        check_specs=check_specs(result),
        ins={
            "profiles": dg.AssetIn(
                result.upstream[0], partition_mapping=partitions.mapping(PLATE, result.level)
            )
        },
        output_required=False,
        automation_condition=when_plates_change(steps_aside=True),
        description=f"`{result.upstream[0]}` of all plates of the batch in one table, with the "
        "batch as `Metadata_batch`.",
    )
    def stacked_profiles(
        context: dg.AssetExecutionContext,
        profiles: dict[str, Stored],
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.stack import stacked

        batch = context.partition_key
        absent = catalog.absent_of(result.level, batch)
        yield from made_of_plates(
            context, catalog, result, lambda: stacked(batch, profiles, absent)
        )

    return stacked_profiles


def _gct(result: Result, source: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"gct"},
        check_specs=check_specs(result),
        ins={"stacked_profiles": dg.AssetIn(source.name)},
        automation_condition=when_inputs_change(),
        description=f"`{source.name}` as a GCT file (version 1.3), for Morpheus and other viewers: "
        "the text of pycytominer's `write_gct`.",
    )
    def gct_file(
        context: dg.AssetExecutionContext,
        stacked_profiles: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.stack import gct

        path = result_path(result.template, context.partition_key)
        output = produced(
            context, catalog, result, lambda: gct(catalog.config, stacked_profiles, path)
        )
        yield from checked(context, catalog, result, output)

    return gct_file
