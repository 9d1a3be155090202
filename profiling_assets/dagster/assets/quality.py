"""Quality control: wells and sites of a plate, the summary of all plates, pictures.

Put here: one small factory a result; its body calls one function of `pipeline.quality_*`.
Do not put here: values and drawing (`quality`), how a picture is shown (`dagster.metadata`).
"""

from collections.abc import Callable, Iterator

import dagster as dg

from profiling_assets.dagster.asset_checks import Checked, check_specs, checked
from profiling_assets.dagster.assets.step import asset_of, produced
from profiling_assets.dagster.automation import when_inputs_change, when_plates_change
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Stored
from profiling_assets.steps.results import (
    BATCH_REPORT,
    CELL_COUNTS,
    CORRELATIONS,
    CSVS,
    LOAD_DATA,
    PLATE,
    PLATE_REPORT,
    SITES,
    SUMMARY,
    Result,
)
from profiling_assets.workspace.names import PlateKey

GROUP = "quality_control"


def quality_control_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of quality control that the config asks for."""
    made: dict[str, Callable[[Result, Partitions], dg.AssetsDefinition]] = {
        SITES: _sites,
        SUMMARY: _summary,
        CELL_COUNTS: _cell_counts,
        CORRELATIONS: _correlations,
    }
    results = catalog.results
    return [make(results[name], partitions) for name, make in made.items() if name in results]


def _sites(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"tsv"},
        deps=[CSVS],
        automation_condition=when_inputs_change(),
        description="Wells, images a site and sites a well of the plate, counted on its load data: "
        "its line of the summary.",
    )
    def quality_control_sites(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]
    ) -> dg.Output:
        from profiling_assets.steps.summary import (
            load_data_fingerprint,
            look_at,
            plate_sites,
        )

        key = PlateKey.parse(context.partition_key)
        workspace, config = catalog.workspace, catalog.config
        source = look_at(workspace, config, key)
        return produced(
            context,
            catalog,
            result,
            lambda: plate_sites(workspace, config, key, source),
            external={LOAD_DATA: load_data_fingerprint(workspace, key, source)},
        )

    return quality_control_sites


def _summary(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"tsv"},
        io_manager_key="pictures",
        check_specs=check_specs(result),
        ins={SITES: dg.AssetIn(partition_mapping=partitions.mapping(PLATE, result.level))},
        automation_condition=when_plates_change(),
        description="One line a plate, of all plates of the workspace: wells, images a site, "
        "sites a well. Rebuilt from the plates' own lines whenever a batch changes.",
    )
    def quality_control_summary(
        context: dg.AssetExecutionContext,
        quality_control_sites: dict[str, Stored],
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.summary import rebuilt_summary

        # all lines that stand are read, also those of other batches
        plates = [PlateKey.parse(partition) for partition in quality_control_sites]
        batch = context.partition_key
        output = produced(
            context, catalog, result, lambda: rebuilt_summary(catalog.workspace, batch, plates)
        )
        yield from checked(context, catalog, result, output)

    return quality_control_summary


def _cell_counts(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"png"},
        io_manager_key="pictures",
        check_specs=check_specs(result),
        ins={"profiles": dg.AssetIn(result.upstream[0])},
        automation_condition=when_inputs_change(),
        description="Cells of each well on the plate and as a distribution, and the sites that "
        "made it into the profiles.",
    )
    def cell_count_heatmaps(
        context: dg.AssetExecutionContext,
        profiles: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.pictures import cell_count_pictures

        key = PlateKey.parse(context.partition_key)
        output = produced(
            context,
            catalog,
            result,
            lambda: cell_count_pictures(catalog.workspace, key, profiles),
        )
        yield from checked(context, catalog, result, output)

    return cell_count_heatmaps


def _correlations(result: Result, partitions: Partitions) -> dg.AssetsDefinition:
    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"png"},
        io_manager_key="pictures",
        check_specs=check_specs(result),
        ins={"profiles": dg.AssetIn(result.upstream[0])},
        automation_condition=when_inputs_change(),
        description="Correlation of every two wells, the effect of a well's position on the plate, "
        f"and controls against treatments, from `{result.upstream[0]}`.",
    )
    def correlation_heatmaps(
        context: dg.AssetExecutionContext,
        profiles: Stored,
        catalog: dg.ResourceParam[Catalog],
    ) -> Iterator[Checked]:
        from profiling_assets.steps.pictures import correlation_pictures

        key = PlateKey.parse(context.partition_key)
        output = produced(
            context,
            catalog,
            result,
            lambda: correlation_pictures(catalog.config, key, profiles),
        )
        yield from checked(context, catalog, result, output)

    return correlation_heatmaps


def report_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of the reports."""
    if PLATE_REPORT not in catalog.results:
        return []
    return [_plate_report(catalog, partitions), _batch_report(catalog, partitions)]


def _deps(result: Result, catalog: Catalog, partitions: Partitions) -> list[dg.AssetDep]:
    # what is read is read by its path, as any of it may be absent
    return [
        dg.AssetDep(
            name,
            partition_mapping=partitions.mapping(catalog.results[name].level, result.level),
        )
        for name in result.upstream
    ]


def _plate_report(catalog: Catalog, partitions: Partitions) -> dg.AssetsDefinition:
    result = catalog.results[PLATE_REPORT]

    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"html"},
        io_manager_key="pages",
        deps=_deps(result, catalog, partitions),
        # of several inputs, some of the whole batch: made once when all of them are there
        automation_condition=when_plates_change(),
        description="All that is to be known of the plate on one HTML page: completeness, cells, "
        "pictures, normalization, selection, what was dropped and why. Needs no network.",
    )
    def plate_report(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]
    ) -> dg.Output:
        from profiling_assets.steps.report import plate_report as written

        key = PlateKey.parse(context.partition_key)
        return produced(context, catalog, result, lambda: written(catalog, key))

    return plate_report


def _batch_report(catalog: Catalog, partitions: Partitions) -> dg.AssetsDefinition:
    result = catalog.results[BATCH_REPORT]

    @asset_of(
        result,
        partitions,
        group_name=GROUP,
        kinds={"html"},
        io_manager_key="pages",
        deps=_deps(result, catalog, partitions),
        automation_condition=when_plates_change(),
        description="The plates of the batch side by side on one HTML page, with a link to the "
        "report of each. Needs no network.",
    )
    def batch_report(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]
    ) -> dg.Output:
        from profiling_assets.steps.report import batch_report as written

        batch = context.partition_key
        return produced(context, catalog, result, lambda: written(catalog, batch))

    return batch_report
