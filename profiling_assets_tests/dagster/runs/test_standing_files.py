"""Files that were not made here: adopted, left alone, and noticed by what follows."""

import gzip
from pathlib import Path

import pytest

from profiling_assets_tests.dagster.desk import (
    BACKEND,
    BATCH1,
    BATCH_ASSETS,
    NORMALIZED,
    P1,
    P2,
    PLATES,
    SELECTED,
    STACKS,
    Desk,
    everything,
    expected_tasks,
    replaced,
    touch_later,
)

ANNOTATED = "annotated_profiles"
NORMALIZED_FILE = f"profiles/{P1}/000123_normalized.csv.gz"
AFTER_NORMALIZED = {
    f"selected_features_batch of {BATCH1}",
    *expected_tasks(["feature_selected_profiles"], [P1, P2]),
    *expected_tasks(STACKS[:2], [BATCH1]),
}


def _rescaled(file: Path) -> bytes:
    """The file as somebody else would have made it: first feature changed in the first row."""
    lines = gzip.decompress(file.read_bytes()).decode().split("\n")
    cells = lines[1].split(",")
    cells[-1] = "123.25"
    return gzip.compress("\n".join([lines[0], ",".join(cells), *lines[2:]]).encode())


def test_results_that_nobody_recorded_are_adopted_and_their_files_left_alone(desk: Desk) -> None:
    other = desk.without_records()
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in desk.root.rglob("*.csv.gz")
    }
    plan = other.run()
    assert {str(task) for task in plan.adopt} == everything()
    assert not plan.build
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before
    again = other.plan()
    assert {str(task) for task in again.current} == everything()


def test_the_ui_leaves_a_standing_file_alone_before_and_after_it_was_adopted(desk: Desk) -> None:
    other = desk.without_records()
    file = other.file(NORMALIZED_FILE)
    theirs = _rescaled(file)
    file.write_bytes(theirs)
    for _ in range(2):
        assert other.materialize(["normalized_profiles"], P1).success
        assert file.read_bytes() == theirs
        assert other.recorded("normalized_profiles", P1).adopted


def test_a_result_that_stands_and_was_built_with_the_ui_is_current_for_run(fresh: Desk) -> None:
    names = [*BACKEND, ANNOTATED, "normalized_profiles"]
    assert fresh.materialize(names, P1).success
    plan = fresh.plan([P1], names)
    assert {str(task) for task in plan.current} == expected_tasks(names, [P1])


def test_what_the_ui_built_on_a_file_that_nobody_recorded_is_current_for_run(desk: Desk) -> None:
    other = desk.without_records()
    other.file(NORMALIZED_FILE).unlink()
    assert other.materialize(["normalized_profiles"], P1).success  # on the standing annotated file
    plan = other.run([P1])
    assert f"normalized_profiles of {P1}" in {str(task) for task in plan.current}
    assert f"annotated_profiles of {P1}" in {str(task) for task in plan.adopt}
    assert other.to_build(plates=[P1]) == set()


def test_a_file_that_somebody_replaced_is_adopted_and_what_follows_is_built(desk: Desk) -> None:
    file = desk.file(NORMALIZED_FILE)
    theirs = _rescaled(file)
    file.write_bytes(theirs)
    plan = desk.run()
    assert {str(task) for task in plan.adopt} == {f"normalized_profiles of {P1}"}
    assert {str(task) for task in plan.build} == AFTER_NORMALIZED
    assert file.read_bytes() == theirs
    assert desk.to_build() == set()
    selected = desk.file(f"profiles/{P1}/000123_normalized_feature_select_batch.csv.gz")
    assert b"123.25" in gzip.decompress(selected.read_bytes())
    # it is adopted now; a third file in its place is another input again
    touch_later(file)
    assert desk.to_build() == set()  # the same content
    file.write_bytes(gzip.compress(gzip.decompress(theirs).replace(b"123.25", b"321.25")))
    assert desk.to_build() == AFTER_NORMALIZED


def test_an_edit_of_the_list_of_features_that_keeps_its_size_is_noticed(desk: Desk) -> None:
    listed = desk.file(f"profiles/{BATCH1}/{BATCH1}_selected_features_batch.tsv")
    text = listed.read_text()
    size = listed.stat().st_size
    listed.write_text(text.replace("variance_threshold", "variance_thresholD", 1))
    touch_later(listed)
    assert listed.stat().st_size == size
    plan = desk.plan()
    assert {str(task) for task in plan.adopt} == {f"selected_features_batch of {BATCH1}"}
    assert {str(t) for t in plan.build} == (
        expected_tasks(["feature_selected_profiles"], [P1, P2])
        | expected_tasks(STACKS[:2], [BATCH1])
    )


def test_a_workspace_that_was_copied_back_with_other_times_is_current(desk: Desk) -> None:
    for file in (*desk.root.rglob("*.csv.gz"), *desk.root.rglob("*.tsv")):
        touch_later(file)
    assert {str(task) for task in desk.plan().current} == everything()


def test_force_builds_over_an_adopted_file(desk: Desk) -> None:
    file = desk.file(NORMALIZED_FILE)
    ours = file.read_bytes()
    file.write_bytes(_rescaled(file))
    desk.run([P1], ["normalized_profiles"])
    assert desk.recorded("normalized_profiles", P1).adopted
    desk.run([P1], ["normalized_profiles"], force=True)
    assert file.read_bytes() == ours
    assert not desk.recorded("normalized_profiles", P1).adopted


def test_a_changed_input_builds_over_an_adopted_file(desk: Desk) -> None:
    file = desk.file(NORMALIZED_FILE)
    theirs = _rescaled(file)
    file.write_bytes(theirs)
    desk.run([P1], ["normalized_profiles"])
    replaced(
        desk.file(f"metadata/platemaps/{BATCH1}/platemap/TINY-MAP-1.txt"), "\tCPD-1\t", "\tCPD-9\t"
    )
    assert f"normalized_profiles of {P1}" in desk.to_build()
    desk.run([P1], [ANNOTATED, "normalized_profiles"])
    assert file.read_bytes() != theirs


@pytest.mark.parametrize("before_adoption", [True, False])
def test_an_edit_of_the_config_builds_nothing_over_a_file_not_made_here(
    desk: Desk, *, before_adoption: bool
) -> None:
    file = desk.file(NORMALIZED_FILE)
    theirs = _rescaled(file)
    file.write_bytes(theirs)
    if not before_adoption:
        desk.run([P1], ["normalized_profiles"])
    desk.configure({"normalize.method": "standardize"})
    assert f"normalized_profiles of {P2}" in desk.to_build()
    assert f"normalized_profiles of {P1}" not in desk.to_build()
    assert desk.materialize(["normalized_profiles"], P1).success
    assert file.read_bytes() == theirs


def test_a_deleted_adopted_file_is_built_and_so_is_what_follows(desk: Desk) -> None:
    file = desk.file(NORMALIZED_FILE)
    file.write_bytes(_rescaled(file))
    desk.run()
    file.unlink()
    assert desk.to_build() == {f"normalized_profiles of {P1}", *AFTER_NORMALIZED}


def test_a_backend_that_somebody_replaced_is_adopted(desk: Desk) -> None:
    file = desk.file(f"backend/{P1}/000123.sqlite")
    file.write_bytes(file.read_bytes() + b"\0")
    plan = desk.plan()
    assert {str(task) for task in plan.adopt} == {f"sqlite_backend of {P1}"}
    assert not plan.build  # the profiles are made from the CSVs


def test_with_overwrite_a_standing_backend_and_its_profiles_are_built_over(desk: Desk) -> None:
    other = desk.without_records()
    other.configure({"collate.overwrite": True})
    assert other.to_build() == expected_tasks(BACKEND, PLATES)


def test_a_step_that_is_switched_off_keeps_its_standing_file(desk: Desk) -> None:
    desk.configure({"annotate.perform": False})
    file = desk.file(f"profiles/{P1}/000123_augmented.csv.gz")
    before = file.read_bytes()
    # our own files of another config: as they were, so nothing below them is to be done
    plan = desk.plan()
    assert not plan.build
    assert expected_tasks([ANNOTATED], PLATES) <= {str(task) for task in plan.current}
    assert desk.materialize([ANNOTATED], P1).success
    assert file.read_bytes() == before
    assert desk.to_build() == set()


def test_another_file_of_a_step_that_is_switched_off_is_another_input(desk: Desk) -> None:
    desk.configure({"annotate.perform": False})
    file = desk.file(f"profiles/{P1}/000123_augmented.csv.gz")
    file.write_bytes(_rescaled(file))
    plan = desk.plan()
    assert {str(task) for task in plan.adopt} == {f"{ANNOTATED} of {P1}"}
    assert {str(task) for task in plan.build} == (
        expected_tasks(NORMALIZED, [P1])
        | expected_tasks(BATCH_ASSETS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )


def test_a_step_that_is_switched_off_without_a_file_is_named_with_path_and_remedy(
    fresh: Desk,
) -> None:
    fresh.configure({"annotate.perform": False})
    plan = fresh.plan()
    assert {str(task) for task in plan.build} == expected_tasks(BACKEND, PLATES)
    assert {str(task) for task in plan.impossible} == expected_tasks([ANNOTATED], PLATES)
    (reason,) = {text for task, text in plan.impossible.items() if task.partition == P1}
    assert "annotated_profiles is switched off in the config" in reason
    assert f"profiles/{P1}/000123_augmented.csv.gz" in reason
    assert "perform" in reason.partition("Remedy:")[2]
