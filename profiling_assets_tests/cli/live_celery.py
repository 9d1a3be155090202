"""A batch on two Celery workers that share nothing but bucket, database and broker; one is killed.

It takes minutes, so `make test-celery` names this file and `make test` does not collect it.
The files of `deploy/celery` are used as they are.
"""

import json
import os
import shutil
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import dagster as dg
import pytest
from botocore.config import Config

from profiling_assets.celery_launcher import WORKER_TAG
from profiling_assets.core.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.pipeline.catalog import load_catalog
from profiling_assets.run_events import RunWatch
from profiling_assets.settings import Settings
from profiling_assets_tests.cli.celery_hosts import (
    BIN,
    Host,
    hosts,
    network,
    postgres_server,
    redis_server,
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
Made = tuple[str, str]
_SHIPPED_RUNS = "max_concurrent_runs: 16"


@dataclass
class Deployment:
    """The hosts, and where the test looks from."""

    hub: Host
    workers: dict[str, Host]
    web: str
    separation: str

    def instance(self) -> dg.DagsterInstance:
        """Open the event log, as the hub does."""
        return dg.DagsterInstance.from_config(self.hub.environment["DAGSTER_HOME"])

    def ask(self, query: str, **variables: object) -> dict[str, dict[str, object]]:
        """Ask the web server."""
        request = urllib.request.Request(
            f"{self.web}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["data"]


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
    app = ("--app", "profiling_assets.celery_app", "worker")
    worker.start(
        "worker.log", BIN / "celery", *app, "-c", str(CONCURRENCY), "-n", f"{worker.name}@%h"
    )


_LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
_BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(
  backfillParams: $params) { __typename ... on LaunchBackfillSuccess { backfillId }
  ... on PythonError { message } } }"""


def _is_loaded(deployment: Deployment) -> bool:
    try:
        entries = deployment.ask(_LOADED)["workspaceOrError"]["locationEntries"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    assert isinstance(entries, list)
    kinds = [(entry.get("locationOrLoadError") or {}).get("__typename") for entry in entries]
    return kinds == ["RepositoryLocation"]


def _in_the_middle(deployment: Deployment, worker: str) -> str | None:
    """A run that this worker carries out, in the middle of a step."""
    with deployment.instance() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            here = run.tags.get(WORKER_TAG, "").startswith(f"{worker}@")
            if here and RunWatch(instance, run.run_id).open_steps():
                return run.run_id
    return None


def _pull_the_plug(deployment: Deployment) -> str:
    """Kill all of worker one in the middle of a run; return the run."""
    process = deployment.workers["one"].processes[0]
    for _ in range(400):
        os.killpg(process.pid, signal.SIGSTOP)  # what is seen now still holds when it is killed
        found = _in_the_middle(deployment, "one")
        if found is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return found
        os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.2)
    raise AssertionError(_seen(deployment))


def _seen(deployment: Deployment) -> str:
    with deployment.instance() as instance:
        runs = instance.get_runs()
    return "\n".join(f"{run.status.value} {run.tags.get(WORKER_TAG)}" for run in runs)


def _kill_a_run(deployment: Deployment) -> str:
    """Kill one run's process on worker two, as a machine short of memory does; return the run."""
    two = deployment.workers["two"]
    mark = f"DAGSTER_HOME={two.environment['DAGSTER_HOME']}".encode()
    for _ in range(400):
        os.killpg(two.processes[0].pid, signal.SIGSTOP)
        try:
            found = _in_the_middle(deployment, "two")
            if found is not None:
                with deployment.instance() as instance:
                    inner = max(RunWatch(instance, found).process_ids())
                os.kill(_outer(inner, mark), signal.SIGKILL)
                return found
        finally:
            os.killpg(two.processes[0].pid, signal.SIGCONT)
        time.sleep(0.2)
    raise AssertionError(_seen(deployment))


def _outer(inner: int, mark: bytes) -> int:
    """The process id here of a process that has another one on its host."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                lines = (folder / "status").read_text().splitlines()
                ids = next(line for line in lines if line.startswith("NSpid:")).split()
                if int(ids[-1]) == inner:
                    return int(folder.name)
        except OSError:
            continue
    message = f"no process {inner}"
    raise AssertionError(message)


def _made(deployment: Deployment, names: list[str]) -> tuple[Counter[Made], Counter[Made]]:
    """How often each result was made, by steps that ended and by steps that were interrupted."""
    ended: Counter[Made] = Counter()
    interrupted: Counter[Made] = Counter()
    with deployment.instance() as instance:
        done = {
            (run.run_id, entry.step_key)
            for run in instance.get_runs()
            for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
        }
        for name in names:
            for record in instance.fetch_materializations(dg.AssetKey(name), limit=1000).records:
                step = record.run_id, record.event_log_entry.step_key
                counter = ended if step in done else interrupted
                counter[name, record.partition_key or ""] += 1
    return ended, interrupted


def _count(deployment: Deployment, name: str) -> int:
    with deployment.instance() as instance:
        return len(instance.fetch_materializations(dg.AssetKey(name), limit=1000).records)


def _is_over(deployment: Deployment, backfill: str) -> bool:
    with deployment.instance() as instance:
        found = instance.get_backfill(backfill)
    return found is not None and not found.status.value.startswith(("REQUESTED", "CANCELING"))


def _story(
    deployment: Deployment, names: list[str], began: float, killed: float, ends: dict[str, str]
) -> str:
    """The event log in figures."""
    lines = [f"separate by: {deployment.separation}"]
    with deployment.instance() as instance:
        records = list(instance.get_run_records())
    runs = [record.dagster_run for record in records]
    by_worker = Counter(run.tags.get(WORKER_TAG, "none") for run in runs)
    statuses = Counter(run.status.value for run in runs)
    lines.append(f"runs: {len(runs)}; " + ", ".join(f"{n} {s}" for s, n in statuses.items()))
    lines += [f"  by worker {name}: {count}" for name, count in sorted(by_worker.items())]
    ended = {record.dagster_run.run_id: record for record in records}
    for run in runs:
        if run.status is dg.DagsterRunStatus.FAILURE:
            again = ended.get(run.tags.get("dagster/auto_retry_run_id", ""))
            record = ended[run.run_id]
            told = "not retried"
            if again is not None and again.end_time:
                told = (
                    f"retried on {again.dagster_run.tags.get(WORKER_TAG)}: "
                    f"{again.dagster_run.status.value}, "
                    f"{again.end_time - (record.end_time or 0):.0f} s later"
                )
            lines.append(
                f"  {run.run_id[:8]} {run.tags.get('dagster/partition')} on "
                f"{run.tags.get(WORKER_TAG)} {ends.get(run.run_id, 'lost')}, noticed after "
                f"{(record.end_time or 0) - (record.start_time or 0):.0f} s from its start; {told}"
            )
    made, interrupted = _made(deployment, names)
    lines.append(
        f"results: {len(made)}, made twice: {sum(n > 1 for n in made.values())}, made before by a "
        f"step that was killed: {interrupted.total()}"
    )
    lines.append(
        f"seconds: {time.monotonic() - began:.0f} in all, worker killed after {killed - began:.0f}"
    )
    return "\n" + "\n".join(lines) + "\n"


def test_a_batch_is_done_once_though_a_worker_is_killed(deployment: Deployment) -> None:
    assert wait_for(lambda: _is_loaded(deployment), 180, every=1.0), deployment.hub.log(
        "code.log"
    ) + deployment.hub.log("web.log")
    for host in (deployment.hub, *deployment.workers.values()):
        checked = host.call(BIN / "profiling-assets", "check-deployment")
        assert checked.stdout == "runs on Celery workers: 0 errors, 0 warnings\n", checked
    began = time.monotonic()
    names = sorted(load_catalog(Settings.from_environment()).results)
    selection = [{"path": [name]} for name in names]
    params = {"assetSelection": selection, "allPartitions": True, "title": "24 plates"}
    answer = deployment.ask(_BACKFILL, params=params)["launchPartitionBackfill"]
    assert "backfillId" in answer, answer
    backfill = str(answer["backfillId"])

    assert wait_for(lambda: _count(deployment, "sqlite_backend") >= 3, 300, every=1.0), (
        deployment.workers["one"].log("worker.log")
    )
    lost = _pull_the_plug(deployment)
    killed = time.monotonic()
    short_of_memory = _kill_a_run(deployment)
    over = wait_for(lambda: _is_over(deployment, backfill), LONGEST, every=2.0)
    story = _story(
        deployment, names, began, killed, {lost: "worker killed", short_of_memory: "run killed"}
    )
    sys.stdout.write(story)  # shown with -s
    assert over, story + deployment.hub.log("daemon.log")
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
    made, interrupted = _made(deployment, names)
    assert set(made.values()) == {1}, [key for key, count in made.items() if count != 1]
    # what a killed step had already recorded is made again with the rest of the step
    killed_plates = {run.tags["dagster/partition"] for run in killed_runs}
    assert {partition for _, partition in interrupted} <= killed_plates
    plates = {partition for name, partition in made if name == "feature_selected_profiles"}
    assert plates == {f"2026_03_02_Batch1/{plate}" for plate in PLATES}
