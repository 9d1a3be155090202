"""What a plate starts from where it has no CSVs: which file, and what is said of one of no use."""

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.errors import BackendError, InvalidInputError, ProfilingError
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import TableOutput
from profiling_assets.steps.sources import SourceKind, plate_source
from profiling_assets.steps.standing_sources import refuse_unusable
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.collate.support import collate, made_site

KEY = PlateKey("2024_01_01_Batch1", "P1")
BACKEND, PROFILES = f"backend/{KEY}", f"profiles/{KEY}"
CONFIG = parse_config("pipeline: p\n", path="c.yml")
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 131\n"
DVC = b"outs:\n- md5: ab\n  size: 9\n  path: P1.sqlite\n"
PAGE = b"<!DOCTYPE html><html>not found</html>"
TABLE = b"Metadata_Plate,Metadata_Well,Cells_AreaShape_Area\nP1,A01,1.5\nP1,A02,2.5\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A backend, a file of joined cells and profiles, as bytes."""
    folder = tmp_path_factory.mktemp("files")
    collate([made_site(well, cells=40) for well in ("A01", "A02")], folder, aggregate=None)
    with closing(sqlite3.connect(folder / "backend.sqlite")) as connection:
        cells: Any = pd.read_sql("SELECT * FROM Cells", connection)
    cells = cells.rename(columns={"ImageNumber": "Metadata_ImageNumber"})
    cells = cells.drop(columns="TableNumber").assign(Metadata_Plate="P1", Metadata_Well="A01")
    cells.to_parquet(folder / "cells.parquet")
    wells = pd.DataFrame(
        {
            "Metadata_Source": ["source_1", "source_1"],
            "Metadata_Plate": ["P1", "P1"],
            "Metadata_Well": ["A01", "A02"],
            "Cells_AreaShape_Area": pd.Series([0.1, 2.5], dtype="float32"),
        }
    )
    wells.to_parquet(folder / "wells.parquet")
    return {
        "sqlite": (folder / "backend.sqlite").read_bytes(),
        "cells": (folder / "cells.parquet").read_bytes(),
        "wells": (folder / "wells.parquet").read_bytes(),
        "csv": gzip.compress(TABLE),
    }


def refused(workspace: Workspace, scratch: Path, config: Config = CONFIG) -> ProfilingError:
    """Return what preflight says, which is what the step says."""
    source = plate_source(workspace, config, KEY)
    with pytest.raises(InvalidInputError) as before:
        refuse_unusable(workspace, config, source)
    with pytest.raises(InvalidInputError) as then:
        make_plate(workspace, config, KEY, source, scratch, wanted=["aggregated_profiles"])
    assert str(before.value) == str(then.value)
    assert before.value.path == source.path
    assert before.value.remedy
    return before.value


def aggregated(workspace: Workspace, scratch: Path, config: Config = CONFIG) -> TableOutput:
    source = plate_source(workspace, config, KEY)
    refuse_unusable(workspace, config, source)
    made = make_plate(workspace, config, KEY, source, scratch, wanted=["aggregated_profiles"])
    table = made.made["aggregated_profiles"]
    assert isinstance(table, TableOutput)
    return table


Change = Callable[[bytes], bytes]
REFUSED: dict[str, tuple[str, str, Change, str]] = {
    "a cut database": ("sqlite", f"{BACKEND}/P1.sqlite", lambda b: b[:-100], "cut off"),
    "a database cut in its schema": ("sqlite", f"{BACKEND}/P1.db", lambda b: b[:3000], "cut off"),
    "an empty database": ("sqlite", f"{BACKEND}/P1.sqlite", lambda _: b"", "empty"),
    "a pointer for a database": ("sqlite", f"{BACKEND}/P1.sqlite", lambda _: LFS, "Git LFS"),
    "a DVC file for a database": ("sqlite", f"{BACKEND}/P1.sqlite.dvc", lambda _: DVC, "DVC"),
    "a packed database": ("sqlite", f"{BACKEND}/P1.sqlite.gz", gzip.compress, "gzipped"),
    "a page for a database": ("sqlite", f"{BACKEND}/P1.sqlite", lambda _: PAGE, "web page"),
    "a text for a database": ("sqlite", f"{BACKEND}/a.db", lambda _: TABLE, "no SQLite"),
    "a pointer for cells": ("cells", f"{BACKEND}/P1.parquet", lambda _: LFS, "Git LFS"),
    "cells cut off": ("cells", f"{BACKEND}/P1.parquet", lambda b: b[:-9], "cut off"),
    "no cells": ("cells", f"{BACKEND}/P1.parquet", lambda _: b"", "empty"),
    "a text for cells": ("cells", f"{BACKEND}/P1.parquet", lambda _: TABLE, "no Parquet"),
    "wells for cells": ("wells", f"{BACKEND}/P1.parquet", lambda b: b, "profiles of wells"),
    "cells for wells": ("cells", f"{PROFILES}/P1.parquet", lambda b: b, "a row for each cell"),
    "wells cut off": ("wells", f"{PROFILES}/P1.parquet", lambda b: b[:-9], "cut off"),
    "a pointer for wells": ("wells", f"{PROFILES}/P1.parquet", lambda _: LFS, "Git LFS"),
    "a DVC file for wells": ("wells", f"{PROFILES}/P1.parquet.dvc", lambda _: DVC, "DVC"),
    "a pointer for a table": ("csv", f"{PROFILES}/P1.csv.gz", lambda _: LFS, "Git LFS"),
    "a DVC file for a table": ("csv", f"{PROFILES}/P1.csv.gz.dvc", lambda _: DVC, "DVC"),
    "a page for a table": ("csv", f"{BACKEND}/P1.csv", lambda _: PAGE, "web page"),
    "no table": ("csv", f"{BACKEND}/P1.csv", lambda _: b"", "empty"),
    "another table": ("csv", f"{BACKEND}/P1.csv", lambda _: b"a,b\n1,2\n", "no column Metadata_W"),
    "a column twice": (
        "csv",
        f"{BACKEND}/P1.csv.gz",
        lambda _: gzip.compress(b"Metadata_Well,X,X\nA01,1,2\n"),
        "more than once",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_check_and_run_refuse_alike_what_cannot_be_used(
    kind: str, files: dict[str, bytes], workspace: Workspace, tmp_path: Path
):
    of, path, change, words = REFUSED[kind]
    workspace.publish_bytes(change(files[of]), path)
    error = refused(workspace, tmp_path)
    assert error.path == path
    assert words in error.what


@pytest.mark.parametrize(
    "kind",
    ["a cut database", "an empty database", "a DVC file for a database", "cells cut off",
     "cells for wells", "a pointer for a table"],
)  # fmt: skip
def test_on_s3_too(kind: str, files: dict[str, bytes], s3_workspace: S3Workspace, tmp_path: Path):
    of, path, change, words = REFUSED[kind]
    s3_workspace.publish_bytes(change(files[of]), path)
    assert words in refused(s3_workspace, tmp_path).what


def test_a_better_source_of_no_use_is_an_error_and_no_reason_to_take_the_next(
    files: dict[str, bytes], workspace: Workspace, tmp_path: Path
):
    workspace.publish_bytes(LFS, f"{BACKEND}/P1.sqlite")
    workspace.publish_bytes(files["cells"], f"{BACKEND}/P1.parquet")
    workspace.publish_bytes(TABLE, f"{PROFILES}/P1.csv")
    assert "git lfs pull" in str(refused(workspace, tmp_path))


def test_sources_are_taken_in_the_order_of_the_documentation(
    files: dict[str, bytes], workspace: Workspace
):
    order = [
        ("csv", f"{PROFILES}/P1.csv.gz", SourceKind.PROFILES),
        ("wells", f"{PROFILES}/P1.parquet", SourceKind.PROFILES),
        ("csv", f"{BACKEND}/P1.csv", SourceKind.PROFILES),
        ("cells", f"{BACKEND}/other.parquet", SourceKind.PARQUET),
        ("cells", f"{BACKEND}/P1.parquet", SourceKind.PARQUET),
        ("sqlite", f"{BACKEND}/other.db", SourceKind.SQLITE),
        ("sqlite", f"{BACKEND}/P1.db", SourceKind.SQLITE),
        ("sqlite", f"{BACKEND}/P1.sqlite", SourceKind.SQLITE),
    ]
    for of, path, kind in order:
        workspace.publish_bytes(files[of], path)
        source = plate_source(workspace, CONFIG, KEY)
        assert (source.path, source.kind) == (path, kind)


def test_several_databases_none_of_the_plate_s_name_are_the_plate_s_error(
    files: dict[str, bytes], workspace: Workspace
):
    for name in ("a.db", "b.sqlite"):
        workspace.publish_bytes(files["sqlite"], f"{BACKEND}/{name}")
    with pytest.raises(BackendError, match=r"a\.db, b\.sqlite") as caught:
        plate_source(workspace, CONFIG, KEY)
    assert caught.value.path == BACKEND


@pytest.mark.parametrize("storage", ["workspace", "s3_workspace"])
def test_each_source_gives_its_profiles(
    storage: str, files: dict[str, bytes], request: pytest.FixtureRequest, tmp_path: Path
):
    workspace: Workspace = request.getfixturevalue(storage)
    (tmp_path / "work").mkdir()
    for of, path, wells in (
        ("wells", f"{PROFILES}/P1.parquet", ["A01", "A02"]),
        ("cells", f"{BACKEND}/cells.parquet", ["A01"]),
        ("sqlite", f"{BACKEND}/DefaultDB.db", ["A01", "A02"]),
    ):
        workspace.publish_bytes(files[of], path)
        table = aggregated(workspace, tmp_path / "work")
        assert table.frame["Metadata_Well"].tolist() == wells


def test_the_schema_of_a_database_on_s3_is_known_from_its_beginning(
    files: dict[str, bytes],
    s3_workspace: S3Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE Something (x)")
        connection.execute("CREATE TABLE Blob AS SELECT zeroblob(3000000) AS x")
        connection.commit()
    s3_workspace.publish_bytes(file.read_bytes(), f"{BACKEND}/P1.sqlite")
    source = plate_source(s3_workspace, CONFIG, KEY)
    with monkeypatch.context() as patched:
        patched.delattr(S3Workspace, "local_file")
        patched.delattr(S3Workspace, "read_bytes")
        with pytest.raises(BackendError, match="its tables are: Blob, Something"):
            refuse_unusable(s3_workspace, CONFIG, source)
        s3_workspace.publish_bytes(files["sqlite"], f"{BACKEND}/P1.sqlite")
        refuse_unusable(s3_workspace, CONFIG, source)
        s3_workspace.publish_bytes(files["cells"], f"{BACKEND}/P1.sqlite")
        with pytest.raises(BackendError, match="a Parquet file, no SQLite file"):
            refuse_unusable(s3_workspace, CONFIG, source)


def test_parquet_profiles_are_taken_over_at_full_precision_and_stay_as_they_are(
    files: dict[str, bytes], workspace: Workspace, tmp_path: Path
):
    workspace.publish_bytes(files["wells"], f"{PROFILES}/P1.parquet")
    table = aggregated(workspace, tmp_path)
    assert table.unchanged is not None
    assert gzip.decompress(table.unchanged).decode().splitlines()[:2] == [
        "Metadata_Source,Metadata_Plate,Metadata_Well,Cells_AreaShape_Area",
        "source_1,P1,A01,0.10000000149011612",
    ]


def test_aggregate_only_takes_cells_and_no_profiles(files: dict[str, bytes], workspace: Workspace):
    only = parse_config("pipeline: p\ncollate: {aggregate_only: true}\n", path="c.yml")
    workspace.publish_bytes(files["wells"], f"{PROFILES}/P1.parquet")
    assert plate_source(workspace, only, KEY).kind is SourceKind.NONE
    workspace.publish_bytes(files["cells"], f"{BACKEND}/P1.parquet")
    assert plate_source(workspace, only, KEY).kind is SourceKind.PARQUET


def test_a_database_in_wal_mode_is_refused_while_writes_are_pending_beside_it(
    files: dict[str, bytes], workspace: Workspace, tmp_path: Path
):
    file = tmp_path / "P1.sqlite"
    file.write_bytes(files["sqlite"])
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE Later (x)")
        connection.commit()
        for name in ("P1.sqlite", "P1.sqlite-wal"):
            workspace.publish_bytes((tmp_path / name).read_bytes(), f"{BACKEND}/{name}")
    error = refused(workspace, tmp_path)
    assert "wal_checkpoint(TRUNCATE)" in str(error.remedy)
