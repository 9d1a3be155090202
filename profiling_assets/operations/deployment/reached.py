"""Whether what a deployment names is there: database, workspace, alerts, broker, workers, logs.

Put here: one look at each service.
Do not put here: what is written in files (`written`), printing.
"""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from profiling_assets.errors import ProfilingError
from profiling_assets.operations.alerts import Service
from profiling_assets.operations.deployment.lack import Lack, error, warning
from profiling_assets.settings import (
    ALERT_APPRISE_VARIABLE,
    CONFIG_VARIABLE,
    WORKSPACE_VARIABLE,
    AlertSettings,
    Settings,
)
from profiling_assets.steps.catalog import read_config
from profiling_assets.workspace.registry import load_registry
from profiling_assets.workspace.storage.opening import SCRATCH_VARIABLE, open_workspace

_SECONDS = 5


def reached_lacks(home: Path) -> Iterator[Lack]:
    """Look at each service that the settings name; where one does not answer, at the others still.

    What they lack comes in the order in which a machine needs them. `home` has a `dagster.yaml`
    that can be read.
    """
    yield from _folder(SCRATCH_VARIABLE)
    yield from _workspace_and_alerts()
    try:
        instance = dg.DagsterInstance.from_config(str(home))
        instance.get_runs_count()
        instance.all_asset_keys()
    except Exception as problem:  # noqa: BLE001 -- drivers raise what they like
        yield error("event log", _first_line(problem), "see `storage` in dagster.yaml")
        return
    with instance:
        launcher = _tried(lambda: instance.run_launcher)
        if isinstance(launcher, Exception):
            yield error("run launcher", _first_line(launcher), "see `run_launcher` in dagster.yaml")
        elif hasattr(launcher, "celery"):
            yield from _celery(launcher, instance)
        yield from _logs(instance)


def _folder(name: str) -> Iterator[Lack]:
    folder = os.environ.get(name)
    if folder:
        tried = _tried(lambda: tempfile.TemporaryFile(dir=folder).close())
        if isinstance(tried, Exception):
            yield error(name, f"cannot be written ({_first_line(tried)})", "make the folder")


def _workspace_and_alerts() -> Iterator[Lack]:
    settings = Settings.from_environment()
    yield from _alerts(settings.alerts)
    if settings.workspace is None:
        return
    try:
        workspace = open_workspace(settings.workspace, inputs=settings.inputs)
        registry = load_registry(workspace)
    except ProfilingError as problem:
        yield _of(problem, WORKSPACE_VARIABLE)
        return
    if not registry.plates:
        yield warning(
            WORKSPACE_VARIABLE,
            "has no list of plates yet",
            "profiling-assets scan WORKSPACE, or switch watching on",
        )
    try:
        read_config(settings.config, workspace)
    except ProfilingError as problem:
        yield _of(problem, CONFIG_VARIABLE)


def _alerts(settings: AlertSettings) -> Iterator[Lack]:
    for number, url in enumerate(settings.apprise, start=1):
        if not Service(url).usable:
            yield error(
                ALERT_APPRISE_VARIABLE,
                f"has an address that apprise does not understand: number {number}",
                "write it as https://github.com/caronc/apprise/wiki says",
            )


def _celery(launcher: Any, instance: dg.DagsterInstance) -> Iterator[Lack]:
    try:
        with launcher.celery.connection(connect_timeout=_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=_SECONDS)
        stats = launcher.celery.control.inspect(timeout=2.0).stats() or {}
    except Exception as problem:  # noqa: BLE001 -- drivers raise what they like
        yield error("broker", _first_line(problem), "see the address and the password")
        return
    slots = sum(worker["pool"]["max-concurrency"] for worker in stats.values())
    queue = instance.get_concurrency_config().run_queue_config
    most = queue.max_concurrent_runs if queue is not None else -1
    if not stats:
        yield warning(
            "workers", "none answers: runs wait", "start one, on any machine (deploy/celery)"
        )
    elif not 0 <= most <= slots:
        yield warning(
            "dagster.yaml: concurrency.runs.max_concurrent_runs",
            f"is {most}, and {len(stats)} workers carry out {slots} runs at once: the others wait "
            "in the queue, and time out there",
            f"set it to {slots}, or start more workers",
        )


def _logs(instance: dg.DagsterInstance) -> Iterator[Lack]:
    manager: Any = _tried(lambda: instance.compute_log_manager)
    where = "compute logs"
    if isinstance(manager, Exception):
        yield error(where, _first_line(manager), "see `compute_logs` in dagster.yaml")
        return
    client, bucket = getattr(manager, "_s3_session", None), getattr(manager, "_s3_bucket", None)
    if client is None or bucket is None:
        return
    key = f"{getattr(manager, '_s3_prefix', 'dagster')}/check-deployment/{socket.gethostname()}"
    tried = _tried(lambda: client.put_object(Bucket=bucket, Key=key, Body=b""))
    if isinstance(tried, Exception):
        yield error(where, _first_line(tried), f"let this role write s3://{bucket}/{key}")


def _of(problem: ProfilingError, variable: str) -> Lack:
    what = problem.what if problem.path is None else f"{problem.path}: {problem.what}"
    return error(variable, what, problem.remedy or f"correct {variable}")


def _tried(work: Callable[[], object]) -> Any:
    try:
        return work()
    except Exception as problem:  # noqa: BLE001 -- each becomes a line of the list
        return problem


def _first_line(problem: BaseException) -> str:
    """Return what a driver said, where it was wrapped into "too many retries"."""
    while (inner := problem.__cause__ or problem.__context__) is not None:
        problem = inner
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0] if lines else type(problem).__name__
