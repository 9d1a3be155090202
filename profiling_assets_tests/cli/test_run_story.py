"""`run` on a workspace with a bad plate: the others are built, it is mended, nothing is redone."""

import re
from pathlib import Path

import pytest

from profiling_assets_tests.cli.event_log import (
    ASSETS,
    LISTS,
    PLATE_STEPS,
    SELECTED,
    STACKS,
    events,
    made,
    runs,
    tasks,
)
from profiling_assets_tests.cli.story import BAD, BARCODES, FIRST, GOOD, OTHER, SECOND, Story

pytestmark = pytest.mark.integration

PLATE_FILES = (
    "backend/{batch}/{plate}/{plate}.sqlite",
    "backend/{batch}/{plate}/{plate}.csv",
    "backend/{batch}/{plate}/{plate}_sites.tsv",
    "backend/{batch}/{plate}/{plate}_wells.tsv",
    "profiles/{batch}/{plate}/{plate}_wells.tsv",
    "profiles/{batch}/{plate}/{plate}.csv.gz",
    "profiles/{batch}/{plate}/{plate}_augmented.csv.gz",
    "profiles/{batch}/{plate}/{plate}_normalized.csv.gz",
    "profiles/{batch}/{plate}/{plate}_normalized_negcon.csv.gz",
)
LAST_FILES = (
    "profiles/{batch}/{plate}/{plate}_normalized_feature_select_batch.csv.gz",
    "profiles/{batch}/{plate}/{plate}_normalized_feature_select_negcon_batch.csv.gz",
)
LIST_FILES = (
    "profiles/{batch}/{batch}_selected_features_batch.tsv",
    "profiles/{batch}/{batch}_selected_features_negcon_batch.tsv",
)


def named(templates: tuple[str, ...], key: str) -> set[str]:
    batch, _, plate = key.partition("/")
    return {template.format(batch=batch, plate=plate) for template in templates}


def results(files: set[str]) -> set[str]:
    return {path for path in files if path.startswith(("backend/", "profiles/"))}


def test_every_run_says_at_its_end_what_it_took(story: Story) -> None:
    told = events(story.place, "the run took")
    assert len(told) == len(runs(story.place))
    for line in told:
        assert re.fullmatch(r"the run took [\d.]+ s of CPU, [\d.]+ s, \d+ MB of memory", line)


def test_one_plate_alone_is_built_and_its_batch_waits(story: Story) -> None:
    step = story.steps["one plate"]
    assert step.done.code == 0, step.done.text
    assert step.done.err == ""
    assert step.made == tasks(PLATE_STEPS, GOOD)
    assert results(step.files) == named(PLATE_FILES, GOOD)
    assert step.done.out.splitlines()[-1] == "0 current, 5 built"


def test_beside_a_bad_plate_all_other_plates_get_all_their_files(story: Story) -> None:
    step = story.steps["broken"]
    assert step.done.code == 1, step.done.text
    assert step.made == sorted(
        [
            *tasks(PLATE_STEPS[:2], BAD),
            *tasks(PLATE_STEPS, OTHER),
            *tasks((*LISTS, *STACKS), SECOND),
            *tasks(SELECTED, OTHER),
        ]
    )
    assert results(step.files) == (
        named(PLATE_FILES, GOOD)
        | named(PLATE_FILES[:4], BAD)
        | {"profiles/2026_03_02_Batch1/PL-01-x/PL-01-x.csv.gz"}
        | named(PLATE_FILES + LAST_FILES, OTHER)
        | named(LIST_FILES, SECOND)
    )


def test_the_bad_plate_is_told_with_file_and_remedy_and_its_log_file(story: Story) -> None:
    text = story.steps["broken"].done.err
    assert "Traceback" not in text
    assert f"not there: annotated_profiles of {BAD}" in text
    assert BARCODES in text
    assert "Remedy: " in text
    logs = {Path(path) for path in re.findall(r"log: (.*\.log)", text)}
    own = next(path for path in logs if path.name == "PL-01-x.log")
    assert "barcode_platemap.csv" in own.read_text()
    # what was never tried has its reason in a log too
    assert all(path.exists() for path in logs)


def test_the_waiting_batch_names_the_bad_plate_and_the_command_that_takes_it_out(
    story: Story,
) -> None:
    text = story.steps["broken"].done.err
    for asset in LISTS:
        told = text[text.index(f"not there: {asset} of {FIRST}") :].split("not there:")[1]
        assert f"of {BAD} is not there" in told
        assert f"profiling-assets exclude {BAD} --reason" in told
        assert "`process: false`" in told


def test_what_only_follows_from_another_is_one_line_a_plate_or_batch(story: Story) -> None:
    text = story.steps["broken"].done.err
    lines = text.splitlines()
    assert (
        f"not there therefore, of {GOOD}: "
        "feature_selected_negcon_profiles, feature_selected_profiles"
    ) in lines
    assert sum(line.startswith("not there: ") for line in lines) == 3
    assert sum(line.startswith("not there therefore, of ") for line in lines) == 3
    # a batch cannot be taken out
    assert f"exclude {FIRST} " not in text


def test_what_is_not_there_is_counted(story: Story) -> None:
    lines = story.steps["broken"].done.out.splitlines()
    # 3 steps of the bad plate, 2 lists and 4 stacks of its batch, 2 last steps of both plates
    assert lines[-1] == "5 current, 15 built, 13 not there"


def test_the_mended_plate_and_its_batch_are_built_and_nothing_before(story: Story) -> None:
    step = story.steps["mended plate"]
    assert step.done.code == 0, step.done.text
    assert step.done.err == ""
    assert step.made == sorted(
        [*tasks(PLATE_STEPS[2:], BAD), *tasks(LISTS, FIRST), *tasks(SELECTED, BAD)]
    )
    assert step.done.out.splitlines()[-1] == "2 current, 7 built"


def test_the_rest_of_the_batch_follows(story: Story) -> None:
    step = story.steps["mended"]
    assert step.done.code == 0, step.done.text
    assert step.done.err == ""
    assert step.made == sorted([*tasks(SELECTED, GOOD), *tasks(STACKS, FIRST)])
    assert step.done.out.splitlines()[-1] == "27 current, 6 built"


def test_at_the_end_every_file_of_the_layout_is_there_and_no_other(story: Story) -> None:
    expected = set[str]()
    for key in (GOOD, BAD, OTHER):
        expected |= named(PLATE_FILES + LAST_FILES, key)
    for batch in (FIRST, SECOND):
        expected |= named(LIST_FILES, batch)
    assert results(story.steps["again"].files) == expected
    assert story.place.leftovers() == []


def test_sites_and_wells_are_counted_with_their_losses(story: Story) -> None:
    out = story.steps["mended"].done.out
    assert f"{GOOD}: 12 of 12 wells have a profile" in out
    assert "000123-B03-2: zero_cells" in out
    assert "PL-01-x-A01-1: qc_flagged" in out
    assert out.count("12 of 12 wells have a profile; 12 wells annotated") == 3


def test_a_second_run_builds_nothing_and_starts_no_run(story: Story) -> None:
    step = story.steps["again"]
    assert step.done.code == 0, step.done.text
    assert step.done.err == ""
    assert step.made == []
    assert step.done.out.splitlines()[-1] == "33 current, 0 built"
    # 6 of the broken workspace, 3 of the mended plate, 2 of the rest
    ended = [run.status for run in runs(story.place)]
    assert sorted(ended) == ["FAILURE", *["SUCCESS"] * 10]


def test_over_the_whole_story_everything_was_built_once(story: Story) -> None:
    whole = made(story.place)
    assert len(whole) == len(set(whole)) == 33
    assert {name for name, _ in whole} == set(ASSETS)
