"""`profiling-assets include`: take an excluded plate back in.

Put here: the command.
Do not put here: what exclusion means (`workspace.registry`, `config.plates_asked_for`).
"""

import click

from profiling_assets.cli.common import input_option, workspace_option
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import include, registered, update_registry
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.opening import open_workspace


@click.command("include")
@click.argument("plate", metavar="BATCH/PLATE")
@workspace_option
@input_option
def command(plate: str, workspace: str, inputs: str | None) -> int:
    """Take BATCH/PLATE back in; `run` builds what it lacks, and its batch anew."""
    key = PlateKey.parse(plate)
    opened = open_workspace(workspace, inputs=inputs)
    found = scan_workspace(opened).plates
    update_registry(opened, lambda known: include(registered(known, found), key))
    click.echo(f"{key} is no longer excluded")
    return 0
