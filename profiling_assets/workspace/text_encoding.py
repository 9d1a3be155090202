"""The text of files that people write: UTF-8, what Excel calls Unicode, and Windows-1252.

Put here: telling the encoding from the bytes, and saying where a file is no text.
Do not put here: what the text means (`profiles.hand_written`, `config`), other formats
(`file_kind`).
"""

import codecs

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.file_kind import refuse_foreign

_AROUND = 20  # characters shown before and behind a byte
_UTF8 = "save it as UTF-8, in a spreadsheet as 'CSV UTF-8'"
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


def decoded_text(data: bytes, *, path: str) -> tuple[str, str | None]:
    """Return the text of a file, and a remark where its encoding was guessed.

    A byte order mark says UTF-8, UTF-16 or UTF-32 beyond doubt; without one it is UTF-8, else
    Windows-1252, of which Latin-1 is a part, where no byte speaks against it. Raises
    `InvalidInputError` where it is none of these, or no text at all: a pointer, a spreadsheet.
    """
    for mark, encoding, name in _BOMS:
        if data.startswith(mark):
            try:
                return data.removeprefix(mark).decode(encoding), None
            except UnicodeDecodeError as error:
                raise InvalidInputError(
                    f"not the {name} text that its first bytes promise "
                    f"({error.reason} at byte {error.start + len(mark)})",
                    path=path,
                    remedy=_UTF8,
                ) from error
    refuse_foreign(data, path)
    if b"\0" in data:
        raise InvalidInputError(
            f"not a text file, or one in UTF-16 without a mark in front (byte {data.index(0)} is "
            "zero)",
            path=path,
            remedy=_UTF8,
        )
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return _windows(data, error, path)


def _windows(data: bytes, error: UnicodeDecodeError, path: str) -> tuple[str, str]:
    place = _place(data, error.start)
    try:
        if data.translate(None, _CONTROLS) != data:
            raise InvalidInputError(
                f"not a text file ({error.reason} at byte {error.start})", path=path, remedy=_UTF8
            ) from error
        text = data.decode("cp1252")
    except UnicodeDecodeError as other:
        raise InvalidInputError(
            f"not a UTF-8 text file, nor one of Windows-1252 (byte 0x{data[other.start]:02X} in "
            f"{_place(data, other.start)})",
            path=path,
            remedy=_UTF8,
        ) from other
    return text, (
        f"it is no UTF-8 text and was read as Windows-1252; see {place}, and save it as UTF-8 if "
        "another letter is meant"
    )


def _place(data: bytes, at: int) -> str:
    """Name the line of a byte, and show the text around it."""
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = max(before.rfind(b"\n") + 1, len(before) - _AROUND)
    behind = data[at : at + _AROUND + 1].replace(b"\r", b"\n").split(b"\n")[0]
    around = (before[start:] + behind).decode("cp1252", errors="replace")
    return f"line {before.count(chr(10).encode()) + 1}: {around!r}"
