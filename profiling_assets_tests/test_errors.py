"""Messages that quote what a file holds."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError, bearable, printable


@given(st.text(st.characters()))
def test_a_message_keeps_its_lines_and_commands_no_terminal(text: str) -> None:
    shown = bearable(text)
    assert bearable(shown) == shown
    assert shown == "\n".join(map(printable, text.split("\n")))


def test_a_message_that_quotes_a_file_of_one_cell_is_cut_and_says_so() -> None:
    error = InvalidInputError(
        f"line 1 names \x1b[2J{'x' * 50_000}\nmore", path="a\x07", remedy="\u202e"
    )
    first, second, third = str(error).split("\n")
    assert first.startswith(r"a\x07: line 1 names \x1b[2Jxxx")
    assert first.endswith("more characters)")
    assert len(first) < 10_100
    assert (second, third) == ("more", r"Remedy: \u202e")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
