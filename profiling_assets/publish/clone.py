"""A clone of a data repository: what it is like.

Put here: questions to a clone; none of them changes anything in it.
Do not put here: how git is run (`git`), commits (`commit`), what is published
(`workspace.public_files`), the order of it all (`destinations`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish.git import Git, find_git, redacted

_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
_READING = "--no-optional-locks"  # a look changes nothing, not even git's own index
# entries of `status --porcelain=v2`: blank-separated fields before the path
_FIELDS = {"1": 8, "2": 9, "u": 10}


@dataclass(frozen=True)
class Upstream:
    """Where a branch is pushed to: name of the remote, and the full name of the branch there."""

    remote: str
    ref: str

    def __str__(self) -> str:
        """Return remote and branch as people write them."""
        return redacted(f"{self.remote}/{self.ref.removeprefix('refs/heads/')}")


@dataclass(frozen=True)
class GitClone:
    """A clone, by its top folder."""

    git: Git  # the executable in that folder
    git_folder: Path  # where git keeps what belongs to this clone

    @property
    def folder(self) -> Path:
        """The top folder of the working tree."""
        return self.git.folder

    def branch(self) -> str | None:
        """Return the branch that is checked out; None for a detached head."""
        done = self.git.try_("symbolic-ref", "--quiet", "--short", "HEAD")
        return done.text if done.code == 0 else None

    def head(self) -> str | None:
        """Return the commit that is checked out; None before the first one."""
        done = self.git.try_("rev-parse", "--quiet", "--verify", "HEAD")
        return done.text if done.code == 0 else None

    def upstream(self, branch: str) -> Upstream | None:
        """Return where a branch is pushed to; None where it has no upstream."""
        remote, ref = (
            self.git.try_("config", "--get", f"branch.{branch}.{key}").text
            for key in ("remote", "merge")
        )
        return Upstream(remote, ref) if remote not in {"", "."} and ref else None

    def under_way(self) -> str | None:
        """Return what was begun in the clone and not ended, as `merge`; None for nothing."""
        for name, what in _UNDER_WAY.items():
            if (self.git_folder / name).exists():
                return what
        return None

    def lacks_identity(self) -> bool:
        """Say whether git does not know whose commits these are."""
        return lacks_identity(self.git)

    def tracked(self) -> frozenset[str]:
        """Return the paths of all files that git tracks."""
        return frozenset(self.git.run(_READING, "ls-files", "-z").items)

    def committed(self) -> frozenset[str]:
        """Return the paths of all files of the last commit."""
        if self.head() is None:
            return frozenset()
        return frozenset(self.git.run("ls-tree", "-r", "-z", "--name-only", "HEAD").items)

    def changed(self) -> frozenset[str]:
        """Return the tracked paths that differ from the last commit, staged or not."""
        items = iter(
            self.git.run(
                *(_READING, "status", "--porcelain=v2", "-z", "--untracked-files=no"),
                *("--no-renames", "--ignore-submodules=dirty"),
            ).items
        )
        return frozenset(item.split(" ", _FIELDS[item[0]])[-1] for item in items)

    def ignored(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return those of the untracked paths that `.gitignore` leaves out, sorted."""
        words = (_READING, "check-ignore", "-z", "--stdin")
        done = self.git.try_(*words, stdin=paths)
        if done.code not in {0, 1}:  # 1: none of them
            raise self.git.failure(words, done)
        return tuple(sorted(done.items))

    def by_lfs(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of the paths that `.gitattributes` gives to Git LFS."""
        told = self.git.run(_READING, "check-attr", "-z", "--stdin", "filter", stdin=paths).items
        triples = zip(told[::3], told[2::3], strict=True)  # path, "filter", value
        return frozenset(path for path, value in triples if value == "lfs")

    def lfs_problem(self) -> tuple[str, str] | None:
        """Return why Git LFS cannot be used here, and the remedy; None where it can."""
        if self.git.try_("lfs", "version").code != 0:
            return (
                "`.gitattributes` asks for Git LFS, and git-lfs is not installed",
                "install git-lfs (https://git-lfs.com), then run `git lfs install`",
            )
        if self.git.try_("config", "--get", "filter.lfs.clean").code != 0:
            return (
                "`.gitattributes` asks for Git LFS, and git does not know it yet",
                "run `git lfs install`, once on this machine",
            )
        return None

    def unpushed(self, upstream: Upstream) -> int | None:
        """Return how many commits the remote lacks, as last heard of it; None where not known."""
        heard = f"refs/remotes/{upstream}"
        done = self.git.try_(_READING, "rev-list", "--count", f"{heard}..HEAD")
        return int(done.text) if done.code == 0 else None

    def tip(self, upstream: Upstream) -> str | None:
        """Ask the remote for the commit of its branch; None where it has no such branch."""
        told = self.git.run("ls-remote", upstream.remote, upstream.ref).text
        for line in told.splitlines():
            commit, _, name = line.partition("\t")
            if name == upstream.ref:
                return commit
        return None

    def holds(self, commit: str) -> bool:
        """Say whether a commit is the one that is checked out, or before it."""
        return self.git.try_("merge-base", "--is-ancestor", commit, "HEAD").code == 0

    def staged(self) -> frozenset[str]:
        """Return the paths that a commit would change."""
        return frozenset(
            self.git.run(_READING, "diff", "--cached", "--name-only", "--no-renames", "-z").items
        )


def lacks_identity(git: Git) -> bool:
    """Say whether git does not know whose commits these are."""
    asked = ("-c", "user.useConfigOnly=true", "var")
    return any(git.try_(*asked, f"GIT_{who}_IDENT").code != 0 for who in ("AUTHOR", "COMMITTER"))


def open_clone(path: str) -> GitClone:
    """Open a clone.

    Raises `DataRepositoryError` where there is no git, no folder, or no clone with this top folder.
    """
    folder = Path(path).expanduser().resolve()
    git = find_git(folder)
    if git is None:
        raise DataRepositoryError(
            "git is not installed", path=path, remedy="install git (https://git-scm.com)"
        )
    if not folder.is_dir():
        raise DataRepositoryError(
            "there is no such folder", path=path, remedy="clone the data repository there first"
        )
    top = git.try_("rev-parse", "--show-toplevel")
    if top.code != 0 or not top.text or Path(top.text).resolve() != folder:
        if b"dubious" in top.err:
            raise git.failure(("rev-parse",), top)
        inside = f"; {top.text} is" if top.code == 0 and top.text else ""
        raise DataRepositoryError(
            f"it is not the top folder of a git clone{inside}",
            path=path,
            remedy="name the folder that `git clone` made, or make a data repository with "
            "`profiling-assets init-data-repo DIR`",
        )
    return GitClone(git, Path(git.run("rev-parse", "--absolute-git-dir").text))
