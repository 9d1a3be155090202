"""`profiling-assets prune`: remove old runs from the event log.

Put here: the command.
Do not put here: which runs may go (`dagster.runs.old_runs`).
"""

import click

from profiling_assets.cli.common import workspace_option
from profiling_assets.workspace.storage.opening import open_workspace


@click.command("prune")
@workspace_option
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=90,
    show_default=True,
    help="Runs that ended so many days ago, or earlier.",
)
@click.option("--remove", is_flag=True, help="Remove them; without it they are only counted.")
def command(workspace: str, days: int, *, remove: bool) -> int:
    """Remove old runs with their events and what they printed; results stay where they are.

    A run stays, however old, if it made the last version of a result: by it the result counts as
    current. Run `profiling-assets run` at the same time or not, as you like: runs that have not
    ended are left alone.
    """
    from profiling_assets.dagster.instance import open_instance, prepared_home
    from profiling_assets.dagster.runs.old_runs import old_runs, remove_run

    home = prepared_home(open_workspace(workspace).identity)
    with open_instance(home) as instance:
        old = old_runs(instance, days)
        for run_id in old.going if remove else ():
            remove_run(instance, home, run_id)
    done = "removed" if remove else "would be removed (--remove does it)"
    click.echo(f"event log in {home}")
    click.echo(
        f"{len(old.going)} runs that ended {days} days ago or earlier {done}; {old.staying} stay, "
        "as they made what stands or belong to a backfill under way"
    )
    return 0
