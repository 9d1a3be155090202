"""`profiling-assets ui`: web server and daemon on one workspace.

Put here: the command.
Do not put here: what the UI shows (`dagster.assets`, `dagster.metadata`).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click

from profiling_assets.cli.common import (
    applied_settings,
    config_option,
    input_option,
    workspace_option,
)
from profiling_assets.errors import WorkspaceError, without_passwords
from profiling_assets.settings import WATCH_VARIABLE, WEBSERVER_VARIABLE, WatchSettings
from profiling_assets.steps.catalog import Catalog, refreshed_catalog
from profiling_assets.workspace.plates import Source


@click.command("ui")
@workspace_option
@input_option
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
@click.option(
    "--watch", is_flag=True, help="Start plates by themselves when their analysis is complete."
)
def command(
    workspace: str, inputs: str | None, config: str | None, host: str, port: int, *, watch: bool
) -> int:
    """Open a workspace in the web UI; Ctrl-C stops web server and daemon.

    With --watch its two sensors are on: new plates show up, and each is made when it is complete
    (section `arrival` of the config). Without, switch them on under Automation, or click on Reload
    after `profiling-assets scan` to see new plates.
    """
    # a shell that starts a command with & lets it and its children ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _check_port(host, port)
    settings = applied_settings(workspace, config, inputs)
    catalog, _ = refreshed_catalog(settings)
    home = _brought_up_to_date(catalog, watched=watch)
    click.echo(f"workspace {catalog.workspace.root}, event log in {home}")
    click.echo(f"web UI on http://{host}:{port}")
    if watch:
        _tell_what_is_watched(catalog)
    server = subprocess.Popen(  # noqa: S603 -- our own interpreter and fixed arguments
        [
            sys.executable,
            "-m",
            "dagster",
            "dev",
            "--module-name",
            "profiling_assets.definitions",
            "--host",
            host,
            "--port",
            str(port),
        ],
        # it recommends a command line for developers of Dagster projects, at every start
        env={
            **os.environ,
            "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
            WEBSERVER_VARIABLE: _address(host, port),
            # else an event that comes during a tick is news to one condition and not to another,
            # and what it concerns is made twice
            "DAGSTER_AUTOMATION_TICK_SETTLE_SECONDS": os.environ.get(
                "DAGSTER_AUTOMATION_TICK_SETTLE_SECONDS", "0.2"
            ),
            **({WATCH_VARIABLE: "1"} if watch else {}),
        },
    )
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))
    try:
        return server.wait()
    except KeyboardInterrupt:  # the terminal sent it to the server too
        server.wait()
        return 0


def _brought_up_to_date(catalog: Catalog, *, watched: bool) -> Path:
    """Report what may be started and record what stands; return the folder of the event log."""
    from profiling_assets.cli.progress import recorded
    from profiling_assets.dagster.announcer import forget_settled
    from profiling_assets.dagster.event_log import records_in
    from profiling_assets.dagster.instance import open_instance, prepared_home
    from profiling_assets.dagster.runs.adopt import adopt, report_inputs
    from profiling_assets.dagster.sensors.tick import ready_plates
    from profiling_assets.steps.plan import Planner

    plates = catalog.asked_for.plates
    if watched:  # the sensor looks at the others, some at a time
        made = {
            key for key, entry in catalog.registry.plates.items() if entry.sources - {Source.CSVS}
        }
        plates = tuple(key for key in plates if key in made)
    home = prepared_home(catalog.workspace.identity)
    with open_instance(home) as instance:
        planner = Planner(catalog, records_in(instance), force=False)
        started = ready_plates(catalog, planner, plates, time.time())
        report_inputs(instance, planner, plates, started=started, follow=recorded)
        adopt(instance, catalog, planner.plan(plates).adopt)
        forget_settled(instance, catalog.workspace)
    return home


def _tell_what_is_watched(catalog: Catalog) -> None:
    watch = WatchSettings.from_environment(os.environ)
    rules = catalog.config.arrival
    when = (
        "when all expected sites are there (without load data: when nothing changed for "
        if rules.complete_when == "expected_sites"
        else "(when nothing changed for "
    )
    click.echo(
        f"watching for new analysis output every {watch.seconds} s: a plate is started {when}"
        f"{rules.quiet_minutes:g} min)"
    )
    if watch.queue:
        click.echo(f"news from {without_passwords(watch.queue)}")


def _address(host: str, port: int) -> str:
    """Return where this machine reaches the web server."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- not bound here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise WorkspaceError(
                f"port {port} of {host} cannot be used ({error.strerror})",
                remedy="stop what listens there, or choose another one with --port",
            ) from error
