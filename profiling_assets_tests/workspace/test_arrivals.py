"""When a plate may be started, on completeness that a listing tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.config.load import parse_config
from profiling_assets.workspace.completeness import (
    ArrivalRules,
    CompleteWhen,
    PlateCompleteness,
    SiteFolderFacts,
    duration,
    readiness,
    site_matrix,
)
from profiling_assets.workspace.sites import ExpectedSite, parse_site_folder

NOW = 1_800_000_000.0
RULES = ArrivalRules()
QUIET = ArrivalRules(CompleteWhen.QUIET_PERIOD)
TABLES = ("Image.csv", "Cells.csv", "Nuclei.csv", "Experiment.csv")
EXPECTED = tuple(ExpectedSite("A01", str(site)) for site in (1, 2, 3))


def plate(
    folders: dict[str, dict[str, int]], expected: tuple[ExpectedSite, ...] | None = EXPECTED
) -> PlateCompleteness:
    facts = [
        SiteFolderFacts(name, parse_site_folder(name, "P"), files)
        for name, files in sorted(folders.items())
    ]
    return site_matrix(expected, facts)


def whole(*sites: int) -> dict[str, dict[str, int]]:
    return {f"P-A01-{site}": dict.fromkeys(TABLES, 9) for site in sites}


def test_all_expected_sites_are_ready_once_they_have_settled() -> None:
    found = readiness(plate(whole(1, 2, 3)), last_change=NOW - 59, rules=RULES, now=NOW)
    assert (found.ready, found.again_at) == (False, NOW + 1)
    found = readiness(plate(whole(1, 2, 3)), last_change=NOW - 60, rules=RULES, now=NOW)
    assert found.ready
    assert found.again_at is None


def test_a_missing_site_is_never_waited_for_and_the_reason_says_what_to_do() -> None:
    found = readiness(plate(whole(1, 3)), last_change=0.0, rules=RULES, now=NOW)
    assert not found.ready
    assert found.again_at is None
    assert found.reason.startswith("1 site missing")
    for remedy in ("quiet_period", "exclude", "by hand"):
        assert remedy in found.reason


def test_with_a_quiet_period_missing_sites_do_not_matter() -> None:
    found = readiness(plate(whole(1, 3)), last_change=NOW - 3600, rules=QUIET, now=NOW)
    assert found.ready
    assert found.reason == "2 of 3 sites; nothing changed for 60 min"
    found = readiness(plate(whole(1, 2, 3)), last_change=NOW - 3599, rules=QUIET, now=NOW)
    assert found.again_at == NOW + 1


@pytest.mark.parametrize("rules", [RULES, QUIET])
def test_without_load_data_a_plate_waits_for_the_quiet_period(rules: ArrivalRules) -> None:
    for age, ready in ((3599, False), (3600, True)):
        look = plate(whole(1), expected=None)
        assert readiness(look, last_change=NOW - age, rules=rules, now=NOW).ready is ready


def test_folders_that_do_not_tell_sites_wait_for_the_quiet_period() -> None:
    look = plate({"P-A01": dict.fromkeys(TABLES, 9)})
    for age, ready in ((3599, False), (3600, True)):
        assert readiness(look, last_change=NOW - age, rules=RULES, now=NOW).ready is ready


@pytest.mark.parametrize("lacks", [{"Cells.csv": 0}, {"Cells.csv": None}, {"Image.csv": 0}])
def test_a_site_that_lacks_a_table_is_waited_for_until_nothing_changes(
    lacks: dict[str, int | None],
) -> None:
    folders = whole(1, 2, 3)
    for file, size in lacks.items():
        del folders["P-A01-2"][file]
        if size is not None:
            folders["P-A01-2"][file] = size
    look = plate(folders)
    assert look.lacking == ("P-A01-2",)
    found = readiness(look, last_change=NOW - 3599, rules=RULES, now=NOW)
    assert not found.ready
    assert "P-A01-2 lacks a table" in found.reason
    assert readiness(look, last_change=NOW - 3600, rules=RULES, now=NOW).ready


def test_a_table_that_few_sites_have_and_experiment_csv_are_not_lacking() -> None:
    folders = whole(1, 2, 3)
    folders["P-A01-1"]["Speckles.csv"] = 9
    del folders["P-A01-2"]["Experiment.csv"]
    folders["P-A01-3"] = {"image.CSV": 9, "cells.csv": 9, "Nuclei.csv": 9}
    assert plate(folders).lacking == ()


@pytest.mark.parametrize("folders", [{}, {"P-A01-1": {}}, {"P-A01-1": {"Cells.csv": 9}}])
@pytest.mark.parametrize("rules", [RULES, QUIET])
def test_a_plate_without_an_image_csv_is_not_ready_however_quiet(
    folders: dict[str, dict[str, int]], rules: ArrivalRules
) -> None:
    for expected in (None, EXPECTED):
        found = readiness(plate(folders, expected), last_change=0.0, rules=rules, now=NOW)
        assert (found.ready, found.again_at) == (False, None)


def test_an_unknown_time_counts_as_now_and_so_does_one_in_the_future() -> None:
    for changed in (None, NOW + 86_400):
        found = readiness(plate(whole(1, 2, 3)), last_change=changed, rules=RULES, now=NOW)
        assert (found.ready, found.again_at) == (False, NOW + 60)


@given(
    sites=st.sets(st.integers(1, 3)),
    lacking=st.booleans(),
    loaded=st.booleans(),
    quiet=st.booleans(),
    changed=st.floats(0, 2 * NOW),
    later=st.floats(0, 1e6),
)
def test_readiness_never_ends_while_nothing_changes_and_comes_when_it_says(
    sites: set[int], lacking: bool, loaded: bool, quiet: bool, changed: float, later: float
) -> None:
    folders = whole(*sites)
    if lacking and 1 in folders:
        del folders["P-A01-1"]["Cells.csv"]
    look = plate(folders, EXPECTED if loaded else None)
    rules = QUIET if quiet else RULES
    changed = min(changed, NOW)
    found = readiness(look, last_change=changed, rules=rules, now=NOW)
    after = readiness(look, last_change=changed, rules=rules, now=NOW + later)
    assert found.reason
    if found.ready:
        assert after.ready
    elif found.again_at is not None:
        assert found.again_at > NOW
        assert after.ready is (NOW + later - changed >= found.again_at - changed)
    else:
        assert not after.ready


def test_a_batch_has_its_own_rules_and_its_name_is_text() -> None:
    text = (
        "pipeline: p\narrival:\n  settle_seconds: 5\n  batches:\n"
        "    - batch: 000123\n      complete_when: quiet_period\n      quiet_minutes: 0.5\n"
    )
    arrival = parse_config(text, path="c.yml").arrival
    assert arrival.rules("000123") == ArrivalRules(CompleteWhen.QUIET_PERIOD, 0.5, 5)
    assert arrival.rules("123") == ArrivalRules(CompleteWhen.EXPECTED_SITES, 60, 5)
    assert parse_config("pipeline: p", path="c.yml").arrival.rules("b") == ArrivalRules()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  quiet_minutes: -1", "c.yml:3: arrival.quiet_minutes is -1; it must be a number"),
        ("  settle_seconds: 1e99", "c.yml:3: arrival.settle_seconds is 1e+99, which is more than"),
        ("  complete_when: never", "c.yml:3: arrival.complete_when is 'never'; it must be expect"),
        ("  batches: {B1: {}}", "each batch is written `- batch: BATCH`"),
        ("  batches:\n    - batch: B\n    - batch: B", "c.yml:5: arrival.batches[2].batch is B"),
        ("  quiet_minute: 5", "did you mean quiet_minutes?"),
    ],
)
def test_a_wrong_rule_is_named_with_its_line(lines: str, said: str) -> None:
    with pytest.raises(Exception, match="problem") as caught:
        parse_config(f"pipeline: p\narrival:\n{lines}\n", path="c.yml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (2e5, "2 days")],
)
def test_a_span_of_time_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
