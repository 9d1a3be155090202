"""`profiling-assets publish`: bring results into a data repository.

Put here: the command.
Do not put here: what is published (`workspace.public_files`), the order of it
(`publish.destinations`), its words (`publish.words`).
"""

import re

import click
from click.core import ParameterSource

from profiling_assets import __version__
from profiling_assets.cli.common import config_option, input_option, workspace_option
from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.destinations import publish_to_clone, publish_to_workspace
from profiling_assets.publish.git import redacted
from profiling_assets.publish.wish import Wish
from profiling_assets.publish.words import copied_line, lines_of
from profiling_assets.workspace.copying import ComparedFile
from profiling_assets.workspace.public_files import Limits
from profiling_assets.workspace.storage.opening import open_workspace

_MEGABYTE = 1_000_000
# What is said of commits and of files in git; a bucket has neither.
_OF_GIT = {
    "branch": "--branch",
    "push": "--push/--no-push",
    "config": "--config",
    "limit_mb": "--limit-mb",
    "warn_mb": "--warn-mb",
}
# addresses of repositories; those of the form `git@host:path` have no scheme
_REMOTE = re.compile(r"^(?!s3://)[A-Za-z][A-Za-z0-9+.-]*://|^[\w.-]+@[\w.-]+:")


@click.command("publish")
@click.argument("target", metavar="TARGET")
@workspace_option
@input_option
@config_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option("--branch", metavar="NAME", help="Stop unless this branch is checked out.")
@click.option("--push/--no-push", default=True, show_default=True, help="Whether to push.")
@click.option("--dry-run", is_flag=True, help="Say what would be published, and change nothing.")
@click.option(
    "--limit-mb",
    type=click.FloatRange(min=0),
    default=100,
    show_default=True,
    help="Refuse larger files that are not with Git LFS.",
)
@click.option(
    "--warn-mb",
    type=click.FloatRange(min=0),
    default=50,
    show_default=True,
    help="Name larger files that are not with Git LFS.",
)
def command(
    target: str,
    workspace: str,
    inputs: str | None,
    config: str | None,
    batches: tuple[str, ...],
    branch: str | None,
    limit_mb: float,
    warn_mb: float,
    *,
    push: bool,
    dry_run: bool,
) -> int:
    """Copy results into TARGET, the clone of a data repository, commit and push them.

    Published are profiles, gct, quality control, configs, plate maps, compressed load data, ledgers
    and lists of features; never CellProfiler's CSVs or SQLite backends. Nothing is deleted, and a
    second run makes no commit. TARGET may be s3://BUCKET/PREFIX: then the same files are copied,
    and options of git are refused.
    """
    wish = Wish(
        version=__version__,
        batches=batches,
        config=config or None,
        branch=branch,
        push=push,
        limits=Limits(refused=int(limit_mb * _MEGABYTE), warned=int(warn_mb * _MEGABYTE)),
        dry_run=dry_run,
    )

    def tell(one: ComparedFile) -> None:
        line = copied_line(one, dry_run=dry_run)
        if line is not None:
            click.echo(line)

    if _REMOTE.match(target):
        raise DataRepositoryError(
            "it is the address of a repository, and publishing needs a clone",
            path=redacted(target),
            remedy="clone it (`git clone ADDRESS FOLDER`), then name the folder",
        )
    if target.startswith("s3://"):
        _refuse_options_of_git(target)
        source, to = open_workspace(workspace, inputs=inputs), open_workspace(target)
        done = publish_to_workspace(source, to, wish, tell)
    else:
        clone = open_clone(target)
        done = publish_to_clone(open_workspace(workspace, inputs=inputs), clone, wish, tell)
    for line in lines_of(done, dry_run=dry_run):
        click.echo(line)
    for problem in done.problems:
        click.echo(f"error: {problem}", err=True)
    return 1 if done.problems else 0


def _refuse_options_of_git(target: str) -> None:
    """Refuse what would be ignored: whoever asks for a branch or a limit counts on it."""
    context = click.get_current_context()
    given = [
        option
        for name, option in _OF_GIT.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise DataRepositoryError(
            f"{', '.join(given)}: a bucket has no branches, commits and Git LFS",
            path=redacted(target),
            remedy="leave these options out, or publish to the clone of a data repository",
        )
