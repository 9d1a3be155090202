"""Several commands on one workspace: two `run`s, and `run` beside the web UI.

A backfill in the web UI takes minutes, most of them waiting for the daemon's next look: it is
started first and looked at last.
"""

import shutil
from collections.abc import Generator
from dataclasses import dataclass, replace

import pytest

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, finished, new_place
from profiling_assets_tests.cli.event_log import (
    ASSETS,
    LISTS,
    PLATE_STEPS,
    SELECTED,
    STACKS,
    Run,
    made,
    new_since,
    runs,
    tasks,
)
from profiling_assets_tests.cli.story import BAD, FIRST, GOOD
from profiling_assets_tests.cli.web_ui import WebUI

pytestmark = pytest.mark.integration

ALL = sorted([*tasks((*PLATE_STEPS, *SELECTED), GOOD, BAD), *tasks((*LISTS, *STACKS), FIRST)])


@dataclass
class Beside:
    """A web UI with a backfill under way."""

    place: Place
    ui: WebUI
    backfill: str


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Beside]:
    folder = tmp_path_factory.mktemp("backfilled")
    place = new_place(folder / "workspace", replace(tiny_spec(), batches=tiny_spec().batches[:1]))
    assert place("init-config", place.root).code == 0
    place.without_quality_control()
    ui = WebUI(place, folder / "ui.log")
    try:
        ui.wait_until_up()
        yield Beside(place, ui, ui.launch_backfill(ASSETS, (GOOD, BAD)))
    finally:
        ui.stop()
        place.kill_all()


@pytest.fixture(scope="module")
def twice(backfilled: Beside, tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """Give the same workspace, built by two commands that were started together."""
    place = Place(
        tmp_path_factory.mktemp("twice") / "workspace", tmp_path_factory.mktemp("twice state")
    )
    for part in ("analysis", "load_data_csv", "metadata", "config_files"):
        shutil.copytree(backfilled.place.root / part, place.root / part)
    commands = [place.start_run(), place.start_run()]
    for command in commands:
        done = finished(command)
        assert done.code == 0, done.text
        assert done.err == ""
        assert done.out.splitlines()[-1] == "0 current, 20 built"
    assert place.wait_until_alone(10), place.processes()
    yield place
    place.kill_all()


def test_two_runs_at_once_build_everything_once(twice: Place) -> None:
    assert sorted(made(twice)) == ALL
    assert {run.status for run in runs(twice)} == {"SUCCESS"}
    assert twice.leftovers() == []


def shape(run: Run) -> tuple[object, ...]:
    return (run.status, run.job, run.partition, run.assets, run.steps, run.partition_tags)


def stages(found: list[tuple[str, str]]) -> list[set[tuple[str, str]]]:
    """Cut materializations where the batch comes in and where it goes out."""
    places = [place for place, (name, _) in enumerate(found) if name in LISTS]
    first, last = min(places), max(places) + 1
    return [set(found[:first]), set(found[first:last]), set(found[last:])]


def test_run_leaves_the_event_log_that_a_backfill_in_the_web_ui_leaves(
    backfilled: Beside, twice: Place
) -> None:
    assert backfilled.ui.wait_for_backfill(backfilled.backfill) == "COMPLETED_SUCCESS"
    ours, theirs = runs(twice), runs(backfilled.place)
    assert len(ours) == len(theirs) == 6
    assert {shape(run) for run in ours} == {shape(run) for run in theirs}
    assert stages(made(twice)) == stages(made(backfilled.place))


def test_both_ways_give_the_same_bytes(backfilled: Beside, twice: Place) -> None:
    backfilled.ui.wait_for_backfill(backfilled.backfill)
    for area in ("backend", "profiles", "gct"):
        files = [path for path in (twice.root / area).rglob("*") if path.is_file()]
        assert files
        for path in files:
            other = backfilled.place.root / path.relative_to(twice.root)
            assert other.read_bytes() == path.read_bytes(), path


def test_beside_the_web_ui_run_builds_what_is_not_current_and_the_server_answers(
    backfilled: Beside,
) -> None:
    place = backfilled.place
    backfilled.ui.wait_for_backfill(backfilled.backfill)
    before = made(place)
    done = finished(place.start_run())
    assert done.code == 0, done.text
    # what the web UI built is current
    assert done.out.splitlines()[-1] == "20 current, 0 built"
    (place.root / f"profiles/{GOOD}/000123_normalized.csv.gz").unlink()
    done = finished(place.start_run("--select", "normalized_profiles"))
    assert done.code == 0, done.text
    assert done.err == ""
    assert new_since(before, place) == tasks(("normalized_profiles",), GOOD)
    assert backfilled.ui.listening() <= {"127.0.0.1", "::1"}
    assert "127.0.0.1" in backfilled.ui.listening()
    answer = backfilled.ui.ask("{ runsOrError { ... on Runs { results { status } } } }")
    assert [run["status"] for run in answer["runsOrError"]["results"]] == ["SUCCESS"] * 7


def test_ctrl_c_stops_web_server_and_daemon(backfilled: Beside) -> None:
    done = backfilled.ui.stop()
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    assert backfilled.place.wait_until_alone(30), backfilled.place.processes()
