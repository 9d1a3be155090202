"""`profiling-assets exclude`: take a plate out of its batch, with a reason.

Put here: the command.
Do not put here: what exclusion means (`workspace.registry`, `config.plates_asked_for`).
"""

import shlex

import click

from profiling_assets.cli.common import input_option, workspace_option
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import exclude, registered, update_registry
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.opening import open_workspace


@click.command("exclude")
@click.argument("plate", metavar="BATCH/PLATE")
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why; it is shown wherever the plate is."
)
@workspace_option
@input_option
def command(plate: str, reason: str, workspace: str, inputs: str | None) -> int:
    """Take BATCH/PLATE out: its batch goes on without it."""
    key = PlateKey.parse(plate)
    opened = open_workspace(workspace, inputs=inputs)
    found = scan_workspace(opened).plates
    update_registry(opened, lambda known: exclude(registered(known, found), key, reason))
    click.echo(f"{key} is excluded: {reason}")
    click.echo("its files stay where they are and are no longer brought up to date")
    back = ["profiling-assets", "include", str(key), "--workspace", workspace]
    back += [] if inputs is None else ["--input", inputs]
    click.echo(f"take it back in with: {shlex.join(back)}")
    return 0
