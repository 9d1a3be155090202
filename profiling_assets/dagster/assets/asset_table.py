"""The assets that make one result each: a row for every kind of result, and one factory.

Put here: how Dagster shows, stores and triggers a kind of result.
Do not put here: the results of a config (`steps.results`), the function that makes one
(`steps.makers`), what an asset does around it (`step`), the pass over a plate's cells (`backend`),
the conditions themselves (`dagster.automation`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from profiling_assets.dagster.asset_checks import Checked, check_specs
from profiling_assets.dagster.assets.step import kept_or_made
from profiling_assets.dagster.automation import (
    after_the_list,
    when_inputs_change,
    when_plates_change,
)
from profiling_assets.dagster.io_managers import PATH_TEMPLATE
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps import makers
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Output, Stored
from profiling_assets.steps.results import (
    ANNOTATED,
    BATCH_REPORT,
    CELL_COUNTS,
    CORRELATIONS,
    CSVS,
    FEATURE_LIST,
    FEATURE_SELECTED,
    GCT_FILE,
    LOAD_DATA,
    NORMALIZED,
    PLATE,
    PLATE_REPORT,
    SITES,
    STACKED,
    SUMMARY,
    Result,
    Task,
)

_Condition = Callable[[Result, Catalog], dg.AutomationCondition]


def result_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return the assets of the steps after aggregation, in the order of the steps."""
    return [
        _asset(result, _ROWS[result.kind], catalog, partitions)
        for result in catalog.results.values()
        if result.kind in _ROWS
    ]


@dataclass(frozen=True)
class _Row:
    """What Dagster is to know of a kind of result beyond `Result`."""

    make: Callable[..., Output]  # called with catalog, task and the inputs
    group: str
    kinds: set[str]  # shown as tags
    # `{0}` and `{1}` stand for what the result is made from, `{reference}` for the wells whose
    # values are its scale
    description: str
    condition: _Condition
    io_manager: str = "tables"
    pool: str | None = None
    of_plates: bool = False  # whether it gets its input once for each plate
    by_path: bool = False  # whether it reads its inputs by path, as any of them may be absent
    has_check: bool = True
    # whether nothing is made where a plate joined after an automatic run was asked for
    steps_aside: bool = False


def _asset(
    result: Result, row: _Row, catalog: Catalog, partitions: Partitions
) -> dg.AssetsDefinition:
    mappings = {
        name: partitions.mapping(catalog.results[name].level, result.level)
        for name in result.upstream
    }
    reference = "the negative controls" if result.is_twin else "all wells"

    @dg.asset(
        name=result.name,
        group_name=row.group,
        kinds=row.kinds,
        description=row.description.format(*result.upstream, reference=reference),
        metadata={PATH_TEMPLATE: result.template},
        partitions_def=partitions.by_level[result.level],
        code_version=result.code_version,
        ins={} if row.by_path else {name: _in(row, mappings[name]) for name in mappings},
        deps=[
            # load data are no asset: they come with the CSVs
            *(CSVS if name == LOAD_DATA else name for name in result.external),
            *(_dep(name, mappings[name]) for name in mappings if row.by_path),
        ],
        check_specs=check_specs(result) if row.has_check else None,
        io_manager_key=row.io_manager,
        pool=row.pool,
        output_required=not row.steps_aside,
        automation_condition=row.condition(result, catalog),
    )
    def made(
        context: dg.AssetExecutionContext,
        catalog: dg.ResourceParam[Catalog],
        **inputs: Stored | dict[str, Stored],
    ) -> Iterator[Checked]:
        read = [inputs[name] for name in result.upstream if name in inputs]
        task = Task(result.name, context.partition_key)
        make = partial(row.make, catalog, task, *read)
        yield from kept_or_made(
            context, catalog, task, make, has_check=row.has_check, steps_aside=row.steps_aside
        )

    return made


def _in(row: _Row, mapping: dg.PartitionMapping | None) -> dg.AssetIn:
    kind: Any = dict[str, Stored] if row.of_plates else Stored
    return dg.AssetIn(partition_mapping=mapping, dagster_type=kind)


def _dep(name: str, mapping: dg.PartitionMapping | None) -> dg.AssetDep:
    return dg.AssetDep(name, partition_mapping=mapping)


def _when_inputs_change(_result: Result, _catalog: Catalog) -> dg.AutomationCondition:
    return when_inputs_change()


def _when_plates_change(_result: Result, _catalog: Catalog) -> dg.AutomationCondition:
    return when_plates_change()


def _of_plates_unless_they_join(_result: Result, _catalog: Catalog) -> dg.AutomationCondition:
    return when_plates_change(steps_aside=True)


def _of_the_votes(result: Result, _catalog: Catalog) -> dg.AutomationCondition:
    if result.level == PLATE:
        return when_inputs_change(*result.external)
    return when_plates_change(steps_aside=True)


def _of_the_list(result: Result, catalog: Catalog) -> dg.AutomationCondition:
    listed = catalog.results[result.upstream[1]]
    return when_inputs_change() if listed.level == PLATE else after_the_list(listed.name)


_PROFILES, _SELECTION, _STACKED, _QUALITY = (
    "profiles",
    "feature_selection",
    "stacked",
    "quality_control",
)
_ROWS: Mapping[str, _Row] = {
    ANNOTATED: _Row(
        makers.annotated,
        _PROFILES,
        {"csv", "pandas"},
        "The aggregated profiles joined with the plate map and, if asked for, external metadata. "
        "Wells that do not join are in the wells' ledger beside the file.",
        _when_inputs_change,
    ),
    NORMALIZED: _Row(
        makers.normalized,
        _PROFILES,
        {"csv", "pandas"},
        "The annotated profiles, each feature on the scale of {reference} of its plate.",
        _when_inputs_change,
    ),
    FEATURE_LIST: _Row(
        makers.feature_list,
        _SELECTION,
        {"tsv", "pandas"},
        "The features kept by feature selection, in the order of the output's columns, and every "
        "dropped feature with operation, level and the number that decided.",
        _of_the_votes,
        # all wells of a batch, and every pair of their features, are in memory at once
        pool="selection",
        of_plates=True,
        steps_aside=True,
    ),
    FEATURE_SELECTED: _Row(
        makers.feature_selected,
        _SELECTION,
        {"csv", "pandas"},
        "The normalized profiles with the columns of `{1}`.",
        _of_the_list,
    ),
    STACKED: _Row(
        makers.stacked,
        _STACKED,
        {"csv", "pandas"},
        "`{0}` of all plates of the batch in one table, with the batch as `Metadata_batch`.",
        _of_plates_unless_they_join,
        of_plates=True,
        steps_aside=True,
    ),
    GCT_FILE: _Row(
        makers.gct_file,
        _STACKED,
        {"gct"},
        "`{0}` as a GCT file (version 1.3), for Morpheus and other viewers: the text of "
        "pycytominer's `write_gct`.",
        _when_inputs_change,
    ),
    SITES: _Row(
        makers.sites,
        _QUALITY,
        {"tsv"},
        "Wells, images a site and sites a well of the plate, counted on its load data: its line of "
        "the summary.",
        _when_inputs_change,
        has_check=False,
    ),
    SUMMARY: _Row(
        makers.summary,
        _QUALITY,
        {"tsv"},
        "One line a plate, of all plates of the workspace: wells, images a site, sites a well. "
        "Rebuilt from the plates' own lines whenever a batch changes.",
        _when_plates_change,
        io_manager="pictures",
        of_plates=True,
    ),
    CELL_COUNTS: _Row(
        makers.cell_counts,
        _QUALITY,
        {"png"},
        "Cells of each well on the plate and as a distribution, and the sites that made it into "
        "the profiles.",
        _when_inputs_change,
        io_manager="pictures",
    ),
    CORRELATIONS: _Row(
        makers.correlations,
        _QUALITY,
        {"png"},
        "Correlation of every two wells, the effect of a well's position on the plate, and "
        "controls against treatments, from `{0}`.",
        _when_inputs_change,
        io_manager="pictures",
    ),
    PLATE_REPORT: _Row(
        makers.plate_report,
        _QUALITY,
        {"html"},
        "All that is to be known of the plate on one HTML page: completeness, cells, pictures, "
        "normalization, selection, what was dropped and why. Needs no network.",
        # of several inputs, some of the whole batch: made once when all of them are there
        _when_plates_change,
        io_manager="pages",
        by_path=True,
        has_check=False,
    ),
    BATCH_REPORT: _Row(
        makers.batch_report,
        _QUALITY,
        {"html"},
        "The plates of the batch side by side on one HTML page, with a link to the report of each. "
        "Needs no network.",
        _when_plates_change,
        io_manager="pages",
        by_path=True,
        has_check=False,
    ),
}
