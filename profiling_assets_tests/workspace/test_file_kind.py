"""Files that are not what their names promise are known by their first bytes."""

import io
import sqlite3
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.file_kind import foreign_kind, refuse_foreign, refuse_pointer

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 131\n"
DVC = b"outs:\n- md5: 4f1c7e9a\n  size: 17\n  path: 24277.csv.gz\n"
ANNEX = b"/annex/objects/MD5E-s17--4f1c7e9a.csv\n"


def _zip(name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, "x")
    return held.getvalue()


def _sqlite(folder: Path) -> bytes:
    file = folder / "a.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("create table a (b)")
    connection.close()
    return file.read_bytes()


def _parquet(folder: Path) -> bytes:
    file = folder / "a.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(file)
    return file.read_bytes()


@pytest.mark.parametrize(
    ("data", "word", "remedy"),
    [
        (LFS, "Git LFS pointer", "git lfs pull"),
        (DVC, "DVC file", "dvc pull"),
        (ANNEX, "git-annex pointer", "git annex get"),
        (_zip("[Content_Types].xml"), "spreadsheet", "CSV UTF-8"),
        (_zip("Cells.csv"), "ZIP archive", "unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "spreadsheet", "CSV UTF-8"),
        (b"\n<!DOCTYPE html><title>403</title>", "web page", "download it again"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "web page", "server"),
        ("well\tdose\n".encode("utf-16"), "UTF-16", "UTF-8"),
    ],
)
def test_what_is_no_text_table_is_refused_by_what_it_is(
    data: bytes, word: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError, match=word) as caught:
        refuse_foreign(data, "metadata/a.csv")
    assert remedy in str(caught.value)
    assert caught.value.path == "metadata/a.csv"


def test_a_database_and_a_parquet_file_are_known(tmp_path: Path) -> None:
    for data, word in ((_sqlite(tmp_path), "SQLite"), (_parquet(tmp_path), "Parquet")):
        kind = foreign_kind(data)
        assert kind is not None
        assert word in kind.what
        refuse_pointer(data, "they are files of their own, and no pointers")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ImageNumber,Metadata_Well\n1,A01\n",
        b"\xef\xbb\xbfversion,outs\n1,2\n",
        b"\x1f\x8b\x08\x00" + b"\0" * 20,
        b"outs:\n",
        b"outs,md5:\n",
    ],
)
def test_text_tables_plain_or_gzipped_are_not_refused(data: bytes) -> None:
    assert foreign_kind(data) is None
    refuse_foreign(data, "a.csv")
