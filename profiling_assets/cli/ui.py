"""`profiling-assets ui`: web server and daemon on one workspace.

Put here: the command.
Do not put here: what the UI shows (`assets`, `reporting`).
"""

import os
import signal
import socket
import subprocess
import sys

import click

from profiling_assets.cli.common import (
    applied_settings,
    config_option,
    input_option,
    workspace_option,
)
from profiling_assets.core.errors import WorkspaceError
from profiling_assets.pipeline.catalog import refreshed_catalog


@click.command("ui")
@workspace_option
@input_option
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
def command(workspace: str, inputs: str | None, config: str | None, host: str, port: int) -> int:
    """Open a workspace in the web UI; Ctrl-C stops web server and daemon.

    New plates show up after `profiling-assets scan` and a click on Reload.
    """
    from profiling_assets.adoption import adopt, report_inputs
    from profiling_assets.instance import open_instance, prepared_home
    from profiling_assets.planning import Planner

    # a shell that starts a command with & lets it and its children ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _check_port(host, port)
    settings = applied_settings(workspace, config, inputs)
    catalog, _ = refreshed_catalog(settings)
    home = prepared_home(catalog.workspace.identity)
    with open_instance(home) as instance:
        planner = Planner(catalog, instance, force=False)
        report_inputs(instance, planner, catalog.cohort.plates)
        adopt(instance, catalog, planner.plan(catalog.cohort.plates).adopt)
    click.echo(f"workspace {catalog.workspace.root}, event log in {home}")
    click.echo(f"web UI on http://{host}:{port}")
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
        env={**os.environ, "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded"},
    )
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))
    try:
        return server.wait()
    except KeyboardInterrupt:  # the terminal sent it to the server too
        server.wait()
        return 0


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
