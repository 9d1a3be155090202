"""`profiling-assets init-data-repo`: a repository that results are published to.

Put here: the command.
Do not put here: what is in it and how it is made (`publish.data_repository`).
"""

import shlex

import click

from profiling_assets import __version__
from profiling_assets.publish.data_repository import make_data_repository


@click.command("init-data-repo")
@click.argument("folder", metavar="DIR")
@click.option(
    "--lfs/--no-lfs",
    default=True,
    show_default=True,
    help="Whether .gitattributes gives large results to Git LFS.",
)
def command(folder: str, *, lfs: bool) -> int:
    """Make DIR a data repository: folders, .gitattributes, pinned versions, config, README.

    DIR may be absent, empty, or a new clone. What is there is never changed.
    """
    made = make_data_repository(folder, __version__, lfs=lfs)
    for name in made.written:
        click.echo(f"wrote {name}")
    for note in made.notes:
        click.echo(f"note: {note}")
    if made.commit is not None:
        click.echo(f"commit {made.commit[:12]}")
    if not made.written:
        click.echo(f"{made.folder} is a data repository already")
    words = ["profiling-assets", "publish", str(made.folder), "--workspace"]
    click.echo(f"publish with: {shlex.join(words)} WORKSPACE")
    return 0
