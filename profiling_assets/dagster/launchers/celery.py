"""Runs as Celery tasks on any number of machines: dagster-celery's launcher, and who is alive.

Put here: what `deploy/celery/dagster.yaml` names; whether a worker still carries a run out.
Do not put here: what a worker does with a task (`celery_app`).
Why not dagster-celery's class alone: docs/decisions/deployments.md
"""

import time
from collections.abc import Mapping
from typing import Any

import dagster as dg
from celery.states import FAILURE
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

# What a worker must have for a run to be one process that knows new plates, and for a dead worker
# to take nothing with it but the runs that it was carrying out.
WORKER_SETTINGS: dict[str, Any] = {
    "worker_max_tasks_per_child": 1,  # a run's process loads the code location anew
    "worker_disable_prefetch": True,  # a run waits in the queue, not in a worker that may die
    "task_acks_late": False,  # else redis hands a long run out again after an hour
    "worker_redirect_stdouts": False,  # Dagster captures what a run prints
    "worker_hijack_root_logger": False,
    "broker_connection_retry_on_startup": True,
    "result_expires": 30 * 86_400,  # seconds; a run's state is to outlive the run
}
WORKER_TAG = "profiling_assets/worker"  # of a run: who carried it out
_ACTIVE_SECONDS = 5.0  # one question to all workers serves all runs of a look
_REPLY_SECONDS = 2.0


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """Starts each run as a Celery task, and notices when its worker is gone.

    Parameters
    ----------
    worker_lost_seconds : int
        How long a run may be on no worker's list before it is held for lost.
    config_source : dict, optional
        Settings of Celery, over those in `WORKER_SETTINGS`.
    **settings : object
        Those of `dagster_celery.launcher.CeleryRunLauncher`.
    """

    def __init__(
        self,
        worker_lost_seconds: int = 60,
        config_source: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self._lost_seconds = worker_lost_seconds
        self._missing_since: dict[str, float] = {}
        self._active: tuple[float, frozenset[str]] = (float("-inf"), frozenset())
        super().__init__(config_source={**WORKER_SETTINGS, **(config_source or {})}, **settings)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the settings: dagster-celery's and one more."""
        inherited: Any = super().config_type()
        lost = dg.Field(int, is_required=False, default_value=60)
        return {**inherited, "worker_lost_seconds": lost}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "WatchedCeleryRunLauncher":
        """Make the launcher that `dagster.yaml` names."""
        return cls(inst_data=inst_data, **config_value)

    def terminate(self, run_id: str) -> bool:
        """Ask a run to stop; its process sees that it is to end and ends as canceled.

        Parameters
        ----------
        run_id : str
            The run.

        Returns
        -------
        bool
            False where it has ended.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        waits = run.status is dg.DagsterRunStatus.STARTING
        self._instance.report_run_canceling(run)
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is not None and waits:
            self.celery.control.revoke(task_id)  # first: no worker takes it from now on
            if task_id not in self._ask_for_active_tasks():
                self._instance.report_run_canceled(run)
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether a worker carries a run out.

        Parameters
        ----------
        run : dagster.DagsterRun
            A run that has started.

        Returns
        -------
        CheckRunHealthResult
            Failed where its process was killed, or where no worker has had it on its list for
            `worker_lost_seconds`: a worker that lives answers also while its runs compute.
        """
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "it has no Celery task")
        try:
            result = self.celery.AsyncResult(task_id)
            if result.state == FAILURE:
                return CheckRunHealthResult(WorkerStatus.FAILED, f"its process: {result.result}")
            carried_out = task_id in self._active_tasks()
        except Exception:  # noqa: BLE001 -- each kind of broker has its own; nothing is known then
            self._missing_since.clear()
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the broker does not answer")
        if carried_out:
            self._missing_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        now = time.monotonic()
        seconds = now - self._missing_since.setdefault(run.run_id, now)
        if seconds < self._lost_seconds:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"on no worker for {seconds:.0f} s")
        del self._missing_since[run.run_id]
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"its worker is gone: on no worker for {seconds:.0f} s"
        )

    def get_run_worker_debug_info(
        self,
        run: dg.DagsterRun,
        include_container_logs: bool | None = True,  # noqa: FBT001, FBT002 -- as the base class
    ) -> str | None:
        """Say where a run was, for the message of its failure."""
        del include_container_logs
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        return None if task_id is None else f"worker {run.tags.get(WORKER_TAG)}, task {task_id}"

    def _active_tasks(self) -> frozenset[str]:
        """Return the tasks that workers carry out, by their own account, a few seconds old."""
        asked, active = self._active
        if time.monotonic() - asked > _ACTIVE_SECONDS:
            return self._ask_for_active_tasks()
        return active

    def _ask_for_active_tasks(self) -> frozenset[str]:
        answers = self.celery.control.inspect(timeout=_REPLY_SECONDS).active() or {}
        active = frozenset(task["id"] for tasks in answers.values() for task in tasks)
        self._active = (time.monotonic(), active)
        return active
