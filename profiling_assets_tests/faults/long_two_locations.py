"""Two code locations on one workspace, with one daemon: what each makes, the other makes too.

Both start runs of the same plates at the same time. A result may be made twice then, and it is the
same result. The same for two event logs that watch one workspace, and a command beside a backfill.
`make test-faults` names this file, and `make test` does not collect it.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, new_place, wait_for
from profiling_assets_tests.cli.event_log import (
    ASSETS,
    LISTS,
    PLATE_STEPS,
    SELECTED,
    STACKS,
    made,
    runs,
    tasks,
)
from profiling_assets_tests.cli.story import BAD, FIRST, GOOD
from profiling_assets_tests.cli.web_ui import WebUI
from profiling_assets_tests.faults.killing import FolderStand, Killer, undisturbed
from profiling_assets_tests.faults.plates import SEED
from profiling_assets_tests.faults.two_locations import LOCATIONS, TwoLocations, home_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

ALL = {*tasks((*PLATE_STEPS, *SELECTED), GOOD, BAD), *tasks((*LISTS, *STACKS), FIRST)}
STAGES = (
    (PLATE_STEPS, (GOOD, BAD)),
    (LISTS, (FIRST,)),
    (SELECTED, (GOOD, BAD)),
    (STACKS, (FIRST,)),
)
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
LONG = 600.0  # seconds, on a busy machine
WATCH_SECONDS = "2"
TICKS = 12.0  # seconds without a run under way: several ticks of both sensors


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILING_ASSETS_WATCH_SECONDS", WATCH_SECONDS)


@pytest.fixture
def plates(tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """Two plates of one batch; to be copied."""
    spec = replace(tiny_spec(), batches=tiny_spec().batches[:1])
    place = places(new_place(tmp_path / "workspace", spec))
    assert place("init-config", place.root).code == 0
    place.without_quality_control()
    text = place.config.read_text()
    arrival = "arrival:\n  settle_seconds: 2\n"
    place.config.write_text(text.replace("options:\n", f"{arrival}options:\n", 1))
    return place


@contextmanager
def served(place: Place, folder: Path, *, watched: bool) -> Generator[TwoLocations]:
    folder.mkdir()
    home_of(place)
    assert place("scan", place.root).code == 0
    servers = TwoLocations(place, folder, watched=watched)
    try:
        servers.wait_until_up()
        yield servers
    finally:
        servers.stop()


def wait_and_look(servers: TwoLocations, killer: Killer, stand: FolderStand) -> None:
    """Look at what stands until no run is under way."""

    def ended() -> bool:
        killer.look(stand)
        return set(servers.statuses().values()) <= ENDED

    assert wait_for(ended, LONG, every=0.2), servers.statuses()


@contextmanager
def watching(stand: FolderStand, log: Path) -> Generator[WebUI]:
    """Run `profiling-assets ui --watch`."""
    ui = WebUI(stand.place, log, "--watch")
    try:
        ui.wait_until_up()
        yield ui
    finally:
        ui.stop()


def wait_until_made(killer: Killer, stand: FolderStand) -> None:
    def there() -> bool:
        killer.look(stand)
        return set(made(stand.place)) == ALL

    assert wait_for(there, LONG, every=0.5), made(stand.place)
    wait_until_idle(killer, stand)


def wait_until_idle(killer: Killer, stand: FolderStand) -> None:
    """Wait until every result stands, and no run was under way for several ticks."""
    quiet = time.monotonic()

    def rests() -> bool:
        nonlocal quiet
        killer.look(stand)
        done = stand.seen().keys() >= killer.marks.keys()
        if not done or not {run.status for run in runs(stand.place)} <= ENDED:
            quiet = time.monotonic()
        return time.monotonic() - quiet > TICKS

    assert wait_for(rests, LONG, every=0.5), runs(stand.place)


def check(killer: Killer, stand: FolderStand, name: str) -> None:
    killer.compare(stand)
    assert {run.status for run in runs(stand.place)} == {"SUCCESS"}
    counts = Counter(made(stand.place))
    assert set(counts) == ALL
    killer.rerun(stand)
    tell(killer, f"two code locations, {name}", counts)


def tell(killer: Killer, name: str, counts: Counter[tuple[str, str]]) -> None:
    sys.stdout.write(  # shown with -s
        f"\n{name}: {len(ALL)} results, {sum(count > 1 for count in counts.values())} of them "
        "made more than once\n"
        f"  {killer.figures.looks} looks, partial files under a final name: "
        f"{len(killer.figures.partial)}; equal to the undisturbed run\n"
    )


def new_killer(plates: Place, folder: Path, places: Callable[[Place], Place]) -> Killer:
    alone = FolderStand(places(plates.copied_to(folder / "alone")))
    expected, _ = undisturbed(alone)
    return Killer(expected, alone.seen(), random.Random(SEED))


def test_runs_that_two_code_locations_start_at_once_make_what_one_makes(
    plates: Place, tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    killer = new_killer(plates, tmp_path, places)
    stand = FolderStand(places(plates.copied_to(tmp_path / "by hand")))
    with served(stand.place, tmp_path / "servers", watched=False) as servers:
        for assets, partitions in STAGES:
            for partition in partitions:
                for location in LOCATIONS:
                    servers.launch(location, assets, partition)
            wait_and_look(servers, killer, stand)
    check(killer, stand, "by hand")
    assert set(Counter(made(stand.place)).values()) == {2}


def test_what_two_code_locations_watch_waits_until_one_serves_it_alone(
    plates: Place, tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    # Dagster's automation takes assets from one location and their checks from the other, and
    # refuses to make the run: it says so at each tick.
    killer = new_killer(plates, tmp_path, places)
    stand = FolderStand(places(plates.copied_to(tmp_path / "watched")))
    with served(stand.place, tmp_path / "servers", watched=True) as servers:
        log = tmp_path / "servers" / "dagster.log"
        assert wait_for(lambda: "DagsterInvalidSubsetError" in log.read_text(), LONG, every=0.5)
        wait_and_look(servers, killer, stand)
    assert made(stand.place) == []
    assert stand.results() == {}
    with watching(stand, tmp_path / "alone.log"):
        wait_until_made(killer, stand)
    check(killer, stand, "watched, then one of them alone")
    assert set(Counter(made(stand.place)).values()) == {1}


def test_what_two_event_logs_watch_is_made_whole_and_nothing_is_left_out(
    plates: Place, tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    killer = new_killer(plates, tmp_path, places)
    place = places(plates.copied_to(tmp_path / "both"))
    second = places(replace(place, state=tmp_path / "second state", mark=f"{place.mark} second"))
    stands = FolderStand(place), FolderStand(second)
    with (
        watching(stands[0], tmp_path / "first.log"),
        watching(stands[1], tmp_path / "second.log"),
    ):
        for stand in stands:
            wait_until_idle(killer, stand)
    killer.compare(stands[0])
    for stand in stands:
        assert {run.status for run in runs(stand.place)} <= {"SUCCESS"}
        killer.rerun(stand)
    tell(
        killer,
        "watched by two event logs",
        sum((Counter(made(s.place)) for s in stands), Counter()),
    )


def test_a_run_beside_a_backfill_of_the_same_plates_makes_what_one_makes(
    plates: Place, tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    killer = new_killer(plates, tmp_path, places)
    stand = FolderStand(places(plates.copied_to(tmp_path / "beside")))
    with served(stand.place, tmp_path / "servers", watched=False) as servers:
        backfill = servers.launch_backfill(ASSETS, (GOOD, BAD))
        assert wait_for(servers.statuses, LONG, every=0.2)
        command = stand.start()
        while command.poll() is None:
            killer.look(stand)
            time.sleep(0.1)
        out, err = command.communicate()
        assert command.returncode == 0, (out, err)
        assert servers.wait_for_backfill(backfill) == "COMPLETED_SUCCESS"
        wait_and_look(servers, killer, stand)
    check(killer, stand, "a backfill and a command")
