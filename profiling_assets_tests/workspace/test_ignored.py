"""How names that somebody else gave are printed, and which cannot be used."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import printable
from profiling_assets.workspace.plates import (
    IgnoredEntry,
    no_path_entries,
    site_folder_problem,
    site_name_problem,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("analysis/B 1/Zürich \u3000日本 👩\u200d🔬/000123", None),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31mred\x9b0m\x07\x7f", r"\x1b[31mred\x9b0m\x07\x7f"),
        ("right\u202eleft\u2028next", r"right\u202eleft\u2028next"),
        ("not UTF-8: \udcff", r"not UTF-8: \udcff"),
        ("C:\\dir", None),
    ],
)
def test_names_are_printed_on_one_line_and_command_no_terminal(
    text: str, shown: str | None
) -> None:
    assert printable(text) == (text if shown is None else shown)


@given(st.text(st.characters()))
def test_whatever_is_printed_is_text_without_controls_and_stays_so(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1


def test_a_key_that_is_no_path_is_printed_with_the_reason() -> None:
    (entry,) = no_path_entries(["analysis/B\x1b//"])
    assert entry == IgnoredEntry(r"analysis/B\x1b//", entry.reason)
    assert "cannot be a path" in entry.reason


def test_names_alone_tell_that_a_folder_is_none_of_sites() -> None:
    assert site_name_problem("A01-1") is site_name_problem("outlines") is None
    assert site_name_problem("Zürich\n") is None  # its files tell
    for name in (".snapshot", "A01-\udcff"):
        assert site_name_problem(name) == site_folder_problem(name, ["Image.csv"], "P") is not None
