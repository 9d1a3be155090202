"""The fast path of object CSVs gives what the `csv` module and Python's floats give, or nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiling_assets.collate.header import Header
from profiling_assets.collate.object_csv import ObjectRows, _parse_slow
from profiling_assets.collate.object_csv_fast import PlainRows, read_plain

WIDTH = 3
HEADER = Header(("ImageNumber", "ObjectNumber", "X"), (), 0, ended=True, delimiter=",")

floats = st.floats(allow_nan=False, allow_infinity=False)
plain_cells = st.one_of(
    floats.map(repr),
    floats.map(lambda x: f"{x:.17g}"),
    floats.map(lambda x: f"{x:.25e}"),
    st.floats(-1e9, 1e9).map(lambda x: f"{x:.30f}"),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.integers(-5, 5).map(str),
    st.sampled_from(
        [
            "nan",
            "",
            "0",
            "-0",
            "-0.0",
            "1E5",
            "1e+5",
            "5e-324",
            "9007199254740993",
            "9223372036854775808",
        ]
    ),
)
ends = st.sampled_from(["\n", "\r\n"])
pieces = st.sampled_from(
    [*",,,,,,\n\n\n\n\r", "\r\n", "1", "23", "-4.5", "nan", "n", "a", "null", "true", "[",
     "],[", "]", "{}", '"', " ", "\t", "e5", "-", "+", ".", "0", "-0.0", "1e400",
     "-1.2345678901234e300", "18446744073709551615", "é", "\x00", "\x0b"]
)  # fmt: skip


def assert_the_same(plain: PlainRows, body: bytes) -> None:
    slow = _parse_slow(body, "Cells.csv", HEADER, frozenset(), "")
    assert isinstance(slow, ObjectRows), slow
    assert not slow.texts
    assert plain.values.tobytes() == slow.values.tobytes()
    assert plain.integers == slow.integers


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(plain_cells, min_size=WIDTH, max_size=WIDTH), ends),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
    st.integers(0, 3),
)
@example([(["1", "1", "nan"], "\r\n"), (["", "", ""], "\r\n")], True, 1)
def test_lines_of_numbers_are_read_as_python_reads_them_bit_for_bit(
    lines: list[tuple[list[str], str]], ended: bool, blank: int
):
    text = "".join(",".join(cells) + end for cells, end in lines)
    text = "\n" * (blank % 2) + text + "\r\n" * (blank // 2)
    body = (text if ended else text.rstrip("\r\n")).encode()
    plain = read_plain(body, WIDTH, range(WIDTH))
    assert plain is not None
    assert_the_same(plain, body)


@settings(deadline=None, max_examples=500)
@given(st.lists(pieces, min_size=1, max_size=30))
@example(["1,1,2", "],[", "1,1,3"])
@example(["1,1,", "-1.2345678901234e300", "\n", "1,1,nan", "\n"])
@example(["1,1,", "1nan", "\n"])
@example(["1,1,", "nan0", "\n"])
@example(["1,1,true\n"])
@example(["1,\r2,3\n"])
@example(["1,1,[]\n"])
@example(["1,2,3\n", " \n"])
@example(["\n1,2,3\r"])
def test_anything_else_is_left_to_the_safe_path(parts: list[str]):
    body = "".join(parts).encode()
    if not body or body.isspace() or b"\0" in body:
        return  # such files do not come so far
    plain = read_plain(body, WIDTH, range(WIDTH))
    if plain is not None:
        assert_the_same(plain, body)


@pytest.mark.parametrize(
    "cell",
    ['"1"', "-1.2345678901234e300", "inf", "1e400", "007", "+1", ".5", "5.", "NA", "NaN",
     "1,2", "a", "true", "null", "{}", "1\r\r", "[1]",
     "1],[1,1,1", "1\n \n"],
)  # fmt: skip
def test_what_is_no_number_of_json_or_too_large_is_not_read(cell: str):
    assert read_plain(f"1,1,2.5\n1,2,{cell}\n".encode(), WIDTH, ()) is None
