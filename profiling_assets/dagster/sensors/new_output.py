"""Sensors: what looks at the workspace and at the graph from time to time.

Put here: the sensor on new output, with the reload for plates that it found, and the automation
sensor.
Do not put here: conditions of assets (`dagster.automation`), what a tick does (`tick`).
Both are off until a user switches them on in the UI, or starts `profiling-assets ui --watch`:
opening a workspace must not start work. Concept: https://docs.dagster.io/guides/automate/sensors
"""

import time
from urllib.parse import urlsplit

import dagster as dg

from profiling_assets.dagster.launchers.asset_runs import LOCATION
from profiling_assets.dagster.sensors.queue import MessageQueue, Messages, plates_named
from profiling_assets.dagster.sensors.turns import (
    may_reload,
    parse_watch_json,
    reloaded,
    watch_json,
)
from profiling_assets.settings import WEBSERVER_VARIABLE, WatchSettings
from profiling_assets.steps.catalog import Catalog

NEW_OUTPUT = "new_analysis_output"
_LOOK_SECONDS = 30.0  # with scan and reports a tick stays under 40 s; Dagster stops it at 60
_SHOWN = 20  # warnings a tick
_STALE = (
    "the code location was reloaded and still serves the former plates; start it with "
    "`dagster dev` or `dagster code-server start`, which run the code again, or restart it"
)
_RELOAD_SECONDS = 120
_BY_HAND = "press Reload in the web UI (Deployment) to see the new plates"


def automation_sensor(watch: WatchSettings) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that makes assets when their automation conditions say so.

    It requests runs and no backfills, because a backfill waits for the daemon's next turn at
    every step of the graph.
    """
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=_status(watch),
        minimum_interval_seconds=watch.seconds,
        emit_backfills=False,
    )


def new_output_sensor(catalog: Catalog) -> dg.SensorDefinition:
    """Return the sensor that reports plates whose analysis output is complete.

    It starts no runs; automation does, where it is on.
    """
    watch = catalog.settings.watch

    @dg.sensor(
        name=NEW_OUTPUT,
        description="Reports plates whose CellProfiler output is complete, or was delivered again, "
        "as new data of `cellprofiler_csvs`, and adopts results that stand already. New plates "
        "join the registry and the code location is reloaded.",
        minimum_interval_seconds=watch.seconds,
        default_status=_status(watch),
    )
    def new_analysis_output(
        context: dg.SensorEvaluationContext,
    ) -> dg.SensorResult | dg.SkipReason:
        from profiling_assets.dagster.sensors.tick import look_around, register_plates

        if catalog.opened is None:
            return dg.SkipReason("no workspace is set")
        state = parse_watch_json(context.cursor)
        registry = register_plates(catalog)
        asked = catalog.asked_for_of(registry).plates
        if asked != catalog.asked_for.plates:
            problem = _STALE
            if may_reload(state, asked, time.time()):
                problem = reload_problem(watch.webserver, _location(context))
            if not problem:
                return dg.SensorResult(
                    skip_reason="plates came or went: the code location was reloaded",
                    cursor=watch_json(reloaded(state, asked, time.time())),
                )
            context.log.warning(problem)
        queue = MessageQueue(watch.queue) if watch.queue else None
        messages = Messages() if queue is None else queue.take()
        tick = look_around(
            catalog,
            registry,
            context.instance,
            state,
            hinted=plates_named(messages.texts, _roots(catalog)),
            clock=time.time,
            seconds=_LOOK_SECONDS,
        )
        for warning in [*filter(None, [messages.problem]), *tick.warnings][:_SHOWN]:
            context.log.warning(warning)
        if queue is not None and messages.receipts:
            queue.remove(messages.receipts)
        plates, waiting = len(catalog.asked_for.plates), len(tick.state.pending)
        said = f"looked at {tick.looked} of {plates} plates; {waiting} not ready"
        context.log.info(f"{said}; {len(tick.events)} events")
        return dg.SensorResult(
            asset_events=tick.events,
            cursor=watch_json(tick.state),
            skip_reason=None if tick.events else said,
        )

    return new_analysis_output


def _status(watch: WatchSettings) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if watch.on else dg.DefaultSensorStatus.STOPPED


def _location(context: dg.SensorEvaluationContext) -> str:
    # as a code server names itself; in a test there is none
    origin = context.code_location_origin
    return LOCATION if origin is None else origin.location_name


def _roots(catalog: Catalog) -> tuple[str, ...]:
    roots = (catalog.workspace.root, catalog.settings.inputs)
    return tuple(root.partition("?")[0] for root in roots if root)


def reload_problem(webserver: str | None, location: str) -> str:
    """Ask the web server to load the code location anew, and wait for it.

    Return why it did not work and what to do; empty where it did. `webserver` is its address with
    the path prefix that it has, such as `http://127.0.0.1:3000`.
    """
    if webserver is None:
        return f"{WEBSERVER_VARIABLE} is not set, so the code location is not reloaded; {_BY_HAND}"
    # 1 s to import, and needed only when plates come
    from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

    try:
        address = urlsplit(webserver)
        client = DagsterGraphQLClient(
            address.hostname or "",
            port_number=address.port,
            use_https=address.scheme == "https",
            timeout=_RELOAD_SECONDS,
            path_prefix=address.path.rstrip("/"),
        )
        info = client.reload_repository_location(location)
    except (DagsterGraphQLClientError, ValueError) as error:
        return (
            f"the web server at {webserver} did not reload the code location ({error}); {_BY_HAND}"
        )
    if info.status.value == "SUCCESS":
        return ""
    said = info.message or info.failure_type or "no reason given"
    return f"the code location {location} did not reload: {said}"
