"""Which runs count as dead: by the processes that their events name, not by their age alone."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData  # noqa: TID251 -- the event with a process id
from dagster._core.remote_origin import (  # noqa: TID251 -- a queued run needs one
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._daemon.types import DaemonHeartbeat  # noqa: TID251 -- as the daemon stores one

from profiling_assets.dagster.instance import open_instance, prepared_home
from profiling_assets.dagster.launchers import dead_runs
from profiling_assets.dagster.launchers.dead_runs import (
    SUBMITTER_TAG,
    end_dead_runs,
    runs_in_queue,
    submitter,
)

_GONE = 2**22 - 1  # the highest process id there can be


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with open_instance(prepared_home("/somewhere")) as found:
        yield found


@pytest.fixture
def living(instance: dg.DagsterInstance) -> Generator[int]:
    """Give the id of a living process that works on the instance."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print('', flush=True); time.sleep(600)"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    with process:
        yield process.pid
        process.kill()


def started(
    instance: dg.DagsterInstance, tags: dict[str, str], *, pid: int | None
) -> dg.DagsterRun:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def job() -> None:
        nothing()

    location = RegisteredCodeLocationOrigin("location")
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "repository"), job.name)
    run = instance.create_run_for_job(job, tags=tags, remote_job_origin=origin)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, job.name), run.run_id
    )
    if pid is not None:
        instance.report_engine_event("started", run, EngineEventData.in_process(pid))
    return run


def of_a_dead_command() -> dict[str, str]:
    return {SUBMITTER_TAG: f"{socket.gethostname()}:{_GONE}:1"}


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status.value


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(dead_runs.time, "time", lambda: now + seconds)


def test_a_run_whose_command_and_process_are_gone_is_ended_at_once(
    instance: dg.DagsterInstance,
) -> None:
    run = started(instance, of_a_dead_command(), pid=_GONE)
    assert end_dead_runs(instance) == [run.run_id]
    assert status(instance, run) == "FAILURE"
    assert end_dead_runs(instance) == []


def test_a_run_that_goes_on_without_its_command_is_left_alone(
    instance: dg.DagsterInstance, living: int
) -> None:
    run = started(instance, of_a_dead_command(), pid=living)
    assert end_dead_runs(instance) == []
    assert status(instance, run) == "STARTING"


def test_a_process_id_that_another_program_uses_now_does_not_keep_a_run_alive(
    instance: dg.DagsterInstance,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import time; print('', flush=True); time.sleep(600)"],
        stdout=subprocess.PIPE,
        env={**os.environ, "DAGSTER_HOME": "/elsewhere"},
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        run = started(instance, of_a_dead_command(), pid=other.pid)
        assert end_dead_runs(instance) == [run.run_id]
        other.kill()


def test_a_command_s_process_id_in_new_hands_is_told_by_its_start(
    instance: dg.DagsterInstance,
) -> None:
    host, pid, start = submitter().split(":")
    assert int(pid) == os.getpid()
    run = started(instance, {SUBMITTER_TAG: f"{host}:{pid}:{int(start) - 1000}"}, pid=_GONE)
    own = started(instance, {SUBMITTER_TAG: submitter()}, pid=_GONE)
    assert end_dead_runs(instance) == [run.run_id]
    assert status(instance, own) == "STARTING"


@pytest.mark.skipif(sys.platform != "linux", reason="the former version read /proc")
def test_a_living_command_of_the_former_version_is_recognised(
    instance: dg.DagsterInstance,
) -> None:
    stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    start = stat.rpartition(")")[2].split()[19]
    tags = {SUBMITTER_TAG: f"{socket.gethostname()}:{os.getpid()}:{start}"}
    assert tags[SUBMITTER_TAG] == submitter()
    run = started(instance, tags, pid=_GONE)
    assert end_dead_runs(instance) == []
    assert status(instance, run) == "STARTING"


def test_a_run_of_another_machine_is_left_alone(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(instance, {SUBMITTER_TAG: f"another-machine:{_GONE}:1"}, pid=_GONE)
    later(monkeypatch, 10_000)
    assert end_dead_runs(instance) == []


def test_a_lost_run_is_followed_to_the_one_that_the_daemon_starts_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retries = "run_retries: {enabled: true, max_retries: 1}"
    (tmp_path / "dagster.yaml").write_text(retries, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as retrying:
        run = started(retrying, {}, pid=None)
        assert dead_runs.retry_of(retrying, run.run_id) is None
        retrying.report_run_failed(run, "its worker is gone")
        assert dead_runs.retry_of(retrying, run.run_id) is None, "no daemon would start it"
        now = datetime.now(UTC).timestamp()
        retrying.add_daemon_heartbeat(DaemonHeartbeat(now, "EVENT_LOG_CONSUMER", "id", []))
        assert dead_runs.retry_of(retrying, run.run_id) == run.run_id
        retrying.add_run_tags(run.run_id, {"dagster/auto_retry_run_id": "another"})
        assert dead_runs.retry_of(retrying, run.run_id) == "another"
        retrying.add_run_tags(run.run_id, {"dagster/will_retry": "false"})
        assert dead_runs.retry_of(retrying, run.run_id) is None


def test_a_run_on_a_worker_of_another_machine_is_not_ended_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = """
run_launcher:
  module: profiling_assets.dagster.launchers.celery
  class: WatchedCeleryRunLauncher
  config: {broker: "redis://127.0.0.1:1/0", backend: "redis://127.0.0.1:1/0"}
"""
    (tmp_path / "dagster.yaml").write_text(launcher, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as remote:
        started(remote, of_a_dead_command(), pid=_GONE)
        run = started(remote, {SUBMITTER_TAG: submitter()}, pid=_GONE)
        later(monkeypatch, 10_000)
        assert end_dead_runs(remote) == []
        assert dead_runs.has_process(remote, run)


@pytest.mark.parametrize("tags", [{}, {SUBMITTER_TAG: submitter()}], ids=["web UI", "own"])
def test_a_run_of_the_web_ui_or_our_own_is_dead_when_its_process_is_gone_and_it_is_silent(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]
) -> None:
    run = started(instance, tags, pid=_GONE)
    assert end_dead_runs(instance) == []
    later(monkeypatch, 20)
    assert end_dead_runs(instance) == [run.run_id]


def test_a_run_that_has_not_started_is_given_three_minutes(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(instance, {}, pid=None)
    later(monkeypatch, 170)
    assert end_dead_runs(instance) == []
    later(monkeypatch, 190)
    assert end_dead_runs(instance) == [run.run_id]


def test_what_is_queued_counts_only_while_a_daemon_lives(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(instance, {}, pid=None)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.PIPELINE_ENQUEUED.value, run.job_name), run.run_id
    )
    assert list(runs_in_queue(instance)) == []
    now = datetime.now(tz=UTC).timestamp()
    instance.add_daemon_heartbeat(DaemonHeartbeat(now, "QUEUED_RUN_COORDINATOR", "id", []))
    assert [queued.run_id for queued in runs_in_queue(instance)] == [run.run_id]
    later(monkeypatch, 100)
    assert list(runs_in_queue(instance)) == []
    assert end_dead_runs(instance) == []
