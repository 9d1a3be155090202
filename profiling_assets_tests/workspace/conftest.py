"""Fixtures of the storage tests."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

_NOBODY = 65534


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
