"""Runs as ECS tasks, with the launcher of `deploy/ecs/dagster.yaml`, against moto's ECS."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
import yaml

from profiling_assets.dagster.launchers.asset_runs import Launcher
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.operations.estimate.task_size import task_of_run
from profiling_assets.operations.fargate import CPU_TAG, MEMORY_TAG, STORAGE_TAG, fargate_size
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import load_catalog
from profiling_assets_tests.operations.reading import template_resources
from profiling_assets_tests.s3_servers import S3Server

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "ecs"
FAMILY = "profiles-run"
BATCH = "2026_03_02_Batch1"
_MOST_CHARACTERS = 8192  # of a task's overrides: AWS refuses more


@dataclass
class Account:
    """An account with a cluster, the task definition of runs, and a task that launches them."""

    ecs: Any
    cluster: str
    subnet: str
    group: str
    server: str


@pytest.fixture
def account(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """What the template makes, as far as the launcher looks at it."""
    if s3.kind != "moto":
        pytest.skip("SeaweedFS has no ECS")
    template = template_resources()["RunTask"]["Properties"]
    with ExitStack() as stack:
        ec2, ecs = (stack.enter_context(_client(name)) for name in ("ec2", "ecs"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)
        cluster = ecs.create_cluster(clusterName="profiles")["cluster"]["clusterArn"]
        ecs.register_task_definition(
            family=FAMILY,
            requiresCompatibilities=template["RequiresCompatibilities"],
            networkMode=template["NetworkMode"],
            cpu=template["Cpu"],
            memory=template["Memory"],
            containerDefinitions=[
                # moto asks for the memory, AWS does not
                {"name": entry["Name"], "image": "profiling-assets", "memory": 4096}
                for entry in template["ContainerDefinitions"]
            ],
        )
        server = ecs.run_task(
            cluster=cluster,
            taskDefinition=FAMILY,
            launchType="FARGATE",
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group["GroupId"]]}
            },
        )["tasks"][0]["taskArn"]
        told = stack.enter_context(_metadata({"Cluster": cluster, "TaskARN": server}))
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", told)
        monkeypatch.setenv("PROFILING_ASSETS_RUN_TASK", FAMILY)
        yield Account(ecs, cluster, subnet, group["GroupId"], server)


def _client(name: str) -> Any:
    return closing(boto3.client(name))  # pyright: ignore[reportCallIssue, reportArgumentType]


class _metadata:  # noqa: N801 -- a context manager
    """The endpoint by which a task learns who it is."""

    def __init__(self, answer: dict[str, str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 -- its name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def launched(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dg.DagsterInstance, Callable[..., str]]]:
    """Give an event log with the shipped launcher, and a function that launches a plate's run."""
    make_workspace(tmp_path / "workspace", tiny_spec())
    shipped = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    kept = ("telemetry", "nux", "run_launcher", "run_monitoring", "run_retries", "concurrency")
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump({name: shipped[name] for name in kept}))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("PROFILING_ASSETS_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("PROFILING_ASSETS_CONFIG", raising=False)
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        Launcher(instance, tmp_path / "code_server.log") as launcher,
    ):
        yield (
            instance,
            lambda plate, tags: launcher.launch(["sqlite_backend"], f"{BATCH}/{plate}", tags),
        )


def _task(account: Account, instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    (task,) = account.ecs.describe_tasks(
        cluster=account.cluster, tasks=[run.tags["ecs/task_arn"]], include=["TAGS"]
    )["tasks"]
    return task


def test_a_run_is_a_task_of_the_size_of_its_plate_and_can_be_stopped(
    account: Account, launched: tuple[dg.DagsterInstance, Callable[..., str]]
) -> None:
    instance, launch = launched
    large = launch("000123", fargate_size(4, 20_000, 120).tags())
    task = _task(account, instance, large)
    overrides = task["overrides"]
    assert (overrides["cpu"], overrides["memory"]) == ("4096", "20480")
    assert overrides["ephemeralStorage"] == {"sizeInGiB": 123}
    (container,) = overrides["containerOverrides"]
    assert (container["name"], container["cpu"], container["memory"]) == ("run", 4096, 20480)
    assert container["command"][:3] == ["dagster", "api", "execute_run"]
    assert len(json.dumps(overrides)) < _MOST_CHARACTERS
    assert {"key": "dagster/run_id", "value": large} in task["tags"]
    assert task["taskDefinitionArn"].endswith(f":task-definition/{FAMILY}:1")
    details = {entry["name"]: entry["value"] for entry in task["attachments"][0]["details"]}
    assert details["subnetId"] == account.subnet

    unknown = launch("PL-01-x", {})
    overrides = _task(account, instance, unknown)["overrides"]
    catalog = load_catalog(Settings.from_environment())
    sized = task_of_run(catalog, f"{BATCH}/PL-01-x", {"sqlite_backend"}).tags()
    assert (overrides["cpu"], overrides["memory"]) == (sized[CPU_TAG], sized[MEMORY_TAG])
    assert overrides["ephemeralStorage"] == {"sizeInGiB": int(sized[STORAGE_TAG])}

    assert instance.run_launcher.terminate(large)
    assert _task(account, instance, large)["lastStatus"] == "STOPPED"
    assert _task(account, instance, unknown)["lastStatus"] != "STOPPED"
    run = instance.get_run_by_id(large)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELING
