"""SQLite files that are not whole, or not what their name says, are refused with a remedy."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.sqlite_file import HEADER_BYTES, connect, refuse_unreadable
from profiling_assets.errors import BackendError
from profiling_assets_tests.collate.support import KEY, MEAN, collate, made_site

PATH = "backend/B/P/P.sqlite"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 983040\n"


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    collate([made_site("A01", cells=50)], tmp_path)
    return tmp_path / "backend.sqlite"


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) - 1]


REFUSED: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "cut": (_cut, "cut off", "copy it again"),
    "its beginning": (lambda whole: whole[:5000], "cut off", "copy it again"),
    "empty": (lambda _: b"", "empty", "copy it again"),
    "Git LFS": (lambda _: LFS, "Git LFS pointer", "git lfs pull"),
    "git-annex": (lambda _: b"/annex/objects/SHA256E-s9--ab.sqlite\n", "git-annex", "annex get"),
    "DVC": (lambda _: b"outs:\n- md5: ab\n  size: 9\n  path: P.sqlite\n", "DVC file", "dvc pull"),
    "Parquet": (lambda _: b"PAR1" + b"\0" * 200, "Parquet", "another file"),
    "a web page": (lambda _: b"<html><body>403</body></html>", "web page", "another file"),
    "text": (lambda _: b"ImageNumber,ObjectNumber\n1,1\n", "no SQLite file", "another file"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_whole_database_is_refused_by_what_it_is(kind: str, backend: Path):
    change, what, remedy = REFUSED[kind]
    backend.write_bytes(change(backend.read_bytes()))
    with pytest.raises(BackendError, match=what) as caught:
        aggregate_backend(KEY, backend, MEAN, path=PATH)
    assert caught.value.path == PATH
    assert remedy in str(caught.value.remedy)
    content = backend.read_bytes()
    with pytest.raises(BackendError, match=what):  # without the rest of the file, as on S3
        refuse_unreadable(content[:HEADER_BYTES], len(content), PATH)


def test_a_whole_database_is_taken_wherever_it_is_cut_off_by_nothing(backend: Path):
    content = backend.read_bytes()
    refuse_unreadable(content[:HEADER_BYTES], len(content), PATH)
    backend.write_bytes(content + b"\0" * 100)  # disks and tapes fill up
    assert len(aggregate_backend(KEY, backend, MEAN, path=PATH).frame) == 1


def test_a_database_in_wal_mode_is_read_only_where_nothing_is_pending(backend: Path):
    before = aggregate_backend(KEY, backend, MEAN, path=PATH)
    with closing(sqlite3.connect(backend)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE Later (x)")
        connection.commit()
        assert backend.with_name("backend.sqlite-wal").stat().st_size > 0
        with pytest.raises(BackendError, match="WAL mode") as caught:
            aggregate_backend(KEY, backend, MEAN, path=PATH)
        assert "wal_checkpoint(TRUNCATE)" in str(caught.value.remedy)
    # the last connection has put everything into the file
    files = sorted(backend.parent.iterdir())
    after = aggregate_backend(KEY, backend, MEAN, path=PATH)
    assert after.frame.equals(before.frame)
    assert sorted(backend.parent.iterdir()) == files


def test_a_write_that_was_not_finished_is_refused(backend: Path):
    journal = backend.with_name("backend.sqlite-journal")
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 600)
    with pytest.raises(BackendError, match="was not finished"):
        connect(backend, PATH)
    journal.write_bytes(b"\0" * 600)  # as a finished one is left in some modes
    connect(backend, PATH).close()
