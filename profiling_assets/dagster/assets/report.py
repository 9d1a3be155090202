"""The reports: one page a plate, one page a batch.

Put here: one small factory a report; its body calls one function of `pipeline`.
Do not put here: what is in a report (`steps.report`, `steps.batch_report`).
"""

import dagster as dg

from profiling_assets.dagster.assets.quality import GROUP
from profiling_assets.dagster.assets.step import asset_of, produced
from profiling_assets.dagster.automation import when_plates_change
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.quality_results import BATCH_REPORT, PLATE_REPORT
from profiling_assets.steps.results import Result
from profiling_assets.workspace.names import PlateKey


def report_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of the reports.

    Parameters
    ----------
    catalog : Catalog
        Says whether the config asks for them.
    partitions : Partitions
        The code location's partitions.

    Returns
    -------
    list of dagster.AssetsDefinition
        Both or none.
    """
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
        from profiling_assets.steps.batch_report import batch_report as written

        batch = context.partition_key
        return produced(context, catalog, result, lambda: written(catalog, batch))

    return batch_report
