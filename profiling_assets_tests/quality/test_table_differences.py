"""Two tables compared: what is counted, what is ranked first, what is no difference."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from profiling_assets.quality.table_differences import lines_difference, table_difference

nan, inf = np.nan, np.inf


def table(
    values, wells=None, features=None, plate: str | list[str] = "000123", **metadata
) -> pd.DataFrame:
    values = np.asarray(values, dtype=np.float64)
    names = features or [f"Cells_F{i}" for i in range(values.shape[1])]
    found = pd.DataFrame(values, columns=names)
    wells = wells or [f"A{row + 1:02d}" for row in range(len(values))]
    for name, column in {"Metadata_Plate": plate, "Metadata_Well": wells, **metadata}.items():
        found.insert(0, name, column)
    return found


numbers = arrays(
    np.float64, (4, 3), elements=st.floats(-1e6, 1e6) | st.sampled_from([nan, inf, -inf])
)


@settings(deadline=None, max_examples=50)
@given(numbers)
def test_a_table_does_not_differ_from_itself_nor_from_itself_in_another_order(values) -> None:
    a = table(values)
    b = a.iloc[::-1, ::-1].reset_index(drop=True)
    for other in (a.copy(), b):
        found = table_difference(a, other)
        assert found.is_empty
        assert (found.equal, found.close, found.different) == (12, 0, 0)
    assert table_difference(a, b).reordered
    assert not table_difference(a, a).reordered


@settings(deadline=None, max_examples=50)
@given(numbers, numbers, st.floats(0, 2))
def test_each_value_is_counted_once_and_both_directions_count_alike(a, b, tolerance) -> None:
    there = table_difference(table(a), table(b), tolerance=tolerance)
    back = table_difference(table(b), table(a), tolerance=tolerance)
    for found in (there, back):
        assert found.equal + found.close + found.different == a.size
        assert len(found.largest) == min(10, found.different - found.not_finite)
        assert len(found.first_not_finite) == min(3, found.not_finite)
    assert (there.equal, there.close) == (back.equal, back.close)


def test_the_largest_change_is_the_one_that_moves_a_well_most_among_the_others() -> None:
    a = table([[0.001, 1000], [0.002, 2000], [0.003, 3000]], features=["Cells_Small", "Cells_Big"])
    b = a.copy()
    b.loc[0, "Cells_Small"] = 0.009
    b.loc[1, "Cells_Big"] = 2010
    first, second = table_difference(a, b).largest
    assert (first.feature, first.well, first.before, first.after) == (
        "Cells_Small", "A01", 0.001, 0.009,
    )  # fmt: skip
    spread = np.std([0.001, 0.002, 0.003, 0.009, 0.002, 0.003])
    assert first.spreads == pytest.approx(0.008 / spread)
    assert first.relative == pytest.approx(8 / 9)
    assert (second.feature, second.relative) == ("Cells_Big", pytest.approx(10 / 2010))


def test_values_that_became_empty_or_infinite_are_counted_and_named_apart() -> None:
    found = table_difference(table([[1.0, 5.0, 1.0]]), table([[1.5, nan, inf]]))
    assert [change.feature for change in found.largest] == ["Cells_F0"]
    assert [change.feature for change in found.first_not_finite] == ["Cells_F1", "Cells_F2"]
    assert np.isnan(found.first_not_finite[0].after)
    assert (found.different, found.not_finite) == (3, 2)


def test_values_within_the_tolerance_are_close_and_no_difference() -> None:
    a, b = table([[1.0, 100.0]]), table([[1.0 + 1e-6, 101.0]])
    assert table_difference(a, b, tolerance=1e-5).close == 1
    assert table_difference(a, b, tolerance=0.01).is_empty
    assert table_difference(a, b).different == 2


def test_wells_features_and_metadata_of_one_table_only_are_named() -> None:
    a = table([[1, 2], [3, 4]], ["A1", "a02"], ["Cells_X", "Cells_Y"], Metadata_moa=["p", "q"])
    b = table([[1, 2]], ["A01"], ["Cells_X", "Nuclei_Z"], Metadata_dose=["1"])
    found = table_difference(a, b)
    assert (found.wells, found.features, found.equal) == (1, 1, 1)
    assert (found.wells_only_in_a, found.wells_only_in_b) == (("A02",), ())
    assert (found.features_only_in_a, found.features_only_in_b) == (("Cells_Y",), ("Nuclei_Z",))
    assert found.metadata_only_in_a == ("Metadata_moa",)
    assert found.metadata_only_in_b == ("Metadata_dose",)
    assert not found.is_empty


def test_metadata_are_compared_as_text_and_counts_as_numbers() -> None:
    a = table([[1], [2]], Metadata_id=["000123", "x"], Metadata_Count_Cells=[5, 6])
    b = table([[1], [2]], Metadata_id=["123", "x"], Metadata_Count_Cells=[5.0, 6.0])
    (change,) = table_difference(a, b).metadata
    assert (change.column, change.wells, change.first_well) == ("Metadata_id", 1, "A01")
    assert (change.before, change.after) == ("000123", "123")


def test_two_plates_are_compared_by_well_and_tables_of_several_by_plate_and_well() -> None:
    assert table_difference(table([[1.0]], plate="P1"), table([[1.0]], plate="P2")).is_empty
    a = table([[1.0], [2.0]], ["A01", "A01"], plate=["P1", "P2"])
    b = table([[2.0], [3.0]], ["A01", "A01"], plate=["P2", "P3"])
    found = table_difference(a, b)
    assert (found.wells_only_in_a, found.wells_only_in_b) == (("P1 A01",), ("P3 A01",))
    assert found.equal == 1


def test_a_well_that_is_there_twice_is_compared_row_by_row() -> None:
    a = table([[1.0], [2.0]], ["A01", "A01"])
    found = table_difference(a, table([[1.0], [3.0], [4.0]], ["A01", "A01", "A01"]))
    assert (found.equal, found.different) == (1, 1)
    assert found.wells_only_in_b == ("A01 (row 3)",)


def test_tables_without_a_common_well_or_feature_compare_no_value() -> None:
    found = table_difference(table([[1.0]], ["A01"]), table([[1.0]], ["B01"]))
    assert (found.equal, found.different, found.largest) == (0, 0, ())
    assert not found.is_empty


def test_lines_are_told_apart_with_repeats_whatever_their_order() -> None:
    found = lines_difference(["a", "b", "b", "c"], ["c", "b", "d"])
    assert (found.only_in_a, found.only_in_b) == (("a", "b"), ("d",))
    assert lines_difference(["a", "b"], ["b", "a"]).is_empty
