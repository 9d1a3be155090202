"""Names of site folders and the sites of load data files."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.names import name_problem
from profiling_assets.workspace.sites import (
    ExpectedSite,
    SiteName,
    expected_sites,
    parse_site_folder,
    site_identity,
)
from profiling_assets_tests.support import shared_data

PLATES = st.one_of(
    st.sampled_from(["A01", "A01-1", "PL-01-x", "CP-CC9-R1-04", "000123", "P.1 b", "B2-B3"]),
    st.text(alphabet="AB01-. _x", min_size=1, max_size=12).filter(lambda n: not name_problem(n)),
)
ROWS = st.sampled_from([*"ABCDEFGHIJKLMNOP", "AA", "AF"])
COLUMNS = st.integers(1, 48)
SITES = st.integers(0, 99)


def load_data(*rows: tuple[str, ...], header: str = "Metadata_Plate,Metadata_Well,Metadata_Site"):
    return "\n".join([header, *(",".join(row) for row in rows)]).encode() + b"\n"


@given(plate=PLATES, row=ROWS, column=COLUMNS, site=SITES)
def test_well_and_site_come_back_from_every_folder_that_begins_with_the_plate(
    plate: str, row: str, column: int, site: int
) -> None:
    well = f"{row}{column:02d}"
    assert parse_site_folder(f"{plate}-{well}-{site}", plate) == SiteName(well, str(site))
    assert parse_site_folder(f"{plate}-{well}", plate) == SiteName(well, None)
    assert parse_site_folder(f"{plate}-{row.lower()}{column}-{site}", plate) == SiteName(
        well, str(site)
    )


@given(plate=PLATES, row=ROWS, column=COLUMNS, site=SITES)
def test_folders_without_the_plate_tell_well_and_site(
    plate: str, row: str, column: int, site: int
) -> None:
    well = f"{row}{column:02d}"
    assert parse_site_folder(f"{well}-{site}", plate) == SiteName(well, str(site))
    # a folder called as its plate may hold every well: to take it for one would be a silent error
    told = SiteName(None, None) if plate == well else SiteName(well, None)
    assert parse_site_folder(well, plate) == told


@pytest.mark.parametrize(
    ("folder", "plate", "well", "site"),
    [
        ("A01-A01-1", "A01", "A01", "1"),
        ("A01-1", "A01", "A01", "1"),
        ("A01-B02", "A01", "B02", None),
        ("PL-01-x-A01-1", "PL-01-x", "A01", "1"),
        ("CP-CC9-R1-04-P24-9", "CP-CC9-R1-04", "P24", "9"),
        ("000123-a1-01", "000123", "A01", "01"),
        ("E17-4", "whatever", "E17", "4"),
    ],
)
def test_plates_that_look_like_wells_or_hold_dashes_are_stripped_whole(
    folder: str, plate: str, well: str, site: str | None
) -> None:
    assert parse_site_folder(folder, plate) == SiteName(well, site)


@pytest.mark.parametrize(
    "folder",
    ["outlines", "OTHER-A01-1", "PX1", "PX1-", "PX1-A01-", "PX1-A00-1", "PX1-A01-1-2", "A49-1", ""],
)
def test_other_folders_tell_nothing(folder: str) -> None:
    assert parse_site_folder(folder, "PX1") == SiteName(None, None)


def test_a_site_is_the_same_however_well_and_number_are_written() -> None:
    assert (
        site_identity("A1", "1")
        == site_identity("a01", "01")
        == site_identity(" A001 ", "1.0")
        == ("A01", "1")
    )
    assert site_identity("A01", "0") == site_identity("A01", "00") == ("A01", "0")
    assert site_identity("A01", "10") == ("A01", "10")
    assert site_identity("odd", "x7") == ("odd", "x7")


def test_expected_sites_of_a_real_load_data_file() -> None:
    path = shared_data(
        "cellprofiler_csv/synthetic_cp4281/load_data_csv/2026_11_22_SynBatch1/SYN0000001",
        "load_data_with_illum.csv",
    )
    sites = expected_sites(path.read_bytes(), path=path.name, plate="SYN0000001")
    wells = ["A01", "A02", "A03", "B01", "B02", "B03", "C01", "C02"]
    assert sorted(sites) == [ExpectedSite(well, site) for well in wells for site in "12"]


@pytest.mark.parametrize("encode", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("separator", [b",", b"\t"], ids=["commas", "tabs"])
def test_every_way_of_writing_a_load_data_file_gives_the_same_sites(
    encode, mark: bytes, end: bytes, separator: bytes
) -> None:
    data = load_data(("000123", "A01", "01"), ("000123", "b2", "2"), ("", "", ""))
    data = mark + data.replace(b"\n", end).replace(b",", separator)
    assert expected_sites(encode(data), path="load_data.csv", plate="000123") == (
        ExpectedSite("A01", "01"),
        ExpectedSite("b2", "2"),
    )


def test_sites_keep_the_order_of_the_file_and_count_once() -> None:
    data = load_data(("P", "B01", "2"), ("P", "A01", "1"), ("P", "b1", "02"), ("P", "A01", "1"))
    assert expected_sites(data, path="x", plate="P") == (
        ExpectedSite("B01", "2"),
        ExpectedSite("A01", "1"),
    )


def test_only_the_rows_of_the_plate_are_taken_from_a_file_of_several() -> None:
    data = load_data(("P", "A01", "1"), ("000123", "A02", "1"), ("123", "A03", "1"))
    assert expected_sites(data, path="x", plate="000123") == (ExpectedSite("A02", "1"),)


def test_a_file_of_one_plate_is_taken_whole_whatever_it_calls_the_plate() -> None:
    assert expected_sites(load_data(("old", "A01", "1")), path="x", plate="new")
    data = load_data(("A01", "1"), header="Metadata_Well,Metadata_Site")
    assert expected_sites(data, path="x", plate="new") == (ExpectedSite("A01", "1"),)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no column Metadata_Well"),
        (b"Metadata_Well,FileName_DNA\nA01,x\n", "no column Metadata_Site"),
        (load_data(), "names no site"),
        (load_data(("P", "A01", "")), "line 2 has no Metadata_Site"),
        (load_data(("P", "A01", "1"), ("P",)), "line 3 has no Metadata_Well"),
        (load_data(("Q", "A01", "1"), ("R", "A01", "1")), "none of plate P"),
        (gzip.compress(load_data(("P", "A01", "1")), mtime=0)[:-9], "cut off or damaged"),
        (b"\x1f\x8bnot gzip", "cut off or damaged"),
        (load_data(("P", "A01", "1")).decode().encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_load_data_file_that_cannot_be_used_is_named_with_a_remedy(
    data: bytes, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        expected_sites(data, path="load_data_csv/B/P/load_data.csv", plate="P")
    assert caught.value.path == "load_data_csv/B/P/load_data.csv"
    assert caught.value.remedy


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8),
            ROWS,
            COLUMNS,
            SITES,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_other_columns_never_disturb_the_sites(
    rows: list[tuple[str, str, int, int]],
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["FileName_DNA", "Metadata_Site", "Metadata_Well"])
    for name, row, column, site in rows:
        writer.writerow([name, site, f"{row}{column}"])
    got = expected_sites(text.getvalue().encode(), path="x", plate="P")
    assert {site_identity(s.well, s.site) for s in got} == {
        site_identity(f"{row}{column}", str(site)) for _, row, column, site in rows
    }


FIELDS = st.text(alphabet="aA01 ;\t\x0c", max_size=4)


@given(st.lists(st.lists(FIELDS, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_file_without_quotes_is_read_as_one_with_quotes(rows: list[list[str]], end: str) -> None:
    header = "Metadata_Site,FileName_DNA,Metadata_Well"
    told: list[object] = []
    for quoting in ("Metadata_Plate", '"Metadata_Plate"'):  # one quote is enough
        text = end.join([f"{header},{quoting}", *(",".join(row) for row in rows)])
        try:
            told.append(expected_sites(text.encode(), path="x", plate="a"))
        except InvalidInputError as error:
            told.append(error.what)
    assert told[0] == told[1]
