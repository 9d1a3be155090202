"""Wells taken out by hand: what is built again, what is left out, where the reason is told."""

import csv

from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH_ASSETS,
    NORMALIZED,
    P1,
    P2,
    SELECTED,
    Desk,
    expected_tasks,
    failure_text,
)

FILE = "metadata/exclusions.tsv"
HEADER = "batch\tplate\twell\treason\n"


def _wells(desk: Desk) -> dict[str, tuple[str, str]]:
    text = desk.file(f"profiles/{P1}/000123_wells.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {row["well"]: (row["state"], row["reason"]) for row in rows}


def _after_annotation() -> set[str]:
    return (
        expected_tasks(("annotated_profiles", *NORMALIZED), [P1])
        | expected_tasks(BATCH_ASSETS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )


def test_an_excluded_well_is_left_out_with_its_reason_and_comes_back(desk: Desk) -> None:
    before = _wells(desk)
    well = next(name for name, (state, _) in before.items() if state == "profile")
    desk.file(FILE).write_text(f"{HEADER}{BATCH1}\t000123\t{well.lower()}\tbubble\n")
    assert desk.to_build() == _after_annotation()
    desk.run()
    assert desk.plan().build == ()
    assert _wells(desk) == {**before, well: ("excluded", "bubble")}
    metadata = {k: v.value for k, v in desk.metadata("annotated_profiles", P1).items()}
    assert metadata["wells_excluded"] == 1
    assert f"excluded by {FILE}" in str(metadata["warning_texts"]).replace("\\", "")
    assert desk.metadata("normalized_profiles", P1)["wells"].value == metadata["wells"]
    desk.file(FILE).write_text(HEADER)
    assert desk.to_build() == _after_annotation()


def test_a_line_of_no_plate_here_builds_nothing(desk: Desk) -> None:
    desk.file(FILE).write_text(f"{HEADER}{BATCH1}\tanother\tA01\tbubble\n")
    assert desk.to_build() == set()


def test_a_line_that_cannot_be_honoured_stops_the_plate_and_says_what_to_do(desk: Desk) -> None:
    desk.file(FILE).write_text(f"{HEADER}{BATCH1}\t000123\t\tbubble\n")
    text = failure_text(desk.materialize(["annotated_profiles"], P1))
    assert f"{FILE}: line 2 names plate {P1} and no well" in text
    assert f"profiling-assets exclude {P1}" in text
