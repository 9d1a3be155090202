"""A SQLite file: whether it is whole, and opening it without a change to it or beside it.

Put here: what the first bytes, the size and the files beside a database tell.
Do not put here: which tables make a backend (`from_backend`, `export_to_database`).
"""

import sqlite3
from collections.abc import Container
from pathlib import Path

from profiling_assets.errors import BackendError
from profiling_assets.workspace.file_kind import foreign_kind, is_sqlite, pointer_kind

HEADER_BYTES = 1024
_WAL = 2  # in bytes 18 and 19: what was written last may lie in a file beside
_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"  # begins one that was not rolled back
_GZIP = b"\x1f\x8b"
_AGAIN = "copy it again, or collate the plate anew"


def refuse_unreadable(
    head: bytes, size: int, path: str, *, wal: int = 0, journal: bytes = b""
) -> None:
    """Refuse a file that is no whole database, as far as its first bytes and its size tell.

    `head`: its first `HEADER_BYTES`. `wal`: bytes of `FILE-wal` beside it. `journal`: the first
    bytes of `FILE-journal`. Raises `BackendError` which says what it is and what can be done.
    """
    if size == 0:
        raise BackendError("the file is empty (0 bytes)", path=path, remedy=_AGAIN)
    kind = pointer_kind(head)
    if kind is not None:
        raise BackendError(f"it is {kind.what}", path=path, remedy=kind.remedy)
    name = path.rpartition("/")[2]
    if head.startswith(_GZIP):
        raise BackendError("it is gzipped", path=path, remedy=f"unpack it: `gunzip {name}`")
    if not is_sqlite(head):
        kind = foreign_kind(head)
        what = "it is no SQLite file" if kind is None else f"it is {kind.what}, no SQLite file"
        raise BackendError(what, path=path, remedy=f"it is damaged or another file: {_AGAIN}")
    expected = _expected_bytes(head)
    if size < expected:
        raise BackendError(
            f"the SQLite file is cut off: {size:,} of its {expected:,} bytes are there",
            path=path,
            remedy=_AGAIN,
        )
    if _has_wal(head) and wal:
        raise BackendError(
            f"what was last written to it lies in {name}-wal beside it (WAL mode)",
            path=path,
            remedy=f'run `sqlite3 {name} "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA '
            'journal_mode=DELETE"` where nothing writes to it any more',
        )
    if journal.startswith(_JOURNAL):
        raise BackendError(
            f"a write to it was not finished: {name}-journal lies beside it",
            path=path,
            remedy=f'run `sqlite3 {name} "PRAGMA schema_version"`, which undoes it',
        )


def connect(file: Path, path: str) -> sqlite3.Connection:
    """Open a local database for reading. Raises `BackendError` as `refuse_unreadable`."""
    with file.open("rb") as opened:
        head = opened.read(HEADER_BYTES)
    wal, journal = (file.with_name(f"{file.name}-{what}") for what in ("wal", "journal"))
    refuse_unreadable(
        head,
        file.stat().st_size,
        path,
        wal=wal.stat().st_size if wal.is_file() else 0,
        journal=_head_of(journal),
    )
    # nothing is pending in WAL mode: else SQLite would make files beside it, or refuse
    immutable = "&immutable=1" if _has_wal(head) else ""
    # as a URI: a blank, `?` or `#` in the path must not end it
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro{immutable}", uri=True)


def quoted(name: str) -> str:
    """Quote an identifier: table and column names come from files."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table or view, in order."""
    rows = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    return tuple(str(row[1]) for row in rows)


def is_indexed(connection: sqlite3.Connection, table: str, keys: Container[str]) -> bool:
    """Tell whether an index of a table begins with one of these columns, in lower case."""
    for index in connection.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
        first = connection.execute(f"PRAGMA index_info({quoted(index[1])})").fetchone()
        if first is not None and str(first[2]).lower() in keys:
            return True
    return False


def _head_of(file: Path) -> bytes:
    if not file.is_file():
        return b""
    with file.open("rb") as opened:
        return opened.read(len(_JOURNAL))


def _has_wal(head: bytes) -> bool:
    return _WAL in head[18:20]


def _expected_bytes(head: bytes) -> int:
    """Return the size that the header tells; 0 where it does not, as very old SQLite left it."""
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    is_valid = head[24:28] == head[92:96]
    return (65536 if page == 1 else page) * pages if is_valid else 0
