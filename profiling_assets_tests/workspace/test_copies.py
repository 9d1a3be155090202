"""Comparing and copying files between workspaces, on folders and on a real S3 server."""

import gzip
import os
from pathlib import Path

import pytest

from profiling_assets.errors import MissingInputError, WorkspaceError
from profiling_assets.workspace import copying
from profiling_assets.workspace.copying import (
    ComparedFile,
    Direction,
    Transfer,
    copy_files,
    list_files,
    transfer_plan,
)
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace
from profiling_assets.workspace.storage.opening import open_workspace

LOAD_DATA = b"Metadata_Plate,Metadata_Well,Metadata_Site\n000123,A01,1\n"
FILES = {
    "backend/B/000123/000123.csv": b"Metadata_Plate\n000123\n",
    "backend/B/a plate #1 %20 [x]/P.csv": "Zürich\n".encode(),
    "backend/B/000123/000123.sqlite": b"not to be copied",
    "load_data_csv/B/000123/load_data.csv": LOAD_DATA,
    "metadata/B/platemap/M.txt": b"plate_map_name\twell_position\n",
    "metadata/external_metadata/x.tsv": b"broad_sample\n",
    "metadata/.git/config": b"hidden",
}


class Counting:
    """A workspace that counts what is asked of it and hands everything through."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.calls: list[tuple[str, str]] = []

    def __getattr__(self, name: str):
        value = getattr(self.workspace, name)
        if not callable(value):
            return value

        def counted(*words: object, **more: object) -> object:
            self.calls.append((name, str(words[-1] if name.startswith("publish") else words[0])))
            return value(*words, **more)

        return counted

    def asked(self, *names: str) -> list[str]:
        return [path for name, path in self.calls if name in names]


def folder(path: Path) -> FolderWorkspace:
    path.mkdir()
    return FolderWorkspace(str(path))


@pytest.fixture(params=["folder to folder", "s3 to folder", "folder to s3", "s3 to s3"])
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Workspace, Workspace]:
    """Source and target, each a folder or a prefix of a bucket."""
    words = str(request.param).split(" to ")
    made: list[Workspace] = []
    for number, kind in enumerate(words):
        if kind == "s3":
            bucket = request.getfixturevalue("bucket")
            made.append(open_workspace(f"s3://{bucket}/side {number}?path_style=true"))
        else:
            made.append(folder(tmp_path / f"side {number}"))
    return made[0], made[1]


def put(workspace: Workspace, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        workspace.publish_bytes(data, path)


def pulled(source: Workspace, target: Workspace, *, dry_run: bool = False) -> list[ComparedFile]:
    folders = ("backend", "load_data_csv", "metadata")
    have = list_files(source, folders)
    plan = transfer_plan(have, Direction.PULL)
    there = list_files(target, folders)
    return copy_files(source, target, plan.transfers, have=have, there=there, dry_run=dry_run)


def contents(workspace: Workspace) -> dict[str, bytes]:
    return {
        path: workspace.read_bytes(path)
        for path in list_files(workspace, ("backend", "load_data_csv", "metadata"))
    }


def test_only_what_differs_is_copied(sides: tuple[Workspace, Workspace]) -> None:
    source, target = sides
    put(source, FILES)
    would = pulled(source, target, dry_run=True)
    assert contents(target) == {}
    first = pulled(source, target)
    assert [one.transfer for one in would] == [one.transfer for one in first]
    assert all(one.differs for one in (*would, *first))
    copied = contents(target)
    assert sorted(copied) == [
        "backend/B/000123/000123.csv",
        "backend/B/a plate #1 %20 [x]/P.csv",
        "load_data_csv/B/000123/load_data.csv.gz",
        "metadata/external_metadata/x.tsv",
        "metadata/platemaps/B/platemap/M.txt",
    ]
    assert gzip.decompress(copied["load_data_csv/B/000123/load_data.csv.gz"]) == LOAD_DATA
    assert copied["metadata/platemaps/B/platemap/M.txt"] == FILES["metadata/B/platemap/M.txt"]
    assert not any(one.differs for one in pulled(source, target))
    # of one size and other content; shorter; an extra file of the target
    put(source, {"backend/B/000123/000123.csv": b"Metadata_Plate\n000124\n"})
    put(source, {"load_data_csv/B/000123/load_data.csv": LOAD_DATA.replace(b"A01", b"A02")})
    put(target, {"backend/B/mine.csv": b"mine"})
    again = pulled(source, target)
    assert [one.transfer.target for one in again if one.differs] == [
        "backend/B/000123/000123.csv",
        "load_data_csv/B/000123/load_data.csv.gz",
    ]
    assert contents(target)["backend/B/mine.csv"] == b"mine"
    assert not any(one.differs for one in pulled(source, target))


def test_large_files_go_by_the_disk_and_the_source_stays(
    sides: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_IN_MEMORY_BYTES", 1000)
    source, target = sides
    large = os.urandom(50_000)
    put(source, {"backend/B/P/P.csv": large})
    assert [one.differs for one in pulled(source, target)] == [True]
    assert [one.differs for one in pulled(source, target)] == [False]
    assert source.read_bytes("backend/B/P/P.csv") == large == target.read_bytes("backend/B/P/P.csv")
    if isinstance(source, FolderWorkspace) and isinstance(target, FolderWorkspace):
        ours, theirs = (Path(side.root, "backend/B/P/P.csv") for side in sides)
        assert not theirs.is_symlink()
        assert not ours.samefile(theirs)


def test_load_data_that_somebody_compressed_otherwise_is_the_same(
    sides: tuple[Workspace, Workspace],
) -> None:
    source, target = sides
    path = "load_data_csv/B/000123/load_data.csv"
    put(source, {path: LOAD_DATA})
    put(target, {f"{path}.gz": gzip.compress(LOAD_DATA, 1, mtime=77)})
    assert [one.differs for one in pulled(source, target)] == [False]
    put(target, {f"{path}.gz": b"\x1f\x8b damaged"})
    assert [one.differs for one in pulled(source, target)] == [True]
    assert gzip.decompress(target.read_bytes(f"{path}.gz")) == LOAD_DATA


def test_compressed_load_data_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    made = []
    for number in (1, 2):
        source, target = folder(tmp_path / f"s{number}"), folder(tmp_path / f"t{number}")
        put(source, {"load_data_csv/B/P/load_data.csv": LOAD_DATA})
        pulled(source, target)
        made.append(target.read_bytes("load_data_csv/B/P/load_data.csv.gz"))
    assert made[0] == made[1]


def test_equal_etags_spare_the_reading(bucket: str, tmp_path: Path) -> None:
    local = Counting(folder(tmp_path / "local"))
    remote = Counting(open_workspace(f"s3://{bucket}/p?path_style=true"))
    put(local.workspace, FILES)
    pulled(local, remote)  # pyright: ignore[reportArgumentType]
    remote.calls.clear()
    assert not any(one.differs for one in pulled(local, remote))  # pyright: ignore[reportArgumentType]
    assert remote.asked("read_bytes", "local_file", "stat", "publish_bytes") == []
    # three folders, then what lies two levels below each
    assert len(remote.asked("list_folder", "list_two_levels")) <= 3 + 2 + 1 + 1 + 1
    other = folder(tmp_path / "other")
    pulled(remote, other)  # pyright: ignore[reportArgumentType]
    remote.calls.clear()
    assert not any(one.differs for one in pulled(remote, other))  # pyright: ignore[reportArgumentType]
    assert remote.asked("read_bytes", "local_file", "stat") == []


def test_an_etag_that_is_no_md5_does_not_make_a_difference(tmp_path: Path) -> None:
    source, target = folder(tmp_path / "s"), folder(tmp_path / "t")
    put(source, {"backend/B/P/P.csv": b"same"})
    put(target, {"backend/B/P/P.csv": b"same"})
    path = "backend/B/P/P.csv"
    for ours, theirs in (("a" * 32, "b" * 32), ("a" * 32 + "-2", "1"), ("1", "b" * 32 + "-3")):
        have = {path: ObjectInfo(path, 4, ours)}
        there = {path: ObjectInfo(path, 4, theirs)}
        (one,) = copy_files(source, target, [Transfer(path, path)], have=have, there=there)
        assert not one.differs
    # nor do equal times of two folders make files equal
    put(target, {path: b"else"})
    infos = {path: ObjectInfo(path, 4, "1")}
    (one,) = copy_files(source, target, [Transfer(path, path)], have=infos, there=infos)
    assert one.differs
    assert target.read_bytes(path) == b"same"


def test_a_file_that_goes_away_meanwhile_is_named_and_leaves_no_half_file(
    sides: tuple[Workspace, Workspace],
) -> None:
    source, target = sides
    put(source, {"backend/B/P/P.csv": b"x", "backend/B/Q/Q.csv": b"y"})
    have = list_files(source, ("backend",))
    source.remove("backend/B/Q/Q.csv")
    plan = transfer_plan(have, Direction.PULL)
    with pytest.raises(MissingInputError) as caught:
        copy_files(source, target, plan.transfers, have=have, there={})
    assert caught.value.path == "backend/B/Q/Q.csv"
    assert set(contents(target)) <= {"backend/B/P/P.csv"}


def test_a_target_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source, target = folder(tmp_path / "s"), folder(tmp_path / "t")
    put(source, {"backend/B/P/P.csv": b"x"})
    Path(target.root, "backend").write_bytes(b"a file where a folder should be")
    with pytest.raises(WorkspaceError) as caught:
        pulled(source, target)
    assert caught.value.path == "backend/B/P/P.csv"


def test_only_the_folders_of_a_batch_are_listed(tmp_path: Path) -> None:
    source = Counting(folder(tmp_path / "s"))
    for batch in ("B1", "B2"):
        put(source.workspace, {f"backend/{batch}/P/P.csv": b"x", f"metadata/{batch}/b.csv": b"y"})
    put(source.workspace, {"metadata/external_metadata/x.tsv": b"z"})
    found = list_files(source, ("backend", "metadata"), ["B2"])  # pyright: ignore[reportArgumentType]
    assert list(found) == [
        "backend/B2/P/P.csv",
        "metadata/B2/b.csv",
        "metadata/external_metadata/x.tsv",
    ]
    assert not any("B1" in path for path in source.asked("list_folder", "list_two_levels"))
