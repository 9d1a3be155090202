"""The sensor on failed runs: who is to know is told.

Put here: when an alert is sent, what of a run goes into it.
Do not put here: its words, to whom it goes and how (`operations.alerts`).
Concept: https://docs.dagster.io/guides/automate/run-status-sensors
"""

import time
from dataclasses import replace

import dagster as dg

from profiling_assets.dagster.launchers.asset_runs import PARTITION_TAG
from profiling_assets.dagster.launchers.follow import error_text
from profiling_assets.errors import without_passwords
from profiling_assets.operations.alerts import Alert, Quiet, failed_step
from profiling_assets.settings import Settings

FAILURES = "failed_runs"
_WILL_RETRY = "dagster/will_retry"


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that tells of failed runs.

    It is on from the start where anybody is to be told, or the workspace is watched.
    """
    quiet = Quiet()  # lives as long as the code server: after a reload one is told once more
    on = settings.alerts.on or settings.watch.on

    @dg.run_failure_sensor(
        name=FAILURES,
        description="Tells of runs that failed: a line in its log, and whom the variables "
        "PROFILING_ASSETS_ALERT_... name. Runs that fail alike are told once in ten minutes.",
        default_status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED,
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        from profiling_assets.operations.alerts import targets_of, tell_all

        run = context.dagster_run
        if run.tags.get(_WILL_RETRY) == "true":
            return dg.SkipReason(f"run {run.run_id} is started again")
        alert = alert_of(settings, context)
        others = quiet.others(alert, time.monotonic())
        if others is None:
            return dg.SkipReason(f"{alert.subject()}: others that failed alike were told")
        told = replace(alert, others=others)
        done = tell_all(targets_of(settings.alerts, context.log.error), told)
        for problem in done.problems:
            context.log.warning(problem)
        if done.problems and done.reached <= 1:  # the log alone has it
            quiet.not_told(told, time.monotonic())
        return None

    return failed_runs


def alert_of(settings: Settings, context: dg.RunFailureSensorContext) -> Alert:
    """Say what is to be told of a failed run.

    Every step that failed; of a run whose process was killed, how it ended.
    """
    run = context.dagster_run
    failed = [
        failed_step(event.step_key or "", error_text(event))
        for event in context.get_step_failure_events()
    ]
    if not failed:
        failed = [failed_step("", context.failure_event.message or "the run failed")]
    link = settings.alerts.link
    return Alert(
        workspace=without_passwords(settings.workspace or "-"),
        partition=run.tags.get(PARTITION_TAG, ""),
        run_id=run.run_id,
        link=f"{link}/runs/{run.run_id}" if link else "",
        failed=tuple(failed),
    )
