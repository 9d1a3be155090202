"""Recording what stands: external inputs, and results that were not made here.

Put here: the events that bring the event log up to date with the workspace, without running.
Do not put here: which results those are (`steps.plan`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import dagster as dg

from profiling_assets.dagster.event_log import report_external
from profiling_assets.dagster.metadata import content_metadata, file_metadata, marks_metadata
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Recorded
from profiling_assets.steps.plan import Planner
from profiling_assets.steps.provenance import tell_foreign
from profiling_assets.steps.results import CSVS, PLATE_MAP, Task, result_path
from profiling_assets.steps.sources import table_hash
from profiling_assets.workspace.names import Level, PlateKey


def report_inputs(
    instance: dg.DagsterInstance,
    planner: Planner,
    plates: Collection[PlateKey],
    *,
    started: Collection[PlateKey] | None = None,
    follow: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> None:
    """Report the external inputs whose fingerprint is new.

    `started` are those of them whose CSVs are reported, on which automation starts them; all by
    default. `follow` gives back the partitions that it gets, and may show how far they have come.
    """
    for name, keys in ((CSVS, plates if started is None else started), (PLATE_MAP, plates)):
        report_external(instance, name, planner.external_fingerprints(name, keys), follow)
    for name, marks in planner.frozen_fingerprints(plates).items():
        report_external(instance, name, marks, follow)


def adopt(instance: dg.DagsterInstance, catalog: Catalog, tasks: Mapping[Task, Recorded]) -> None:
    """Record standing results that were not made here, and leave their files alone."""
    for event in adoption_events(catalog, tasks):
        instance.report_runless_asset_event(event)
    found: dict[tuple[Level, str], list[str]] = defaultdict(list)
    for task in tasks:
        result = catalog.results[task.name]
        found[result.level, task.partition].append(result_path(result.template, task.partition))
    for (level, partition), paths in found.items():
        tell_foreign(catalog.workspace, level, partition, paths)


def adoption_events(
    catalog: Catalog, tasks: Mapping[Task, Recorded]
) -> Iterator[dg.AssetMaterialization]:
    """Return the events that record standing results.

    They come in the order of the tasks; none for a result that is gone by now.
    """
    for task, recorded in tasks.items():
        path = result_path(catalog.results[task.name].template, task.partition)
        info = catalog.workspace.stat(path)
        if info is None:
            continue
        yield dg.AssetMaterialization(
            asset_key=task.name,
            partition=task.partition,
            description="stood in the workspace and was not made here; left as it is",
            metadata={
                **marks_metadata(recorded),
                **file_metadata(catalog.workspace, info),
                **content_metadata(table_hash(catalog.workspace, path)),
            },
        )
