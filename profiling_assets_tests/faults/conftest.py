"""Places for commands that are treated badly."""

from collections.abc import Callable, Generator

import pytest

from profiling_assets_tests.cli.commands import Place


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
