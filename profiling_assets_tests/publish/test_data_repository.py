"""Making data repositories, with the real git."""

import subprocess
import sys
from pathlib import Path

import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.data_repository import make_data_repository
from profiling_assets.publish.destinations import publish_to_clone
from profiling_assets.publish.wish import Wish
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets_tests.data_repositories import (
    FILES,
    TARGETS,
    Repositories,
    everything,
    put,
)


@pytest.fixture
def place(git_config: Path, tmp_path: Path) -> Repositories:
    """An empty place."""
    return Repositories(tmp_path)


def test_a_new_folder_becomes_a_repository_with_one_commit_and_a_second_call_changes_nothing(
    place: Repositories,
) -> None:
    made = make_data_repository(str(place.clone), "0.1.0")
    assert place.committed() == set(made.written)
    assert place.commits() == 1
    assert place.git("rev-parse", "HEAD") == made.commit
    assert place.git("symbolic-ref", "--short", "HEAD") == "main"
    assert place.git("status", "--porcelain") == ""
    assert "profiling_assets==0.1.0\n" in (place.clone / "requirements.txt").read_text()
    parse_config((place.clone / "config_files" / "config.yml").read_text(), path="config.yml")
    before = everything(place.clone)
    again = make_data_repository(str(place.clone), "0.1.0")
    assert (again.written, again.commit) == ((), None)
    assert everything(place.clone) == before


def test_results_are_published_to_a_new_repository_as_it_says(place: Repositories) -> None:
    make_data_repository(str(place.clone), "0.1.0", lfs=False)
    put(place.workspace, FILES)
    place.git("init", "--quiet", "--bare", str(place.bare), at=place.folder)
    workspace, clone = FolderWorkspace(str(place.workspace)), open_clone(str(place.clone))
    with pytest.raises(DataRepositoryError, match="no upstream") as caught:
        publish_to_clone(workspace, clone, Wish(version="0.1.0"))
    told = str(caught.value.remedy)
    assert "git remote add origin URL" in told
    assert "git push --set-upstream origin main" in told
    place.git("remote", "add", "origin", str(place.bare))
    place.git("push", "--quiet", "--set-upstream", "origin", "main")
    done = publish_to_clone(workspace, clone, Wish(version="0.1.0"))
    assert done.pushed
    assert done.gone == ()
    assert done.notes == ()
    assert place.committed() >= TARGETS | {"README.md", "log/README.md"}
    # the workspace's config takes the place of the first one
    assert "config_files/config.yml" in place.changed_by()


def test_a_new_clone_keeps_what_its_host_put_there(place: Repositories) -> None:
    place.git("init", "--quiet", "--initial-branch=trunk", str(place.clone), at=place.folder)
    put(place.clone, {"README.md": b"from the host\n", "LICENSE": b"CC0\n"})
    place.git("add", "README.md")
    place.git("commit", "--quiet", "-m", "from the host")
    made = make_data_repository(str(place.clone), "0.1.0")
    assert "README.md" not in made.written
    assert (place.clone / "README.md").read_bytes() == b"from the host\n"
    assert place.changed_by() == set(made.written)
    assert place.git("status", "--porcelain") == "?? LICENSE"  # nobody's but the user's


def test_a_repository_is_completed_and_edits_stay(place: Repositories) -> None:
    make_data_repository(str(place.clone), "0.1.0")
    (place.clone / "gct" / "README.md").unlink()
    place.git("commit", "--quiet", "-am", "away with it")
    put(place.clone, {"README.md": b"edited", "staged.txt": b"mine"})
    place.git("add", "staged.txt")
    made = make_data_repository(str(place.clone), "0.2.0")
    assert made.written == ("gct/README.md",)
    assert place.changed_by() == {"gct/README.md"}
    assert (place.clone / "README.md").read_bytes() == b"edited"
    assert place.git("diff", "--cached", "--name-only") == "staged.txt"
    assert "pins profiling_assets 0.1.0, and this is 0.2.0" in made.notes[0]


def test_a_call_that_was_interrupted_before_its_commit_is_repeated(
    place: Repositories, git_config: Path
) -> None:
    text = git_config.read_text()
    hook = place.folder / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git_config.write_text(f"{text}[core]\n\thooksPath = {hook.parent}\n")
    with pytest.raises(DataRepositoryError, match="git commit failed"):
        make_data_repository(str(place.clone), "0.1.0")
    git_config.write_text(text)
    again = make_data_repository(str(place.clone), "0.1.0")
    assert again.written == ()
    assert again.commit is not None
    assert place.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "files",
    [
        {"results.csv": b"x"},
        {"README.md": b"a folder of somebody, without git"},
        {"requirements.txt": b"numpy==2\n", ".git/HEAD": b"ref: refs/heads/main\n"},
    ],
)
def test_a_folder_with_something_else_is_refused_and_left_alone(
    place: Repositories, files: dict[str, bytes]
) -> None:
    put(place.clone, files)
    before = everything(place.clone)
    with pytest.raises(DataRepositoryError, match="is no data repository"):
        make_data_repository(str(place.clone), "0.1.0")
    assert everything(place.clone) == before
    with pytest.raises(DataRepositoryError, match="it is no folder"):
        make_data_repository(str(place.clone / next(iter(files))), "0.1.0")


def test_without_an_identity_nothing_is_made(place: Repositories, git_config: Path) -> None:
    git_config.write_text("")
    with pytest.raises(DataRepositoryError, match="whose commits") as caught:
        make_data_repository(str(place.clone), "0.1.0")
    assert "user.email" in str(caught.value.remedy)
    assert not place.clone.exists()


def test_without_git_the_files_are_there_and_no_commit(
    place: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(place.folder))
    made = make_data_repository(str(place.clone), "0.1.0")
    assert made.commit is None
    assert "git is not installed" in made.notes[0]
    assert (place.clone / "requirements.txt").exists()


def test_the_command_tells_what_to_do_next(place: Repositories) -> None:
    words = [sys.executable, "-m", "profiling_assets", "init-data-repo", str(place.clone)]
    done = subprocess.run([*words, "--no-lfs"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrote requirements.txt\n" in done.stdout
    assert f"profiling-assets publish '{place.clone}' --workspace WORKSPACE\n" in done.stdout
    assert "lfs" not in (place.clone / ".gitattributes").read_text()
