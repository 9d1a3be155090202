"""Which load data file is taken, and load data as Parquet."""

import io

import pandas as pd
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.quality.summary_table import sites_of_load_data
from profiling_assets.workspace.load_data import load_data_file
from profiling_assets.workspace.sites import ExpectedSite, expected_sites

TABLE = pd.DataFrame(
    {
        "FileName_OrigDNA": ["a.tif"] * 4,
        "FileName_IllumDNA": ["i.npy"] * 4,
        "Metadata_Plate": ["P1", "P1", "P1", "P2"],
        "Metadata_Well": ["A01", "A01", "b2", "A01"],
        "Metadata_Site": [1, 2, 1, 9],
    }
)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["load_data.csv", "load_data_with_illum.parquet"], "load_data_with_illum.parquet"),
        (["load_data.parquet", "load_data.csv.gz"], "load_data.csv.gz"),
        (["LOAD_DATA.CSV", "notes.csv"], "LOAD_DATA.CSV"),
        (["load_data_unprojected.csv", "load_data.parquet"], "load_data.parquet"),
        (["load_data_unprojected.csv"], "load_data_unprojected.csv"),
        (["load_data.xlsx", "my_load_data.csv", ".load_data.csv"], None),
    ],
)
def test_the_usual_names_come_first(names: list[str], chosen: str | None) -> None:
    assert load_data_file(names) == chosen


def parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("sites", [[1, 2, 1, 9], ["1", "2", "1", "9"], [1.0, 2.0, 1.0, 9.0]])
def test_parquet_names_the_sites_that_the_csv_names(sites: list[object]) -> None:
    table = TABLE.assign(Metadata_Site=sites)
    csv = TABLE.to_csv(index=False).encode()
    found = expected_sites(parquet(table), path="x.parquet", plate="P1")
    assert found == expected_sites(csv, path="x.csv", plate="P1")
    assert found == (ExpectedSite("A01", "1"), ExpectedSite("A01", "2"), ExpectedSite("b2", "1"))
    assert sites_of_load_data(
        parquet(table), path="x", plate="P1", row="Metadata_Row", column="Metadata_Col"
    ) == sites_of_load_data(csv, path="x", plate="P1", row="Metadata_Row", column="Metadata_Col")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (parquet(TABLE.drop(columns="Metadata_Well")), "no column Metadata_Well"),
        (parquet(TABLE.assign(Metadata_Well=["A01", None, "b2", "A01"])), "row 2 has no"),
        (parquet(TABLE)[:-40], "cannot be read"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"PK\x03\x04....xl/workbook.xml", "a spreadsheet"),
    ],
)
def test_load_data_that_cannot_be_used_are_refused_by_what_they_are(
    data: bytes, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        expected_sites(data, path="load_data_csv/B/P1/load_data.parquet", plate="P1")
    assert caught.value.path is not None
    assert caught.value.remedy
