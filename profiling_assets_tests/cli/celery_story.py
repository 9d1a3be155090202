"""A Celery deployment as a test looks at it: asking, killing, and the event log in figures."""

import json
import os
import signal
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from profiling_assets.dagster.launchers.celery import WORKER_TAG
from profiling_assets.dagster.launchers.follow import RunWatch
from profiling_assets_tests.cli.celery_hosts import Host

Made = tuple[str, str]


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


_LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
TERMINATE = """mutation ($run: String!) { terminateRun(runId: $run) { __typename
  ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(
  backfillParams: $params) { __typename ... on LaunchBackfillSuccess { backfillId }
  ... on PythonError { message } } }"""


def is_loaded(deployment: Deployment) -> bool:
    try:
        entries = deployment.ask(_LOADED)["workspaceOrError"]["locationEntries"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    assert isinstance(entries, list)
    kinds = [(entry.get("locationOrLoadError") or {}).get("__typename") for entry in entries]
    return kinds == ["RepositoryLocation"]


def in_the_middle(deployment: Deployment, worker: str) -> str | None:
    """A run that this worker carries out, in the middle of a step."""
    with deployment.instance() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            here = run.tags.get(WORKER_TAG, "").startswith(f"{worker}@")
            if here and RunWatch(instance, run.run_id).open_steps():
                return run.run_id
    return None


def pull_the_plug(deployment: Deployment) -> str:
    """Kill all of worker one in the middle of a run; return the run."""
    process = deployment.workers["one"].processes[0]
    for _ in range(400):
        os.killpg(process.pid, signal.SIGSTOP)  # what is seen now still holds when it is killed
        found = in_the_middle(deployment, "one")
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


def kill_a_run(deployment: Deployment) -> str:
    """Kill one run's process on worker two, as a machine short of memory does; return the run."""
    two = deployment.workers["two"]
    mark = f"DAGSTER_HOME={two.environment['DAGSTER_HOME']}".encode()
    for _ in range(400):
        os.killpg(two.processes[0].pid, signal.SIGSTOP)
        try:
            found = in_the_middle(deployment, "two")
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


def made(deployment: Deployment, names: list[str]) -> tuple[Counter[Made], Counter[Made]]:
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


def count(deployment: Deployment, name: str) -> int:
    with deployment.instance() as instance:
        return len(instance.fetch_materializations(dg.AssetKey(name), limit=1000).records)


def is_over(deployment: Deployment, backfill: str) -> bool:
    with deployment.instance() as instance:
        found = instance.get_backfill(backfill)
    return found is not None and not found.status.value.startswith(("REQUESTED", "CANCELING"))


def story(
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
    results, interrupted = made(deployment, names)
    lines.append(
        f"results: {len(results)}, made twice: {sum(n > 1 for n in results.values())}, "
        f"made before by a step that was killed: {interrupted.total()}"
    )
    lines.append(
        f"seconds: {time.monotonic() - began:.0f} in all, worker killed after {killed - began:.0f}"
    )
    return "\n" + "\n".join(lines) + "\n"
