"""What keeps a clone from being published to, each with its remedy.

Put here: the checks of a clone before anything is copied into it.
Do not put here: asking git (`clone`), what is published (`workspace.public_files`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from profiling_assets.errors import DataRepositoryError, listed
from profiling_assets.publish.clone import GitClone, Upstream
from profiling_assets.publish.commit import begun
from profiling_assets.workspace.copying import ComparedFile, Transfer, copy_files
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace

_SHOWN = 10


@dataclass(frozen=True)
class Checks:
    """Raises what is wrong, or collects it for a dry run."""

    collect: bool = False
    problems: list[DataRepositoryError] = field(default_factory=list[DataRepositoryError])

    def do(self, check: Callable[[], None]) -> None:
        """Make a check."""
        try:
            check()
        except DataRepositoryError as error:
            if not self.collect:
                raise
            self.problems.append(error)


@dataclass(frozen=True)
class Copying:
    """From where, to where, which files, and what is listed of them at their source."""

    source: Workspace
    target: Workspace
    transfers: Sequence[Transfer]
    have: Mapping[str, ObjectInfo]

    def done(
        self,
        there: Mapping[str, ObjectInfo],
        *,
        dry_run: bool,
        told: Callable[[ComparedFile], None] = lambda _: None,
    ) -> tuple[ComparedFile, ...]:
        """Copy what differs from the files that are there; in a dry run compare only."""
        return tuple(
            copy_files(
                self.source,
                self.target,
                self.transfers,
                have=self.have,
                there=there,
                dry_run=dry_run,
                told=told,
            )
        )


def checked_upstream(
    clone: GitClone, checks: Checks, *, branch: str | None, push: bool
) -> Upstream | None:
    """Check branch, upstream and identity.

    `branch`: the branch that must be checked out; None takes the one that is. Where to push; None
    where nothing is pushed.
    """
    checks.do(lambda: _check_state(clone, branch))
    upstream = None
    now = clone.branch()
    if push and now is not None:
        upstream = clone.upstream(now)
        if upstream is None:
            checks.do(lambda: _no_upstream(clone, now))
    return upstream


def _no_upstream(clone: GitClone, branch: str) -> None:
    raise _problem(
        clone,
        f"branch {branch} has no upstream, so there is nowhere to push to",
        f"run `git push --set-upstream origin {branch}` in the clone (`git remote add origin URL` "
        "before it, where there is no remote), or pass --no-push",
    )


def _check_state(clone: GitClone, branch: str | None) -> None:
    now = clone.branch()
    under_way = clone.under_way()
    if under_way is not None:
        raise _problem(
            clone,
            f"a {under_way} was begun in the clone and not ended",
            f"end it (`git {under_way} --continue` or `--abort`), then publish again",
        )
    if now is None:
        raise _problem(
            clone,
            "no branch is checked out (detached head)",
            f"run `git switch {branch or 'main'}` in the clone, then publish again",
        )
    if branch is not None and now != branch:
        raise _problem(
            clone,
            f"branch {now} is checked out, and {branch} is asked for",
            f"run `git switch {branch}` in the clone, then publish again",
        )
    if clone.lacks_identity():
        raise _problem(
            clone,
            "git does not know whose commits these are",
            'run `git config user.name "YOUR NAME"` and `git config user.email YOUR@ADDRESS` in '
            "the clone",
        )


def check_foreign(clone: GitClone, checks: Checks, own: frozenset[str]) -> None:
    """Check that nobody's work waits to be committed.

    `own`: what is to be published; what an interrupted publication left is not somebody's either.
    """
    checks.do(lambda: _check_foreign(clone, clone.changed() - own - begun(clone)))


def check_own_files(
    clone: GitClone,
    checks: Checks,
    copying: Copying,
    tracked: frozenset[str],
    by_lfs: frozenset[str],
) -> None:
    """Check that nobody's work is overwritten, nothing is ignored, and that Git LFS is there."""
    own = {one.target: one for one in copying.transfers}
    changed = clone.changed()
    standing = {path: info for path in own if (info := copying.target.stat(path)) is not None}
    by_dvc = kept_by_dvc(clone.folder, own)
    checks.do(lambda: _check_dvc(clone, by_dvc))
    uncommitted = {path for path in standing if path in changed or path not in tracked}
    uncommitted -= by_dvc.keys()
    suspects = replace(
        copying, transfers=[own[path] for path in sorted(uncommitted - begun(clone))]
    )
    others = suspects.done(standing, dry_run=True)
    checks.do(lambda: _check_overwritten(clone, [x.transfer.target for x in others if x.differs]))
    ignored = [path for path in clone.ignored(own.keys() - tracked) if path not in by_dvc]
    checks.do(lambda: _check_ignored(clone, ignored))
    problem = clone.lfs_problem() if by_lfs else None
    if problem is not None:
        checks.do(lambda: _raise(_problem(clone, *problem)))


def _check_foreign(clone: GitClone, paths: Iterable[str]) -> None:
    found = sorted(paths)
    if found:
        raise _problem(
            clone,
            f"the clone has changes that are not committed:\n{_listed(found)}",
            "commit them, or put them aside with `git stash`, then publish again",
        )


def _check_overwritten(clone: GitClone, paths: list[str]) -> None:
    if paths:
        raise _problem(
            clone,
            "files were changed in the clone and not committed, and would be overwritten:\n"
            + _listed(paths),
            "commit them or take the changes back (`git restore FILE`; remove a new file), then "
            "publish again",
        )


def kept_by_dvc(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return the paths that DVC keeps in a repository, each with the file that says so.

    `PATH.dvc`, or that of a folder around it.
    """
    found: dict[str, str] = {}
    for path in sorted(paths):
        parts = path.split("/")
        places = ["/".join(parts[:end]) + ".dvc" for end in range(len(parts), 0, -1)]
        pointer = next((place for place in places if (folder / place).is_file()), None)
        if pointer is not None:
            found[path] = pointer
    return found


def _check_dvc(clone: GitClone, by_dvc: Mapping[str, str]) -> None:
    if by_dvc:
        pointers = dict.fromkeys(by_dvc.values())
        raise _problem(
            clone,
            "the repository uses DVC, which keeps what is to be published; git has the .dvc files "
            f"alone:\n{_listed(pointers)}",
            f"give them to git with `dvc remove {next(iter(pointers))}` and the like, commit, then "
            "publish again; or leave them to DVC: copy the new files into the clone, run "
            "`dvc add FILE` and commit the .dvc files",
        )


def _check_ignored(clone: GitClone, paths: Sequence[str]) -> None:
    if paths and (clone.folder / ".dvc").is_dir():
        raise _problem(
            clone,
            "the repository uses DVC, and git leaves out what is to be published:\n"
            f"{_listed(paths)}",
            "copy these files into the clone, run `dvc add FILE` for each and commit the .dvc "
            "files",
        )
    if paths:
        raise _problem(
            clone,
            f"`.gitignore` leaves out what is to be published:\n{_listed(paths)}",
            "take the line out that `git check-ignore -v FILE` names, then publish again",
        )


def _raise(error: DataRepositoryError) -> None:
    raise error


def _listed(paths: Iterable[str]) -> str:
    return listed((f"  {path}" for path in paths), shown=_SHOWN, between="\n")


def _problem(clone: GitClone, what: str, remedy: str) -> DataRepositoryError:
    return DataRepositoryError(what, path=str(clone.folder), remedy=remedy)
