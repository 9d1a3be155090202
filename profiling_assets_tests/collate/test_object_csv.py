"""Cells of a CSV: every number as Python reads it, fast path and slow path alike."""

import math
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiling_assets.collate.cell_values import MISSING, column_values, value_of
from profiling_assets.collate.file_defect import FileDefect
from profiling_assets.collate.header import read_header
from profiling_assets.collate.image_csv import ImageFile, read_image
from profiling_assets.collate.object_csv import ObjectRows, read_objects

HEADER = "ImageNumber,ObjectNumber,X"

digits = st.text("0123456789", min_size=1, max_size=25)
decimals = st.builds(
    lambda sign, whole, part, power: f"{sign}{whole}{part}{power}",
    st.sampled_from(["", "-", "+"]),
    digits,
    st.one_of(st.just(""), st.builds(lambda d: f".{d}", digits)),
    st.one_of(st.just(""), st.builds(lambda p: f"e{p}", st.integers(-330, 330))),
)
numbers = st.one_of(
    decimals,
    st.floats(allow_nan=False).map(repr),
    st.floats(allow_nan=False).map(lambda x: f"{x:.17g}"),
    st.integers(-(2**63), 2**63 - 1).map(str),
)


NONE = frozenset[int]()


def objects(
    cells: list[str], *, whole: frozenset[int] = NONE, text: frozenset[int] = NONE
) -> ObjectRows:
    rows = "".join(f"1,{n},{cell}\r\n" for n, cell in enumerate(cells, start=1))
    read = read_objects(f"{HEADER}\r\n{rows}".encode(), "Cells.csv", whole=whole, text=text)
    assert isinstance(read, ObjectRows)
    return read


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=5))
@example(["0.0", "-0"])
@example(["0.1", "1e400", "-0.0", "4.9e-324", "2.2250738585072011e-308"])
@example(["9007199254740993", "1.7976931348623159e308", ".5", "5.", " 7", "+inf"])
def test_numbers_are_those_of_python_bit_for_bit_on_both_paths(cells: list[str]):
    # + 0.0: zero has no sign, as in a backend
    wanted = [bits(float(cell) + 0.0) for cell in cells]
    fast = objects(cells)
    slow = objects([f'"{cell}"' for cell in cells])
    for read in (fast, slow):
        found = [
            bits(float(read.integers[2][at] or 0)) if 2 in read.integers else bits(value)
            for at, value in enumerate(read.values[:, 2].tolist())
        ]
        assert found == wanted


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_whole_numbers_are_exact_beyond_what_a_float_holds(cells: list[int]):
    texts = [str(cell) for cell in cells]
    fast = objects(texts, whole=frozenset({0, 1, 2}))
    assert fast.integers[2] == cells
    assert objects([f'"{text}"' for text in texts]).integers[2] == cells


@pytest.mark.parametrize("cell", [*sorted(MISSING), "NAN", "  "])
def test_missing_values_are_missing_on_both_paths(cell: str):
    if "," in cell:
        pytest.skip("no field")
    assert math.isnan(objects(["1.5", cell]).values[1, 2])
    assert objects(["3", f'"{cell}"']).integers[2] == [3, None]


@pytest.mark.parametrize(
    "cell", ["1_0", "0x10", "\uff11\uff12", "1d5", "True", "1,5", "12a", "--1"]
)
def test_what_pandas_takes_for_text_is_text_verbatim(cell: str):
    assert value_of(cell) == cell
    rows = objects(["1.50", f'"{cell}"'])
    assert rows.texts == {2: ["1.50", cell]}
    assert math.isnan(rows.values[0, 2])


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "", "+3"], "whole", [1, None, 3]),
        (["1", "nan", "2.0"], "number", [1.0, None, 2.0]),
        (["1", "2.50", "x"], "text", ["1", "2.50", "x"]),
        (["", "NA"], "whole", [None, None]),
        (["9223372036854775808"], "number", [9223372036854775808.0]),
        (["9" * 5000], "number", [math.inf]),
    ],
)
def test_the_cells_of_a_column_are_read_together(cells: list[str], kind: str, values: list[object]):
    assert column_values(cells) == (kind, values)


def test_a_known_text_column_keeps_the_kind_of_each_file():
    text = frozenset({2})
    assert objects(["1", "2"], text=text).texts[2] == [1, 2]
    assert objects(["1", "2.5"], text=text).texts[2] == [1.0, 2.5]
    assert objects(["1", "b"], text=text).texts[2] == ["1", "b"]
    assert objects(['"1"', '"2"'], text=text).texts[2] == [1, 2]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_end_in_a_traceback(data: bytes):
    assert isinstance(read_objects(data, "Cells.csv"), (ObjectRows, FileDefect))
    assert isinstance(read_image(data, "Image.csv"), (ImageFile, FileDefect))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["1", ",", "\n", "\r", '"', "x", " ", "nan", "\t", "é"]), max_size=40)
)
def test_no_text_after_a_header_ends_in_a_traceback(pieces: list[str]):
    data = (HEADER + "\n" + "".join(pieces)).encode()
    assert isinstance(read_objects(data, "Cells.csv"), (ObjectRows, FileDefect))
    assert isinstance(read_image(data, "Image.csv"), (ImageFile, FileDefect))


def test_a_header_may_be_quoted_tabbed_or_in_latin_1():
    quoted = read_header(b'"ImageNumber","Texture_A,B"\r\n1,2\r\n')
    assert quoted is not None
    assert (quoted.names, quoted.body) == (("ImageNumber", "Texture_A,B"), 29)
    tabbed = read_header(b"ImageNumber\tX\n")
    assert tabbed is not None
    assert (tabbed.names, tabbed.delimiter) == (("ImageNumber", "X"), "\t")
    latin = read_header("ImageNumber,é\r".encode("latin-1"))
    assert latin is not None
    assert (latin.names, latin.ended) == (("ImageNumber", "é"), True)
    cut = read_header(b"ImageNumber,Obj")
    assert cut is not None
    assert not cut.ended


def test_text_of_an_image_file_may_hold_commas_line_ends_and_latin_1():
    data = (
        "ImageNumber,Metadata_Well,Metadata_Note,Metadata_Plate\r\n"
        '1,A01,"10 éM, twice\nover",000123\r\n'
    )
    for encoding in ("utf-8", "latin-1"):
        image = read_image(data.encode(encoding), "Image.csv")
        assert isinstance(image, ImageFile)
        values = image.rows[0].values
        assert values["Metadata_Note"] == "10 éM, twice\nover"
        assert values["Metadata_Plate"] == "000123"
