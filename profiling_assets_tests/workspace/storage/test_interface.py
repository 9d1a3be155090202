"""What every workspace does, on a folder and on S3."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import ConflictError, InvalidNameError, MissingInputError
from profiling_assets.workspace.storage.interface import Listing, Workspace, checked_path

PLATE = "backend/B 1/000123/000123"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_published_is_read_back_and_listed(any_workspace: Workspace) -> None:
    info = any_workspace.publish_bytes(b"x,y\n", f"{PLATE}.csv")
    assert info.size == 4
    assert any_workspace.read_bytes(f"{PLATE}.csv") == b"x,y\n"
    assert any_workspace.read_head(f"{PLATE}.csv", 2) == b"x,"
    whole = any_workspace.read_bytes(f"{PLATE}.csv")
    for start in (0, 1, len(whole) - 1, len(whole), len(whole) + 5):
        assert any_workspace.read_range(f"{PLATE}.csv", start, 2) == whole[start : start + 2]
    assert any_workspace.stat(f"{PLATE}.csv") == info
    assert any_workspace.list_folder("backend/B 1/000123") == Listing((), (info,))
    assert any_workspace.list_folder("backend").folders == ("B 1",)
    with any_workspace.local_file(f"{PLATE}.csv") as local:
        assert local.read_bytes() == b"x,y\n"
    any_workspace.remove(f"{PLATE}.csv")
    any_workspace.remove(f"{PLATE}.csv")
    assert any_workspace.stat(f"{PLATE}.csv") is None


def test_a_replacement_needs_the_version_that_was_read(any_workspace: Workspace) -> None:
    first = any_workspace.replace_bytes(b"1", "a.json", expected=None)
    second = any_workspace.replace_bytes(b"2", "a.json", expected=first.version)
    for stale in (None, first.version):
        with pytest.raises(ConflictError):
            any_workspace.replace_bytes(b"3", "a.json", expected=stale)
    with pytest.raises(ConflictError):
        any_workspace.replace_bytes(b"3", "absent.json", expected=second.version)
    assert any_workspace.read_bytes("a.json") == b"2"


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "a//b", "a/", "./a", "a\0b", "."]
)
def test_paths_that_could_leave_the_root_are_refused_everywhere(
    any_workspace: Workspace, path: str
) -> None:
    for act in (
        any_workspace.list_folder,
        any_workspace.stat,
        any_workspace.read_bytes,
        any_workspace.remove,
        any_workspace.location,
        lambda p: any_workspace.publish_bytes(b"", p),
        lambda p: any_workspace.replace_bytes(b"", p, expected=None),
    ):
        with pytest.raises(InvalidNameError):
            act(path)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20))
def test_a_path_that_passes_stays_below_any_root(path: str) -> None:
    try:
        checked_path(path)
    except InvalidNameError:
        return
    root = Path("/somewhere/root")
    assert (root / path).is_relative_to(root)
    assert ".." not in (root / path).parts


def test_absent_folders_are_empty_and_absent_files_are_errors(any_workspace: Workspace) -> None:
    assert any_workspace.list_folder("analysis/B/P") == Listing((), ())
    any_workspace.publish_bytes(b"1", "a/file")
    assert any_workspace.list_folder("a/file") == Listing((), ())
    assert any_workspace.stat("a") is None
    for path in ("a/none", "a/file/below", "a"):
        with pytest.raises(MissingInputError) as caught:
            any_workspace.read_bytes(path)
        assert caught.value.path == path
    with pytest.raises(MissingInputError), any_workspace.local_file("a/none"):
        pass


def test_scratch_is_private_empty_and_gone_afterwards_also_after_an_error(
    any_workspace: Workspace,
) -> None:
    with (
        any_workspace.scratch("B 1/000123") as scratch,
        any_workspace.scratch("B 1/000123") as second,
    ):
        assert scratch != second
        assert names(scratch) == []
        assert "B_1_000123" in scratch.name
        assert scratch.stat().st_mode & 0o077 == 0
        (scratch / "deep").mkdir()
        (scratch / "deep" / "file").write_bytes(b"1")
    base = scratch.parent
    assert names(base) == []
    with pytest.raises(KeyError), any_workspace.scratch("x"):
        raise KeyError
    assert names(base) == []


def test_a_workspace_crosses_a_process_boundary(any_workspace: Workspace) -> None:
    any_workspace.publish_bytes(b"1", "a")
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).read_bytes('a'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(any_workspace),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"b'1'\n"


def test_a_link_given_as_the_local_file_publishes_its_content(
    any_workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    any_workspace.publish_file(tmp_path / "link", f"{PLATE}.csv")
    assert not Path(any_workspace.root, f"{PLATE}.csv").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"1"


def test_a_file_is_published_whatever_stood_there_before(
    any_workspace: Workspace, tmp_path: Path
) -> None:
    any_workspace.publish_bytes(b"old and long", f"{PLATE}.sqlite")
    (tmp_path / "new").write_bytes(b"new")
    info = any_workspace.publish_file(tmp_path / "new", f"{PLATE}.sqlite")
    assert any_workspace.stat(f"{PLATE}.sqlite") == info
    assert any_workspace.read_bytes(f"{PLATE}.sqlite") == b"new"
    assert not (tmp_path / "new").exists()


def test_two_levels_are_what_two_listings_tell(any_workspace: Workspace) -> None:
    for path in ("f", "a/x", "a/y", "a/deep/er/z", "b b/x", "c/d/e", "a.csv", "ab"):
        any_workspace.publish_bytes(path.encode(), f"analysis/{path}")
    for folder in ("analysis", "", "analysis/a", "absent"):
        two = any_workspace.list_two_levels(folder)
        prefix = f"{folder}/" if folder else ""
        assert two.level == any_workspace.list_folder(folder)
        assert {n: any_workspace.list_folder(prefix + n) for n in two.level.folders} == two.folders


def test_an_empty_file_is_a_file(any_workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    any_workspace.publish_bytes(b"", "a")
    any_workspace.publish_file(tmp_path / "empty", "b")
    for path in ("a", "b"):
        assert any_workspace.read_bytes(path) == any_workspace.read_head(path, 10) == b""
        with any_workspace.local_file(path) as local:
            assert local.read_bytes() == b""
    assert [file.size for file in any_workspace.list_folder("").files] == [0, 0]


def test_a_file_was_modified_when_it_was_written(any_workspace: Workspace) -> None:
    before = time.time()
    info = any_workspace.publish_bytes(b"1", "a")
    replaced = any_workspace.replace_bytes(b"2", "b", expected=None)
    (listed, _) = any_workspace.list_folder("").files
    for seen in (info.modified, replaced.modified, listed.modified):
        assert before - 2 < seen < time.time() + 2
