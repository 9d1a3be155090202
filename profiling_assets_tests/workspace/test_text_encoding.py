"""The encodings of files that people write, told by their bytes."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.text_encoding import decoded_text

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@given(TEXT)
def test_a_byte_order_mark_says_the_encoding_beyond_doubt(text: str) -> None:
    for data in (
        text.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
    ):
        assert decoded_text(data, path="m.txt") == (text, None)


def test_windows_1252_is_read_and_a_remark_names_encoding_line_and_text() -> None:
    text, remark = decoded_text(b"well\tdose\r\nA01\t5 \xb5M\r\n", path="m.txt")
    assert text == "well\tdose\r\nA01\t5 \u00b5M\r\n"
    assert remark is not None
    assert "read as Windows-1252; see line 2: 'A01\\t5 \u00b5M'" in remark


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a\nb \x81\n", "byte 0x81 in line 2: 'b "),
        (b"\x1f\x8b\x08\x00\xff", "not a text file"),
        ("well".encode("utf-16-le"), "UTF-16 without a mark in front"),
        (b"\xff\xfea", "not the UTF-16 text that its first bytes promise"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (b"PK\x03\x04 xl/workbook.xml", "a spreadsheet"),
        (b"outs:\n- md5: 1\n", "DVC file"),
    ],
)
def test_what_is_no_text_is_refused_by_what_it_is(data: bytes, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told) as caught:
        decoded_text(data, path="m.txt")
    assert caught.value.path == "m.txt"
    assert caught.value.remedy
