"""A workspace on a folder: reading, publishing, scratch space, links and permissions."""

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.os_errors import writing

PLATE = "backend/B 1/000123/000123"
User = Callable[[], AbstractContextManager[None]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_publishing_leaves_nothing_but_the_file_and_keeps_to_the_users_umask(
    workspace: Workspace,
) -> None:
    old = os.umask(0o027)
    try:
        workspace.publish_bytes(b"1", f"{PLATE}.csv")
    finally:
        os.umask(old)
    file = Path(workspace.root, f"{PLATE}.csv")
    assert names(file.parent) == ["000123.csv"]
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_name_as_long_as_a_file_system_takes_can_be_published(workspace: Workspace) -> None:
    path = f"profiles/{'é' * 120}.csv.gz"
    workspace.publish_bytes(b"1", path)
    assert workspace.read_bytes(path) == b"1"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same disk", "other disk"])
def test_a_file_is_moved_to_its_place(workspace: Workspace, elsewhere: bool) -> None:
    if elsewhere and not _is_other_disk(Path("/dev/shm"), Path(workspace.root)):
        pytest.skip("no second file system at /dev/shm")
    data = os.urandom(100_000)
    with workspace.scratch("B/P") as scratch:
        local = Path("/dev/shm", scratch.name) if elsewhere else scratch / "P.sqlite"
        local.write_bytes(data)
        info = workspace.publish_file(local, f"{PLATE}.sqlite")
        assert not local.exists()
    assert info == workspace.stat(f"{PLATE}.sqlite")
    assert workspace.read_bytes(f"{PLATE}.sqlite") == data
    assert names(Path(workspace.root, PLATE).parent) == ["000123.sqlite"]


def test_a_file_too_large_for_the_disk_says_how_much_is_needed_and_free(
    workspace: Workspace, tmp_path: Path
) -> None:
    if not _is_other_disk(Path("/dev/shm"), tmp_path):
        pytest.skip("no second file system at /dev/shm")
    shm = Path("/dev/shm", f"profiling-assets-{os.getpid()}")
    shm.mkdir()
    try:
        huge = tmp_path / "huge.sqlite"
        with huge.open("wb") as file:
            file.truncate(8 * 2**40)  # sparse: takes no space here
        with pytest.raises(
            WorkspaceError, match=r"needs 8,796,093,022,208 bytes, and [\d,]+ bytes"
        ):
            FolderWorkspace(str(shm)).publish_file(huge, "P.sqlite")
        assert names(shm) == []
        assert huge.exists()
    finally:
        shm.rmdir()


def test_a_disk_that_fills_up_while_writing_is_named_too(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkspaceError, match=r"needs more, and [0-9,]+ bytes are free") as caught,
        writing("backend/B/P/P.sqlite", folder=tmp_path / "not" / "made"),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"1")
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC


def test_a_replacement_is_a_later_version_even_where_the_clock_stands_still_or_goes_back(
    workspace: Workspace,
) -> None:
    version = workspace.replace_bytes(b"1", "a", expected=None).version
    ahead = int(version) + 3_600_000_000_000
    os.utime(Path(workspace.root, "a"), ns=(ahead, ahead))
    for _ in range(3):
        later = workspace.replace_bytes(b"1", "a", expected=str(ahead))
        assert int(later.version) > ahead
        assert workspace.stat("a") == later
        ahead = int(later.version)


def test_a_listing_has_names_sorted_and_no_dead_links(workspace: Workspace) -> None:
    root = Path(workspace.root)
    for name in ("b", "a", ".hidden"):
        (root / name).mkdir()
        (root / f"{name}.csv").write_bytes(b"12")
    (root / "dead").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe")
    listing = workspace.list_folder("")
    assert listing.folders == (".hidden", "a", "b")
    assert [file.path for file in listing.files] == [".hidden.csv", "a.csv", "b.csv"]


def test_a_linked_root_and_a_relative_one_are_the_same_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    roots = [open_workspace(str(root)) for root in (tmp_path / "real", tmp_path / "link", "link")]
    monkeypatch.chdir("/")
    roots[2].publish_bytes(b"1", "a")
    assert {workspace.root for workspace in roots} == {str((tmp_path / "real").resolve())}
    assert {workspace.read_bytes("a") for workspace in roots} == {b"1"}


def test_links_are_followed_for_reading_and_never_out_of_the_root_for_writing(
    workspace: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "other disk"
    (other / "B").mkdir(parents=True)
    (other / "B" / "a.csv").write_bytes(b"1")
    Path(workspace.root, "analysis").symlink_to(other)
    Path(workspace.root, "linked.csv").symlink_to(other / "B" / "a.csv")
    assert workspace.read_bytes("analysis/B/a.csv") == b"1"
    assert workspace.list_folder("analysis").folders == ("B",)
    for write in (
        lambda: workspace.publish_bytes(b"2", "analysis/B/a.csv"),
        lambda: workspace.publish_bytes(b"2", "analysis/new/a.csv"),
        lambda: workspace.replace_bytes(b"2", "analysis/B/a.csv", expected=None),
        lambda: workspace.remove("analysis/B/a.csv"),
    ):
        with pytest.raises(WorkspaceError, match="leads out of the workspace"):
            write()
    workspace.publish_bytes(b"2", "linked.csv")  # in place of the link, not through it
    assert (other / "B" / "a.csv").read_bytes() == b"1"
    assert names(other / "B") == ["a.csv"]


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("gs://bucket/projects/P/workspace", "not known"),
        ("", "no workspace is named"),
        ("a\0b", "no workspace is named"),
        ("does/not/exist", "no such folder"),
        (__file__, "no such folder"),
    ],
)
def test_a_root_that_is_no_folder_is_an_error_with_a_remedy(root: str, words: str) -> None:
    with pytest.raises(WorkspaceError, match=words) as caught:
        open_workspace(root)
    assert caught.value.remedy


def test_an_unreadable_folder_is_an_error_and_not_an_empty_listing(
    open_folder: Path, ordinary_user: User
) -> None:
    (open_folder / "closed").mkdir()
    (open_folder / "file").write_bytes(b"1")
    (open_folder / "closed").chmod(0)
    (open_folder / "file").chmod(0)
    with ordinary_user():
        workspace = open_workspace(str(open_folder))
        for act, path in (
            (workspace.list_folder, "closed"),
            (workspace.stat, "closed/file"),
            (workspace.read_bytes, "file"),
        ):
            with pytest.raises(WorkspaceError, match="cannot be read") as caught:
                act(path)
            assert caught.value.path == path
            assert "permission" in (caught.value.remedy or "")
        with pytest.raises(WorkspaceError, match="cannot be read"):
            open_workspace(str(open_folder / "closed"))


def test_a_read_only_workspace_is_read_and_the_first_write_says_so(
    open_folder: Path, ordinary_user: User
) -> None:
    (open_folder / "file").write_bytes(b"1")
    (open_folder / "local").write_bytes(b"2")
    open_folder.chmod(0o555)
    with ordinary_user():
        workspace = open_workspace(str(open_folder))
        assert workspace.read_bytes("file") == b"1"
        for write in (
            lambda: workspace.publish_bytes(b"2", "file"),
            lambda: workspace.publish_file(open_folder / "local", "backend/x"),
            lambda: workspace.replace_bytes(b"2", "x", expected=None),
            lambda: workspace.remove("file"),
            lambda: workspace.scratch("x").__enter__(),
        ):
            with pytest.raises(WorkspaceError, match="cannot be written") as caught:
                write()
            assert "permission" in (caught.value.remedy or "")
    assert names(open_folder) == ["file", "local"]
    assert (open_folder / "file").read_bytes() == b"1"


def _is_other_disk(one: Path, other: Path) -> bool:
    return one.is_dir() and os.access(one, os.W_OK) and one.stat().st_dev != other.stat().st_dev
