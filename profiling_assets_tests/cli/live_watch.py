"""Plates that arrive while `profiling-assets ui --watch` runs: each is made once, when complete.

It takes minutes, so `make test-live` names this file and `make test` does not collect it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets_tests.cli.commands import Place, new_place
from profiling_assets_tests.cli.watching import (
    BATCH_ASSETS,
    CHAIN,
    CHOSEN,
    EXCLUDED,
    FIRST,
    P1,
    P2,
    P3,
    PUBLISHED,
    SETTLE,
    TICK,
    WITH_AUGMENTED,
    WITH_SQLITE,
    Watched,
    tasks,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


def tell(watched: Watched) -> str:
    """Let plates arrive in a workspace, and check what is made of them; the sequence of events."""
    config = watched.prepare()
    place = watched.place
    watched.put_folder(f"analysis/{EXCLUDED}")
    assert place("scan", watched.address).code == 0
    excluded = place("exclude", "--workspace", watched.address, EXCLUDED, "--reason", "blurred")
    assert excluded.code == 0, excluded.text
    process = watched.start(config)
    try:
        done = watched.deliver([P1, P2], seconds=8)
        before = watched.made()
        watched.made_once(
            before, *tasks(CHAIN, P1, P2), *tasks(BATCH_ASSETS, FIRST), *tasks([CHOSEN], P1, P2)
        )
        begun = watched.begun()
        for plate in (P1, P2):
            assert begun[plate] >= done[plate] + SETTLE, (plate, watched.sequence())

        before = watched.made()
        watched.deliver_again(P2)
        watched.made_once(
            before, *tasks(CHAIN, P2), *tasks(BATCH_ASSETS, FIRST), *tasks([CHOSEN], P1, P2)
        )

        before = watched.made()
        _publish(watched)
        watched.deliver([P3], seconds=3)
        watched.made_once(
            before,
            *tasks(CHAIN, P3),
            *tasks(BATCH_ASSETS, FIRST, PUBLISHED),
            *tasks([CHOSEN], P1, P2, P3, WITH_SQLITE, WITH_AUGMENTED),
            *tasks(CHAIN[1:], WITH_SQLITE),
            *tasks(CHAIN[3:], WITH_AUGMENTED),
        )
        assert not [event for event in watched.events() if event.partition == EXCLUDED]
        return watched.sequence()
    finally:
        watched.stop(process)


def _publish(watched: Watched) -> None:
    """Put a batch that starts at a SQLite file and at annotated profiles."""
    maps = "metadata/platemaps"
    watched.put_folder(f"{maps}/{FIRST}", f"{maps}/{PUBLISHED}")
    augmented, backend = (
        watched.get(f"profiles/{P1}/000123_augmented.csv.gz"),
        watched.get(f"backend/{P2}/PL-01-x.sqlite"),
    )
    watched.put(f"profiles/{WITH_AUGMENTED}/000123_augmented.csv.gz", augmented)
    watched.put(f"backend/{WITH_SQLITE}/PL-01-x.sqlite", backend)


@pytest.fixture
def watched(
    tmp_path: Path, places: Callable[[Place], Place], monkeypatch: pytest.MonkeyPatch
) -> Watched:
    """Give a workspace in a folder."""
    monkeypatch.setenv("PROFILING_ASSETS_WATCH_SECONDS", str(TICK))
    place = places(new_place(tmp_path / "workspace", None))

    def put(path: str, data: bytes) -> None:
        target = place.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(data)
        part.replace(target)

    def get(path: str) -> bytes:
        return (place.root / path).read_bytes()

    return Watched(place, str(place.root), put, get, tmp_path / "depot", tmp_path / "ui.log")


def test_plates_that_arrive_are_made_once_when_they_are_complete(watched: Watched) -> None:
    sys.stdout.write(tell(watched))  # shown with -s
