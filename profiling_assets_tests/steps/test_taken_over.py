"""Later profiles as Parquet, of a plate that has nothing before them, are taken over."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, scanned_catalog
from profiling_assets.steps.current import Action
from profiling_assets.steps.judge import PlanJudge
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.steps.results import AGGREGATED, ANNOTATED, NORMALIZED, Task
from profiling_assets.steps.taken_over import taken_over
from profiling_assets.workspace.names import PlateKey

KEY = PlateKey("B1", "000123")
FOLDER = f"profiles/{KEY}"
WELLS: Any = pd.DataFrame(
    {
        "Metadata_Plate": ["000123"] * 2,
        "Metadata_Well": ["A01", "A02"],
        "Metadata_dose": pd.Series([1, None], dtype="Int64"),
        "Metadata_Object_Count": [3, 4],
        "Cells_AreaShape_Area": pd.Series([0.1, None], dtype="float32"),
    }
)


def published(root: Path, *steps: str) -> Catalog:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for step in steps:
        WELLS.to_parquet(root / FOLDER / f"000123{step}.parquet")
    return scanned_catalog(Settings(str(root), None))


def judge_of(catalog: Catalog) -> PlanJudge:
    return PlanJudge(catalog, lambda *_: {}, force=False)


def task(name: str) -> Task:
    return Task(name, str(KEY))


def test_each_table_that_stands_as_parquet_is_taken_over_and_the_others_are_made(tmp_path: Path):
    judge = judge_of(published(tmp_path, "_augmented"))
    assert judge.taken_over_from(task(ANNOTATED)) == f"{FOLDER}/000123_augmented.parquet"
    assert judge.action(task(ANNOTATED)) is Action.BUILD
    assert judge.upstream(task(ANNOTATED)) == []
    assert judge.action(task(AGGREGATED)) is None
    assert judge.taken_over_from(task(NORMALIZED)) is None
    assert judge.action(task(NORMALIZED)) is Action.BUILD
    both = judge_of(published(tmp_path, "_augmented", "_normalized"))
    assert both.upstream(task(NORMALIZED)) == []


def test_another_content_is_taken_over_anew(tmp_path: Path):
    catalog = published(tmp_path, "_augmented")
    before = judge_of(catalog).wanted(task(ANNOTATED)).fingerprint
    assert judge_of(catalog).wanted(task(ANNOTATED)).fingerprint == before
    WELLS.head(1).to_parquet(tmp_path / FOLDER / "000123_augmented.parquet")
    assert judge_of(catalog).wanted(task(ANNOTATED)).fingerprint != before


def test_a_copy_beside_what_a_plate_is_made_from_is_none_of_it(tmp_path: Path):
    catalog = published(tmp_path, "_augmented", "")
    judge = judge_of(catalog)
    assert judge.taken_over_from(task(ANNOTATED)) is None
    assert judge.source(KEY).path == f"{FOLDER}/000123.parquet"
    assert judge.action(task(AGGREGATED)) is Action.BUILD


def test_the_table_has_the_values_of_the_file(tmp_path: Path):
    catalog = published(tmp_path, "_augmented")
    path = f"{FOLDER}/000123_augmented.parquet"
    table = taken_over(catalog.workspace, catalog.config, KEY, path)
    assert table.unchanged is not None
    again = read_profiles(table.unchanged, path="x.csv.gz")
    pd.testing.assert_frame_equal(again, table.frame)
    assert again["Metadata_Plate"].tolist() == ["000123", "000123"]
    assert again["Metadata_dose"].tolist() == ["1", ""]
    assert again["Metadata_Object_Count"].tolist() == [3, 4]
    assert again["Cells_AreaShape_Area"].tolist()[0] == float(WELLS["Cells_AreaShape_Area"][0])


@pytest.mark.parametrize("name", ["000123_augmented.parquet", "000123_normalized.csv.gz"])
def test_a_pointer_in_its_place_is_told_by_check(name: str, tmp_path: Path):
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x\n")
    catalog = scanned_catalog(Settings(str(tmp_path), None))
    found = preflight(catalog, {KEY: everything(catalog)}).findings
    (finding,) = [one for one in found if one.rule == "source"]
    assert finding.where == f"{FOLDER}/{name}"
    assert "git lfs pull" in finding.remedy
    if name.endswith(".parquet"):
        with pytest.raises(InvalidInputError, match="Git LFS"):
            taken_over(catalog.workspace, catalog.config, KEY, f"{FOLDER}/{name}")
