"""Annotated, normalized and feature-selected profiles, plate by plate.

Put here: one small factory a step; its body calls one function of `steps.profiles`.
Do not put here: the list of selected features (`feature_list`), the science (`profiles`).
"""

from collections.abc import Iterator

import dagster as dg

from profiling_assets.dagster.asset_checks import Checked, check_specs, checked
from profiling_assets.dagster.assets.step import asset_of, produced
from profiling_assets.dagster.automation import after_the_list, when_inputs_change
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Stored
from profiling_assets.steps.results import (
    AGGREGATED,
    ANNOTATED,
    PLATE,
    PLATE_MAP,
    Result,
    normalized_name,
)
from profiling_assets.workspace.names import PlateKey

GROUP = "profiles"
SELECTION_GROUP = "feature_selection"
KINDS = {"csv", "pandas"}


def profile_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of the steps after aggregation that are made plate by plate.

    In the order of the steps.
    """
    graph = catalog.results
    found = []
    if ANNOTATED in graph:
        found.append(_annotated(graph[ANNOTATED], partitions))
    for negcon in (False, True):
        source = graph.get(normalized_name(negcon=negcon))
        if source is not None:
            found.append(_normalized(source, partitions, negcon=negcon))
        chosen = graph.get(f"feature_selected{'_negcon' if negcon else ''}_profiles")
        if chosen is not None:
            found.append(_feature_selected(chosen, graph[chosen.upstream[1]], partitions))
    return found


def _annotated(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds=KINDS,
        check_specs=check_specs(result),
        ins={"aggregated": dg.AssetIn(AGGREGATED)},
        deps=[PLATE_MAP],
        automation_condition=when_inputs_change(),
        description="The aggregated profiles joined with the plate map and, if asked for, external "
        "metadata. Wells that do not join are in the wells' ledger beside the file.",
    )
    def annotated_profiles(
        context: dg.AssetExecutionContext,
        aggregated: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.plate_maps import plate_map_fingerprint
        from profiling_assets.steps.profiles import annotated

        key = PlateKey.parse(context.partition_key)
        workspace, config = catalog.workspace, catalog.config
        output = produced(
            context,
            catalog,
            result,
            lambda: annotated(workspace, config, key, aggregated),
            external={PLATE_MAP: plate_map_fingerprint(workspace, config, key)},
        )
        yield from checked(context, catalog, result, output)

    return annotated_profiles


def _normalized(result: Result, partitions: Partitions, *, negcon: bool) -> dg.AssetsDefinition:
    reference = "the negative controls" if negcon else "all wells"

    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds=KINDS,
        check_specs=check_specs(result),
        ins={"annotated": dg.AssetIn(ANNOTATED)},
        automation_condition=when_inputs_change(),
        description=f"The annotated profiles, each feature on the scale of {reference} of its "
        "plate.",
    )
    def normalized_profiles(
        context: dg.AssetExecutionContext,
        annotated: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.profiles import normalized

        key = PlateKey.parse(context.partition_key)
        output = produced(
            context,
            catalog,
            result,
            lambda: normalized(catalog.workspace, catalog.config, key, annotated, negcon=negcon),
        )
        yield from checked(context, catalog, result, output)

    return normalized_profiles


def _feature_selected(
    result: Result, listed: Result, partitions: Partitions
) -> dg.AssetsDefinition:
    source = result.upstream[0]

    @asset_of(
        result,
        partitions,
        group_name=SELECTION_GROUP,
        kinds=KINDS,
        check_specs=check_specs(result),
        ins={
            "profiles": dg.AssetIn(source),
            "selection": dg.AssetIn(
                listed.name, partition_mapping=partitions.mapping(listed.level, result.level)
            ),
        },
        automation_condition=(
            when_inputs_change() if listed.level == PLATE else after_the_list(listed.name)
        ),
        description=f"The normalized profiles with the columns of `{listed.name}`.",
    )
    def feature_selected_profiles(
        context: dg.AssetExecutionContext,
        profiles: Stored,
        selection: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.profiles import feature_selected

        output = produced(context, catalog, result, lambda: feature_selected(profiles, selection))
        yield from checked(context, catalog, result, output)

    return feature_selected_profiles
