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
