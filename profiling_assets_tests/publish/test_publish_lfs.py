"""Publishing where `.gitattributes` gives files to Git LFS."""

import shutil
import subprocess
from pathlib import Path

import pytest

from profiling_assets.errors import DataRepositoryError
from profiling_assets.workspace.public_files import Limits
from profiling_assets_tests.data_repositories import (
    B1,
    FILES,
    PROFILE,
    Repositories,
    publish,
    put,
)

GCT = f"gct/{B1}/{B1}_normalized_feature_select_batch.gct"


@pytest.fixture
def place(place: Repositories) -> Repositories:
    """A clone whose .gitattributes asks for Git LFS."""
    (place.clone / ".gitattributes").write_text("*.csv.gz filter=lfs diff=lfs merge=lfs -text\n")
    place.git("add", ".gitattributes")
    place.git("commit", "--quiet", "-m", "Git LFS")
    place.git("push", "--quiet")
    return place


@pytest.fixture
def lfs(place: Repositories) -> Repositories:
    """The same with git-lfs set up for this user, and without its hooks in the clone."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    place.git("lfs", "install", "--skip-repo")
    return place


def blob(place: Repositories, path: str) -> bytes:
    words = ["git", "-C", str(place.clone), "cat-file", "blob", f"HEAD:{path}"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def test_without_git_lfs_nothing_is_committed_that_it_should_have(
    place: Repositories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # a path with git and nothing beside it, whatever this machine has
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(folder))
    if subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode == 0:
        pytest.skip("git-lfs is part of this git")
    with pytest.raises(DataRepositoryError, match="git-lfs is not installed") as caught:
        publish(place)
    assert "git lfs install" in str(caught.value.remedy)
    assert not (place.clone / "profiles").exists()
    # where no file of a publication goes by LFS, it is not missed
    (place.clone / ".gitattributes").write_text("*.tif filter=lfs\n")
    place.git("commit", "--quiet", "-am", "other files")
    assert publish(place).pushed


def test_git_that_was_not_told_of_git_lfs_is_refused(place: Repositories) -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    with pytest.raises(DataRepositoryError, match="git does not know it yet") as caught:
        publish(place)
    assert "git lfs install" in str(caught.value.remedy)


def test_large_files_go_by_git_lfs_and_arrive(lfs: Repositories) -> None:
    limits = Limits(refused=50, warned=40)
    put(lfs.workspace, {PROFILE: b"x" * 60, GCT: b"y" * 60})
    with pytest.raises(DataRepositoryError, match="larger than 50 bytes") as caught:
        publish(lfs, limits=limits)
    assert GCT in str(caught.value)
    assert PROFILE not in str(caught.value)
    put(lfs.workspace, {GCT: FILES[GCT]})
    done = publish(lfs, limits=limits)
    assert done.pushed
    assert done.large == ()
    assert blob(lfs, PROFILE).startswith(b"version https://git-lfs.github.com/spec/v1\n")
    assert blob(lfs, GCT) == FILES[GCT]
    assert (lfs.another() / PROFILE).read_bytes() == b"x" * 60
    assert publish(lfs, limits=limits).commit is None
    assert lfs.git("status", "--porcelain") == ""


def test_a_clone_that_holds_pointers_only_makes_no_commit(
    lfs: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(lfs)
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    second = Repositories(lfs.folder / "second")
    put(second.workspace, FILES)
    lfs.git("clone", "--quiet", str(lfs.bare), str(second.clone), at=lfs.folder)
    assert (second.clone / PROFILE).read_bytes().startswith(b"version https://git-lfs")
    assert publish(second).commit is None
    assert second.git("status", "--porcelain") == ""
