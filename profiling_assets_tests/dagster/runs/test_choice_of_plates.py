"""`--plate`, `--batch` and `--select`: what is planned of a part of the graph."""

import pytest

from profiling_assets.errors import ConfigError
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    LISTS,
    P1,
    P2,
    P3,
    PLATE_ASSETS,
    PLATES,
    SELECTED,
    STACKS,
    Desk,
    expected_tasks,
    touch_later,
)

UP_TO_NORMALIZED = tuple(name for name in PLATE_ASSETS if name not in SELECTED)


def _redeliver(desk: Desk, plate: str) -> None:
    touch_later(min(desk.file(f"analysis/{plate}").rglob("Cells.csv")))


def test_one_plate_of_an_unbuilt_batch_is_built_as_far_as_it_goes_alone(fresh: Desk) -> None:
    plan = fresh.plan([P1])
    assert {str(task) for task in plan.build} == expected_tasks(UP_TO_NORMALIZED, [P1])
    assert {str(task) for task in plan.waiting} == (
        expected_tasks(BATCH_ASSETS, [BATCH1]) | expected_tasks(SELECTED, [P1])
    )
    for task, reason in plan.waiting.items():
        if task.name in LISTS:
            assert f"of {P2} is not current" in reason
    assert not plan.impossible


def test_the_only_plate_of_a_batch_takes_its_batch_along(fresh: Desk) -> None:
    plan = fresh.plan([P3])
    assert {str(task) for task in plan.build} == (
        expected_tasks(PLATE_ASSETS, [P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])
    )


def test_one_changed_plate_of_a_built_batch_takes_its_batch_along(desk: Desk) -> None:
    _redeliver(desk, P1)
    plan = desk.plan([P1])
    assert {str(task) for task in plan.build} == (
        expected_tasks(PLATE_ASSETS, [P1]) | expected_tasks(LISTS, [BATCH1])
    )
    # the new list makes the other plate's profiles old, and an old plate is not stacked
    assert {str(task) for task in plan.waiting} == expected_tasks(STACKS, [BATCH1])
    for task, reason in plan.waiting.items():
        assert f"of {P2} is not current" in reason or reason.startswith("stacked_"), task


def test_with_two_changed_plates_one_of_them_leaves_the_batch_as_it_is(desk: Desk) -> None:
    _redeliver(desk, P1)
    _redeliver(desk, P2)
    plan = desk.plan([P1])
    assert {str(task) for task in plan.build} == expected_tasks(UP_TO_NORMALIZED, [P1])
    assert {str(t) for t in plan.waiting} >= expected_tasks(LISTS, [BATCH1])


def test_other_plates_that_stand_and_were_not_made_here_do_not_hold_a_batch_up(desk: Desk) -> None:
    other = desk.without_records()
    next(other.file(f"profiles/{P1}").glob("*_normalized.csv.gz")).unlink()
    other.file(f"profiles/{BATCH1}/{BATCH1}_selected_features_batch.tsv").unlink()
    plan = other.plan([P1])
    assert {str(task) for task in plan.build} == {
        f"normalized_profiles of {P1}",
        f"selected_features_batch of {BATCH1}",
    }
    assert not plan.waiting


def test_at_level_all_one_batch_waits_for_the_others(fresh: Desk) -> None:
    fresh.configure({"feature_select.level": "all"})
    plan = fresh.plan([P1, P2])
    assert {str(t) for t in plan.waiting} == {
        "selected_features_all of all",
        *expected_tasks(["feature_selected_profiles"], [P1, P2]),
        *expected_tasks(STACKS[:2], [BATCH1]),
    }
    assert f"of {P3} is not current" in next(iter(plan.waiting.values()))


def test_an_asset_asked_for_by_name_is_built_alone(desk: Desk) -> None:
    _redeliver(desk, P1)
    names = ["normalized_profiles"]
    assert desk.to_build(names=names) == expected_tasks(names, [P1])


def test_an_asset_that_no_config_has_is_refused_with_those_there_are(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="no asset normalised_profiles") as caught:
        desk.plan(names=["normalised_profiles"])
    assert "normalized_profiles" in (caught.value.remedy or "")


def test_a_backend_asked_for_by_name_is_not_asked_of_plates_without_csvs(desk: Desk) -> None:
    desk.file(f"analysis/{P3}").rename(desk.root.parent / "archive")
    desk.file(f"backend/{P3}/000123.sqlite").unlink()
    plan = desk.plan(names=["sqlite_backend"])
    assert {str(t) for t in plan.current} == expected_tasks(["sqlite_backend"], PLATES[:2])
    assert {str(t) for t in plan.no_source} == expected_tasks(["sqlite_backend"], [P3])
    assert not plan.impossible
