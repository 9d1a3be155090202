"""What keeps a publication from being made, or interrupts it, and how it goes on."""

import os
from pathlib import Path
from typing import Any, cast

import pytest

from profiling_assets.errors import DataRepositoryError, WorkspaceError
from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.commit import held, note_begun
from profiling_assets.publish.words import lines_of
from profiling_assets.workspace.public_files import Limits
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets_tests.data_repositories import (
    B1,
    B2,
    FILES,
    PROFILE,
    TARGETS,
    Repositories,
    publish,
    put,
)


def refusal(place: Repositories, **wish: Any) -> str:
    """Publish, which must fail, and change neither the history nor the remote."""
    before = place.git("rev-parse", "--quiet", "--verify", "HEAD"), place.git("ls-remote", "origin")
    with pytest.raises(DataRepositoryError) as caught:
        publish(place, **wish)
    after = place.git("rev-parse", "--quiet", "--verify", "HEAD"), place.git("ls-remote", "origin")
    assert before == after
    assert caught.value.remedy
    assert caught.value.path
    return str(caught.value)


def test_a_dry_run_names_all_that_keeps_it_from_being_a_real_one(
    place: Repositories, git_config: Path
) -> None:
    git_config.write_text("")
    (place.clone / ".gitignore").write_text("*.gct\n")
    (place.clone / "README.md").write_text("edited")
    place.git("branch", "--unset-upstream")
    done = publish(place, dry_run=True, limits=Limits(refused=15))
    told = "\n".join(map(str, done.problems))
    for word in ("whose commits", "no upstream", "README.md", ".gitignore", "larger than 15"):
        assert word in told
    assert len(done.problems) == 5


@pytest.mark.parametrize("hook", ["pre-commit", "pre-push"])
def test_a_push_that_comes_too_late_is_told_and_works_after_a_pull(
    place: Repositories, hook: str
) -> None:
    # somebody pushes after our look at the remote, or in the very moment of our push
    other = place.another("racer")
    (other / "theirs.txt").write_text("theirs")
    script = place.clone / ".git" / "hooks" / hook
    script.write_text(
        "#!/bin/sh\nunset GIT_DIR GIT_INDEX_FILE\n"
        f"cd '{other}' && git add theirs.txt && git commit -qm theirs && git push -q\n"
    )
    script.chmod(0o755)
    with pytest.raises(DataRepositoryError, match="commits that this clone lacks") as caught:
        publish(place)
    assert "git pull --rebase" in str(caught.value.remedy)
    script.unlink()
    with pytest.raises(DataRepositoryError, match="commits that this clone lacks"):
        publish(place)
    assert place.commits() == 2
    place.git("pull", "--quiet", "--rebase")
    again = publish(place)
    assert (again.commit, again.pushed) == (None, True)
    assert place.committed(at=place.bare) == TARGETS | {"README.md", "theirs.txt"}
    assert place.commits(place.bare) == 3


def test_a_push_that_the_server_refuses_keeps_the_commit_and_is_repeated(
    place: Repositories,
) -> None:
    hook = place.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH001: large files' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(DataRepositoryError, match="GH001") as caught:
        publish(place)
    assert "the commit is kept" in str(caught.value.remedy)
    assert place.commits() == 2
    hook.unlink()
    again = publish(place)
    assert (again.commit, again.pushed, place.commits(place.bare)) == (None, True, 2)


def test_what_was_committed_without_a_push_is_pushed_later(place: Repositories) -> None:
    done = publish(place, push=False)
    assert done.commit is not None
    assert place.commits(place.bare) == 1
    assert publish(place, dry_run=True).unpushed == 1
    assert publish(place).pushed


def test_a_clone_that_is_not_ready_is_refused_with_the_remedy(
    place: Repositories, git_config: Path
) -> None:
    assert "git switch other" in refusal(place, branch="other")
    (place.clone / "README.md").write_text("edited")
    told = refusal(place)
    assert "README.md" in told
    assert "git stash" in told
    place.git("add", "README.md")  # staged is not committed either
    assert "README.md" in refusal(place)
    place.git("reset", "--quiet", "--hard")
    place.git("checkout", "--quiet", "--detach")
    assert "detached head" in refusal(place)
    place.git("switch", "--quiet", "main")
    place.git("branch", "--unset-upstream")
    assert "git push --set-upstream origin main" in refusal(place)
    place.git("branch", "--set-upstream-to=origin/main")
    (place.clone / ".gitignore").write_text("*.gct\n")
    assert f"{B1}_normalized_feature_select_batch.gct" in refusal(place)
    (place.clone / ".gitignore").unlink()
    text = git_config.read_text()
    git_config.write_text("")
    assert "git config user.email" in refusal(place)
    git_config.write_text(text)
    (place.clone / ".git" / "MERGE_HEAD").write_text("")
    assert "a merge was begun" in refusal(place)
    (place.clone / ".git" / "MERGE_HEAD").unlink()
    with held(open_clone(str(place.clone))):
        assert "another process" in refusal(place)
    assert publish(place).pushed


@pytest.mark.parametrize("pointer", [f"{PROFILE}.dvc", f"profiles/{B1}.dvc"])
def test_a_repository_that_uses_dvc_is_told_so_and_never_to_mend_its_gitignore(
    place: Repositories, pointer: str
) -> None:
    put(place.clone, {pointer: b"outs:\n- md5: 1\n", ".gitignore": b"*.csv.gz\n"})
    place.git("add", ".")
    place.git("commit", "--quiet", "-m", "by DVC")
    with pytest.raises(DataRepositoryError, match="uses DVC") as caught:
        publish(place)
    assert f"dvc remove {pointer}" in str(caught.value.remedy)
    assert "dvc add FILE" in str(caught.value.remedy)
    assert "check-ignore" not in str(caught.value)
    put(place.clone, {PROFILE: b"what dvc pull brought"})
    with pytest.raises(DataRepositoryError, match="uses DVC"):
        publish(place)


def test_files_that_git_leaves_out_where_dvc_is_used_are_for_dvc_add(place: Repositories) -> None:
    put(place.clone, {".dvc/config": b"", ".gitignore": b"*.csv.gz\n"})
    place.git("add", ".")
    place.git("commit", "--quiet", "-m", "DVC")
    said = refusal(place)
    assert PROFILE in said
    assert "run `dvc add FILE`" in said


def test_kept_files_of_batches_that_the_workspace_lacks_are_counted(place: Repositories) -> None:
    others = {f"profiles/other{n}/P{n}/P{n}.csv.gz": b"kept" for n in range(9)}
    put(place.clone, {**others, f"profiles/{B1}/gone/gone.csv.gz": b"kept"})
    place.git("add", ".")
    place.git("commit", "--quiet", "-m", "earlier")
    done = publish(place, dry_run=True)
    kept = [line for line in lines_of(done, dry_run=True) if line.startswith("kept")]
    assert kept == [
        f"kept, though not published now: profiles/{B1}/gone/gone.csv.gz",
        "kept: 9 files of 9 batches that this workspace does not have",
    ]


def test_work_that_nobody_committed_is_not_overwritten(place: Repositories) -> None:
    publish(place)
    put(place.clone, {PROFILE: b"edited by hand"})
    assert PROFILE in refusal(place)
    assert (place.clone / PROFILE).read_bytes() == b"edited by hand"
    place.git("restore", PROFILE)
    new = f"profiles/{B1}/000123/000123.csv.gz"
    put(place.workspace, {new: b"ours"})
    put(place.clone, {new: b"theirs, untracked"})
    assert new in refusal(place)
    put(place.clone, {new: b"ours"})
    assert publish(place).commit is not None


def test_a_folder_that_is_no_clone_is_refused(place: Repositories, tmp_path: Path) -> None:
    (place.clone / "below").mkdir()
    for folder, told in (
        (tmp_path / "nowhere", "no such folder"),
        (place.workspace, "not the top folder"),
        (place.clone / "below", "not the top folder"),
        (place.bare, "not the top folder"),
    ):
        with pytest.raises(DataRepositoryError, match=told):
            open_clone(str(folder))


def test_an_unreachable_remote_is_told_without_its_password_before_anything_is_copied(
    place: Repositories,
) -> None:
    secret = "http://someone:s3cr:et@127.0.0.1:9/x.git"
    place.git("remote", "set-url", "origin", secret)
    with pytest.raises(DataRepositoryError) as caught:
        publish(place)
    told = str(caught.value)
    assert "cannot be reached" in told
    assert "s3cr" not in told
    assert "someone" not in told
    assert not (place.clone / "profiles").exists()


def test_files_that_are_too_large_stop_it_before_anything_is_copied(place: Repositories) -> None:
    put(place.workspace, {PROFILE: b"x" * 60, f"profiles/{B1}/000123/b.csv.gz": b"x" * 30})
    told = refusal(place, limits=Limits(refused=50, warned=25))
    assert f"{PROFILE} (60 bytes)" in told
    assert "b.csv.gz" not in told
    assert "git lfs track" in told
    assert not (place.clone / "profiles").exists()
    done = publish(place, limits=Limits(refused=100, warned=25))
    assert [one.size for one in done.large] == [60, 30, 29]
    # compressed on the way: its size is known when it is there
    put(place.workspace, {f"load_data_csv/{B1}/000123/load_data.csv": os.urandom(300)})
    assert "load_data.csv.gz" in refusal(place, limits=Limits(refused=200))


class Failing:
    """A workspace that cannot read one file."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self._workspace, self._path = workspace, path

    def __getattr__(self, name: str) -> object:
        return getattr(self._workspace, name)

    def read_bytes(self, path: str) -> bytes:
        if path == self._path:
            raise WorkspaceError("it cannot be read", path=path)
        return self._workspace.read_bytes(path)


def test_a_half_done_copy_is_not_committed_and_is_done_again(place: Repositories) -> None:
    workspace = FolderWorkspace(str(place.workspace))
    failing = Failing(workspace, f"profiles/{B2}/P [1] *x/P [1] *x_normalized.csv.gz")
    with pytest.raises(WorkspaceError):
        publish(place, cast("Workspace", failing))
    assert place.commits() == 1
    assert (place.clone / PROFILE).exists()
    # the workspace goes on; what was left in the clone is ours and is written over
    put(place.workspace, {PROFILE: b"newer"})
    done = publish(place)
    assert done.commit is not None
    assert place.commits(place.bare) == 2
    assert (place.another() / PROFILE).read_bytes() == b"newer"
    assert place.git("status", "--porcelain") == ""


def test_what_an_interrupted_run_left_of_another_batch_is_in_nobody_s_way(
    place: Repositories,
) -> None:
    publish(place)
    clone = open_clone(str(place.clone))
    note_begun(clone, [PROFILE])
    put(place.clone, {PROFILE: b"half way"})
    new = f"profiles/{B2}/P [1] *x/new.csv.gz"
    put(place.workspace, {new: b"new"})
    publish(place, batches=(B2,))
    assert place.changed_by() == {new}
    assert publish(place).commit is None  # the other batch is as it was published
    assert place.git("status", "--porcelain") == ""


def test_killed_between_staging_and_committing_it_is_done_again(place: Repositories) -> None:
    clone = open_clone(str(place.clone))
    note_begun(clone, [PROFILE])
    put(place.clone, {PROFILE: b"older"})
    place.git("add", PROFILE)
    assert publish(place).commit is not None
    assert (place.another() / PROFILE).read_bytes() == FILES[PROFILE]


def test_without_git_it_is_said_which_program_is_missing(
    place: Repositories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataRepositoryError, match="git is not installed"):
        open_clone(str(place.clone))
