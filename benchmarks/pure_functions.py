"""The functions of the steps on all plates of a workspace, in one process, without Dagster.

Put here: the calls that the assets make, in their order, with the writing of the files.
Do not put here: what a run costs around them (`orchestration`).
`python benchmarks/pure_functions.py WORKSPACE CONFIG OUTPUT.json`
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # started as a script, from anywhere

from benchmarks.meter import Meter
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, refreshed_catalog
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import FileOutput, Stored, TableOutput
from profiling_assets.steps.profiles import annotated, feature_selected, normalized
from profiling_assets.steps.results import (
    AGGREGATED,
    ANNOTATED,
    BATCH,
    SQLITE,
    normalized_name,
    result_path,
    scope_of,
)
from profiling_assets.steps.selected_features import selected_features
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey


def main(workspace: str, config: str, output: str) -> None:
    """Make every result of a workspace."""
    reference()
    catalog, _ = refreshed_catalog(Settings(workspace, config))
    plates = catalog.asked_for.plates
    meter = Meter()
    for key in plates:
        _backend(catalog, key)
        _profiles(catalog, key)
    for batch in sorted({scope_of(key, BATCH) for key in plates}):
        _selection(catalog, batch, [key for key in plates if key.batch == batch])
    meter.write(Path(output), plates=len(plates))


def _backend(catalog: Catalog, key: PlateKey) -> None:
    source = plate_source(catalog.workspace, catalog.config, key)
    with catalog.workspace.scratch(key.plate) as scratch:
        made = make_plate(
            catalog.workspace, catalog.config, key, source, scratch, wanted=[SQLITE, AGGREGATED]
        )
        for name, value in made.made.items():
            _publish(catalog, name, str(key), value)
        full = made.made[AGGREGATED]
        assert isinstance(full, TableOutput)
        text = profiles_csv(full.frame, float_format=None, gzip=False)
        catalog.workspace.publish_bytes(text, f"backend/{key}/{key.plate}.csv")


def _profiles(catalog: Catalog, key: PlateKey) -> None:
    workspace, config, partition = catalog.workspace, catalog.config, str(key)
    value = annotated(workspace, config, key, _stored(catalog, AGGREGATED, partition))
    _publish(catalog, ANNOTATED, partition, value)
    for negcon in (False, True):
        stored = _stored(catalog, ANNOTATED, partition)
        value = normalized(workspace, config, key, stored, negcon=negcon)
        _publish(catalog, normalized_name(negcon=negcon), partition, value)


def _selection(catalog: Catalog, batch: str, plates: Sequence[PlateKey]) -> None:
    for negcon in (False, True):
        chosen = catalog.results[f"feature_selected{'_negcon' if negcon else ''}_profiles"]
        source, listed = chosen.upstream
        votes = {str(key): _stored(catalog, source, str(key)) for key in plates}
        value = selected_features(catalog, votes, (), negcon=negcon)
        _publish(catalog, listed, batch, value)
        for partition, profiles in votes.items():
            value = feature_selected(profiles, _stored(catalog, listed, batch))
            _publish(catalog, chosen.name, partition, value)


def _stored(catalog: Catalog, name: str, partition: str) -> Stored:
    path = result_path(catalog.results[name].template, partition)
    return Stored(catalog.workspace, path, name, partition)


def _publish(catalog: Catalog, name: str, partition: str, value: TableOutput | FileOutput) -> None:
    for path, ledger in value.ledgers.items():
        catalog.workspace.publish_bytes(ledger_tsv(ledger), path)
    path = result_path(catalog.results[name].template, partition)
    if isinstance(value, FileOutput):
        catalog.workspace.publish_file(value.local, path)
    elif path.endswith(".tsv"):
        catalog.workspace.publish_bytes(ledger_tsv(value.frame), path)
    else:
        rounded, zipped = catalog.config.options.float_format, path.endswith(".gz")
        text = profiles_csv(value.frame, float_format=rounded, gzip=zipped)
        catalog.workspace.publish_bytes(text, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
