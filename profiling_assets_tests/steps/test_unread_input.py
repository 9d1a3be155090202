"""A plate of which nothing can be made is a problem, and what lies unread is told by a run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import scanned_catalog
from profiling_assets.steps.current import Recorded
from profiling_assets.steps.plan import Plan, Planner
from profiling_assets.steps.unread_input import unread_of_run
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.layouts import KEY, Layout, write_plate

SITES = f"analysis/{KEY}/analysis"


def planned(root: Path) -> tuple[Plan, list[str]]:
    catalog = scanned_catalog(Settings(str(root)))

    def records(
        name: str, partitions: Sequence[str], path: Callable[[str], str]
    ) -> dict[str, Recorded]:
        del name, partitions, path
        return {}

    planner = Planner(catalog, records, force=False)
    plates = catalog.asked_for.plates
    found = unread_of_run(catalog, plates, planner.source)
    return planner.plan(plates), [f"{one.scope}: {one.where}" for one in found]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_plate(tmp_path, Layout(), Random(1))
    return tmp_path


def renamed(root: Path, pattern: str, suffix: str) -> None:
    for file in (root / SITES).rglob(pattern):
        file.rename(file.with_suffix(suffix))


@pytest.mark.parametrize("backend", [False, True])
@pytest.mark.parametrize("suffix", [".parquet", ".csv.bz2", ".xlsx", ".csv.dvc"])
def test_a_plate_whose_csvs_cannot_be_read_is_impossible_whatever_stands(
    root: Path, suffix: str, backend: bool
) -> None:
    renamed(root, "*.csv", suffix)
    if backend:
        file = root / f"backend/{KEY}/{KEY.plate}.csv"
        file.parent.mkdir(parents=True)
        file.write_text("Metadata_Plate,Metadata_Well,Cells_a\nPL-01-x,A01,1\n")
    plan, _ = planned(root)
    (reason,) = [why for task, why in plan.impossible.items() if task.partition == str(KEY)]
    assert f"Image{suffix}" in reason or f"Cells{suffix}" in reason
    assert "CellProfiler again" not in reason
    assert "exclude" not in reason


def test_a_plate_with_empty_folders_only_is_impossible(root: Path) -> None:
    for file in (root / SITES).rglob("*.csv"):
        file.unlink()
    plan, _ = planned(root)
    (reason,) = plan.impossible.values()
    assert "nothing to aggregate" in reason


def test_what_lies_unread_is_told_of_plates_and_of_the_workspace(root: Path) -> None:
    (root / SITES / "PL-01-x-A01-1" / "Image.csv.gz").write_bytes(b"x")
    (root / "analysis" / KEY.batch / "Cells.csv").write_bytes(b"x")
    plan, found = planned(root)
    assert plan.impossible == {}
    assert found == [
        f": analysis/{KEY.batch}/Cells.csv",
        f"{KEY}: {SITES}/PL-01-x-A01-1/Image.csv.gz",
    ]


def test_an_archive_beside_a_standing_backend_is_told_and_stops_nothing(root: Path) -> None:
    for file in (root / SITES).rglob("*.csv"):
        file.unlink()
    (root / SITES / "csvs.tar.gz").write_bytes(b"x")
    file = root / f"backend/{KEY}/{KEY.plate}.csv"
    file.parent.mkdir(parents=True)
    file.write_text("Metadata_Plate,Metadata_Well,Cells_a\nPL-01-x,A01,1\n")
    plan, found = planned(root)
    assert [task for task in plan.impossible if task.partition == str(KEY)] == []
    assert found == [f"{KEY}: {SITES}/csvs.tar.gz"]
    assert PlateKey.parse(plan.build[0].partition) == KEY
