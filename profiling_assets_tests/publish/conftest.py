"""A workspace, a bare repository and a clone, each new for a test."""

from pathlib import Path

import pytest

from profiling_assets_tests.data_repositories import Repositories, git_of_nobody, repositories


@pytest.fixture
def git_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only config file of git: an identity."""
    return git_of_nobody(monkeypatch, tmp_path)


@pytest.fixture
def place(git_config: Path, tmp_path: Path) -> Repositories:
    """A workspace with results, and a clone of a bare repository with one commit."""
    return repositories(tmp_path)
