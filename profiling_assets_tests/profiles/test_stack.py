"""Stacking against the recipe's own code, and what the recipe loses and this keeps."""

import warnings

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.stack import stack_profiles
from profiling_assets.profiles.tables import profiles_csv
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import real_profiles

infer_cp_features = reference("pycytominer.cyto_utils").infer_cp_features
P1, P2, P3 = PlateKey("B", "1"), PlateKey("B", "2"), PlateKey("B", "3")


def text(*values: str) -> pd.Series:
    return pd.Series(values, dtype="str")


def as_the_recipe_stacks(frames: list[pd.DataFrame], batch: str) -> pd.DataFrame:
    """`pipeline_feature_select` and `concat_dataframes` of the profiling-recipe, as they are."""
    main_df = pd.DataFrame()
    for frame in frames:
        df = frame.assign(Metadata_batch=batch).astype({"Metadata_Plate": str})
        if main_df.shape[0] == 0:
            main_df = df.copy()
        else:
            main_df = pd.concat([main_df, df], ignore_index=True)
            metadata_cols = infer_cp_features(main_df, metadata=True)
            feature_cols = infer_cp_features(main_df, image_features=True)
            main_df = main_df.reindex(columns=metadata_cols + feature_cols)
    return main_df


def test_plates_with_the_same_columns_give_the_recipes_table() -> None:
    whole = real_profiles(every=7)
    parts = [
        whole.iloc[:100].assign(Metadata_Plate="a"),
        whole.iloc[100:].assign(Metadata_Plate="b"),
    ]
    stacked = stack_profiles(dict(zip((P1, P2), parts, strict=True)), "B14").frame
    pd.testing.assert_frame_equal(stacked, as_the_recipe_stacks(parts, "B14"), check_dtype=False)
    mine, theirs = (
        profiles_csv(frame, float_format="%.5g", gzip=False)
        for frame in (stacked, as_the_recipe_stacks(parts, "B14"))
    )
    assert mine == theirs


def test_a_column_of_one_plate_is_empty_on_the_others_and_stays_as_it_was_written() -> None:
    # the recipe makes 5.2981e+07 of this id, as its column is one of numbers with gaps
    first = pd.DataFrame(
        {"Metadata_Well": text("A01"), "Metadata_id": text("52981234"), "Cells_a": [1.0]}
    )
    second = pd.DataFrame({"Metadata_Well": text("A01"), "Cells_b": [2.0]})
    result = stack_profiles({P1: first, P2: second}, "B")
    assert profiles_csv(result.frame, float_format="%.5g", gzip=False).decode() == (
        "Metadata_Well,Metadata_id,Metadata_batch,Cells_a,Cells_b\nA01,52981234,B,1,\nA01,,B,,2\n"
    )
    assert result.lacking == {"Metadata_id": (P2,), "Cells_a": (P2,), "Cells_b": (P1,)}
    assert result.partly_empty == result.lacking


def test_a_count_that_a_plate_lacks_is_empty_there_and_not_rounded() -> None:
    first = pd.DataFrame({"Metadata_Well": text("A01"), "Metadata_Object_Count": [1234567]})
    second = pd.DataFrame({"Metadata_Well": text("A01")})
    frame = stack_profiles({P1: first, P2: second}, "B").frame
    assert b"A01,1234567,B\nA01,,B\n" in profiles_csv(frame, float_format="%.5g", gzip=False)


def test_a_column_without_a_value_on_some_plates_is_told_and_one_without_any_is_not() -> None:
    def plate(word: str, number: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "Metadata_Well": text("A01", "A02"),
                "Metadata_moa": text(word, ""),
                "Metadata_never": text("", ""),
                "Cells_a": [number, np.nan],
            }
        )

    result = stack_profiles({P1: plate("x", 1.0), P2: plate("", np.nan), P3: plate("", 2.0)}, "B")
    assert result.partly_empty == {"Metadata_moa": (P2, P3), "Cells_a": (P2,)}
    assert result.lacking == {}


def test_the_batch_takes_the_place_of_a_plate_maps_own_batch_and_says_so() -> None:
    own = pd.DataFrame({"Metadata_Well": text("A01"), "Metadata_batch": text("7")})
    same = pd.DataFrame({"Metadata_Well": text("A01"), "Metadata_batch": text("B")})
    result = stack_profiles({P1: own, P2: same}, "B")
    assert result.frame["Metadata_batch"].tolist() == ["B", "B"]
    assert list(result.frame.columns) == ["Metadata_Well", "Metadata_batch"]
    assert result.replaced == (P1,)


def test_the_tables_that_were_stacked_are_left_as_they_were() -> None:
    frame = pd.DataFrame({"Metadata_Well": text("A01"), "Cells_a": [1.0]}, index=[7])
    before = frame.copy()
    stacked = stack_profiles({P1: frame}, "B").frame
    pd.testing.assert_frame_equal(frame, before)
    assert list(stacked.index) == [0]


NAMES = ["Metadata_Well", "Metadata_x", "Metadata_Site_Count", "Cells_a", "Nuclei_b", "Image_c"]


@st.composite
def plates(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(st.sampled_from(NAMES[1:]), unique=True))
    rows = draw(st.integers(1, 3))
    columns: dict[str, pd.Series] = {"Metadata_Well": text(*(f"A{n:02}" for n in range(rows)))}
    for name in names:
        if name == "Metadata_x":
            columns[name] = text(*draw(st.lists(st.text(max_size=3), min_size=rows, max_size=rows)))
        elif name == "Metadata_Site_Count":
            columns[name] = pd.Series([9] * rows, dtype="int64")
        else:
            values = st.floats(allow_nan=True)
            columns[name] = pd.Series(draw(st.lists(values, min_size=rows, max_size=rows)))
    return pd.DataFrame(columns)


@settings(max_examples=40, deadline=None)
@given(st.lists(plates(), min_size=1, max_size=3))
def test_every_cell_of_every_plate_is_in_the_stack_and_no_other(frames: list[pd.DataFrame]) -> None:
    keys = [P1, P2, P3][: len(frames)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stacked = stack_profiles(dict(zip(keys, frames, strict=True)), "B").frame
    assert len(stacked) == sum(map(len, frames))
    assert set(stacked.columns) == {"Metadata_batch"}.union(*(f.columns for f in frames))
    start = 0
    for frame in frames:
        part = stacked.iloc[start : start + len(frame)].reset_index(drop=True)
        start += len(frame)
        for name in stacked.columns.drop("Metadata_batch"):
            if name in frame.columns:
                assert (
                    part[name]
                    .astype(object)
                    .equals(frame[name].astype(part[name].dtype).astype(object))
                )
            else:
                assert (part[name].isna() | (part[name].astype("str") == "")).all()
