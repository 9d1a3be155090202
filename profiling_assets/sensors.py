"""Sensors: what looks at the graph from time to time.

Put here: the automation sensor (and, with S3 workspaces, the sensor on new output).
Do not put here: conditions of assets (`assets.automation`).
Concept: https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg

_SECONDS = 30


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that makes assets when their automation conditions say so.

    It is off until a user switches it on in the UI: opening a workspace must not start work.
    It requests runs and no backfills, because a backfill waits for the daemon's next turn at
    every step of the graph.

    Returns
    -------
    dagster.AutomationConditionSensorDefinition
        Over all assets.
    """
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=_SECONDS,
        emit_backfills=False,
    )
