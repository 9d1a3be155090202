"""The launcher that `deploy/celery/dagster.yaml` names, without a broker.

With one: `cli/live_celery.py`.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.launcher import WorkerStatus  # noqa: TID251 -- what launchers answer
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from profiling_assets.dagster.launchers.celery import WORKER_SETTINGS, WatchedCeleryRunLauncher

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "celery" / "dagster.yaml"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        monkeypatch.setenv("PROFILING_ASSETS_BROKER", address)
        launcher = {"run_launcher": yaml.safe_load(SHIPPED.read_text())["run_launcher"]}
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(launcher), encoding="utf-8")
        with dg.DagsterInstance.from_config(str(tmp_path)) as found:
            yield found


def _run(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    @dg.job
    def job() -> None: ...

    return instance.create_run_for_job(job, tags=tags)


def test_workers_are_set_so_that_a_run_is_a_process_and_waits_in_the_queue(
    instance: dg.DagsterInstance,
) -> None:
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchedCeleryRunLauncher)
    settings = launcher.celery.conf
    assert {name: settings[name] for name in WORKER_SETTINGS} == WORKER_SETTINGS
    assert settings["broker_url"].startswith("redis://127.0.0.1:")
    assert settings["worker_prefetch_multiplier"] == 1


def test_no_run_is_held_for_lost_because_the_broker_is_away(instance: dg.DagsterInstance) -> None:
    run = _run(instance, {DAGSTER_CELERY_TASK_ID_TAG: "task"})
    health = instance.run_launcher.check_run_worker_health(run)
    assert health.status is WorkerStatus.RUNNING
    assert "broker" in (health.msg or "")


def test_a_run_that_was_never_a_task_is_not_said_to_run(instance: dg.DagsterInstance) -> None:
    health = instance.run_launcher.check_run_worker_health(_run(instance, {}))
    assert health.status is WorkerStatus.UNKNOWN
