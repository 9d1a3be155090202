"""What a Celery worker runs: one process a run, forked from one that has imported everything.

Put here: the app that `celery --app profiling_assets.dagster.launchers.celery_app worker` names.
Do not put here: starting runs (`celery`); settings of brokers (`dagster.yaml`).
Broker and settings are those of the launcher in the worker's own `dagster.yaml`, so that the two
cannot differ. Why: docs/decisions/deployments.md
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from threading import Event, Thread
from typing import Any

import dagster as dg
from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_process_init
from dagster._core.execution.run_cancellation_thread import start_run_cancellation_thread
from dagster._grpc.types import ExecuteRunArgs, ResumeRunArgs
from dagster._serdes import unpack_value
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task

from profiling_assets.dagster.launchers.celery import WORKER_TAG, WatchedCeleryRunLauncher
from profiling_assets.dagster.launchers.local_server import PRELOADED
from profiling_assets.errors import ConfigError
from profiling_assets.profiles.pycytominer import reference

_PR_SET_PDEATHSIG = 1
_watching: list[tuple[Thread, Event]] = []


def _made() -> Celery:
    with dg.DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, WatchedCeleryRunLauncher):
            raise ConfigError(
                f"its run launcher is {type(launcher).__name__}",
                path=f"{instance.root_directory}/dagster.yaml",
                remedy="take the one of deploy/celery for workers, web server and daemon alike",
            )
        made = launcher.celery
    create_execute_job_task(made)
    create_resume_job_task(made)
    for name in PRELOADED:
        import_module(name)
    reference()
    return made


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    # else a run whose worker was killed goes on, and is made a second time beside it
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


@task_prerun.connect
def _watch_run(task: Any, kwargs: dict[str, Any], **_: Any) -> None:
    packed = kwargs.get("execute_job_args_packed") or kwargs.get("resume_job_args_packed")
    if packed is None:
        return
    run_id = unpack_value(packed, as_type=(ExecuteRunArgs, ResumeRunArgs)).run_id
    with dg.DagsterInstance.get() as instance:
        instance.add_run_tags(run_id, {WORKER_TAG: str(task.request.hostname)})
        # it interrupts the run when somebody cancels it, or holds this worker for lost
        _watching.append(start_run_cancellation_thread(instance, run_id))


@task_postrun.connect
def _watched(**_: Any) -> None:
    while _watching:
        thread, ended = _watching.pop()
        ended.set()
        with suppress(RuntimeError):
            thread.join(timeout=5)


app = _made()
