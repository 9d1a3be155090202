"""One look at a workspace: the same answers from fewer questions."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profiling_assets.errors import MissingInputError
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.snapshot import Snapshot, snapshot

FILES = (
    "profiles/B/P1/P1.csv.gz",
    "profiles/B/P1/P1_augmented.csv.gz",
    "profiles/B/P2/P2.csv.gz",
    "profiles/B/B_selected_features_batch.tsv",
    "backend/B/P1/P1.sqlite",
    "metadata/platemaps/B/barcode_platemap.csv",
)


class Counted(FolderWorkspace):
    """A folder that counts what it is asked, as S3 bills it."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.asked: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in {"list_folder", "list_two_levels", "stat", "read_bytes"}:
            asked = super().__getattribute__("asked")

            def counted(*args: Any, **kwargs: Any) -> Any:
                asked[name] += 1
                return found(*args, **kwargs)

            return counted
        return found

    @property
    def at_once(self) -> int:
        return 16


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return Counted(str(tmp_path))


def test_every_file_is_found_as_the_workspace_finds_it(counted: Counted) -> None:
    look = Snapshot(counted)
    for path in (*FILES, "profiles/B/P1/absent", "profiles/B/P9/x", "profiles/C/P/x", "nothing"):
        assert look.stat(path) == FolderWorkspace(counted.root).stat(path)
    for path in ("profiles", "profiles/B", "profiles/B/P1", "profiles/B/P9", "metadata", ""):
        assert look.list_folder(path) == FolderWorkspace(counted.root).list_folder(path)


def test_the_results_of_a_batch_cost_one_listing_an_area(counted: Counted) -> None:
    look = Snapshot(counted)
    for plate in ("P1", "P2", "P3"):
        for step in ("", "_augmented", "_normalized"):
            look.stat(f"profiles/B/{plate}/{plate}{step}.csv.gz")
        look.stat(f"backend/B/{plate}/{plate}.sqlite")
    assert counted.asked["stat"] == 0
    assert counted.asked["list_two_levels"] == 2


def test_a_small_file_is_read_once(counted: Counted) -> None:
    look = Snapshot(counted)
    for _ in range(3):
        assert look.read_bytes(FILES[-1]) == FILES[-1].encode()
    assert counted.asked["read_bytes"] == 1
    with pytest.raises(MissingInputError):
        look.read_bytes("absent")


@pytest.mark.parametrize(
    "write",
    [
        lambda look: look.publish_bytes(b"new", FILES[0]),
        lambda look: look.replace_bytes(b"new", FILES[0], expected=look.stat(FILES[0]).version),
        lambda look: look.remove(FILES[0]),
    ],
    ids=["publish", "replace", "remove"],
)
def test_what_was_written_through_it_is_seen(
    counted: Counted, write: Callable[[Snapshot], object]
) -> None:
    look = Snapshot(counted)
    look.stat(FILES[0])
    look.read_bytes(FILES[0])
    write(look)
    assert look.stat(FILES[0]) == FolderWorkspace(counted.root).stat(FILES[0])


def test_a_folder_is_asked_itself(tmp_path: Path) -> None:
    folder = FolderWorkspace(str(tmp_path))
    assert snapshot(folder) is folder
