"""A plan carried out in this process, without Dagster: every step, and what became of it.

Put here: making and storing the results of a plan by the functions that the assets call.
Do not put here: the assets and the stores of Dagster (tests of `dagster`), what is asserted.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv
from profiling_assets.quality.checks.verdict import refuse_failed
from profiling_assets.quality.preflight.finding import Finding
from profiling_assets.settings import Settings
from profiling_assets.steps import makers
from profiling_assets.steps.catalog import Catalog, scanned_catalog
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import (
    FileOutput,
    Output,
    OutputWithCompanions,
    PageOutput,
    PicturesOutput,
    Stored,
    TableOutput,
)
from profiling_assets.steps.plan import Plan, Planner
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.steps.results import (
    AGGREGATED,
    PARQUET,
    PLATE,
    SQLITE,
    Task,
    input_partitions,
    result_path,
)
from profiling_assets.steps.sources import plate_source

_OF_PLATES = ("feature_list", "stacked", "summary")
_BY_PATH = ("sites", "plate_report", "batch_report")
_MAKERS = {
    "annotated_profiles": "annotated",
    "normalized_profiles": "normalized",
    "selected_features": "feature_list",
    "feature_selected_profiles": "feature_selected",
    "stacked_profiles": "stacked",
    "gct": "gct_file",
    "quality_control_sites": "sites",
    "quality_control_summary": "summary",
    "cell_count_heatmaps": "cell_counts",
    "correlation_heatmaps": "correlations",
    "plate_report": "plate_report",
    "batch_report": "batch_report",
}


@dataclass
class Carried:
    """What became of a plan."""

    findings: Sequence[Finding]  # of `check`, before anything was made
    plan: Plan
    plates: frozenset[str]  # those that the config asks for
    made: list[Task] = field(default_factory=list[Task])
    # task to what its step said
    failed: dict[Task, ProfilingError] = field(default_factory=dict[Task, ProfilingError])
    after: list[Task] = field(default_factory=list[Task])  # not tried, as an input failed
    warnings: list[str] = field(default_factory=list[str])


def carried_out(root: Path, config: Path) -> Carried:
    """Check a workspace, plan everything that its config asks for, and make it."""
    catalog = scanned_catalog(Settings(str(root), str(config)))
    wanted = dict.fromkeys(catalog.asked_for.plates, everything(catalog))
    found = preflight(catalog, wanted).findings
    planner = Planner(catalog, lambda _name, _partitions, _path: {}, force=False)
    done = Carried(
        found,
        planner.plan(catalog.asked_for.plates),
        frozenset(map(str, catalog.asked_for.plates)),
    )
    for task in done.plan.build:
        if task in done.made or task in done.failed:
            continue
        inputs = planner.upstream(task)
        result = catalog.results[task.name]
        if any(up in done.failed or up in done.after for up in inputs) and not result.partial:
            done.after.append(task)
            continue
        together = [task]
        if task.name in {SQLITE, PARQUET, AGGREGATED}:  # one pass makes them all
            together = [
                one
                for one in done.plan.build
                if one.partition == task.partition and one.name in {SQLITE, PARQUET, AGGREGATED}
            ]
        try:
            _made(catalog, task, together, root.parent / "scratch", done)
            done.made += together
        except ProfilingError as error:
            done.failed |= dict.fromkeys(together, error)
    return done


def _made(
    catalog: Catalog, task: Task, together: Sequence[Task], scratch: Path, done: Carried
) -> None:
    if task.name not in {SQLITE, PARQUET, AGGREGATED}:
        _store(catalog, task, _step(catalog, task), done)
        return
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        source = plate_source(catalog.workspace, catalog.config, task.key).required(task.key)
        names = [one.name for one in together]
        made = make_plate(
            catalog.workspace, catalog.config, task.key, source, scratch, wanted=names
        )
        for one in together:
            if one.name in made.made:
                _store(catalog, one, made.made[one.name], done)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _step(catalog: Catalog, task: Task) -> Output:
    result = catalog.results[task.name]
    name = _MAKERS[result.kind]
    inputs: list[Stored | Mapping[str, Stored]] = []
    for up in result.upstream if name not in _BY_PATH else ():
        upstream = catalog.results[up]
        stored = {
            partition: Stored(
                catalog.workspace, result_path(upstream.template, partition), up, partition
            )
            for partition in input_partitions(
                result, upstream, task.partition, catalog.asked_for.plates
            )
        }
        several = name in _OF_PLATES and upstream.level == PLATE
        inputs.append(stored if several else next(iter(stored.values())))
    return getattr(makers, name)(catalog, task, *inputs)


def _store(catalog: Catalog, task: Task, output: Output, done: Carried) -> None:
    done.warnings += output.warnings
    workspace = catalog.workspace
    path = result_path(catalog.results[task.name].template, task.partition)
    refuse_failed(output.checks, path=path, made=str(task))
    if isinstance(output, OutputWithCompanions):
        for ledger, frame in output.ledgers.items():
            workspace.publish_bytes(ledger_tsv(frame), ledger)
        for file, local in output.files.items():
            workspace.publish_file(local, file)
    if isinstance(output, TableOutput):
        workspace.publish_bytes(_text(catalog, path, output), path)
    elif isinstance(output, FileOutput):
        workspace.publish_file(output.local, path)
    elif isinstance(output, PicturesOutput):
        for picture in output.pictures:
            workspace.publish_bytes(picture.content, picture.path)
    elif isinstance(output, PageOutput):
        workspace.publish_bytes(output.content, output.path)


def _text(catalog: Catalog, path: str, output: TableOutput) -> bytes:
    if output.unchanged is not None:
        return output.unchanged
    if path.endswith(".tsv"):
        return ledger_tsv(output.frame)
    options = catalog.config.options
    zipped = path.endswith(".gz")
    return profiles_csv(output.frame, float_format=options.float_format, gzip=zipped)
