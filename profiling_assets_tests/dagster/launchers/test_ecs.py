"""Tasks of the size of a plate: what is asked of ECS, on moto's API."""

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest

from profiling_assets.dagster.launchers.asset_runs import Launcher
from profiling_assets.dagster.launchers.ecs import SizedEcsRunLauncher
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.errors import ProfilingError
from profiling_assets.operations.estimate import rates
from profiling_assets.operations.estimate.task_size import task_of_run
from profiling_assets.settings import WORKSPACE_VARIABLE, Settings
from profiling_assets.steps.catalog import load_catalog
from profiling_assets.workspace.layout import sqlite_backend
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.s3_servers import S3Server

PLATE = "2026_03_02_Batch1/PL-01-x"
CELLS = ("sqlite_backend", "aggregated_profiles")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("sized")
    make_workspace(root, tiny_spec())
    return str(root)


def storage(workspace: str, partition: str, *assets: str) -> int:
    return task_of_run(load_catalog(Settings(workspace)), partition, assets).storage


def test_only_the_run_that_reads_cells_asks_for_scratch_space(
    workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "SCRATCH_PER_SQLITE", 1e5)  # as if the plate were a large one
    assert storage(workspace, PLATE, *CELLS) > 21
    assert storage(workspace, PLATE, "feature_selected_profiles") == 21
    assert storage(workspace, "2026_03_02_Batch1", "selected_features_batch") == 21
    assert storage(workspace, "all", "selected_features_all") == 21


def test_a_plate_that_starts_at_a_backend_has_room_for_it(tmp_path: Path) -> None:
    make_workspace(tmp_path, tiny_spec())
    shutil.rmtree(tmp_path / "analysis" / PLATE)
    backend = tmp_path / sqlite_backend(PlateKey.parse(PLATE))
    backend.parent.mkdir(parents=True, exist_ok=True)
    with backend.open("wb") as file:
        file.truncate(60 * 2**30)  # sparse: it takes no room itself
    assert storage(str(tmp_path), PLATE, "aggregated_profiles") == 63
    assert storage(str(tmp_path), PLATE, "feature_selected_profiles") == 21


def test_a_plate_that_no_task_holds_is_refused_with_what_it_needs(
    workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "SCRATCH_PER_SQLITE", 1e7)
    with pytest.raises(ProfilingError, match="GiB of scratch space"):
        storage(workspace, PLATE, *CELLS)


def test_a_batch_needs_memory_for_all_its_plates(
    workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "BATCH_MEMORY_PER_WELL", 400 * rates.MB)
    catalog = load_catalog(Settings(workspace))
    two = task_of_run(catalog, "2026_03_02_Batch1", ["gct"]).memory
    one = task_of_run(catalog, "2026_03_09_Batch2", ["gct"]).memory
    assert two > one


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, workspace: str, running_s3: S3Server
) -> Generator[tuple[dg.DagsterInstance, Launcher]]:
    """Give a code server whose runs are started on moto's ECS."""
    if running_s3.kind != "moto":
        pytest.skip(f"{running_s3.kind} has no ECS")
    home = tmp_path_factory.mktemp("home")
    settings = {
        **running_s3.environment,
        WORKSPACE_VARIABLE: workspace,
        "DAGSTER_HOME": str(home),
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        (home / "dagster.yaml").write_text(json.dumps(_instance_settings()))
        with (
            dg.DagsterInstance.from_config(str(home)) as instance,
            Launcher(instance, home / "code_server.log") as launcher,
        ):
            yield instance, launcher


def _instance_settings() -> dict[str, Any]:
    ec2: Any = boto3.client("ec2")
    network = {
        "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    ecs: Any = boto3.client("ecs")
    ecs.create_cluster(clusterName="cyto")
    task = ecs.register_task_definition(
        family="run",
        networkMode="awsvpc",
        cpu="1024",
        memory="2048",
        containerDefinitions=[{"name": "run", "image": "image:1", "cpu": 1024, "memory": 2048}],
    )["taskDefinition"]["taskDefinitionArn"]
    config = {
        "task_definition": task,
        "container_name": "run",
        "use_current_ecs_task_config": False,
        "secrets_tag": None,
        "run_resources": {"cpu": "1024", "memory": "8192", "ephemeral_storage": 100},
        "run_task_kwargs": {
            "cluster": "cyto",
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
        },
    }
    launcher = {
        "module": SizedEcsRunLauncher.__module__,
        "class": SizedEcsRunLauncher.__name__,
        "config": config,
    }
    return {"telemetry": {"enabled": False}, "run_launcher": launcher}


def asked_for(
    cluster: tuple[dg.DagsterInstance, Launcher], **tags: str
) -> tuple[dict[str, Any], dg.DagsterRun]:
    """Launch a run of a plate's cells; return what ECS was asked for, and the run."""
    instance, launcher = cluster
    run = instance.get_run_by_id(launcher.launch(CELLS, PLATE, tags))
    assert run is not None
    ecs: Any = boto3.client("ecs")
    arn = run.tags["ecs/task_arn"]
    (task,) = ecs.describe_tasks(cluster="cyto", tasks=[arn])["tasks"]
    return task["overrides"], run


@pytest.mark.integration
def test_a_run_of_a_plate_asks_for_its_own_task(
    cluster: tuple[dg.DagsterInstance, Launcher], workspace: str
) -> None:
    size = task_of_run(load_catalog(Settings(workspace)), PLATE, CELLS)
    asked, run = asked_for(cluster)
    assert asked["cpu"] == str(size.cpu)
    assert asked["memory"] == str(size.memory)
    assert asked["ephemeralStorage"] == {"sizeInGiB": size.storage}
    assert size.tags().items() <= run.tags.items()


@pytest.mark.integration
def test_a_run_that_says_what_it_needs_gets_that(
    cluster: tuple[dg.DagsterInstance, Launcher],
) -> None:
    asked, _ = asked_for(cluster, **{"ecs/cpu": "4096", "ecs/memory": "16384"})
    assert (asked["cpu"], asked["memory"]) == ("4096", "16384")
    assert asked["ephemeralStorage"] == {"sizeInGiB": 100}


@pytest.mark.integration
def test_a_plate_that_cannot_be_listed_gets_the_default_and_an_event_says_so(
    cluster: tuple[dg.DagsterInstance, Launcher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path / "gone"))
    asked, run = asked_for(cluster)
    assert asked["memory"] == "8192"
    said = [entry.dagster_event for entry in cluster[0].all_logs(run.run_id)]
    assert any("could not be weighed" in (one.message or "") for one in said if one)


@pytest.mark.integration
def test_a_plate_that_no_task_holds_fails_and_says_what_it_needs(
    cluster: tuple[dg.DagsterInstance, Launcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "SCRATCH_PER_SQLITE", 1e7)
    instance, launcher = cluster
    run = instance.get_run_by_id(launcher.launch(CELLS, PLATE, {}))
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "ecs/task_arn" not in run.tags
    said = "".join(entry.to_json() for entry in instance.all_logs(run.run_id))
    assert "no Fargate task is large enough" in said
