"""Which rows a query takes: those that pycytominer takes, and what is told where there are none."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.samples import as_read, taken_rows, takes_none

NUMBERS = ["0", "0.0", "5", "10", "007", "-3", "1e1", "", "NA", "nan", "2.50"]
QUERIES = [
    "Metadata_dose != 0",
    "Metadata_dose == 0",
    "Metadata_dose < 10",
    "Metadata_dose >= 2.5 and Metadata_drug != 'a'",
    "Metadata_dose in [0, 5]",
    "Metadata_dose not in [0, 5]",
    "Metadata_dose == [7, 10]",
    "0 < Metadata_dose <= 10",
    "Metadata_dose > -3 & Metadata_drug == 'a' | Metadata_dose == 0",
    "~(Metadata_dose == 5)",
    "not Metadata_dose > 5",
    "`Metadata_dose` == 10 or Metadata_drug in ['a', 'b']",
    "`Metadata_the other` <= Metadata_dose",
    "Metadata_Object_Count > 3 and Metadata_dose != 0",
]


def plate(doses: list[str], drugs: list[str]) -> pd.DataFrame:
    rows = len(doses)
    return pd.DataFrame(
        {
            "Metadata_dose": pd.Series(doses, dtype="str"),
            "Metadata_drug": pd.Series(drugs[:rows], dtype="str"),
            "Metadata_the other": pd.Series(["5"] * rows, dtype="str"),
            "Metadata_Object_Count": np.arange(rows),
        }
    )


def as_pycytominer_reads(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


@given(
    st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=9),
    st.lists(st.sampled_from("ab"), min_size=9, max_size=9),
    st.sampled_from(QUERIES),
)
@settings(max_examples=200, deadline=None)
def test_the_rows_of_a_query_are_those_that_pycytominer_takes(
    doses: list[str], drugs: list[str], query: str
) -> None:
    frame = plate(doses, drugs)
    theirs = as_pycytominer_reads(frame).query(query).index
    assert np.flatnonzero(taken_rows(frame, query, of="P")).tolist() == theirs.tolist()


def test_a_text_is_compared_with_the_text_of_the_file() -> None:
    frame = plate(["007", "7", "7.0", "DMSO"], list("aabb"))
    assert taken_rows(frame, "Metadata_dose == '7'", of="P").tolist() == [False, True, False, False]
    both = taken_rows(frame.iloc[:3], "Metadata_dose in ['007', 7]", of="P")
    assert both.tolist() == [True, True, True]
    assert taken_rows(frame, "Metadata_dose != 'DMSO'", of="P").tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_true_and_false_are_read_as_pandas_reads_them() -> None:
    frame = plate(["True", "False"], list("ab"))
    assert taken_rows(frame, "Metadata_dose == True", of="P").tolist() == [True, False]
    assert taken_rows(frame, "Metadata_dose and Metadata_drug == 'a'", of="P").tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize("operator", ["<", "!=", "==", ">="])
def test_a_number_beside_words_is_refused_and_the_words_are_named(operator: str) -> None:
    frame = plate(["0", "5", "high", "high", "low"], list("aaaaa"))
    with pytest.raises(InvalidInputError, match="holds words: high 2, low 1") as caught:
        taken_rows(frame, f"Metadata_dose {operator} 5", of="B/P")
    assert "== '5'" in str(caught.value.remedy)


def test_a_quoted_number_has_no_order() -> None:
    with pytest.raises(InvalidInputError, match="write 10 unquoted"):
        taken_rows(plate(["5", "10"], list("ab")), "Metadata_dose < '10'", of="P")
    assert taken_rows(plate(["x", "y"], list("ab")), "Metadata_dose > 'xa'", of="P").tolist() == [
        False,
        True,
    ]


def test_a_column_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(
        InvalidInputError, match=r"no column Metadata_Dose; .* nearest is Metadata_d"
    ):
        taken_rows(plate(["5"], ["a"]), "Metadata_Dose == 5", of="P")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["NC"] * 2 + ["allele"] * 3, "the values of control_type are allele 3, NC 2"),
        (["negcon ", "trt"], "the nearest is 'negcon ' (a blank behind it)"),
        (["NegCon", "trt"], "the nearest is NegCon (other capitals)"),
        (["negcno", "trt"], "the nearest is negcno"),
        (["", ""], "the column control_type is empty"),
    ],
)
def test_a_value_that_is_not_there_is_told_with_those_that_are(
    values: list[str], told: str
) -> None:
    frame = pd.DataFrame({"Metadata_control_type": pd.Series(values, dtype="str")})
    assert told in takes_none(frame, "Metadata_control_type == 'negcon'", of="P")


def test_a_column_that_hides_another_is_told() -> None:
    frame = pd.DataFrame({"Metadata_c": ["", ""], "Metadata_c_external": ["negcon", ""]})
    told = takes_none(frame, "Metadata_c == 'negcon'", of="P")
    assert "the external metadata's own c (negcon 1) is hidden by it" in told
    assert "remove the column from one of the two" in told


@given(st.lists(st.sampled_from([*NUMBERS, "x", "True"]), min_size=1, max_size=6))
def test_a_column_is_read_as_in_a_table_of_its_own(values: list[str]) -> None:
    frame = pd.DataFrame({"a": pd.Series(values, dtype="str"), "b": "x"})
    theirs = as_pycytominer_reads(frame)["a"]
    assert as_read(column(frame, "a")).tolist().__repr__() == theirs.tolist().__repr__()
