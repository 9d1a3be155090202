"""Disks that can be filled."""

from collections.abc import Generator
from pathlib import Path

import pytest

from profiling_assets_tests.faults.disks import mounted


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A real file system of 24 MiB."""
    with mounted(tmp_path / "small disk", 24) as disk:
        yield disk
