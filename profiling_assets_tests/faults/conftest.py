"""Places for commands that are treated badly."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.faults.disks import mounted


@pytest.fixture
def places() -> Generator[Callable[[Place], Place]]:
    """Give a function that takes a place into care: what it started is ended after the test."""
    cared: list[Place] = []

    def care(place: Place) -> Place:
        cared.append(place)
        return place

    yield care
    for place in cared:
        place.kill_all()


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A real file system of 24 MiB."""
    with mounted(tmp_path / "small disk", 24) as disk:
        yield disk
