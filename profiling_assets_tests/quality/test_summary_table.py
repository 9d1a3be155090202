"""Wells and sites of a plate, against the recipe's way of counting them with pandas."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.quality.summary_table import (
    COLUMNS,
    sites_of_load_data,
    sites_of_wells,
    summary_row,
    summary_table,
)
from profiling_assets.workspace.names import PlateKey

KEY = PlateKey("B1", "000123")
HEAD = ["FileName_OrigDNA", "FileName_OrigER", "FileName_IllumDNA", "PathName_OrigDNA"]


def load_data(sites: list[tuple[str, int]], *, places: bool = True) -> pd.DataFrame:
    frame = pd.DataFrame({name: [f"{w}_{s}.tiff" for w, s in sites] for name in HEAD})
    frame = frame.assign(Metadata_Plate="000123")
    frame = frame.assign(Metadata_Well=[w for w, _ in sites], Metadata_Site=[s for _, s in sites])
    if places:
        frame["Metadata_Row"] = [ord(w[0]) - 64 for w, _ in sites]
        frame["Metadata_Col"] = [int(w[1:]) for w, _ in sites]
    return frame


def as_the_recipe(frame: pd.DataFrame) -> dict[str, str]:
    """What its summary says of a plate: `Series.mad` is what pandas documented it to be."""
    sites = frame.groupby(["Metadata_Row", "Metadata_Col"])["Metadata_Site"].count()
    images = [n for n in frame.columns if n.startswith("FileName") and "Illum" not in n]
    deviation = (sites - sites.mean()).abs().mean()
    median = int(np.median(sites))
    cells = (KEY.batch, KEY.plate, len(sites), len(images), median, f"{deviation:.3f}")
    return dict(zip(COLUMNS, map(str, cells), strict=True))


def line(data: bytes, *, row: str = "Metadata_Row", column: str = "Metadata_Col") -> dict[str, str]:
    found = sites_of_load_data(data, path="p", plate=KEY.plate, row=row, column=column)
    return summary_row(KEY, found)


wells = st.tuples(st.sampled_from("ABCH"), st.integers(1, 24)).map(lambda w: f"{w[0]}{w[1]:02d}")


@settings(deadline=None)
@given(st.lists(st.tuples(wells, st.integers(1, 9)), min_size=1, max_size=40))
def test_the_line_of_a_plate_is_the_recipes(sites: list[tuple[str, int]]) -> None:
    frame = load_data(sites)
    text = frame.to_csv(index=False).encode()
    assert line(text) == as_the_recipe(frame)
    # row and column from the well give the same
    assert line(frame.drop(columns=["Metadata_Row"]).to_csv(index=False).encode()) == line(text)


def test_the_deviation_is_the_mean_one_and_not_the_median_one() -> None:
    sites = sites_of_wells([9, 9, 9, 5], 5)
    assert (sites.sites_median, sites.sites_mad) == (9, 1.5)
    assert summary_row(KEY, sites)["Sites_per_well_mad"] == "1.500"


def test_a_median_of_half_a_site_is_cut_as_the_recipe_cuts_it() -> None:
    assert summary_row(KEY, sites_of_wells([2, 3], None))["Sites_per_well_Median"] == "2"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.replace(b",", b"\t"),
        gzip.compress,
    ],
    ids=["BOM", "CRLF", "CR", "tabs", "gzip"],
)
def test_every_way_to_write_a_load_data_file_says_the_same(change) -> None:
    frame = load_data([("A01", 1), ("A01", 2), ("B02", 1)])
    assert line(change(frame.to_csv(index=False).encode())) == as_the_recipe(frame)


def test_wells_written_in_two_ways_are_one_well_and_af48_is_one() -> None:
    text = "Metadata_Well,Metadata_Site,FileName_A\nA1,1,x\na01,2,x\nAF48,1,x\n"
    assert list(line(text.encode()).values())[2:] == ["2", "1", "1", "0.500"]


def test_rows_without_a_site_and_rows_of_another_plate_do_not_count() -> None:
    text = "Metadata_Plate,Metadata_Well,Metadata_Site\n000123,A01,1\n000123,A02,\n123,A03,1\n"
    assert line(text.encode())["Well_Count"] == "1"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Metadata_Well,Metadata_Site\n", "\x00\xff"])
def test_a_file_that_names_no_site_is_refused_with_its_path(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        line(text.encode("latin-1"))
    assert caught.value.path == "p"
    assert caught.value.remedy


def test_lines_of_plates_without_a_record_stay_and_excluded_plates_have_none() -> None:
    text = "\t".join(COLUMNS) + "\nB1\t000123\t1\t2\t3\t4\nB0\tP\t1\t2\t3\t4\nB1\tX\t1\t2\t3\t4\n"
    standing = pd.read_csv(io.StringIO(text), sep="\t", dtype=str)
    row = summary_row(KEY, sites_of_wells([9, 9], 5))
    table = summary_table(standing, {KEY: row}, [PlateKey("B1", "X")])
    assert table.to_numpy().tolist() == [
        ["B0", "P", "1", "2", "3", "4"],
        ["B1", "000123", "2", "5", "9", "0.000"],
    ]


def test_a_column_that_somebody_added_stays() -> None:
    standing = pd.DataFrame([["B1", "000123", *"1234", "seen"]], columns=[*COLUMNS, "Comment"])
    row = summary_row(PlateKey("B2", "P"), sites_of_wells([1], None))
    table = summary_table(standing, {PlateKey("B2", "P"): row}, [])
    assert table["Comment"].tolist() == ["seen", ""]
