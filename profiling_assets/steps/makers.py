"""The functions of the steps, called in one way: catalog, task, and what the result is made from.

Put here: what of these a step's function gets; each is imported when it is called, as it needs
pandas, which the graph is loaded without.
Do not put here: the functions (`profiles`, `selected_features`, `stacked`, `plate_sites`,
`pictures`, `report`), what is made in the pass over a plate's cells (`collate`), whether a result
is to be made (`judge`).
Inputs come in the order of `Result.upstream`: a `Stored` each, or where a result is made of several
plates a `Stored` by plate; a step that takes none reads what is there by its path.
"""

from collections.abc import Mapping

from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import (
    PageOutput,
    PicturesOutput,
    SharedFileOutput,
    Stored,
    TableOutput,
)
from profiling_assets.steps.results import Task, result_path
from profiling_assets.workspace.names import PlateKey


def annotated(catalog: Catalog, task: Task, aggregated: Stored) -> TableOutput:
    """Annotate a plate."""
    from profiling_assets.steps.profiles import annotated as made

    return made(catalog.workspace, catalog.config, task.key, aggregated)


def normalized(catalog: Catalog, task: Task, profiles: Stored) -> TableOutput:
    """Normalize a plate, the twin on its negative controls."""
    from profiling_assets.steps.profiles import normalized as made

    negcon = catalog.results[task.name].is_twin
    return made(catalog.workspace, catalog.config, task.key, profiles, negcon=negcon)


def feature_list(catalog: Catalog, task: Task, profiles: Mapping[str, Stored]) -> TableOutput:
    """Let the plates of a scope select features."""
    from profiling_assets.steps.selected_features import selected_features

    result = catalog.results[task.name]
    absent = catalog.absent_of(result.level, task.partition)
    return selected_features(catalog, profiles, absent, negcon=result.is_twin)


def feature_selected(
    _catalog: Catalog, _task: Task, profiles: Stored, listed: Stored
) -> TableOutput:
    """Choose the listed features of a plate."""
    from profiling_assets.steps.profiles import feature_selected as made

    return made(profiles, listed)


def stacked(catalog: Catalog, task: Task, profiles: Mapping[str, Stored]) -> TableOutput:
    """Stack the plates of a batch."""
    from profiling_assets.steps.stacked import stacked as made

    absent = catalog.absent_of(catalog.results[task.name].level, task.partition)
    return made(task.partition, profiles, absent)


def gct_file(catalog: Catalog, task: Task, profiles: Stored) -> TableOutput:
    """Turn the stacked profiles of a batch into a GCT file."""
    from profiling_assets.steps.stacked import gct

    path = result_path(catalog.results[task.name].template, task.partition)
    return gct(catalog.config, profiles, path)


def sites(catalog: Catalog, task: Task) -> TableOutput:
    """Count wells and sites of a plate."""
    from profiling_assets.steps.plate_sites import look_at, plate_sites

    workspace, config = catalog.workspace, catalog.config
    return plate_sites(workspace, config, task.key, look_at(workspace, config, task.key))


def summary(catalog: Catalog, task: Task, lines: Mapping[str, Stored]) -> SharedFileOutput:
    """Bring the lines of a batch's plates into the summary of all."""
    from profiling_assets.steps.plate_sites import rebuilt_summary

    # all lines that stand are read, also those of other batches; these are to be among them
    return rebuilt_summary(catalog.workspace, task.partition, [*map(PlateKey.parse, lines)])


def cell_counts(catalog: Catalog, task: Task, profiles: Stored) -> PicturesOutput:
    """Draw the cells of a plate."""
    from profiling_assets.steps.pictures import cell_count_pictures

    controls = catalog.config.controls_of(task.key.batch)
    return cell_count_pictures(catalog.workspace, task.key, profiles, controls)


def correlations(catalog: Catalog, task: Task, profiles: Stored) -> PicturesOutput:
    """Draw how alike the wells of a plate are."""
    from profiling_assets.steps.pictures import correlation_pictures

    return correlation_pictures(catalog.config, task.key, profiles)


def plate_report(catalog: Catalog, task: Task) -> PageOutput:
    """Write the report of a plate."""
    from profiling_assets.steps.report import plate_report as written

    return written(catalog, task.key)


def batch_report(catalog: Catalog, task: Task) -> PageOutput:
    """Write the report of a batch."""
    from profiling_assets.steps.report import batch_report as written

    return written(catalog, task.partition)
