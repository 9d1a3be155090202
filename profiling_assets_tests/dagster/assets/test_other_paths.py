"""One asset, several files in its history: other levels, other compression, the copy beside it."""

import gzip
from collections.abc import Iterable

import pytest

from profiling_assets.steps.results import Task
from profiling_assets_tests.dagster.desk import P1, P2, SELECTED, Desk

AGGREGATED = "aggregated_profiles"
COPY = f"backend/{P1}/000123.csv"


def _names(tasks: Iterable[Task]) -> set[str]:
    return {task.name for task in tasks}


def test_a_file_of_another_level_that_was_not_made_here_is_adopted(desk: Desk) -> None:
    theirs = gzip.compress(b"Metadata_Plate,Metadata_Well,Cells_A\n000123,A01,1.5\n", mtime=1)
    file = desk.file(f"profiles/{P1}/000123_normalized_feature_select_plate.csv.gz")
    file.write_bytes(theirs)
    desk.configure({"feature_select.level": "plate", "feature_select.gct": False})
    plan = desk.run()
    assert f"feature_selected_profiles of {P1}" in {str(task) for task in plan.adopt}
    assert file.read_bytes() == theirs


def test_switching_a_value_and_back_builds_what_the_standing_file_was_not_made_with(
    desk: Desk,
) -> None:
    with_mean = desk.file(f"profiles/{P1}/000123.csv.gz").read_bytes()
    desk.configure({"collate.method": "median"})
    assert desk.config is not None
    text = desk.config.read_text()
    assert "compression: gzip" in text
    desk.config.write_text(text.replace("compression: gzip", "compression: null"))
    assert AGGREGATED in _names(desk.run([P1], [AGGREGATED]).build)
    assert desk.file(f"profiles/{P1}/000123.csv").exists()
    desk.configure({"collate.method": "median"})
    plan = desk.run([P1], [AGGREGATED])
    assert AGGREGATED in _names(plan.build)
    assert desk.file(f"profiles/{P1}/000123.csv.gz").read_bytes() != with_mean


def test_another_level_and_back_leaves_the_first_level_current(desk: Desk) -> None:
    desk.configure({"feature_select.level": "plate", "feature_select.gct": False})
    assert SELECTED[0] in _names(desk.run().build)
    desk.configure({})
    assert desk.to_build() == set()


def test_a_copy_at_full_precision_that_was_not_made_here_is_left_alone(fresh: Desk) -> None:
    file = fresh.file(COPY)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"Metadata_Plate,Metadata_Well,Cells_A\n000123,A01,1.5\n")
    theirs = file.read_bytes()
    assert fresh.materialize([AGGREGATED], P1).success
    assert file.read_bytes() == theirs
    assert fresh.file(f"profiles/{P1}/000123.csv.gz").exists()


def test_a_copy_at_full_precision_of_our_own_is_made_anew(desk: Desk) -> None:
    before = desk.file(COPY).read_bytes()
    desk.configure({"collate.method": "median"})
    desk.run([P1], [AGGREGATED])
    assert desk.file(COPY).read_bytes() != before


@pytest.mark.parametrize("plate", [P1, P2])
def test_sites_whose_folders_are_gone_are_missing_in_the_new_ledger(desk: Desk, plate: str) -> None:
    name = plate.partition("/")[2]
    for table in ("load_data.csv", "load_data_with_illum.csv"):
        desk.file(f"load_data_csv/{plate}/{table}").unlink(missing_ok=True)
    folder = sorted(desk.file(f"analysis/{plate}/analysis").iterdir())[-1]
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    desk.run([plate], [AGGREGATED, "sqlite_backend"])
    ledger = desk.file(f"backend/{plate}/{name}_sites.tsv").read_text()
    (line,) = [line for line in ledger.splitlines() if line.startswith(folder.name)]
    assert "\tmissing\twas in a former backend; its folder is gone\t" in line
