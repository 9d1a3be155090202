"""Publishing a workspace's results: into a data repository's clone, or to another workspace.

Put here: the order of it: look, decide, refuse, copy, commit, push.
Do not put here: what is published (`workspace.public_files`), copying (`workspace.copying`), git
(`clone`, `commit`), what keeps a clone from it (`before`).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from profiling_assets.errors import DataRepositoryError, MissingInputError
from profiling_assets.publish import commit
from profiling_assets.publish.before import (
    Checks,
    Copying,
    check_foreign,
    check_own_files,
    checked_upstream,
)
from profiling_assets.publish.clone import GitClone, Upstream
from profiling_assets.publish.commit import held, note_begun, note_ended
from profiling_assets.publish.wish import Publication, Wish
from profiling_assets.publish.words import commit_message, config_marks, notes_on
from profiling_assets.workspace.copying import ComparedFile, batch_of, list_files
from profiling_assets.workspace.public_files import (
    PUBLISHED,
    Limits,
    PublicationPlan,
    Sized,
    no_longer,
    over,
    publication_plan,
)
from profiling_assets.workspace.registry import load_registry
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace


def publish_to_workspace(
    workspace: Workspace,
    target: Workspace,
    wish: Wish,
    told: Callable[[ComparedFile], None] = lambda _: None,
) -> Publication:
    """Copy what may be published to another workspace, such as a prefix of a bucket."""
    if target.identity == workspace.identity:
        raise DataRepositoryError(
            "source and target are the same workspace",
            path=target.root,
            remedy="name another root to publish to",
        )
    plan, copying = _look(workspace, target, wish)
    there = list_files(target, PUBLISHED, wish.batches)
    compared = copying.done(there, dry_run=wish.dry_run, told=told)
    return Publication(plan, compared, no_longer(there, _targets(plan), wish.batches))


def publish_to_clone(
    workspace: Workspace,
    clone: GitClone,
    wish: Wish,
    told: Callable[[ComparedFile], None] = lambda _: None,
) -> Publication:
    """Copy what may be published into a clone, commit it, and push it.

    A second call changes nothing and makes no commit. A call that was interrupted is repeated:
    nothing is committed before every file is there.

    Raises `DataRepositoryError` where the clone cannot be published to as it is, or a file is too
    large. Raises `MissingInputError` where there is nothing to publish, or not of a batch that was
    named.
    """
    if wish.dry_run:
        return _publish(workspace, clone, wish, told, Checks(collect=True))
    with held(clone):
        return _publish(workspace, clone, wish, told, Checks())


def _publish(
    workspace: Workspace,
    clone: GitClone,
    wish: Wish,
    told: Callable[[ComparedFile], None],
    checks: Checks,
) -> Publication:
    upstream = checked_upstream(clone, checks, branch=wish.branch, push=wish.push)
    target = FolderWorkspace(str(clone.folder))
    plan, copying = _look(workspace, target, wish)
    targets = _targets(plan)
    check_foreign(clone, checks, targets)
    tip = None
    if upstream is not None and not wish.dry_run:
        tip = _caught_up(clone, upstream)
    tracked = clone.tracked()
    by_lfs = clone.by_lfs(targets)
    check_own_files(clone, checks, copying, tracked, by_lfs)
    sizes = [
        Sized(one.target, copying.have[one.source].size)
        for one in plan.transfers
        if not one.zipped  # its size is known when it is there
    ]
    checks.do(lambda: _check_sizes(clone.folder, sizes, wish.limits, by_lfs))
    if not wish.dry_run:
        note_begun(clone, targets)
    there = list_files(target, PUBLISHED, wish.batches)
    seen = Publication(
        plan,
        copying.done(there, dry_run=wish.dry_run, told=told),
        no_longer(tracked, targets, wish.batches),
        over(wish.limits.warned, sizes, by_lfs),
        notes_on(workspace, clone.folder, plan, wish.config, wish.version),
        tuple(checks.problems),
        upstream=None if upstream is None else str(upstream),
    )
    if wish.dry_run:
        return replace(seen, unpushed=None if upstream is None else clone.unpushed(upstream))
    done = _committed(workspace, clone, wish, seen)
    if upstream is None or clone.head() in {None, tip}:
        return done
    commit.push(clone, upstream, lfs=bool(by_lfs or clone.by_lfs(tracked)))
    return replace(done, pushed=True)


def _committed(workspace: Workspace, clone: GitClone, wish: Wish, seen: Publication) -> Publication:
    targets = _targets(seen.plan)
    zipped = [Sized(x.transfer.target, x.size) for x in seen.compared if x.transfer.zipped]
    by_lfs = clone.by_lfs(one.path for one in zipped)
    _check_sizes(clone.folder, zipped, wish.limits, by_lfs)
    commit.add(clone, sorted(targets))
    changed = clone.staged() & targets
    made = None
    if changed:
        configs = config_marks(workspace, seen.plan, wish.config)
        message = commit_message(changed, version=wish.version, configs=configs)
        made = commit.commit(clone, sorted(changed), message)
    note_ended(clone, targets)
    return replace(seen, commit=made)


def _caught_up(clone: GitClone, upstream: Upstream) -> str | None:
    """Take in what others pushed; return the remote's commit."""
    tip = clone.tip(upstream)
    is_behind = tip is not None and (clone.head() is None or not clone.holds(tip))
    if is_behind and not commit.fast_forward(clone, upstream):
        raise commit.remote_is_ahead(clone.folder, upstream)
    return tip


def _look(workspace: Workspace, target: Workspace, wish: Wish) -> tuple[PublicationPlan, Copying]:
    have = list_files(workspace, PUBLISHED, wish.batches)
    registry = load_registry(workspace)
    excluded = {key for key, entry in registry.plates.items() if entry.excluded is not None}
    sizes = {path: file.size for path, file in have.items()}
    plan = publication_plan(sizes, wish.batches, excluded)
    absent = sorted(set(wish.batches) - {batch_of(one.source) for one in plan.transfers})
    if absent or not plan.transfers:
        of = f" of batch {', '.join(absent)}" if absent else ""
        raise MissingInputError(
            f"there is nothing to publish{of} in {', '.join(PUBLISHED)}",
            path=workspace.root,
            remedy="name the root of the workspace, the folder that holds these folders, and "
            "batches as they are spelt there",
        )
    return plan, Copying(workspace, target, plan.transfers, have)


def _targets(plan: PublicationPlan) -> frozenset[str]:
    return frozenset(one.target for one in plan.transfers)


def _check_sizes(folder: Path, sizes: list[Sized], limits: Limits, by_lfs: frozenset[str]) -> None:
    large = over(limits.refused, sizes, by_lfs)
    if large:
        lines = [f"  {one.path} ({one.size:,} bytes)" for one in large]
        several = "s are" if len(large) > 1 else " is"
        raise DataRepositoryError(
            f"{len(large)} file{several} larger than {limits.refused:,} bytes and not with Git "
            "LFS:\n" + "\n".join(lines),
            path=str(folder),
            remedy="give such files to Git LFS (`git lfs track 'profiles/**/*.csv.gz'` in the "
            "clone, then commit .gitattributes), or raise --limit-mb if the host allows it",
        )
