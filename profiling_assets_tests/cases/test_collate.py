"""Cases of object tables: what is a feature, which wells there are, what is told."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pandas as pd
import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.profiles.column_kinds import is_measured, is_metadata
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import TableOutput
from profiling_assets.steps.results import AGGREGATED, SQLITE
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.opening import open_workspace

KEY = PlateKey("2026_11_22_SynBatch1", "SYN0000001")
Case = Callable[[str], Path]


def aggregated(root: Path, scratch: Path, more: str = "") -> TableOutput:
    workspace = open_workspace(str(root))
    config = parse_config(f"pipeline: p\n{more}", path="c.yml")
    source = plate_source(workspace, config, KEY)
    scratch.mkdir()
    made = make_plate(workspace, config, KEY, source, scratch, wanted=(SQLITE, AGGREGATED)).made
    return cast("TableOutput", made[AGGREGATED])


@pytest.fixture
def base(case: Case, tmp_path: Path) -> pd.DataFrame:
    return aggregated(case("00-base") / "ws", tmp_path / "base").frame


def test_metadata_columns_of_object_csvs_are_no_features_and_all_others_are_as_without_them(
    case: Case, base: pd.DataFrame, tmp_path: Path
):
    made = aggregated(case("metadata-dose") / "ws", tmp_path / "scratch").frame
    assert [n for n in made.columns if not is_metadata(n) and not is_measured(n)] == []
    pd.testing.assert_frame_equal(made, base)


def test_a_table_of_one_site_takes_no_well_and_is_named(
    case: Case, base: pd.DataFrame, tmp_path: Path
):
    made = aggregated(case("stray-table") / "ws", tmp_path / "scratch")
    assert len(made.frame) == 7
    pd.testing.assert_frame_equal(made.frame, base)
    (told,) = [warning for warning in made.warnings if "PH3" in warning]
    assert "1 of 16 sites" in told


def test_columns_that_are_there_twice_are_taken_once_and_named(
    case: Case, base: pd.DataFrame, tmp_path: Path
):
    made = aggregated(case("duplicate-columns") / "ws", tmp_path / "scratch")
    pd.testing.assert_frame_equal(made.frame, base)
    told = [warning for warning in made.warnings if "twice" in warning]
    assert len(told) == 3
    for warning in told:
        assert "Metadata_Field, Metadata_Plate, Metadata_Well" in warning


def test_a_further_table_with_a_column_twice_keeps_the_objects_of_its_site(
    case: Case, base: pd.DataFrame, tmp_path: Path
):
    root = case("00-base") / "ws"
    for folder in (root / "analysis").glob("*/*/analysis/*"):
        lines = (folder / "Nuclei.csv").read_text().splitlines()
        header = "ImageNumber,ObjectNumber,Location_Center_X,Location_Center_X"
        rows = [",".join([*line.split(",")[:2], "1.5", "1.5"]) for line in lines[1:]]
        (folder / "preCells_Cellpose3.csv").write_text("\n".join([header, *rows]) + "\n")
    made = aggregated(root, tmp_path / "scratch")
    extra = "Precells_cellpose3_Location_Center_X"
    pd.testing.assert_frame_equal(made.frame.drop(columns=extra), base)
    assert made.frame[extra].tolist() == [1.5] * len(base)


def test_a_table_that_was_cut_between_two_lines_is_told(case: Case, tmp_path: Path):
    root = case("00-base") / "ws"
    (cells,) = (root / "analysis").glob("*/*/analysis/SYN0000001-B01-1/Cells.csv")
    cells.write_bytes(b"".join(cells.read_bytes().splitlines(keepends=True)[:8]))
    made = aggregated(root, tmp_path / "scratch")
    assert "1 site is count_differs: SYN0000001-B01-1" in made.warnings
    (check,) = [check for check in made.checks if check.name == "objects_as_counted"]
    assert check.verdict == "warning"
    assert "SYN0000001-B01-1 (Cells has 7 rows, Image.csv counts 11)" in check.what
