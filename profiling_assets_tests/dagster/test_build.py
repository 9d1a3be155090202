"""The code location: it loads whatever is there, and says no more than is there."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.dagster.build import build_defs
from profiling_assets.dagster.launchers.local_server import PRELOADED
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.errors import ProfilingError
from profiling_assets.settings import Settings
from profiling_assets.steps.results import result_path
from profiling_assets.workspace.names import PlateKey, name_problem
from profiling_assets.workspace.registry import exclude, update_registry
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import BATCH1, BATCH2, P1, P2, P3, Desk


def _partitions(definitions: dg.Definitions, name: str) -> list[str]:
    node = definitions.resolve_asset_graph().get(dg.AssetKey(name))
    assert node.partitions_def is not None
    return list(node.partitions_def.get_partition_keys())


def _is_loadable(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_definitions_load_with_no_workspace_set() -> None:
    definitions = build_defs(Settings())
    _is_loadable(definitions)
    assert _partitions(definitions, "aggregated_profiles") == []


@pytest.mark.parametrize("folders", [[], ["analysis", "metadata"], ["analysis/batch"]])
def test_definitions_load_with_a_workspace_without_plates(
    tmp_path: Path, folders: list[str]
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    definitions = build_defs(Settings(str(tmp_path)))
    _is_loadable(definitions)
    assert _partitions(definitions, "aggregated_profiles") == []


def test_the_first_look_at_a_workspace_shows_its_plates_and_writes_nothing(fresh: Desk) -> None:
    before = sorted(fresh.root.rglob("*"))
    definitions = build_defs(fresh.settings)
    assert _partitions(definitions, "aggregated_profiles") == [P1, P2, P3]
    assert sorted(fresh.root.rglob("*")) == before


def test_a_workspace_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ProfilingError, match="nowhere"):
        build_defs(Settings(str(tmp_path / "nowhere")))


def test_an_excluded_plate_is_no_partition(fresh: Desk) -> None:
    fresh.catalog()
    update_registry(
        open_workspace(str(fresh.root)),
        lambda registry: exclude(registry, PlateKey.parse(P2), "scratched"),
    )
    definitions = fresh.definitions()
    assert _partitions(definitions, "sqlite_backend") == [P1, P3]
    assert _partitions(definitions, "selected_features_batch") == [BATCH1, BATCH2]


def test_plates_that_the_config_names_and_the_workspace_lacks_are_no_partitions(
    fresh: Desk,
) -> None:
    fresh.configure({}, {BATCH1: ["PL-01-x", "PL-99"], "another batch": ["PL-01-x"]})
    definitions = fresh.definitions()
    _is_loadable(definitions)
    assert _partitions(definitions, "aggregated_profiles") == [P2]
    assert _partitions(definitions, "selected_features_batch") == [BATCH1]


@given(st.text(), st.text())
def test_every_name_that_a_plate_may_have_makes_a_partition(batch: str, plate: str) -> None:
    if name_problem(batch) is None and name_problem(plate) is None:
        Partitions.of([PlateKey(batch, plate)])
        assert PlateKey.parse(str(PlateKey(batch, plate))) == PlateKey(batch, plate)


@pytest.mark.parametrize("name", [".", "..", "...", "a...b", "a/b", "\t", "\x07", "\x7f", " a", ""])
def test_a_name_that_no_partition_can_have_is_refused(name: str) -> None:
    assert name_problem(name) is not None


def test_a_folder_with_a_name_that_no_partition_can_have_stops_nothing(fresh: Desk) -> None:
    fresh.file(f"analysis/{BATCH1}/PL-01-x").rename(fresh.file(f"analysis/{BATCH1}/PL...x"))
    assert _partitions(fresh.definitions(), "aggregated_profiles") == [P1, P3]


@pytest.mark.parametrize(
    ("template", "partition", "path"),
    [
        (
            "profiles/{batch}/{plate}/{plate}.csv",
            "B 1/000.1-{x}",
            "profiles/B 1/000.1-{x}/000.1-{x}.csv",
        ),
        ("profiles/{batch}/{batch}_list.tsv", "all", "profiles/all/all_list.tsv"),
        ("profiles/list.tsv", "all", "profiles/list.tsv"),
    ],
)
def test_a_path_template_is_filled_with_any_name(template: str, partition: str, path: str) -> None:
    assert result_path(template, partition) == path


def test_partitions_are_sorted(fresh: Desk) -> None:
    fresh.configure({}, {BATCH2: ["000123"], BATCH1: ["PL-01-x", "000123"]})
    assert _partitions(fresh.definitions(), "normalized_profiles") == [P1, P2, P3]


def test_all_assets_of_a_level_share_one_partitions_definition(fresh: Desk) -> None:
    # Dagster compares the serialised definition for each pair that differs: seconds at 5,000 plates
    fresh.configure({"feature_select_negcon.level": "all"})
    graph = fresh.definitions().resolve_asset_graph()
    objects: dict[str, set[int]] = {}
    for node in graph.asset_nodes:
        assert node.partitions_def is not None
        level = str(node.partitions_def.get_partition_keys())
        objects.setdefault(level, set()).add(id(node.partitions_def))
    assert sorted(len(same) for same in objects.values()) == [1, 1, 1]


def test_a_plate_of_the_same_name_in_two_batches_maps_to_its_own_batch(fresh: Desk) -> None:
    graph = fresh.definitions().resolve_asset_graph()
    for batch, plates in ((BATCH1, {P1, P2}), (BATCH2, {P3})):
        parents = graph.get_parent_partition_keys_for_child(
            batch, dg.AssetKey("normalized_profiles"), dg.AssetKey("selected_features_batch")
        )
        assert set(parents.partitions_subset.get_partition_keys()) == plates


def test_the_names_to_preload_import() -> None:
    # a wrong name would stop every run
    for name in PRELOADED:
        importlib.import_module(name)


def test_a_run_is_one_process() -> None:
    executor = build_defs(Settings()).executor
    assert isinstance(executor, dg.ExecutorDefinition)
    assert executor.name == "in_process"


def test_importing_the_code_location_imports_nothing_that_only_steps_need(fresh: Desk) -> None:
    # the web server and the daemon only show the graph; each of these costs up to seconds
    code = """
        import sys
        import profiling_assets.definitions
        assert profiling_assets.definitions.defs.resolve_asset_graph().asset_nodes
        aws = {"dagster_aws", "boto3", "botocore", "obstore"}
        tables = {"numpy", "pandas", "pyarrow", "scipy", "h5py"}
        reference = {"pycytominer", "cytominer_database", "sklearn", "matplotlib"}
        print(*sorted((aws | tables | reference) & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "HOME": "/nonexistent", **fresh.settings.environment()},
    )
    assert done.stdout.split() == []
