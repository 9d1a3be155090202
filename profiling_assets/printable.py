"""Foreign text as a person may read it: nothing that a terminal obeys, and no endless line.

Put here: how names, cells and messages of other programs are shown.
Do not put here: whether a name can be used (`workspace.names`, `workspace.ignored`).
"""

import re

# Control characters, line separators and marks that turn the direction of text would break a table
# or command a terminal; lone surrogates stand for bytes that are not UTF-8.
_MARKS = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(rf"[\x00-\x1f{_MARKS}]")
_WITHIN_LINES = re.compile(rf"[\x00-\x09\x0b-\x1f{_MARKS}]")
# `//USER:PASSWORD@HOST`, quoted in an option of an address or not; a token may be the whole of it
_PASSWORD = re.compile(r"(?i)(?P<slashes>//|%2f%2f)(?!git@)[^\s/?#\"']+?(?:@|%40)")
_LONGEST = 10_000  # characters: the wells of a plate fit, a file of one cell does not


def printable(text: str) -> str:
    r"""Return text that can be printed.

    Parameters
    ----------
    text : str
        A name or path, as a file system or a bucket gives it.

    Returns
    -------
    str
        The text on one line, with escapes (`\n`, `\x1b`, `\udcff`) for control characters, what
        breaks lines or turns the direction of text, and bytes that are not UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_escaped, text)


def without_passwords(text: str) -> str:
    """Return text without the user names and passwords that addresses in it hold.

    Parameters
    ----------
    text : str
        An address, or a message that may quote one.

    Returns
    -------
    str
        `https://***@HOST/PATH` for `https://USER:PASSWORD@HOST/PATH`.
    """
    return _PASSWORD.sub(r"\g<slashes>***@", text) if "//" in text or "%2" in text else text


def bearable(text: str) -> str:
    """Return a message that can be printed, with its lines, none of them endless.

    Parameters
    ----------
    text : str
        A message that may quote what a file holds.

    Returns
    -------
    str
        As `printable`, line by line, without passwords of addresses; of a line of more than 10,000
        characters the beginning, and how much of it is left out.
    """
    text = without_passwords(text)
    if len(text) <= _LONGEST and text.isascii() and text.isprintable():
        return text
    return "\n".join(map(_cut, _WITHIN_LINES.sub(_escaped, text).split("\n")))


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def _cut(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    kept = _LONGEST - 50  # with what is said of the rest it is no longer than what is left alone
    return f"{line[:kept]}… ({len(line) - kept} more characters)"
