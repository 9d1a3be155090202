"""Assets that need all plates of a batch: they refuse while one is missing, and say which."""

import gzip

from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    NORMALIZED,
    P2,
    P3,
    SELECTED,
    Desk,
    expected_tasks,
    failure_text,
)

LISTED = "selected_features_batch"


def test_the_list_is_refused_while_a_plate_lacks_its_normalized_profiles(desk: Desk) -> None:
    desk.file(f"profiles/{P2}/PL-01-x_normalized.csv.gz").unlink()
    result = desk.materialize([LISTED], BATCH1)
    assert not result.success
    text = failure_text(result)
    assert f"1 of them is not normalized: {P2}" in text
    assert f"profiles/{P2}/PL-01-x_normalized.csv.gz" in text
    assert f"profiling-assets exclude {P2} --reason" in text
    assert "process: false" in text


def test_the_list_is_refused_while_the_config_names_a_plate_that_is_not_there(desk: Desk) -> None:
    desk.configure({}, {BATCH1: ["000123", "PL-01-x", "PL-99"], BATCH2: ["000123"]})
    text = failure_text(desk.materialize([LISTED], BATCH1))
    assert f"{BATCH1}/PL-99" in text
    assert "process: false" in text
    assert f"exclude {BATCH1}/PL-99" not in text  # the workspace has no such plate to exclude
    assert desk.materialize([LISTED], BATCH2).success  # the other batch has all of its plates


def test_at_level_all_an_absent_plate_of_any_batch_holds_the_list_up(desk: Desk) -> None:
    desk.configure(
        {"feature_select.level": "all"},
        {BATCH1: ["000123", "PL-01-x"], BATCH2: ["000123", "PL-99"]},
    )
    text = failure_text(desk.materialize(["selected_features_all"], "all"))
    assert f"{BATCH2}/PL-99" in text


def test_a_plate_without_negative_controls_fails_its_negcon_twins_only(desk: Desk) -> None:
    plate_map = desk.file(f"metadata/platemaps/{BATCH2}/platemap/TINY-MAP-2.txt")
    plate_map.write_text(plate_map.read_text().replace("\tnegcon", "\ttrt"))
    names = ["annotated_profiles", *NORMALIZED]
    result = desk.materialize(names, P3)
    text = failure_text(result)  # of the one step that failed
    assert {e.step_key for e in result.all_events if e.is_step_failure} == {NORMALIZED[1]}
    assert "control_type" in text
    assert "negcon" in text
    assert "TINY-MAP-2.txt" in text
    normalized = desk.file(f"profiles/{P3}/000123_normalized.csv.gz")
    assert b",trt," in gzip.decompress(normalized.read_bytes())
    # what is left to be done is the twin and what follows from it, and from the new profiles
    assert desk.to_build() == (
        {f"{NORMALIZED[1]} of {P3}"}
        | expected_tasks(BATCH_ASSETS, [BATCH2])
        | expected_tasks(SELECTED, [P3])
    )
