"""What a tick of the sensor on new output does, on real workspaces and a real event log."""

import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import profiling_assets.dagster.sensors.new_output
import profiling_assets.dagster.sensors.tick
from profiling_assets.dagster.build import build_defs
from profiling_assets.dagster.event_log import records_in
from profiling_assets.dagster.sensors.tick import Tick, look_around, register_plates
from profiling_assets.dagster.sensors.turns import WatchState, parse_watch_json
from profiling_assets.errors import ProfilingError, WorkspaceError
from profiling_assets.settings import Settings, WatchSettings
from profiling_assets.steps.catalog import Catalog, load_catalog
from profiling_assets.steps.plan import Planner
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import exclude, load_registry, update_registry
from profiling_assets_tests.dagster.desk import BATCH1, BATCH2, P1, P2, P3, Desk

HOUR = 3600.0
Event = tuple[str, str]


@dataclass
class Watch:
    """The sensor on a desk's workspace, tick by tick, with a clock of its own."""

    desk: Desk
    instance: dg.DagsterInstance
    now: float = field(default_factory=lambda: time.time() + HOUR)
    state: WatchState = field(default_factory=WatchState)
    warnings: tuple[str, ...] = ()
    seconds: float = 30.0

    def tick(
        self, *hinted: str, catalog: Catalog | None = None, later: float = 30.0
    ) -> list[Event]:
        """One tick after a reload where it is needed; what was reported."""
        self.now += later
        served = catalog or self.desk.catalog()
        found = look_around(
            served,
            register_plates(served),
            self.instance,
            self.state,
            hinted=[PlateKey.parse(key) for key in hinted],
            clock=lambda: self.now,
            seconds=self.seconds,
        )
        return self._take(found)

    def _take(self, found: Tick) -> list[Event]:
        self.state, self.warnings = found.state, found.warnings
        for event in found.events:
            self.instance.report_runless_asset_event(event)
        return [(event.asset_key.to_user_string(), event.partition or "") for event in found.events]

    @property
    def pending(self) -> list[str]:
        return [str(key) for key in self.state.pending]


@pytest.fixture
def watch(fresh: Desk) -> Generator[Watch]:
    with _watching(fresh) as found:
        yield found


@contextmanager
def _watching(desk: Desk) -> Generator[Watch]:
    with desk.instance() as instance:
        yield Watch(desk, instance)


def csvs(*plates: str) -> list[Event]:
    return [event for plate in plates for event in (("cellprofiler_csvs", plate),)]


def inputs_of(*plates: str) -> list[Event]:
    return [(name, p) for p in plates for name in ("cellprofiler_csvs", "plate_map")]


def site(desk: Desk, plate: str, name: str = "A01-1") -> Path:
    return desk.file(f"analysis/{plate}/analysis/{plate.partition('/')[2]}-{name}")


def test_complete_plates_are_reported_once_with_what_was_found(watch: Watch) -> None:
    assert watch.tick() == inputs_of(P1, P2, P3)
    assert watch.tick() == []
    assert watch.pending == []
    values = watch.desk.metadata("cellprofiler_csvs", P1)
    assert values["sites_expected"].value == values["sites_found"].value == 24
    assert str(values["reason"].value).startswith("all expected sites are there; nothing changed")
    assert isinstance(values["last_change"], dg.TimestampMetadataValue)


def test_run_ui_and_sensor_agree_on_the_fingerprint(watch: Watch) -> None:
    watch.tick()
    catalog = watch.desk.catalog()
    planner = Planner(catalog, records_in(watch.instance), force=False)
    for name in ("cellprofiler_csvs", "plate_map"):
        wanted = planner.external_fingerprints(name, catalog.asked_for.plates)
        for plate, now in wanted.items():
            assert watch.desk.metadata(name, plate)["fingerprint"].value == now


def test_a_frozen_list_that_cannot_be_read_is_told_and_keeps_no_plate_from_being_reported(
    watch: Watch,
) -> None:
    file = watch.desk.file("config_files/frozen.tsv")
    file.parent.mkdir(exist_ok=True)
    file.symlink_to(file)
    watch.desk.configure({"feature_select.frozen": "config_files/frozen.tsv"})
    assert watch.tick() == inputs_of(P1, P2, P3)
    (warning,) = watch.warnings
    assert warning.startswith("the frozen lists of features were skipped: config_files/frozen.tsv")
    file.unlink()
    file.write_text("Cells_a\n")
    assert watch.tick() == [("frozen_features", BATCH1), ("frozen_features", BATCH2)]
    assert watch.warnings == ()


def test_an_incomplete_plate_is_not_reported_until_it_is_complete_and_has_settled(
    watch: Watch,
) -> None:
    away = watch.desk.root.parent / "away"
    shutil.move(site(watch.desk, P2), away)
    assert csvs(P2)[0] not in watch.tick()
    assert watch.pending == [P2]
    assert watch.tick(later=10 * HOUR) == []
    shutil.move(away, site(watch.desk, P2))
    assert watch.tick() == []  # it came after the last look: it may go on
    assert watch.tick(later=59) == csvs(P2)
    assert watch.pending == []
    registry = load_registry(watch.desk.catalog().workspace)
    assert registry.plates[PlateKey.parse(P2)].found_sites == 24


def test_a_redelivered_site_is_reported_after_it_has_settled(watch: Watch) -> None:
    watch.tick()
    file = site(watch.desk, P1) / "Cells.csv"
    file.write_text("ImageNumber,ObjectNumber\n1,1\n")
    os.utime(file, (watch.now, watch.now))
    found = [watch.tick(later=10) for _ in range(8)]
    assert [events for events in found if events] == [csvs(P1)]
    assert found[0] == []


def test_a_corrected_plate_map_is_reported_alone(watch: Watch) -> None:
    watch.tick()
    (file,) = watch.desk.file(f"metadata/platemaps/{BATCH2}/platemap").iterdir()
    file.write_text(file.read_text().replace("DMSO", "dmso", 1))
    assert watch.tick() == [("plate_map", P3)]


def test_a_late_plate_map_is_reported_when_it_comes(watch: Watch) -> None:
    maps, away = watch.desk.file(f"metadata/platemaps/{BATCH1}"), watch.desk.root.parent / "maps"
    shutil.move(maps, away)
    assert watch.tick() == [*csvs(P1, P2), *inputs_of(P3)]
    shutil.move(away, maps)
    assert watch.tick() == [("plate_map", P1), ("plate_map", P2)]


def test_a_plate_that_cannot_be_read_is_named_and_tried_again_and_the_others_go_on(
    watch: Watch,
) -> None:
    file = watch.desk.file(f"load_data_csv/{P1}/load_data.csv")
    files = [f for f in file.parent.iterdir() if f.name.startswith("load_data")]
    good = {f: f.read_bytes() for f in files}
    for f in files:
        f.write_bytes(b"\x1f\x8b damaged")
    assert watch.tick() == inputs_of(P2, P3)
    assert len(watch.warnings) == 1
    assert P1 in watch.warnings[0]
    assert "load_data" in watch.warnings[0]
    for f, content in good.items():
        f.write_bytes(content)
    assert watch.tick(later=HOUR) == inputs_of(P1)
    assert watch.warnings == ()


def test_an_excluded_plate_is_neither_looked_at_nor_reported(watch: Watch) -> None:
    workspace = watch.desk.catalog().workspace
    update_registry(workspace, lambda found: exclude(found, PlateKey.parse(P2), "blurred"))
    assert watch.tick() == inputs_of(P1, P3)
    shutil.rmtree(watch.desk.file(f"analysis/{P2}"))
    assert watch.tick() == []
    entry = load_registry(workspace).plates[PlateKey.parse(P2)]
    assert entry.excluded == "blurred"


def test_a_plate_is_reported_only_by_a_code_location_that_serves_it(watch: Watch) -> None:
    away = watch.desk.root.parent / "away"
    shutil.move(watch.desk.file(f"analysis/{P2}"), away)
    former = watch.desk.catalog()
    shutil.move(away, watch.desk.file(f"analysis/{P2}"))
    assert watch.tick(catalog=former) == inputs_of(P1, P3)
    assert PlateKey.parse(P2) in load_registry(former.workspace).plates
    assert watch.tick() == inputs_of(P2)


def test_the_look_stops_when_the_time_is_over_and_goes_on_with_the_next_tick(watch: Watch) -> None:
    began = watch.now
    watch.seconds = 0.0
    assert watch.tick() == []
    assert watch.state == WatchState()
    clock = iter(range(1000))
    catalog = watch.desk.catalog()
    seen: list[Event] = []
    for _ in range(4):  # one plate fits into each tick
        found = look_around(
            catalog,
            register_plates(catalog),
            watch.instance,
            watch.state,
            hinted=(),
            clock=lambda: began + HOUR + next(clock),
            seconds=2.0,
        )
        seen += [event for event in watch._take(found) if event[0] == "cellprofiler_csvs"]
    assert seen == csvs(P1, P2, P3)


def test_the_look_stops_when_enough_plates_are_ready_and_goes_on_with_the_next_tick(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling_assets.dagster.sensors.tick, "REPORTED_AT_ONCE", 1)
    told = [{plate for name, plate in watch.tick() if name == "cellprofiler_csvs"} for _ in "123"]
    assert told == [{P1}, {P2}, {P3}]
    assert watch.tick() == []


def test_a_hinted_plate_is_looked_at_first(watch: Watch) -> None:
    assert watch.tick(P3)[:2] == inputs_of(P3)


def test_a_listing_that_fails_changes_nothing(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = watch.desk.catalog()
    before = watch.desk.file(".profiling_assets/plates.json").read_bytes()

    def refused(*_: object, **__: object) -> None:
        raise WorkspaceError("no answer", path="analysis", remedy="try again")

    monkeypatch.setattr(type(catalog.workspace), "list_folder", refused)
    with pytest.raises(ProfilingError, match="no answer"):
        register_plates(catalog)
    assert watch.desk.file(".profiling_assets/plates.json").read_bytes() == before


def test_a_workspace_that_is_empty_all_at_once_is_not_believed(watch: Watch) -> None:
    catalog = watch.desk.catalog()
    shutil.move(watch.desk.root, watch.desk.root.parent / "unmounted")
    watch.desk.root.mkdir()
    with pytest.raises(WorkspaceError, match="no plate any more, and had 3"):
        register_plates(catalog)
    assert list(watch.desk.root.iterdir()) == []


# -- plates that do not start at CSVs


def test_published_results_are_recorded_after_their_inputs_and_before_anything_is_built(
    built: Desk, tmp_path: Path
) -> None:
    desk = built.cut_down_to(
        tmp_path,
        f"backend/{P1}/000123.sqlite",
        f"profiles/{P2}/PL-01-x_augmented.csv.gz",
    )
    with _watching(desk) as watch:
        events = watch.tick()
        assert events == [
            *inputs_of(P1),
            ("plate_map", P2),
            ("sqlite_backend", P1),
            ("annotated_profiles", P2),
        ]
        assert watch.tick() == []
        assert watch.pending == []
        assert desk.metadata("sqlite_backend", P1)["adopted"].value is True


def test_a_workspace_made_elsewhere_is_recorded_whole(built: Desk, tmp_path: Path) -> None:
    desk = built.copied_to(tmp_path).without_records()
    with _watching(desk) as watch:
        events = watch.tick()
        assert {name for name, _ in events} >= {"selected_features_batch", "sqlite_backend"}
        assert watch.tick() == []
        assert desk.to_build() == set()


def test_csvs_that_were_archived_are_no_news(built: Desk, tmp_path: Path) -> None:
    desk = built.copied_to(tmp_path)
    with _watching(desk) as watch:
        watch.tick()
        shutil.rmtree(desk.file(f"analysis/{P1}"))
        assert [watch.tick() for _ in range(3)] == [[], [], []]
        assert watch.pending == []


def test_what_run_built_is_no_news(built: Desk, tmp_path: Path) -> None:
    with _watching(built.copied_to(tmp_path)) as watch:
        assert watch.tick() == []
        assert watch.pending == []


# -- the sensor itself


@dataclass
class Ticks:
    """The sensor called as the daemon calls it, with a web server that answers as it is told."""

    desk: Desk
    instance: dg.DagsterInstance
    problems: list[str]
    asked: list[Any] = field(default_factory=list[Any])
    watch: WatchSettings = field(
        default_factory=lambda: WatchSettings(webserver="http://127.0.0.1:1")
    )

    def reload(self, *arguments: object) -> str:
        self.asked.append(arguments)
        return self.problems.pop(0)

    def tick(self, catalog: Catalog, cursor: str | None = None) -> Any:
        settings = Settings(catalog.settings.workspace, catalog.settings.config, watch=self.watch)
        (sensor,) = [
            found
            for found in build_defs(settings).sensors or ()
            if isinstance(found, dg.SensorDefinition) and found.name == "new_analysis_output"
        ]
        context = dg.build_sensor_context(instance=self.instance, cursor=cursor)
        return sensor(context)


@pytest.fixture
def ticks(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> Generator[Ticks]:
    with fresh.instance() as instance:
        found = Ticks(fresh, instance, [])
        monkeypatch.setattr(
            profiling_assets.dagster.sensors.new_output, "reload_problem", found.reload
        )
        yield found


def test_both_sensors_are_off_unless_the_settings_say_watch(fresh: Desk) -> None:
    for on in (False, True):
        settings = Settings(str(fresh.root), watch=WatchSettings(on=on, seconds=7))
        sensors = [
            s for s in build_defs(settings).sensors or () if isinstance(s, dg.SensorDefinition)
        ]
        watching = [s for s in sensors if s.name in {"new_analysis_output", "automation"}]
        assert len(watching) == 2
        for sensor in watching:
            assert (sensor.default_status is dg.DefaultSensorStatus.RUNNING) is on
            assert sensor.minimum_interval_seconds == 7


def test_without_a_workspace_a_tick_is_skipped(ticks: Ticks) -> None:
    catalog = load_catalog(Settings())
    result = ticks.tick(catalog)
    assert isinstance(result, dg.SkipReason)


def test_a_tick_without_news_says_what_it_did(ticks: Ticks) -> None:
    ticks.desk.catalog()
    catalog = load_catalog(ticks.desk.settings)
    result = ticks.tick(catalog)
    assert not ticks.asked
    assert {event.asset_key.to_user_string() for event in result.asset_events} == {"plate_map"}
    for event in result.asset_events:
        ticks.instance.report_runless_asset_event(event)
    result = ticks.tick(catalog, result.cursor)
    assert "looked at 3 of 3 plates; 3 not ready" in str(result.skip_reason)
    assert len(parse_watch_json(result.cursor).pending) == 3


def test_new_plates_reload_the_code_location_and_are_looked_at_afterwards(ticks: Ticks) -> None:
    ticks.problems.append("")
    result = ticks.tick(*_with_another_plate(ticks.desk))
    assert ticks.asked == [("http://127.0.0.1:1", "profiling_assets.definitions")]
    assert "reloaded" in str(result.skip_reason)
    assert not result.asset_events
    # the code server that was asked still serves the former plates: it is not asked for ever
    again = ticks.tick(load_catalog(ticks.desk.settings), result.cursor)
    assert len(ticks.asked) == 1
    assert "looked at 4 of 4 plates" not in str(again.skip_reason)


def test_a_reload_that_does_not_work_is_a_warning_and_the_known_plates_go_on(
    ticks: Ticks, capfd: pytest.CaptureFixture[str]
) -> None:
    ticks.problems.append("no web server; press Reload")
    result = ticks.tick(*_with_another_plate(ticks.desk))
    assert {event.partition for event in result.asset_events} == {P1, P2, P3}
    assert "no web server; press Reload" in capfd.readouterr().err
    assert parse_watch_json(result.cursor).reloaded == ""  # the next tick asks again


def _with_another_plate(desk: Desk) -> tuple[Catalog]:
    """A catalog that was loaded before a plate came."""
    catalog = desk.catalog()
    shutil.copytree(
        desk.file(f"analysis/{P2}"), desk.file(f"analysis/{BATCH2}/PL-NEW"), dirs_exist_ok=True
    )
    return (catalog,)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "soon", "99999999"])
def test_an_interval_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ProfilingError, match="PROFILING_ASSETS_WATCH_SECONDS"):
        WatchSettings.from_environment({"PROFILING_ASSETS_WATCH_SECONDS": text})


def test_the_environment_switches_the_watch_on() -> None:
    values = {
        "PROFILING_ASSETS_WATCH": "1",
        "PROFILING_ASSETS_WATCH_SECONDS": "5",
        "PROFILING_ASSETS_WEBSERVER": "http://h:1",
        "PROFILING_ASSETS_SQS_QUEUE": "https://q",
    }
    watch = WatchSettings.from_environment(values)
    assert watch == WatchSettings(on=True, seconds=5, webserver="http://h:1", queue="https://q")
    assert WatchSettings.from_environment(dict.fromkeys(values, "")) == WatchSettings()
