"""Launching each run in an ECS task of the size that its plate needs.

Put here: dagster-aws's launcher with the size filled in, which `dagster.yaml` names.
Do not put here: how large a task must be (`operations.estimate.task_size`), legal sizes
(`operations.fargate`).
The launcher is the one place that every run passes: of `run`, of the web UI, of a backfill and of
automation. A partition has no tags in Dagster, and those of a sensor hold for all its runs.
Concept: https://docs.dagster.io/deployment/oss/deployment-options/aws
"""

import dagster as dg
from dagster._core.launcher import LaunchRunContext
from dagster_aws.ecs import EcsRunLauncher

from profiling_assets.dagster.launchers.asset_runs import PARTITION_TAG
from profiling_assets.errors import WorkspaceError
from profiling_assets.operations.estimate.task_size import task_of_run
from profiling_assets.operations.fargate import CPU_TAG, MEMORY_TAG, STORAGE_TAG
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import load_catalog

_TAGS = frozenset({CPU_TAG, MEMORY_TAG, STORAGE_TAG})


class SizedEcsRunLauncher(EcsRunLauncher):
    """Starts each run as dagster-aws does, with CPU, memory and disk for its plate or batch.

    A run that has one of the tags already keeps what they say. A run without a partition, or whose
    plate cannot be listed now, gets the `run_resources` of `dagster.yaml`, and an event says so.
    """

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run.

        Parameters
        ----------
        context : LaunchRunContext
            The run.

        Raises
        ------
        ProfilingError
            Where no task is large enough for it: the run fails, and says what it needs.
        """
        run = context.dagster_run
        tags = self._size(run)
        if tags:
            self._instance.add_run_tags(run.run_id, tags)
            context = context._replace(dagster_run=run.with_tags({**run.tags, **tags}))
        super().launch_run(context)

    def _size(self, run: dg.DagsterRun) -> dict[str, str]:
        partition = run.tags.get(PARTITION_TAG)
        if partition is None or not _TAGS.isdisjoint(run.tags):
            return {}
        assets = {key.to_user_string() for key in run.asset_selection or ()}
        try:
            catalog = load_catalog(Settings.from_environment())
            return task_of_run(catalog, partition, assets).tags()
        except WorkspaceError as error:
            said = f"the task has the default size, as its plate could not be weighed: {error}"
            self._instance.report_engine_event(said, run)
            return {}
