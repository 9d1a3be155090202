"""`profiling-assets pull`: bring what profiling starts from into a workspace.

Put here: the command.
Do not put here: which files go where, and copying them (`workspace.copying`), what `push` and it
have in common (`transfers`).
"""

import click

from profiling_assets.cli.common import workspace_option
from profiling_assets.cli.transfers import batch_option, dry_run_option, folder_option, run_transfer
from profiling_assets.workspace.copying import Direction


@click.command("pull")
@click.argument("source", metavar="SOURCE")
@workspace_option
@batch_option
@folder_option(Direction.PULL)
@dry_run_option
def command(
    source: str,
    workspace: str,
    batches: tuple[str, ...],
    folders: tuple[str, ...],
    *,
    dry_run: bool,
) -> int:
    """Copy backend CSVs, load data and metadata from the workspace SOURCE, only what differs.

    SQLite backends stay where they are, load data is compressed on the way, and metadata/BATCH
    goes to metadata/platemaps/BATCH. Nothing is deleted.
    """
    return run_transfer(Direction.PULL, source, workspace, batches, folders, dry_run=dry_run)
