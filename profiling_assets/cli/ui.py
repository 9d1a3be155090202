"""`profiling-assets ui`: web server and daemon on one workspace.

Put here: the command.
Do not put here: what the UI shows (`assets`, `reporting`).
"""

import os
import signal
import subprocess
import sys

import click

from profiling_assets.cli.common import applied_settings, config_option, workspace_option
from profiling_assets.pipeline.catalog import refreshed_catalog


@click.command("ui")
@workspace_option
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
def command(workspace: str, config: str | None, host: str, port: int) -> int:
    """Open a workspace in the web UI; Ctrl-C stops web server and daemon.

    New plates show up after `profiling-assets scan` and a click on Reload.
    """
    from profiling_assets.adoption import adopt, report_inputs
    from profiling_assets.instance import open_instance, prepared_home
    from profiling_assets.planning import Planner

    settings = applied_settings(workspace, config)
    catalog, _ = refreshed_catalog(settings)
    home = prepared_home(catalog.workspace.root)
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
