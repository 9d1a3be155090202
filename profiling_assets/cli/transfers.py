"""What `pull` and `push` have in common.

Put here: their options, the lines they print, the folder that does not exist yet.
Do not put here: which files go where, and copying them (`workspace.copying`).
"""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from profiling_assets.errors import MissingInputError, WorkspaceError
from profiling_assets.workspace.copying import (
    FOLDERS,
    ComparedFile,
    Direction,
    TransferPlan,
    batch_of,
    copy_files,
    list_files,
    transfer_plan,
)
from profiling_assets.workspace.layout import CONFIGS
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import make_output_folder, open_workspace

batch_option = click.option(
    "--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be copied.")


def folder_option(direction: Direction) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--folder`: some of the folders of this direction."""
    return click.option(
        "--folder",
        "folders",
        type=click.Choice(FOLDERS[direction]),
        multiple=True,
        help="Only this folder; repeatable.",
    )


def run_transfer(
    direction: Direction,
    source: str,
    target: str,
    batches: tuple[str, ...],
    folders: tuple[str, ...],
    *,
    dry_run: bool,
) -> int:
    """Copy what differs from one root to the other, and print it.

    `batches` and `folders` narrow what is copied; empty means all. Return the exit code.
    """
    chosen = [name for name in FOLDERS[direction] if not folders or name in folders]
    from_ = open_workspace(source)
    have = list_files(from_, chosen, batches)
    plan = transfer_plan(have, direction, batches)
    absent = _absent_batches(plan, batches, chosen)
    if not plan.transfers or absent:
        of = f" of batch {', '.join(absent or batches)}" if batches else ""
        raise MissingInputError(
            f"there is nothing to {direction.value}{of} in {', '.join(chosen)}",
            path=from_.root,
            remedy="name the root of the workspace, the folder that holds these folders, and "
            "batches as they are spelt there",
        )
    with _opened_target(target, dry_run=dry_run) as to:
        if to.identity == from_.identity:
            raise WorkspaceError(
                "source and target are the same workspace",
                path=to.root,
                remedy=f"name another root to {direction.value} {_word(direction)}",
            )
        there = list_files(to, chosen, batches)
        done = copy_files(
            from_,
            to,
            plan.transfers,
            have=have,
            there=there,
            dry_run=dry_run,
            told=lambda one: _tell(one, dry_run=dry_run),
        )
    _tell_rest(plan, done, set(there), dry_run=dry_run)
    return 0


def _absent_batches(plan: TransferPlan, batches: tuple[str, ...], folders: list[str]) -> list[str]:
    if folders == [CONFIGS]:  # configs belong to no batch
        return []
    return sorted(set(batches) - {batch_of(one.source) for one in plan.transfers})


@contextmanager
def _opened_target(root: str, *, dry_run: bool) -> Generator[Workspace]:
    """Open the target; a folder that is not there is made, or in a dry run taken as empty."""
    folder = Path(root).expanduser()
    if "://" in root or folder.exists():
        yield open_workspace(root)
    elif dry_run:
        with tempfile.TemporaryDirectory() as empty:
            yield open_workspace(empty)
    else:
        make_output_folder(root)
        yield open_workspace(root)


def _tell(one: ComparedFile, *, dry_run: bool) -> None:
    if one.differs:
        verb = "would copy" if dry_run else "copied"
        source, target = one.transfer.source, one.transfer.target
        over = " (over a newer file)" if one.was_newer else ""
        to = "" if source == target else f" to {target}"
        click.echo(f"{verb} {source}{to}{over}")


def _tell_rest(
    plan: TransferPlan, done: list[ComparedFile], there: set[str], *, dry_run: bool
) -> None:
    for pair in plan.superseded:
        click.echo(f"not copied: {pair.source}, as {pair.by} goes to its place")
    for one in plan.transfers:
        if one.zipped and one.source in there:
            click.echo(f"note: {one.source} stands in the target and is read before {one.target}")
    copied = [one for one in done if one.differs]
    size = sum(one.size for one in copied)
    verb = "to copy" if dry_run else "copied"
    click.echo(f"{len(copied)} {verb} ({size:,} bytes), {len(done) - len(copied)} the same")


def _word(direction: Direction) -> str:
    return "from" if direction is Direction.PULL else "to"
