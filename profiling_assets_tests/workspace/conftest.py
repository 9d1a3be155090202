"""Fixtures of the storage tests."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3.workspace import S3Workspace

_NOBODY = 65534


@pytest.fixture
def workspace(tmp_path: Path) -> FolderWorkspace:
    """Give a workspace whose path has blanks and letters beyond ASCII."""
    root = tmp_path / "Zürich lab 日本" / "work space"
    root.mkdir(parents=True)
    return FolderWorkspace(str(root))


@pytest.fixture(params=["folder", "s3"])
def any_workspace(request: pytest.FixtureRequest) -> Workspace:
    """Give an empty workspace of each kind, under names with blanks and letters beyond ASCII."""
    if request.param == "folder":
        return request.getfixturevalue("workspace")
    return request.getfixturevalue("s3_workspace")


@pytest.fixture
def s3_workspace(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Workspace:
    """Give an empty workspace on the S3 server."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path / "scratch"))
    workspace = open_workspace(f"s3://{bucket}/Zürich lab 日本/work space")
    assert isinstance(workspace, S3Workspace)
    return workspace


@pytest.fixture
def open_folder() -> Generator[Path]:
    """Give a folder that every user can enter, owned by the user `ordinary_user` turns into."""
    folder = Path(tempfile.mkdtemp(prefix="profiling-assets-test-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def ordinary_user() -> Callable[[], AbstractContextManager[None]]:
    """Give a context in which permissions count, also where the tests run as root."""

    @contextmanager
    def become() -> Generator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(_NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return become
