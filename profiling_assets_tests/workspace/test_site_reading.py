"""Fetching ahead: same bytes, bounded memory, errors where they belong, and an end."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.site_folder import SiteFolder
from profiling_assets.workspace.site_reading import read_ahead
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import shared_data

AT_ONCE = 6
TABLES: tuple[str, ...] = ("Image.csv", "Cells.csv", "Cytoplasm.csv", "Nuclei.csv")


class Remote(FolderWorkspace):
    """A folder that is worth asking for several files at a time, as S3 is."""

    @property
    def at_once(self) -> int:
        return AT_ONCE


@dataclass
class Meter:
    """Bytes that the source handed out and that are still alive."""

    alive: int = 0
    peak: int = 0
    lock: AbstractContextManager[bool] = field(default_factory=threading.RLock)

    def add(self, size: int) -> None:
        with self.lock:
            self.alive += size
            self.peak = max(self.peak, self.alive)


class Watched(bytes):
    """Bytes that tell a meter when they are gone."""

    meter: Meter

    def __del__(self) -> None:
        self.meter.add(-len(self))


@dataclass
class Site:
    """A site folder in memory that counts what is asked of it."""

    name: str
    sizes: Mapping[str, int]
    meter: Meter = field(default_factory=Meter)
    seconds: float = 0.0
    broken: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list[str])

    @property
    def files(self) -> Mapping[str, int]:
        return self.sizes

    def content(self, file: str) -> bytes:
        return f"{self.name}/{file}".encode().ljust(self.sizes[file], b".")

    def read(self, file: str) -> bytes:
        self.asked.append(file)
        time.sleep(self.seconds)
        if file in self.broken:
            raise WorkspaceError("it cannot be read", path=f"{self.name}/{file}")
        data = Watched(self.content(file))
        data.meter = self.meter
        self.meter.add(len(data))
        return data

    def head(self, file: str) -> bytes:
        self.asked.append(f"head {file}")
        return self.content(file)[:10]


def plate(count: int, size: int = 1000, seconds: float = 0.0) -> list[Site]:
    meter = Meter()
    files = dict.fromkeys((*TABLES, "Experiment.csv", "notes.txt"), size)
    return [Site(f"P-A{at:03}-1", files, meter, seconds) for at in range(count)]


def read_all(folders: Sequence[SiteFolder]) -> dict[str, bytes]:
    return {
        f"{folder.name}/{file}": bytes(folder.read(file)) for folder in folders for file in TABLES
    }


def fetchers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("read-ahead")]


@pytest.fixture
def remote(workspace: FolderWorkspace) -> Remote:
    return Remote(workspace.root)


def test_every_file_is_fetched_once_and_only_those_that_collate_reads(remote: Remote) -> None:
    folders = plate(20)
    with read_ahead(remote, folders) as ahead:
        assert [folder.name for folder in ahead] == [folder.name for folder in folders]
        assert [folder.files for folder in ahead] == [folder.files for folder in folders]
        got = read_all(ahead)
    assert got == read_all(plate(20))
    assert all(sorted(folder.asked) == sorted(TABLES) for folder in folders)


def test_a_real_plate_is_collated_the_same_with_and_without(tmp_path: Path) -> None:
    from profiling_assets.collate.collate_plate import collate_plate
    from profiling_assets.collate.options import CollateOptions

    root = str(shared_data("cellprofiler_csv/synthetic_cp4281"))
    key = PlateKey("2026_11_22_SynBatch1", "SYN0000001")
    results = []
    for number, workspace in enumerate((open_workspace(root), Remote(root))):
        listing = scan_plate(workspace, key)
        sqlite = tmp_path / f"{number}.sqlite"
        with read_ahead(workspace, listing.folders, limit_bytes=100_000) as folders:
            done = collate_plate(
                key,
                folders,
                listing.expected,
                CollateOptions(),
                sqlite_file=sqlite,
                parquet_folder=None,
                aggregate=None,
                path="analysis",
            )
        results.append((done.tables, done.sites, sqlite.read_bytes()))
    assert results[0] == results[1]


def test_on_a_disk_the_folders_are_handed_through(workspace: FolderWorkspace) -> None:
    folders = plate(3)
    with read_ahead(workspace, folders) as ahead:
        assert ahead is folders
        assert fetchers() == []


def test_requests_overlap(remote: Remote) -> None:
    folders = plate(30, seconds=0.01)
    began = time.monotonic()
    with read_ahead(remote, folders) as ahead:
        read_all(ahead)
    assert time.monotonic() - began < 0.75 * 30 * len(TABLES) * 0.01


def test_bytes_alive_stay_below_the_limit_however_slow_the_reader_is(remote: Remote) -> None:
    folders, limit, size = plate(60, 1000), 10_000, 1000
    with read_ahead(remote, folders, limit_bytes=limit) as ahead:
        for folder in ahead:
            for file in TABLES:
                data = folder.read(file)
                time.sleep(0.002)  # the threads run as far as they may
                assert len(data) == size
                del data
    # beside what waits to be read, the reader holds one file
    assert folders[0].meter.peak <= limit + size
    assert folders[0].meter.peak > limit - size, "the limit is used"


def test_a_folder_larger_than_the_limit_is_fetched_whole_and_alone(remote: Remote) -> None:
    folders = plate(8, 50_000)
    with read_ahead(remote, folders, limit_bytes=60_000) as ahead:
        for folder in ahead:
            for file in TABLES:
                assert len(folder.read(file)) == 50_000
                time.sleep(0.005)
    assert folders[0].meter.peak <= 5 * 50_000


def test_what_was_read_is_let_go(remote: Remote) -> None:
    folders = plate(10, 1000)
    with read_ahead(remote, folders) as ahead:
        read_all(ahead)
        assert folders[0].meter.alive == 0
        ahead[0].read("Image.csv")
        read_all(ahead[1:3])
    end = time.monotonic() + 5
    while folders[0].meter.alive and time.monotonic() < end:
        time.sleep(0.01)
    assert folders[0].meter.alive == 0


def test_empty_folders_of_failed_jobs_do_not_stop_it(remote: Remote) -> None:
    folders = plate(12, seconds=0.002)
    for at in (0, 3, 4, 11):
        folders[at].sizes = {}
    with read_ahead(remote, folders) as ahead:
        for folder in ahead:
            if folder.files:
                for file in TABLES:
                    folder.read(file)
                time.sleep(0.02)
                following = next((f for f in folders if f.name > folder.name and f.sizes), None)
                assert following is None or following.asked, "nothing was fetched ahead"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8000))
def test_files_read_in_any_order_and_again_are_right(seed: int, limit: int) -> None:
    chance = random.Random(seed)
    folders = plate(8, 500)
    wanted = [(at, file) for at in range(8) for file in (*TABLES, "Experiment.csv")] * 2
    chance.shuffle(wanted)
    with read_ahead(Remote("/"), folders, limit_bytes=limit) as ahead:
        for at, file in wanted:
            if chance.random() < 0.3:
                assert folders[at].content(file).startswith(ahead[at].head(file)[:10])
            assert ahead[at].read(file) == folders[at].content(file)
    assert folders[0].meter.peak <= max(limit, 4 * 500) + 7 * 500  # what was under way at a jump


def test_a_second_pass_reads_everything_again(remote: Remote) -> None:
    folders = plate(10)
    with read_ahead(remote, folders, limit_bytes=9_000) as ahead:
        first, second = read_all(ahead), read_all(ahead)
    assert first == second
    assert all(sorted(folder.asked) == sorted(TABLES * 2) for folder in folders)


def test_one_that_reads_here_and_there_does_not_fetch_the_plate_each_time(remote: Remote) -> None:
    folders = plate(100)
    with read_ahead(remote, folders) as ahead:
        for at in (90, 10, 70, 30):
            ahead[at].read("Image.csv")
    assert sum(len(folder.asked) for folder in folders) <= 4 * len(TABLES)


def test_the_beginning_of_a_file_that_is_there_costs_no_request(remote: Remote) -> None:
    folders = plate(3)
    with read_ahead(remote, folders) as ahead:
        ahead[0].read("Image.csv")
        assert ahead[0].head("Cells.csv") == folders[0].content("Cells.csv")
        assert ahead[0].head("notes.txt") == folders[0].content("notes.txt")[:10]
    assert [asked for asked in folders[0].asked if asked.startswith("head")] == ["head notes.txt"]


def test_an_error_is_raised_by_the_file_that_has_it_and_by_no_other(remote: Remote) -> None:
    folders = plate(6)
    folders[3].broken = frozenset({"Cells.csv"})
    with read_ahead(remote, folders) as ahead:
        for at, folder in enumerate(ahead):
            for file in TABLES:
                if (at, file) == (3, "Cells.csv"):
                    assert folder.head(file) == folders[3].content(file)[:10]
                    with pytest.raises(WorkspaceError, match="cannot be read"):
                        folder.read(file)
                else:
                    assert folder.read(file) == folders[at].content(file)
        folders[3].broken = frozenset()
        assert ahead[3].read("Cells.csv") == folders[3].content("Cells.csv")


def leave_with(error: type[BaseException], remote: Remote, folders: Sequence[Site]) -> None:
    with read_ahead(remote, folders) as ahead:
        ahead[0].read("Image.csv")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_leaving_with_an_error_does_not_wait_for_requests_that_hang(
    remote: Remote, error: type[BaseException]
) -> None:
    go_on = threading.Event()

    class Hanging(Site):
        def read(self, file: str) -> bytes:
            if self.name != "P-A000-1":
                go_on.wait(60)
            return super().read(file)

    folders = [Hanging(site.name, site.sizes, site.meter) for site in plate(20)]
    began = time.monotonic()
    try:
        with pytest.raises(error):
            leave_with(error, remote, folders)
        assert time.monotonic() - began < 5
    finally:
        go_on.set()
    for thread in fetchers():
        thread.join(10)
    assert fetchers() == []
    assert sum(len(folder.asked) for folder in folders[1:]) <= AT_ONCE


def test_threads_are_gone_and_files_can_be_read_after_the_end(remote: Remote) -> None:
    folders = plate(5)
    with read_ahead(remote, folders) as ahead:
        ahead[0].read("Image.csv")
    for thread in fetchers():
        thread.join(10)
    assert fetchers() == []
    assert ahead[4].read("Image.csv") == folders[4].content("Image.csv")
    assert fetchers() == []


def test_a_merged_table_is_fetched_where_it_is_what_collate_reads(remote: Remote) -> None:
    folders = plate(3)
    for folder in folders:
        folder.sizes = {"Image.csv": 100, "object.csv": 300, "Cells.csv": 200}
    with read_ahead(remote, folders, munge=True) as ahead:
        for folder in ahead:
            assert folder.read("Image.csv")
            assert folder.read("object.csv")
    assert all(folder.asked == ["Image.csv", "object.csv"] for folder in folders)
