"""A batch on two Celery workers that share nothing but bucket, database and broker; one is killed.

It takes minutes, so `make test-celery` names this file and `make test` does not collect it.
The files of `deploy/celery` are used as they are.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import boto3
import dagster as dg
import pytest
from botocore.config import Config

from profiling_assets.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import load_catalog
from profiling_assets_tests.cli.celery_hosts import (
    BIN,
    Host,
    hosts,
    network,
    postgres_server,
    redis_server,
)
from profiling_assets_tests.cli.celery_story import (
    BACKFILL,
    TERMINATE,
    Deployment,
    count,
    in_the_middle,
    is_loaded,
    is_over,
    kill_a_run,
    made,
    pull_the_plug,
    story,
)
from profiling_assets_tests.cli.commands import wait_for
from profiling_assets_tests.s3_servers import S3Server, s3_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2400)]

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "deploy" / "celery"
BUCKET, PREFIX = "lab", "projects/a project/workspace"
PLATES = tuple(f"000{number:03d}" for number in range(1, 25))
CONCURRENCY = 2
LONGEST = 1500.0  # seconds for the batch, on a machine that does other things too
_PORT = 4000
_SHIPPED_LOOKS = "cancellation_thread_poll_interval_seconds: 5"
_SHIPPED_RUNS = "max_concurrent_runs: 16"


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A hub and two workers, as `deploy/celery/README.md` sets them up."""
    with ExitStack() as stack:
        net = stack.enter_context(network())
        s3 = stack.enter_context(s3_server(tmp_path, net.address))
        database = stack.enter_context(postgres_server(net.address))
        broker = stack.enter_context(redis_server(net.address))
        shared = {
            **s3.environment,
            **database,
            "PROFILING_ASSETS_BROKER": broker,
            "PROFILING_ASSETS_WORKSPACE": f"s3://{BUCKET}/{PREFIX}?path_style=true",
            "PROFILING_ASSETS_CONFIG": (
                f"s3://{BUCKET}/{PREFIX}/config_files/config.yml?path_style=true"
            ),
            "PROFILING_ASSETS_LOGS_BUCKET": BUCKET,
            "PROFILING_ASSETS_LOGS_PREFIX": "logs",
            "PROFILING_ASSETS_CODE_HOST": "127.0.0.1",
            "PROFILING_ASSETS_CODE_PORT": str(_PORT),
            "PROFILING_ASSETS_CONCURRENCY": str(CONCURRENCY),
        }

        def environment(name: str, folder: Path) -> dict[str, str]:
            home, scratch = folder / "dagster", folder / "scratch"
            home.mkdir()
            scratch.mkdir()
            shutil.copy(SHIPPED / "workspace.yaml", home)
            text = (SHIPPED / "dagster.yaml").read_text(encoding="utf-8")
            assert _SHIPPED_RUNS in text
            # as check-deployment asks for
            text = text.replace(_SHIPPED_RUNS, f"max_concurrent_runs: {2 * CONCURRENCY}")
            # the runs here take seconds
            assert _SHIPPED_LOOKS in text
            text = text.replace(_SHIPPED_LOOKS, "cancellation_thread_poll_interval_seconds: 1")
            (home / "dagster.yaml").write_text(text, encoding="utf-8")
            return {
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "HOME": str(folder),
                "DAGSTER_HOME": str(home),
                "PROFILING_ASSETS_SCRATCH": str(scratch),
                **shared,
            }

        for name, value in shared.items():
            monkeypatch.setenv(name, value)
        _fill_bucket(s3, tmp_path / "depot")
        found = stack.enter_context(
            hosts(net, ("hub", "one", "two"), tmp_path / "hosts", environment)
        )
        hub = found.pop("hub")
        _start_hub(hub)
        for worker in found.values():
            _start_worker(worker)
        web = f"http://{hub.address}:3000"
        yield Deployment(hub, found, web, net.reason)


def _fill_bucket(s3: S3Server, depot: Path) -> None:
    spec = plate_spec(wells=12, sites=1, cells=20, width=40, plates=PLATES)
    make_workspace(depot, replace(spec, negcons=4))
    text = render_config({}, pipeline="many", negcon=False)
    on = "quality_control:\n  perform: true\n"
    config = depot / "config_files" / "config.yml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(text.replace(on, on.replace("true", "false")), encoding="utf-8")
    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, config=Config(s3={"addressing_style": "path"})
    )
    client.create_bucket(Bucket=BUCKET)
    for file in sorted(path for path in depot.rglob("*") if path.is_file()):
        key = f"{PREFIX}/{file.relative_to(depot).as_posix()}"
        client.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
    client.close()


def _start_hub(hub: Host) -> None:
    workspace = hub.environment["PROFILING_ASSETS_WORKSPACE"]
    scanned = hub.call(BIN / "profiling-assets", "scan", workspace)
    assert scanned.returncode == 0, scanned.stdout + scanned.stderr
    location = ("-m", "profiling_assets.definitions")
    location += ("--location-name", "profiling_assets.definitions")
    hub.start("code.log", BIN / "dagster", "code-server", "start", *location, "-p", str(_PORT))
    home = Path(hub.environment["DAGSTER_HOME"])
    file = ("-w", home / "workspace.yaml")
    hub.start("web.log", BIN / "dagster-webserver", "-h", "0.0.0.0", "-p", "3000", *file)
    hub.start("daemon.log", BIN / "dagster-daemon", "run", *file)


def _start_worker(worker: Host) -> None:
    app = ("--app", "profiling_assets.dagster.launchers.celery_app", "worker")
    worker.start(
        "worker.log", BIN / "celery", *app, "-c", str(CONCURRENCY), "-n", f"{worker.name}@%h"
    )


def test_a_batch_is_done_once_though_a_worker_is_killed(deployment: Deployment) -> None:
    assert wait_for(lambda: is_loaded(deployment), 180, every=1.0), deployment.hub.log(
        "code.log"
    ) + deployment.hub.log("web.log")
    for host in (deployment.hub, *deployment.workers.values()):
        # until both workers answer it warns that there are fewer places than runs
        assert wait_for(
            lambda host=host: (
                host.call(BIN / "profiling-assets", "check-deployment").stdout
                == "runs on Celery workers: 0 errors, 0 warnings\n"
            ),
            60,
            every=1.0,
        ), host.call(BIN / "profiling-assets", "check-deployment")
    began = time.monotonic()
    names = sorted(load_catalog(Settings.from_environment()).results)
    selection = [{"path": [name]} for name in names]
    params = {"assetSelection": selection, "allPartitions": True, "title": "24 plates"}
    answer = deployment.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert "backfillId" in answer, answer
    backfill = str(answer["backfillId"])

    assert wait_for(lambda: count(deployment, "sqlite_backend") >= 3, 300, every=1.0), (
        deployment.workers["one"].log("worker.log")
    )
    lost = pull_the_plug(deployment)
    killed = time.monotonic()
    short_of_memory = kill_a_run(deployment)
    over = wait_for(lambda: is_over(deployment, backfill), LONGEST, every=2.0)
    told = story(
        deployment, names, began, killed, {lost: "worker killed", short_of_memory: "run killed"}
    )
    sys.stdout.write(told)  # shown with -s
    assert over, told + deployment.hub.log("daemon.log")
    with deployment.instance() as instance:
        failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
        killed_runs = instance.get_runs(failed)
        for run_id in (lost, short_of_memory):
            run = instance.get_run_by_id(run_id)
            assert run is not None
            assert run.status is dg.DagsterRunStatus.FAILURE
            assert run.tags.get("dagster/auto_retry_run_id"), "it was not retried"
        found = instance.get_backfill(backfill)
        assert found is not None
        assert found.status.value == "COMPLETED_SUCCESS", found.status
    results, interrupted = made(deployment, names)
    assert set(results.values()) == {1}, [key for key, n in results.items() if n != 1]
    # what a killed step had already recorded is made again with the rest of the step
    killed_plates = {run.tags["dagster/partition"] for run in killed_runs}
    assert {partition for _, partition in interrupted} <= killed_plates
    plates = {partition for name, partition in results if name == "feature_selected_profiles"}
    assert plates == {f"2026_03_02_Batch1/{plate}" for plate in PLATES}

    _cancel(deployment)


def _cancel(deployment: Deployment) -> None:
    """A run that somebody stops in the web UI ends as canceled, and is not tried again."""
    selection = [{"path": ["sqlite_backend"]}, {"path": ["annotated_profiles"]}]
    plate = f"2026_03_02_Batch1/{PLATES[0]}"
    params = {"assetSelection": selection, "partitionNames": [plate], "title": "one again"}
    assert "backfillId" in deployment.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert wait_for(lambda: in_the_middle(deployment, "two"), 120, every=0.1)
    run_id = in_the_middle(deployment, "two")
    assert run_id is not None
    answer = deployment.ask(TERMINATE, run=run_id)["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer

    def status() -> str:
        with deployment.instance() as instance:
            run = instance.get_run_by_id(run_id)
        return "" if run is None else run.status.value

    assert wait_for(lambda: status() not in ("STARTED", "CANCELING"), 60, every=0.5), status()
    assert status() == "CANCELED"
    time.sleep(20)
    with deployment.instance() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert "dagster/auto_retry_run_id" not in run.tags
    sys.stdout.write("a run that was stopped in the web UI: CANCELED, not retried\n")
