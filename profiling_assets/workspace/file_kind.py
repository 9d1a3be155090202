"""What a file is whose content is not what its name promises.

Put here: the first bytes by which pointers, spreadsheets, web pages and other formats are known,
and what a user can do about each.
Do not put here: reading what is usable (`compression`, `collate`, `profiles.tables`).
"""

from dataclasses import dataclass

from profiling_assets.errors import InvalidInputError

HEAD_BYTES = 1024  # of a file, to tell its kind
_GIT_LFS = b"version https://git-lfs.github.com/spec/"
_GIT_ANNEX = (b"/annex/objects/", b".git/annex/objects/")
_SQLITE = b"SQLite format 3\0"
_PARQUET_MAGIC = b"PAR1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class ForeignFile:
    """A file that cannot be read as what it stands for."""

    what: str  # as in "it is a Git LFS pointer, not the file"
    remedy: str


_POINTER = "fetch the file itself: "
_LFS = ForeignFile("a Git LFS pointer, not the file", f"{_POINTER}run `git lfs pull`")
_ANNEX = ForeignFile("a git-annex pointer, not the file", f"{_POINTER}run `git annex get`")
_DVC = ForeignFile("a DVC file, not the file itself", f"{_POINTER}run `dvc pull`")
_SHEET = ForeignFile(
    "a spreadsheet (Excel or OpenDocument)", "save it as text, in a spreadsheet as 'CSV UTF-8'"
)
_PAGE = ForeignFile(
    "a web page or an error message, not the file",
    "download it again, and look at what the server says",
)
_DATABASE = ForeignFile("a SQLite database", "name it as one, or put the table there")
_PARQUET = ForeignFile("a Parquet file", "end its name with .parquet, or put a CSV file there")
_HDF5 = ForeignFile("an HDF5 file", "export it as CSV, and put that file there")
_ZIP = ForeignFile("a ZIP archive", "unpack it, and put its files there")
_UTF16_TEXT = ForeignFile("text in UTF-16", "save it as UTF-8, in a spreadsheet as 'CSV UTF-8'")


def foreign_kind(head: bytes) -> ForeignFile | None:
    """Tell what a file is that should be a text table, from its first `HEAD_BYTES` bytes.

    None where it may be text, gzipped text too.
    """
    pointer = pointer_kind(head)
    if pointer is not None:
        return pointer
    if head.startswith(b"PK\x03\x04"):
        inside = (b"xl/", b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
        return _SHEET if any(mark in head for mark in inside) else _ZIP
    for magic, kind in (
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _SHEET),
        (_SQLITE, _DATABASE),
        (_PARQUET_MAGIC, _PARQUET),
        (b"\x89HDF\r\n\x1a\n", _HDF5),
    ):
        if head.startswith(magic):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<error>")):
        return _PAGE
    return _UTF16_TEXT if head.startswith(_UTF16) else None


def pointer_kind(head: bytes) -> ForeignFile | None:
    """Tell what stands in place of a file of any kind, from its first bytes.

    A Git LFS pointer, a git-annex pointer or a DVC file; None where it is the file itself.
    """
    if head.startswith(_GIT_LFS):
        return _LFS
    if head.startswith(_GIT_ANNEX):
        return _ANNEX
    is_dvc = head.startswith((b"outs:\n- ", b"outs:\r\n- ")) and b"md5:" in head
    return _DVC if is_dvc else None


def is_sqlite(head: bytes) -> bool:
    """Say whether a file is a SQLite database."""
    return head.startswith(_SQLITE)


def is_parquet(head: bytes) -> bool:
    """Say whether a file is a Parquet file."""
    return head.startswith(_PARQUET_MAGIC)


def refuse_foreign(data: bytes, path: str) -> None:
    """Refuse what cannot be a text table.

    `data`: the file, or its first bytes. Raises `InvalidInputError` which says what it is.
    """
    _refuse(foreign_kind(data[:HEAD_BYTES]), path)


def refuse_pointer(data: bytes, path: str) -> None:
    """Refuse what stands in place of a file. Raises `InvalidInputError` which says what it is."""
    _refuse(pointer_kind(data[:HEAD_BYTES]), path)


def _refuse(kind: ForeignFile | None, path: str) -> None:
    if kind is not None:
        raise InvalidInputError(f"it is {kind.what}", path=path, remedy=kind.remedy)
