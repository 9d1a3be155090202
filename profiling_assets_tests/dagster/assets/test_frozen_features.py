"""A frozen list of features in the config: what it gives, what an edit of it builds again."""

import dagster as dg
import pytest

from profiling_assets.dagster.sensors.events import frozen_news
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import BATCH
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    P1,
    P2,
    P3,
    Desk,
    expected_tasks,
    failure_text,
)
from profiling_assets_tests.dagster.test_automation import Daemon

FILE = "config_files/frozen_features.tsv"
OWN = layout.selected_features(BATCH1, BATCH, negcon=False)
ONE_BATCH = {BATCH1: ["000123", "PL-01-x"]}
FOLLOWS = expected_tasks(("selected_features_batch", "stacked_profiles", "gct"), [BATCH1]) | (
    expected_tasks(("feature_selected_profiles",), [P1, P2])
)


def _selected(desk: Desk) -> dict[str, bytes]:
    return {
        plate: desk.file(
            f"profiles/{plate}/{plate.split('/')[1]}_normalized_feature_select_batch.csv.gz"
        ).read_bytes()
        for plate in (P1, P2)
    }


def _frozen(desk: Desk) -> None:
    desk.file("config_files").mkdir(exist_ok=True)
    desk.file(FILE).write_bytes(desk.file(OWN).read_bytes())
    desk.configure({"feature_select.frozen": FILE}, ONE_BATCH)


def test_a_list_of_a_run_gives_its_bytes_and_an_edit_builds_what_follows_from_it(
    desk: Desk,
) -> None:
    before = _selected(desk)
    _frozen(desk)
    assert desk.to_build() == FOLLOWS
    desk.run()
    assert _selected(desk) == before
    assert desk.plan().build == ()
    facts = {name: v.value for name, v in desk.metadata("selected_features_batch", BATCH1).items()}
    assert facts["frozen_list"] == FILE
    assert facts["features_empty_on_some_plates"] == 0
    assert "wells_that_voted" not in facts
    entry = desk.file(layout.provenance(BATCH1)).read_text(encoding="utf-8")
    assert '"frozen_features": "' in entry
    reported = desk.recorded("frozen_features", BATCH1).fingerprint
    lines = desk.file(FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [at for at, line in enumerate(lines) if "\tfeature\tkept\t" in line]
    gone = lines.pop(kept[0]).partition("\t")[0]
    desk.file(FILE).write_text("".join(lines), encoding="utf-8")
    assert desk.to_build() == FOLLOWS
    desk.run()
    assert desk.plan().build == ()
    assert desk.recorded("frozen_features", BATCH1).fingerprint != reported
    listed = desk.file(OWN).read_text(encoding="utf-8").splitlines()
    row = next(line for line in listed if line.startswith(f"{gone}\t"))
    assert row.split("\t")[2:6] == ["dropped", "not_in_frozen_list", "batch", ""]
    assert _selected(desk) != before


def test_a_list_that_is_gone_stops_a_run_and_the_step(desk: Desk) -> None:
    desk.configure({"feature_select.frozen": FILE}, ONE_BATCH)
    planner = desk.planner()
    plan = planner.plan(desk.catalog().asked_for.plates)
    assert "frozen_features" in {found.rule for found in planner.preflight(plan)}
    text = failure_text(desk.materialize(["selected_features_batch"], BATCH1))
    assert f"{FILE}: the frozen list of features is not in the workspace" in text


@pytest.mark.parametrize("section", ["feature_select", "feature_select_negcon"])
def test_a_list_that_is_gone_stops_no_run_that_selects_nothing(fresh: Desk, section: str) -> None:
    fresh.configure({f"{section}.frozen": FILE})
    planner = fresh.planner()
    plates = fresh.catalog().asked_for.plates

    def told(*names: str) -> list[str]:
        plan = planner.plan(plates, names)
        assert plan.build
        return [f.where for f in planner.preflight(plan) if f.rule == "frozen_features"]

    assert told("sqlite_backend", "normalized_profiles", "normalized_negcon_profiles") == []
    alone, twin = told("selected_features_batch"), told("selected_features_negcon_batch")
    assert (alone, twin) == (([FILE], []) if section == "feature_select" else ([], [FILE]))


def test_the_sensor_reports_a_list_that_came_or_changed_once(fresh: Desk) -> None:
    fresh.configure({"feature_select.frozen": FILE})
    catalog = fresh.catalog()
    with fresh.instance() as instance:
        assert frozen_news(catalog, instance) == []
        for text in ("Cells_a\n", "Cells_b\n"):
            fresh.file("config_files").mkdir(exist_ok=True)
            fresh.file(FILE).write_text(text)
            events = frozen_news(catalog, instance)
            assert [event.partition for event in events] == [BATCH1, BATCH2]
            for event in events:
                instance.report_runless_asset_event(event)
            assert frozen_news(catalog, instance) == []


@pytest.mark.parametrize("level", ["batch", "plate"])
def test_automation_takes_an_edited_list_as_new_for_the_selection_alone(
    fresh: Desk, level: str
) -> None:
    off = {"feature_select_negcon": None, "normalize_negcon": None, "feature_select.gct": False}
    fresh.configure({**off, "feature_select.level": level, "feature_select.frozen": FILE})
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(fresh.definitions(), instance)
        daemon.new("1", P1, P2, P3)
        waiting = {task for tick in daemon.settle() for task in tick}
        assert waiting
        assert not any("select" in task for task in waiting)  # until the list is there
        scopes = (BATCH1, BATCH2) if level == "batch" else (P1, P2, P3)
        follows = expected_tasks((f"selected_features_{level}",), scopes) | expected_tasks(
            ("feature_selected_profiles",), (P1, P2, P3)
        )
        for state in ("1", "2"):
            daemon.new(state, *scopes, names=["frozen_features"])
            requested = [task for tick in daemon.settle() for task in tick]
            assert sorted(requested) == sorted(follows)
