"""A full disk at every write: nothing partial, and the message names bytes needed and free."""

import errno
import os
import random
import re
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.errors import WorkspaceError
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.faults.disks import fill

PATH = "profiles/B/000123/000123.csv.gz"
OLD, NEW = b"old" * 1000, os.urandom(300_000)
KEY = PlateKey("2026_03_02_Batch1", "PLATE-1")
FULL = r"the disk or a quota is full: it needs [0-9,]+ bytes, and [0-9,]+ bytes are free"
WITHOUT_SIZE = r"the disk or a quota is full: it needs .+, and [0-9,]+ bytes are free"
CALLS = ("open", "mkdir", "fsync", "replace", "utime")

Act = Callable[[Workspace, Path], object]


def publishes_bytes(workspace: Workspace, aside: Path) -> object:
    return workspace.publish_bytes(NEW, PATH)


def publishes_a_file(workspace: Workspace, aside: Path) -> object:
    with workspace.scratch("P") as scratch:
        (scratch / "file").write_bytes(NEW)
        return workspace.publish_file(scratch / "file", PATH)


def publishes_from_another_disk(workspace: Workspace, aside: Path) -> object:
    (aside / "file").write_bytes(NEW)
    link = aside / "link"  # whose content is copied, as from another disk
    link.unlink(missing_ok=True)
    link.symlink_to(aside / "file")
    return workspace.publish_file(link, PATH)


def replaces(workspace: Workspace, aside: Path) -> object:
    found = workspace.stat(PATH)
    assert found is not None
    return workspace.replace_bytes(NEW, PATH, expected=found.version)


ACTS: tuple[Act, ...] = (
    publishes_bytes,
    publishes_a_file,
    publishes_from_another_disk,
    replaces,
)


def standing(root: Path) -> list[str]:
    """Return what is there but locks."""
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "fill")
    return sorted(str(path.relative_to(root)) for path in files if path.suffix != ".lock")


@contextmanager
def full_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Let one call of the operating system, counted from 0, find the disk full."""
    left, failed = [number], list[str]()

    def failing(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*words: object, **named: object) -> object:
            writes = name != "open" or bool(int(str(words[1])) & os.O_CREAT)
            left[0] -= writes
            if writes and left[0] == -1:
                failed.append(name)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*words, **named)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, failing(name, getattr(os, name)))
        yield failed


@pytest.mark.parametrize("act", ACTS)
def test_whichever_call_finds_the_disk_full_the_old_file_stands_and_nothing_else(
    act: Act, workspace: FolderWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    root = Path(workspace.root)
    failed: list[str] = []
    told: list[str] = []
    for number in range(50):
        shutil.rmtree(root)
        root.mkdir()
        workspace.publish_bytes(OLD, PATH)
        before = len(told)
        with full_at(number, monkeypatch) as calls:
            try:
                act(workspace, aside)
            except WorkspaceError as error:
                told.append(error.what)
        refused = len(told) > before
        assert workspace.read_bytes(PATH) == (OLD if refused else NEW)
        assert standing(root) == [PATH]
        if not calls:
            break
        failed += calls
    assert len(told) >= 3
    assert all(re.match(WITHOUT_SIZE, what) for what in told)
    assert "fsync" in failed
    assert "replace" in failed
    assert workspace.read_bytes(PATH) == NEW


@pytest.fixture
def workspace(tmp_path: Path) -> FolderWorkspace:
    (tmp_path / "workspace").mkdir()
    return FolderWorkspace(str(tmp_path / "workspace"))


@pytest.mark.parametrize("act", ACTS)
def test_however_little_a_disk_has_left_a_file_is_whole_or_not_there(
    act: Act, small_disk: Path, tmp_path: Path
) -> None:
    workspace = open_workspace(str(small_disk))
    refused = 0
    for left in (0, 4096, 100_000, len(NEW) - 1, len(NEW), len(NEW) + 20_000, 2_000_000):
        workspace.publish_bytes(OLD, PATH)
        fill(small_disk, left)
        try:
            act(workspace, tmp_path)
        except WorkspaceError:
            refused += 1
            assert workspace.read_bytes(PATH) == OLD
        except OSError:  # of the test's own scratch file
            refused += 1
            assert act is publishes_a_file
            assert workspace.read_bytes(PATH) == OLD
        else:
            assert workspace.read_bytes(PATH) == NEW
        assert standing(small_disk) == [PATH]
        (small_disk / "fill").unlink()
    assert 1 <= refused < 7


@pytest.mark.parametrize(
    "engine", ["", "collate:\n  engine: cytominer-database\n"], ids=["own", "reference"]
)
def test_a_disk_that_fills_up_while_a_plate_is_read_is_told_with_bytes_needed_and_free(
    engine: str, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workspace(tmp_path / "workspace", plate_spec(24, 2, 40, 60))
    workspace = open_workspace(str(tmp_path / "workspace"))
    config = parse_config(f"pipeline: p\n{engine}", path="c.yml")
    source = plate_source(workspace, config, KEY)
    chance = random.Random(6)
    for left in (0, 50_000, chance.randrange(100_000, 2_000_000)):
        scratch = small_disk / "scratch"
        scratch.mkdir()

        def progress(done: int, total: int, left: int = left) -> None:
            if not (small_disk / "fill").exists():
                fill(small_disk, left)

        if engine:  # which tells no progress: somebody else was faster than the check
            monkeypatch.setattr("profiling_assets.steps.collate.check_space", _passes)
            fill(small_disk, left)
        with pytest.raises(WorkspaceError, match=FULL) as caught:
            make_plate(
                workspace,
                config,
                KEY,
                source,
                scratch,
                wanted=["sqlite_backend", "aggregated_profiles"],
                progress=progress,
            )
        assert caught.value.path == source.path
        assert "free space" in (caught.value.remedy or "")
        shutil.rmtree(scratch)
        (small_disk / "fill").unlink()


def _passes(*words: object, **named: object) -> None:
    del words, named
