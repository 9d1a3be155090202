"""`profiling-assets push`: bring what was made back to where the project's data are.

Put here: the command.
Do not put here: which files go where, and copying them (`workspace.copying`), what `pull` and it
have in common (`transfers`).
"""

import click

from profiling_assets.cli.common import workspace_option
from profiling_assets.cli.transfers import batch_option, dry_run_option, folder_option, run_transfer
from profiling_assets.workspace.copying import Direction


@click.command("push")
@click.argument("target", metavar="TARGET")
@workspace_option
@batch_option
@folder_option(Direction.PUSH)
@dry_run_option
def command(
    target: str,
    workspace: str,
    batches: tuple[str, ...],
    folders: tuple[str, ...],
    *,
    dry_run: bool,
) -> int:
    """Copy config_files, gct, profiles and quality_control to TARGET, only what differs.

    Nothing is deleted.
    """
    return run_transfer(Direction.PUSH, workspace, target, batches, folders, dry_run=dry_run)
