"""The stacked profiles of a batch and their GCT file: what is in them, when they are refused."""

import gzip
from io import BytesIO
from pathlib import Path

import h5py
import pandas as pd
import pytest

from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import read_profiles
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    P1,
    P2,
    P3,
    STACKS,
    Desk,
    expected_tasks,
    failure_text,
)

TWINS = pytest.mark.parametrize("twin", ["", "_negcon"])


def _stacked(desk: Desk, batch: str, ending: str) -> Path:
    return desk.file(f"gct/{batch}/{batch}_normalized_feature_select{ending}")


def _frame(file: Path) -> pd.DataFrame:
    return read_profiles(file.read_bytes(), path=file.name)


@TWINS
def test_the_table_of_a_batch_is_its_plates_tables_one_below_the_other(
    built: Desk, twin: str
) -> None:
    plates = [
        _frame(built.file(f"profiles/{plate}/{name}_normalized_feature_select{twin}_batch.csv.gz"))
        for plate, name in ((P1, "000123"), (P2, "PL-01-x"))
    ]
    stacked = _frame(_stacked(built, BATCH1, f"{twin}_batch.csv.gz"))
    assert (stacked.pop("Metadata_batch") == BATCH1).all()
    pd.testing.assert_frame_equal(stacked, pd.concat(plates, ignore_index=True))
    assert stacked["Metadata_Plate"].tolist()[0] == "000123"


@TWINS
def test_the_gct_file_is_the_one_that_pycytominer_writes_of_the_table(
    built: Desk, twin: str, tmp_path: Path
) -> None:
    write_gct = reference("pycytominer.cyto_utils").write_gct
    for batch in (BATCH1, BATCH2):
        table = _frame(_stacked(built, batch, f"{twin}_batch.csv.gz"))
        write_gct(table, str(tmp_path / "theirs.gct"))
        ours = _stacked(built, batch, f"{twin}_batch.gct").read_bytes()
        assert ours == (tmp_path / "theirs.gct").read_bytes()
        assert ours.startswith(b"#1.3\r\n")


def test_what_is_left_out_of_the_gct_file_is_told_with_the_reason(built: Desk) -> None:
    metadata = built.metadata("gct", BATCH1)
    table = built.metadata("stacked_profiles", BATCH1)
    left_out = metadata["columns_left_out"].value
    assert isinstance(left_out, int)
    assert left_out > 0  # the demo's image features
    assert metadata["features"].value == table["features"].value - left_out  # pyright: ignore[reportOperatorIssue] - both are numbers
    assert "pycytominer" in str(metadata["left_out_because"].value)
    assert table["plates"].value == 2
    assert table["wells"].value == 24  # A01 of two plates are two wells


def test_a_batch_is_not_stacked_while_a_plate_lacks_its_profiles(desk: Desk) -> None:
    path = f"profiles/{P2}/PL-01-x_normalized_feature_select_batch.csv.gz"
    desk.file(path).unlink()
    text = failure_text(desk.materialize(["stacked_profiles"], BATCH1))
    assert f"1 of them is not feature-selected: {P2}" in text
    assert path in text
    assert f"profiling-assets exclude {P2} --reason" in text


def test_a_deleted_gct_file_is_made_again_and_nothing_else(desk: Desk) -> None:
    file = _stacked(desk, BATCH1, "_batch.gct")
    before = file.read_bytes()
    file.unlink()
    desk.run()
    assert file.read_bytes() == before
    assert desk.to_build() == set()


def test_at_level_all_each_batch_has_its_files_and_an_excluded_plate_is_in_none(
    desk: Desk,
) -> None:
    desk.configure(
        {"feature_select.level": "all", "feature_select_negcon.gct": False},
        {BATCH1: ["PL-01-x"], BATCH2: ["000123"]},
    )
    names = ["selected_features_all", "feature_selected_profiles", *STACKS[:2]]
    plan = desk.run(names=names)
    assert {str(task) for task in plan.build} == {
        "selected_features_all of all",
        *expected_tasks(["feature_selected_profiles"], [P2, P3]),
        *expected_tasks(STACKS[:2], [BATCH1, BATCH2]),
    }
    tables = [_frame(_stacked(desk, batch, "_all.csv.gz")) for batch in (BATCH1, BATCH2)]
    assert [set(table["Metadata_Plate"]) for table in tables] == [{"PL-01-x"}, {"000123"}]
    assert list(tables[0].columns) == list(tables[1].columns)
    assert _stacked(desk, BATCH2, "_all.gct").read_bytes().startswith(b"#1.3\r\n")
    assert desk.to_build(names=names) == set()


def test_a_table_has_its_copies_beside_it_with_the_same_values(desk: Desk) -> None:
    desk.configure({"options.formats": ["csv.gz", "parquet", "h5ad"]})
    assert desk.materialize(STACKS[:2], BATCH2).success
    folder = desk.file(f"gct/{BATCH2}")
    name = f"{BATCH2}_normalized_feature_select_batch"
    assert {f.name for f in folder.iterdir() if "negcon" not in f.name} == {
        f"{name}.{form}" for form in ("csv.gz", "gct", "h5ad", "parquet")
    }
    frame = _frame(folder / f"{name}.csv.gz")
    assert pd.read_parquet(folder / f"{name}.parquet").equals(frame)
    with h5py.File(BytesIO((folder / f"{name}.h5ad").read_bytes()), "r") as file:
        plates = file["obs/Metadata_Plate"].asstr()[()]  # pyright: ignore[reportAttributeAccessIssue] - h5py has no types
    assert list(plates) == frame["Metadata_Plate"].tolist()
    text = gzip.decompress((folder / f"{name}.csv.gz").read_bytes())
    assert text.startswith(b"Metadata_")
