from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import PlateMapError
from profiling_assets.profiles.plate_map import (
    plate_map_name_of,
    read_barcode_platemap,
    read_external_metadata,
    read_plate_map,
    read_plate_metadata,
)
from profiling_assets_tests.support import shared_data

BARCODES = b"Assay_Plate_Barcode,Plate_Map_Name\n"


def variants(pattern: str) -> list[Path]:
    found = sorted(shared_data("metadata_variants").glob(pattern))
    assert found
    return found


def test_every_real_barcode_platemap_is_read() -> None:
    sizes = {
        file.parent.name: len(read_barcode_platemap(file.read_bytes(), path=file.name))
        for file in variants("**/barcode_platemap.csv")
    }
    assert sizes == {
        "2021_04_26_Batch1": 24,
        "2021_07_12_Batch8": 25,
        "2022_08_22_Batch_1": 1,
        "2023-12-15_B4A3R1": 4,  # ends its lines with CR alone
        "2023_02_23_Batch_3": 3,  # tabs in a .csv
        "2023_05_30_B1A1R1": 16,  # BOM
        "2025_01_28_Batch_14": 8,
        "2026_01_05_Batch_20": 4,
        "lincs": 140,
        "nf1_schwann": 6,
        "pycytominer_walkthrough": 1,
    }


def test_the_plates_and_maps_of_a_real_list_are_verbatim() -> None:
    file = shared_data("metadata_variants", "varchamp", "2023-12-15_B4A3R1", "barcode_platemap.csv")
    names = read_barcode_platemap(file.read_bytes(), path="b")
    assert list(names) == [
        "2023-12-15_B4A3R1_P1T1",
        "2023-12-18_B4A3R1_P1T3",
        "2023-12-18_B4A3R1_P1T4",
        "2023-12-15_B4A3R1_P1T2",
    ]
    assert set(names.values()) == {"B4A3R1_P1"}


def test_leading_zeros_dots_and_blanks_stay_in_the_list() -> None:
    names = read_barcode_platemap(BARCODES + b"000123,OAA01.02\n PL-01-x , map 1\n,\n", path="b")
    assert names == {"000123": "OAA01.02", "PL-01-x": "map 1"}


def test_a_plate_twice_with_one_map_is_fine_with_two_an_error_that_names_the_lines() -> None:
    assert read_barcode_platemap(BARCODES + b"P1,M\nP1,M\n", path="b") == {"P1": "M"}
    with pytest.raises(PlateMapError, match="'M' in line 2 and 'N' in line 4"):
        read_barcode_platemap(BARCODES + b"P1,M\nP2,M\nP1,N\n", path="b")


def test_a_list_without_its_columns_names_those_it_has() -> None:
    with pytest.raises(
        PlateMapError, match=r"no column Plate_Map_Name; .*Assay_Plate_Barcode, map"
    ):
        read_barcode_platemap(b"Assay_Plate_Barcode,map\nP1,M\n", path="b")


def test_a_plate_without_an_entry_is_an_error_with_file_remedy_and_a_hint() -> None:
    names = {"123": "M", "P2": "", "P3": "../secret"}
    with pytest.raises(
        PlateMapError, match=r"000123 is not listed \('123' is: .* leading zeros"
    ) as e:
        plate_map_name_of("000123", names, path="metadata/barcode_platemap.csv")
    assert e.value.path == "metadata/barcode_platemap.csv"
    assert "add a line with 000123" in str(e.value)
    with pytest.raises(PlateMapError, match="P2 has no plate map name"):
        plate_map_name_of("P2", names, path="b")
    with pytest.raises(PlateMapError, match="cannot be the name of a plate map"):
        plate_map_name_of("P3", names, path="b")
    assert plate_map_name_of("123", names, path="b") == "M"


def test_every_real_plate_map_is_read() -> None:
    files = [*variants("**/platemap/*.txt"), *variants("**/*platemap*.csv")]
    files += variants("external_metadata/*platemap.tsv")
    sizes = {
        file.name: len(read_plate_map(file.read_bytes(), path=file.name).wells)
        for file in files
        if file.name != "barcode_platemap.csv"
    }
    assert sizes["PPL9.txt"] == 384
    assert sizes["B20_A11_P1.txt"] == 281
    assert sizes["platemap_NF1_plate4.csv"] == 60
    assert sizes["localhost230405150001_platemap.csv"] == 45
    assert len(sizes) == 17
    assert min(sizes.values()) == 8


def test_rows_without_a_well_are_ignored_counted_and_named() -> None:
    file = shared_data(
        "metadata_variants", "varchamp", "2026_01_05_Batch_20", "platemap", "B20_A11_P1.txt"
    )
    plate_map = read_plate_map(file.read_bytes(), path="B20")
    assert plate_map.ignored_rows == 2
    assert "rows without a well are ignored: lines " in plate_map.warnings[0]


def test_unpadded_wells_join_by_their_padded_name_and_stay_as_typed() -> None:
    file = shared_data("metadata_variants", "nf1_schwann", "platemap_NF1_plate4.csv")
    plate_map = read_plate_map(file.read_bytes(), path="p")
    assert plate_map.wells[:2] == ("B02", "B03")
    assert plate_map.frame["Metadata_well_position"].tolist()[:2] == ["B2", "B3"]
    assert set(plate_map.frame["Metadata_siRNA"]) >= {"None", "Scramble"}
    assert plate_map.frame["Metadata_Concentration"].tolist()[:3] == ["0", "0.05", "0.005"]


def test_a_plate_map_without_plate_map_name_is_read_with_a_warning() -> None:
    file = shared_data(
        "metadata_variants", "jump_orf", "2021_04_26_Batch1", "platemap", "control.txt"
    )
    plate_map = read_plate_map(file.read_bytes(), path="p")
    assert len(plate_map.wells) == 384
    assert plate_map.warnings == ("it has no column plate_map_name, which the handbook asks for",)


def test_quoted_words_lose_their_quotes_and_keep_their_commas() -> None:
    file = shared_data(
        "metadata_variants",
        "varchamp",
        "2022_08_22_Batch_1",
        "platemap",
        "2022_08_08_PPL8_100-800.txt",
    )
    frame = read_plate_map(file.read_bytes(), path="p").frame
    assert frame.loc[174, "Metadata_allele"] == "RASA1 (endo-free, hand prep)_Glu70Gly"


def test_a_well_twice_is_an_error_that_names_the_lines_identical_rows_too() -> None:
    data = b"plate_map_name\twell_position\tx\nM\tA1\t1\nM\tB01\t2\n\nM\ta01\t1\n"
    with pytest.raises(PlateMapError, match="more than once: A01 in lines 2, 5") as caught:
        read_plate_map(data, path="metadata/M.txt")
    assert caught.value.path == "metadata/M.txt"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"plate_map_name\twell\nM\tA01\n", "no column well_position; the columns are plate_map"),
        (b"well_position\tx\n\tA\n", "no well in it"),
        (b"well_position\tx\n", "no rows in it"),
        (b"", "no rows in it"),
        (b"well_position\tx\nA01\t1\t2\n", "line 2 has 3 cells, the header 2"),
        (b'well_position\tx\nA01\t"1\n', "unexpected end of data"),
        (b"well_position,x\nA01,10 \x81M\n", "byte 0x81 in line 2: 'A01,10"),
        (b"well_position,x,Metadata_x\nA01,1,2\n", "Metadata_x is there with and without"),
    ],
)
def test_a_plate_map_that_cannot_be_used_says_why(data: bytes, told: str) -> None:
    with pytest.raises(PlateMapError, match=told) as caught:
        read_plate_map(data, path="metadata/M.txt")
    assert caught.value.path == "metadata/M.txt"
    assert caught.value.remedy


def test_the_columns_of_the_barcode_platemap_may_have_other_names_and_further_ones() -> None:
    data = b"barcode,time_point,platemap_file\nP1,24,a\nP2,48,b\nP1,24,a\n"
    called = {"plate_column": "barcode", "map_column": "platemap_file"}
    assert read_barcode_platemap(data, path="b.csv", **called) == {"P1": "a", "P2": "b"}
    found = read_plate_metadata(data, "P2", path="b.csv", **called)
    assert found == {"Metadata_time_point": "48"}
    twice = data + b"P2,49,b\n"
    with pytest.raises(PlateMapError, match="the time_point '48' in line 3 and '49' in line 5"):
        read_plate_metadata(twice, "P2", path="b.csv", **called)
    with pytest.raises(PlateMapError, match="the nearest is barcode"):
        read_barcode_platemap(data, path="b.csv", plate_column="Barcode ", map_column="x")


def test_blank_columns_go_and_named_or_filled_ones_stay() -> None:
    data = b"plate_map_name,well_position,dose,note,,\nM,A01,1,,,\nM,A02,2,,seen,\n"
    frame = read_plate_map(data, path="p").frame
    assert list(frame.columns)[2:] == ["Metadata_dose", "Metadata_note", "Metadata_Unnamed: 4"]


def test_a_repeated_column_is_renamed_as_pandas_does_with_a_warning() -> None:
    plate_map = read_plate_map(b"plate_map_name,well_position,x,x\nM,A01,1,2\n", path="p")
    assert plate_map.frame.loc[2, ["Metadata_x", "Metadata_x.1"]].tolist() == ["1", "2"]
    assert plate_map.warnings == ("column x is there again; the second is called x.1",)


def test_another_well_column_can_be_named() -> None:
    data = b"plate_map_name,Well\nM,a1\n"
    assert read_plate_map(data, path="p", well_column="Metadata_Well").wells == ("A01",)


def test_every_real_external_file_is_read_and_an_empty_key_is_a_key() -> None:
    sizes = {
        f.name: len(read_external_metadata(f.read_bytes(), path=f.name))
        for f in variants("**/*.tsv")
    }
    assert sizes["JUMP-Target-2_compound_metadata.tsv"] == 315
    glue = shared_data("metadata_variants", "external_metadata", "glue_metadata.tsv")
    last = read_external_metadata(glue.read_bytes(), path="glue").iloc[-1]
    assert last.tolist() == ["", "DMSO", "control", "negcon"]
    assert last.name == 156


cells = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='",;'), max_size=6
)


@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=6),
    st.sampled_from(["\t", ",", ";"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_words_are_verbatim_with_any_separator_line_end_and_bom(
    rows: list[tuple[str, str]], separator: str, line_end: str, bom: bool
) -> None:
    lines = [["plate_map_name", "well_position", "dose", "note"]]
    lines += [["M", f"A{number + 1}", *row] for number, row in enumerate(rows)]
    text = ("\ufeff" if bom else "") + line_end.join(separator.join(line) for line in lines)
    frame = read_plate_map(text.encode(), path="p").frame
    assert frame["Metadata_dose"].tolist() == [dose for dose, _ in rows]
    assert frame["Metadata_note"].tolist() == [note for _, note in rows]
