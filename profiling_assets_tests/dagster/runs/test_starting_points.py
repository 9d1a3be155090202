"""Plates that do not start at CSVs: what is asked for, adopted and built, and from which source."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from profiling_assets.steps.results import AGGREGATED, SQLITE
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    LISTS,
    NORMALIZED,
    P1,
    P2,
    P3,
    PLATE_ASSETS,
    SELECTED,
    STACKS,
    Desk,
    expected_tasks,
    failure_text,
    touch_later,
)

ANNOTATED = "annotated_profiles"
BACKEND_SQLITE = f"backend/{P3}/000123.sqlite"
BACKEND_CSV = f"backend/{P3}/000123.csv"
PROFILES_CSV = f"profiles/{P3}/000123.csv.gz"
AUGMENTED = f"profiles/{P3}/000123_augmented.csv.gz"
NORMALIZED_CSV = f"profiles/{P3}/000123_normalized.csv.gz"
WHOLE = expected_tasks(PLATE_ASSETS, [P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])


def _plate(*names: str) -> set[str]:
    return expected_tasks(names, [P3])


@pytest.mark.parametrize(
    ("path", "adopted", "no_source"),
    [
        (BACKEND_SQLITE, _plate(SQLITE), set()),
        (BACKEND_CSV, set(), _plate(SQLITE)),
        (PROFILES_CSV, _plate(AGGREGATED), _plate(SQLITE)),
        (AUGMENTED, _plate(ANNOTATED), _plate(SQLITE, AGGREGATED)),
        (
            NORMALIZED_CSV,
            _plate("normalized_profiles"),
            _plate(SQLITE, AGGREGATED, ANNOTATED, NORMALIZED[1], SELECTED[1])
            | expected_tasks([LISTS[1], *STACKS[2:]], [BATCH2]),
        ),
    ],
    ids=["sqlite", "backend", "profiles", "augmented", "normalized"],
)
def test_a_published_plate_is_built_from_where_it_starts(
    built: Desk, tmp_path: Path, path: str, adopted: set[str], no_source: set[str]
) -> None:
    desk = built.cut_down_to(tmp_path, path)
    plan = desk.plan()
    assert {str(task) for task in plan.adopt} == adopted
    assert {str(task) for task in plan.no_source} == no_source
    assert {str(task) for task in plan.build} == WHOLE - adopted - no_source
    assert not plan.impossible


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (BACKEND_SQLITE, [SQLITE, AGGREGATED]),
        (BACKEND_CSV, [AGGREGATED]),
        (PROFILES_CSV, [AGGREGATED, ANNOTATED]),
        (NORMALIZED_CSV, ["normalized_profiles", LISTS[0], SELECTED[0]]),
    ],
    ids=["sqlite", "backend", "profiles", "normalized"],
)
def test_a_published_plate_is_current_once_it_was_built(
    built: Desk, tmp_path: Path, path: str, names: list[str]
) -> None:
    desk = built.cut_down_to(tmp_path, path)
    before = desk.file(path).read_bytes()
    plan = desk.run(names=names)
    assert len(plan.build) + len(plan.adopt) == len(names)
    assert desk.file(path).read_bytes() == before
    again = desk.plan(names=names)
    assert len(again.current) == len(names)


SOURCES = {
    "csvs": (f"analysis/{P3}", f"load_data_csv/{P3}", BACKEND_SQLITE, BACKEND_CSV),
    "sqlite": (BACKEND_SQLITE, BACKEND_CSV),
    "table in backend": (BACKEND_CSV,),
    "table in profiles": (PROFILES_CSV,),
    "nothing": (f"backend/{P3}/000123_sites.tsv",),
}


@pytest.mark.parametrize(
    ("perform", "there", "answer"),
    [
        (True, "csvs", "build from csvs"),
        (True, "sqlite", "build from sqlite"),
        (True, "table in backend", "impossible"),  # a finished table cannot follow the section
        (True, "table in profiles", "adopt"),
        (False, "csvs", "build from csvs"),
        (False, "sqlite", "build from sqlite"),
        (False, "table in backend", "build from profiles"),
        (False, "table in profiles", "adopt"),
    ],
)
def test_the_source_of_the_aggregated_profiles(
    built: Desk, tmp_path: Path, *, perform: bool, there: str, answer: str
) -> None:
    desk = built.cut_down_to(tmp_path, *SOURCES[there])
    desk.configure({"aggregate.perform": perform}, {BATCH2: ["000123"]})
    planner = desk.planner()
    plan = planner.plan([PlateKey.parse(P3)], [AGGREGATED])
    answers = {
        "build": plan.build,
        "adopt": tuple(plan.adopt),
        "impossible": tuple(plan.impossible),
    }
    (found,) = (word for word, tasks in answers.items() if AGGREGATED in {t.name for t in tasks})
    assert found == answer.partition(" ")[0]
    if found == "build":
        source = planner._judge.source(PlateKey.parse(P3)).kind
        assert f"build from {source}" == answer


def test_a_table_in_backend_is_taken_over_unchanged(built: Desk, tmp_path: Path) -> None:
    desk = built.cut_down_to(tmp_path, BACKEND_CSV)
    desk.run(names=[AGGREGATED])
    taken = gzip.decompress(desk.file(PROFILES_CSV).read_bytes())
    assert taken == built.file(BACKEND_CSV).read_bytes()
    assert desk.metadata(AGGREGATED, P3)["source"].value == "profiles"
    assert desk.metadata(AGGREGATED, P3)["taken_over_from"].value == BACKEND_CSV


@pytest.mark.parametrize("perform", [True, False])
def test_a_plate_with_nothing_to_start_from_is_an_error_that_names_the_places(
    built: Desk, tmp_path: Path, *, perform: bool
) -> None:
    desk = built.cut_down_to(tmp_path, f"analysis/{P2}", f"load_data_csv/{P2}")
    for csv in desk.file(f"analysis/{P2}").rglob("*.csv"):
        csv.unlink()
    desk.configure({"aggregate.perform": perform})
    plan = desk.plan()
    assert not plan.build
    ((task, reason),) = plan.impossible.items()
    assert str(task) == f"{AGGREGATED} of {P2}"
    places = [f"analysis/{P2}/analysis", f"backend/{P2}/PL-01-x.sqlite"]
    tables = [f"profiles/{P2}/PL-01-x.csv.gz", f"backend/{P2}/PL-01-x.csv"]
    for place in (*places, *(() if perform else tables)):
        assert place in reason
    assert f"exclude {P2}" in reason
    # and in the UI
    text = failure_text(desk.materialize([AGGREGATED], P2))
    assert "nothing to aggregate; looked for" in text


def test_a_batch_with_a_plate_that_has_nothing_to_start_from_names_it_and_how_to_take_it_out(
    fresh: Desk,
) -> None:
    for csv in fresh.file(f"analysis/{P2}").rglob("*.csv"):
        csv.unlink()
    plan = fresh.plan()
    good = expected_tasks([*PLATE_ASSETS], [P1, P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])
    assert {str(t) for t in plan.build} == good - expected_tasks(SELECTED, [P1])
    assert {str(t) for t in plan.impossible} == {
        f"{AGGREGATED} of {P2}",
        *expected_tasks(LISTS, [BATCH1]),
    }
    for task, reason in plan.impossible.items():
        if task.name in LISTS:
            assert P2 in reason
            assert f"profiling-assets exclude {P2} --reason" in reason
            assert "process: false" in reason


def test_a_plate_that_comes_without_data_holds_its_built_batch_up(desk: Desk) -> None:
    empty = f"{BATCH1}/PL-04"
    desk.file(f"analysis/{empty}/analysis/PL-04-A01-1").mkdir(parents=True)
    plan = desk.plan()
    assert {str(t) for t in plan.impossible} == {
        f"{AGGREGATED} of {empty}",
        *expected_tasks([*LISTS, STACKS[0], STACKS[2]], [BATCH1]),  # although they stand
    }
    assert not plan.build
    assert not plan.waiting
    # a plate of the batch that changes is built, and not with the old list
    touch_later(min(desk.file(f"analysis/{P1}").rglob("Cells.csv")))
    plan = desk.plan()
    assert {str(task) for task in plan.build} == (
        expected_tasks(PLATE_ASSETS, [P1]) - expected_tasks(SELECTED, [P1])
    )
    assert {str(task) for task in plan.waiting} == expected_tasks(SELECTED, [P1])
    assert set(plan.waiting.values()) == {f"{name} of {BATCH1} is not there" for name in LISTS}


def test_a_plate_that_the_config_names_and_nobody_has_holds_its_batch_up(fresh: Desk) -> None:
    fresh.configure({}, {BATCH1: ["000123", "PL-99"], BATCH2: ["000123"]})
    plan = fresh.plan()
    stacked = expected_tasks([STACKS[0], STACKS[2]], [BATCH1])
    assert {str(t) for t in plan.impossible} == expected_tasks(LISTS, [BATCH1]) | stacked
    assert {str(t) for t in plan.waiting} == (
        expected_tasks(SELECTED, [P1]) | expected_tasks([STACKS[1], STACKS[3]], [BATCH1])
    )
    for reason in plan.impossible.values():
        assert f"the config names {BATCH1}/PL-99" in reason
        assert "process: false" in reason
        assert "exclude" not in reason  # the workspace has no such plate to exclude


def test_aggregate_only_takes_the_backend_although_there_are_csvs(
    built: Desk, tmp_path: Path
) -> None:
    desk = built.cut_down_to(tmp_path, *SOURCES["csvs"])
    desk.configure({"collate.aggregate_only": True})
    plan = desk.run(names=[SQLITE, AGGREGATED])
    assert {str(t) for t in plan.adopt} == _plate(SQLITE)
    assert desk.metadata(AGGREGATED, P3)["source"].value == "sqlite"
    desk.file(BACKEND_SQLITE).unlink()
    desk.file(PROFILES_CSV).unlink()
    (reason,) = desk.plan().impossible.values()
    assert BACKEND_SQLITE in reason


def test_a_foreign_backend_is_refused_with_the_tables_it_has(built: Desk, tmp_path: Path) -> None:
    desk = built.cut_down_to(tmp_path, BACKEND_SQLITE)
    file = desk.file(BACKEND_SQLITE)
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE Per_Cells (a INTEGER)")
    connection.close()
    text = failure_text(desk.materialize([AGGREGATED], P3))
    assert "Per_Cells" in text
    assert BACKEND_SQLITE in text
