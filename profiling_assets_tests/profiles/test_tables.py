import gzip
import math
import struct
from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import feature_columns
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import (
    ledger_tsv,
    profiles_csv,
    read_profiles,
    read_tsv,
    table_facts,
)
from profiling_assets_tests.support import shared_data

PLATE = "2025_01_28_B14A7A8P2_T4"
TYPED_AS_IS = ["NA", "None", "nan", "5", "007", "1e-5", "", " b ", 'q"q', "a,b", "two\nlines", "é"]


def published(step: str) -> bytes:
    return shared_data("profiles", "varchamp_batch14", f"{PLATE}_{step}.csv.gz").read_bytes()


def table(**columns: Sequence[object]) -> pd.DataFrame:
    wells = [f"A{number + 1:02d}" for number in range(len(next(iter(columns.values()))))]
    return pd.DataFrame({"Metadata_Well": pd.Series(wells, dtype="str"), **columns})


def reread(frame: pd.DataFrame, float_format: str | None = None) -> pd.DataFrame:
    return read_profiles(profiles_csv(frame, float_format=float_format, gzip=True), path="p.csv.gz")


@pytest.mark.parametrize("step", ["augmented", "normalized"])
def test_a_published_table_is_written_back_to_the_same_text(step: str) -> None:
    data = published(step)
    written = profiles_csv(read_profiles(data, path="p"), float_format="%.5g", gzip=True)
    assert gzip.decompress(written) == gzip.decompress(data)


def test_a_published_table_has_integer_counts_and_float_features() -> None:
    frame = read_profiles(published("augmented"), path="p")
    assert frame["Metadata_Count_preNuclei"].dtype == np.int64
    assert sum(frame["Metadata_Object_Count"]) == 124_741
    assert frame["Metadata_r96"].dtype == "str"
    assert set(frame.loc[:, "Image_AreaOccupied_AreaOccupied_Cells":].dtypes) == {np.dtype(float)}


def test_metadata_stay_as_typed_through_write_and_read() -> None:
    frame = table(Metadata_Plate=["000123"] * len(TYPED_AS_IS), Metadata_id=TYPED_AS_IS)
    frame = frame.astype("str").assign(Cells_x=1.0)
    for float_format in (None, "%.5g"):
        again = reread(frame, float_format)
        assert again["Metadata_id"].tolist() == TYPED_AS_IS
        assert set(again["Metadata_Plate"]) == {"000123"}


def test_a_missing_feature_is_written_empty_and_an_infinite_one_as_inf() -> None:
    frame = table(Cells_a=[math.nan, math.inf, -math.inf], Cells_b=[1.0, 2.5, math.nan])
    text = profiles_csv(frame, float_format="%.5g", gzip=False).decode()
    assert text.splitlines()[1:] == ["A01,,1", "A02,inf,2.5", "A03,-inf,"]


def test_plate_and_plate_column_of_a_plate_map_are_two_columns() -> None:
    frame = table(Metadata_plate=["2"], Metadata_Plate=["000123"])
    again = reread(frame.astype("str"))
    assert again.loc[0, ["Metadata_plate", "Metadata_Plate"]].tolist() == ["2", "000123"]


floats = st.floats(width=64, allow_nan=True, allow_infinity=True)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=8)


@st.composite
def profiles(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(1, 5))
    count = st.integers(0, 99_999)
    frame = table(
        Metadata_word=draw(st.lists(words, min_size=rows, max_size=rows)),
        Metadata_Site_Count=draw(st.lists(count, min_size=rows, max_size=rows)),
        Cells_a=draw(st.lists(floats, min_size=rows, max_size=rows)),
        Metadata_late=draw(st.lists(words, min_size=rows, max_size=rows)),
        Nuclei_b=draw(st.lists(floats, min_size=rows, max_size=rows)),
        Nuclei_c=draw(st.lists(floats, min_size=rows, max_size=rows)),
    )
    return frame.astype({"Metadata_word": "str", "Metadata_late": "str"})


@given(profiles(), st.sampled_from([None, "%.5g", "%.3f"]))
@settings(max_examples=150, deadline=None)
def test_the_text_is_that_of_pandas(frame: pd.DataFrame, float_format: str | None) -> None:
    written = profiles_csv(frame, float_format=float_format, gzip=False).decode()
    assert written == frame.to_csv(index=False, float_format=float_format)


awkward = st.one_of(
    floats,
    st.sampled_from([0.0, -0.0, 5e-324, -2.2250738585072011e-308, 1e22, 1e23, 9.999995e4, 99999.5]),
    st.sampled_from([math.nan, math.inf, -math.inf, 1.7976931348623157e308, 0.1 + 0.2]),
    st.integers(-(10**7), 10**7).map(float),
    # halves between two texts of five digits, most of them not exact in binary
    st.builds(
        lambda digits, power: float(f"{digits}5e{power}"),
        st.integers(10_000, 99_999),
        st.integers(-320, 300),
    ),
)
mixed = st.one_of(words, awkward, st.integers(-5, 5), st.booleans(), st.none())


@given(
    st.lists(st.tuples(awkward, awkward), min_size=1, max_size=6),
    st.lists(st.integers(-(2**60), 2**60), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(mixed, min_size=6, max_size=6),
    st.sampled_from([None, "%.5g", "%.17g", "%+.2e", "%9.3f"]),
)
@settings(max_examples=300, deadline=None)
def test_the_text_of_awkward_values_is_that_of_pandas(
    numbers: list[tuple[float, float]],
    integers: list[int],
    flags: list[bool],
    others: list[object],
    float_format: str | None,
) -> None:
    frame = pd.DataFrame(numbers, columns=pd.Index(["Cells_a", "Cells_b"]))
    rows = len(frame)
    frame["Metadata_Count_x"] = integers[:rows]
    frame["Metadata_flag"] = flags[:rows]
    # a column of anything: numbers in it are written in full by both
    kept = [None if isinstance(value, float) and math.isnan(value) else value for value in others]
    frame["Metadata_any"] = pd.Series(
        [value if value is None else str(value) for value in kept[:rows]], dtype="object"
    )
    written = profiles_csv(frame, float_format=float_format, gzip=False).decode()
    assert written == frame.to_csv(index=False, float_format=float_format)


@given(profiles())
@settings(max_examples=150, deadline=None)
def test_a_table_at_full_precision_reads_back_bit_by_bit(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(reread(frame), frame, check_exact=True)


@given(profiles())
@settings(max_examples=50, deadline=None)
def test_what_was_read_writes_the_same_text_again(frame: pd.DataFrame) -> None:
    numbers = frame.select_dtypes("float64").to_numpy()
    assume(not (abs(numbers[np.isfinite(numbers)]) > 1.7e308).any())  # rounds up to infinity
    once = profiles_csv(frame, float_format="%.5g", gzip=False)
    again = read_profiles(once, path="p")
    assert profiles_csv(again, float_format="%.5g", gzip=False) == once


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_word_reads_back_carriage_returns_too(word: str) -> None:
    frame = table(Metadata_word=[word], Cells_a=[1.0]).astype({"Metadata_word": "str"})
    assert reread(frame).loc[0, "Metadata_word"] == word


def test_compressed_bytes_are_the_same_each_time_with_fixed_time_and_no_name() -> None:
    frame = table(Cells_a=[1.0, 2.0])
    first = profiles_csv(frame, float_format=None, gzip=True)
    assert first == profiles_csv(frame.copy(), float_format=None, gzip=True)
    flags, mtime = struct.unpack("<3xBI", first[:8])
    assert (flags, mtime) == (0, 1)


def test_a_count_is_never_rounded() -> None:
    frame = table(Metadata_Count_Cells=[1234567.0, math.nan], Cells_a=[1234567.0, 1.0])
    text = profiles_csv(frame, float_format="%.5g", gzip=False).decode()
    assert text.splitlines()[1:] == ["A01,1234567,1.2346e+06", "A02,,1"]
    assert reread(frame, "%.5g")["Metadata_Count_Cells"].dtype == np.float64


def test_a_count_column_of_words_stays_text() -> None:
    frame = read_profiles(b"Metadata_Well,Metadata_Count_by,Metadata_Site\nA01,anna,s1\n", path="p")
    assert frame.loc[0].tolist() == ["A01", "anna", "s1"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_bom_and_any_line_end_are_read(line_end: str) -> None:
    lines = ["Metadata_Well,Metadata_Site_Count,Cells_a", "A01,2,0.1", "", "A02,3,NA", ""]
    frame = read_profiles(("\ufeff" + line_end.join(lines)).encode(), path="p")
    assert frame["Metadata_Well"].tolist() == ["A01", "A02"]
    assert frame["Metadata_Site_Count"].tolist() == [2, 3]
    assert frame["Cells_a"].isna().tolist() == [False, True]


def test_a_feature_column_with_a_word_stays_text_and_its_neighbours_numbers() -> None:
    frame = read_profiles(b"Metadata_Well,Image_FileName,Cells_a\nA01,x.tif,0.1\n", path="p")
    assert frame.loc[0, "Image_FileName"] == "x.tif"
    assert frame["Cells_a"].tolist() == [0.1]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(b"Metadata_Well,Cells_a\nA01,1\n" * 50, mtime=0)[:-12], "cut off"),
        (b"\x1f\x8bnot gzip", "cut off or damaged"),
        (b"Metadata_Well,Cells_a\nA01,1\nA02,1,2\n", "Row #3"),
        (b"Metadata_Well,Cells_a\nA01,1\nA02\n", "Expected 2 columns"),
        (b"Metadata_Well,Metadata_x\nA01,\xff\n", "invalid UTF8"),
        (b"Metadata_\xff,Metadata_Well\nA01,1\n", "header is not UTF-8"),
        (b"Metadata_Well,Cells_a,Cells_a\nA01,1,2\n", "'Cells_a' occurs more than once"),
        (b"Well,Cells_a\nA01,1\n", "no column Metadata_Well"),
        (b"", "no column Metadata_Well"),
    ],
)
def test_a_broken_table_is_an_error_that_names_the_file(data: bytes, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told) as caught:
        read_profiles(data, path="profiles/B/P/P.csv.gz")
    assert caught.value.path == "profiles/B/P/P.csv.gz"
    assert caught.value.remedy


def test_a_header_only_table_is_a_table_without_rows() -> None:
    frame = read_profiles(b"Metadata_Well,Metadata_Site_Count,Cells_a\n", path="p")
    assert table_facts(frame).rows == 0
    assert table_facts(frame).nan_share == 0


def test_numbers_are_read_correctly_rounded() -> None:
    texts = [
        "0.1",
        "1.7976931348623157e308",
        "5e-324",
        "0.30000000000000004",
        "2.2250738585072011e-308",
    ]
    data = "Metadata_Well,Cells_a\n" + "".join(f"A{n},{text}\n" for n, text in enumerate(texts))
    assert read_profiles(data.encode(), path="p")["Cells_a"].tolist() == [float(t) for t in texts]


def test_facts_count_wells_and_the_cells_that_are_missing_or_infinite() -> None:
    frame = table(Metadata_x=["a", "b"], Cells_a=[1.0, math.nan], Nuclei_b=[math.inf, 2.0])
    facts = table_facts(pd.concat([frame, frame]))
    assert (facts.rows, facts.wells, facts.features) == (4, 2, 2)
    assert (facts.nan_share, facts.inf_cells) == (0.25, 2)


def test_features_are_those_that_pycytominer_infers() -> None:
    frame = read_profiles(published("augmented"), path="p")
    infer = reference("pycytominer.cyto_utils").infer_cp_features
    for image_features in (True, False):
        ours = feature_columns(
            frame, ["cells", "cytoplasm", "nuclei"], image_features=image_features
        )
        assert ours == infer(frame, image_features=image_features)


def test_a_further_compartment_is_found_in_any_case() -> None:
    frame = table(Ph3_a=[1.0], Cells_Cellpose3_b=[1.0], PH3_c=[1.0], Nuclei_d=[1.0], Image_e=[1.0])
    names = feature_columns(frame, ["nuclei", "PH3"], image_features=True)
    assert names == ["Ph3_a", "PH3_c", "Nuclei_d", "Image_e"]
    assert feature_columns(frame, ["cells_cellpose3"], image_features=False) == [
        "Cells_Cellpose3_b"
    ]


def test_a_ledger_reads_back_as_text() -> None:
    frame = pd.DataFrame({"well": ["A01", "NA"], "reason": ["", 'a "b"\tc'], "cells": [7, 0]})
    again = read_tsv(ledger_tsv(frame), path="l.tsv")
    assert again.to_dict("list") == {**frame.to_dict("list"), "cells": ["7", "0"]}
    with pytest.raises(InvalidInputError, match="not a tab-separated table"):
        read_tsv(b"", path="l.tsv")


def test_pandas_reads_the_same_numbers() -> None:
    data = published("normalized")
    ours = read_profiles(data, path="p").select_dtypes("float64")
    theirs = pd.read_csv(BytesIO(gzip.decompress(data)), usecols=list(ours.columns))
    np.testing.assert_array_equal(ours.to_numpy(), theirs.to_numpy())
