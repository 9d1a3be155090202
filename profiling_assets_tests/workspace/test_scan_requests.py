"""Few listings for many plates, the same answers on a folder and on S3, odd keys."""

import threading
import time

import boto3
import pytest
from botocore.config import Config

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.completeness import PlateState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source, WorkspaceScan
from profiling_assets.workspace.scan_many import glance, glance_at_names
from profiling_assets.workspace.scan_workspace import scan_plate, scan_workspace, site_folder_names
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Listing, TwoLevels, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.s3_servers import S3Server

KEY = PlateKey("B", "PL-01-x")
SITES = f"analysis/{KEY}/analysis"
LOAD_DATA = b"Metadata_Plate,Metadata_Well,Metadata_Site\nPL-01-x,A01,1\nPL-01-x,A01,2\n"


class Remote(FolderWorkspace):
    """A folder that is asked for several things at a time, and counts."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.listed: list[str] = []

    @property
    def at_once(self) -> int:
        return 4

    def list_folder(self, path: str) -> Listing:
        self.listed.append(path)
        return super().list_folder(path)

    def list_two_levels(self, path: str) -> TwoLevels:
        self.listed.append(f"{path} flat")
        return FolderWorkspace(self.root).list_two_levels(path)


def fill(workspace: Workspace) -> None:
    for site in ("PL-01-x-A01-1", "PL-01-x-A01-2"):
        for name in (
            "Image.csv",
            "Cells.csv",
            "Experiment.csv",
            "outlines/a.png",
            "outlines/b.png",
        ):
            workspace.publish_bytes(b"x", f"{SITES}/{site}/{name}")
    workspace.publish_bytes(LOAD_DATA, f"load_data_csv/{KEY}/load_data.csv")
    workspace.publish_bytes(b"x", "analysis/B/notes #1 [x] %20.txt")
    workspace.publish_bytes(b"x", "analysis/B/three...dots/analysis/A01-1/Image.csv")
    workspace.publish_bytes(b"x", "analysis/B/Zürich ä/analysis/A01-1/Image.csv")
    for batch, plate in (("B", "PL-01-x"), ("C", "000123")):
        workspace.publish_bytes(b"x", f"backend/{batch}/{plate}/{plate}.sqlite")
        workspace.publish_bytes(b"x", f"profiles/{batch}/{plate}/{plate}.csv.gz")
        workspace.publish_bytes(b"x", f"profiles/{batch}/{plate}/deeper/x.csv")
    workspace.publish_bytes(b"x", "profiles/B/B_selected_features_batch.tsv")


def expected_scan(workspace: Workspace) -> WorkspaceScan:
    return scan_workspace(FolderWorkspace(workspace.root))


def test_a_bucket_is_found_to_hold_what_a_folder_holds(
    workspace: FolderWorkspace, s3_workspace: S3Workspace
) -> None:
    for one in (workspace, s3_workspace):
        fill(one)
    on_folder, on_s3 = scan_workspace(workspace), scan_workspace(s3_workspace)
    assert on_s3 == on_folder
    assert PlateFound(PlateKey("B", "Zürich ä"), frozenset({Source.CSVS})) in on_s3.plates
    assert {entry.path for entry in on_s3.ignored} == {
        "analysis/B/notes #1 [x] %20.txt",
        "analysis/B/three...dots",
    }
    ours, theirs = scan_plate(workspace, KEY), scan_plate(s3_workspace, KEY)
    for name in ("expected", "load_data_path", "load_data_fingerprint", "completeness", "ignored"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert [(one.name, one.site, one.files) for one in theirs.folders] == [
        (one.name, one.site, one.files) for one in ours.folders
    ]
    assert theirs.completeness.state is PlateState.COMPLETE
    assert site_folder_names(s3_workspace, KEY) == ("PL-01-x-A01-1", "PL-01-x-A01-2")
    assert site_folder_names(s3_workspace, PlateKey("B", "absent")) == ()


def test_keys_that_are_no_paths_are_ignored_with_the_reason(
    s3_workspace: S3Workspace, bucket: str, s3: S3Server
) -> None:
    fill(s3_workspace)
    before = scan_workspace(s3_workspace), scan_plate(s3_workspace, KEY)
    prefix = s3_workspace.root.removeprefix(f"s3://{bucket}/")
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    for key in (
        f"{SITES}/",
        f"{SITES}//Image.csv",
        f"{SITES}/PL-01-x-A01-1/",
        f"{SITES}/PL-01-x-A01-1//x.csv",
        "analysis//x",
        "analysis/B//analysis/A01-1/Image.csv",
        "analysis/B/PL-01-x//x.csv",
        f"{SITES}/../Image.csv",
        f"{SITES}/PL-01-x-A01-1/./x.csv",
        "backend/B/",
        "profiles/B/PL-01-x/..",
    ):
        try:
            client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=b"")
        except client.exceptions.ClientError:  # some servers take no such key
            continue
    client.close()
    scan, listing = scan_workspace(s3_workspace), scan_plate(s3_workspace, KEY)
    assert scan.plates == before[0].plates
    assert listing.fingerprint == before[1].fingerprint
    assert [folder.name for folder in listing.folders] == ["PL-01-x-A01-1", "PL-01-x-A01-2"]
    if s3.kind == "seaweedfs":
        return  # it makes paths of such keys
    for seen, was, odd in (
        (
            scan.ignored,
            before[0].ignored,
            ["analysis//", "analysis/B//", "analysis/B/PL-01-x//", "profiles/B/PL-01-x/.."],
        ),
        (
            listing.ignored,
            before[1].ignored,
            [f"{SITES}/../", f"{SITES}//", f"{SITES}/PL-01-x-A01-1/./", f"{SITES}/PL-01-x-A01-1//"],
        ),
    ):
        new = set(seen) - set(was)
        assert sorted(entry.path for entry in new) == sorted(odd)
        assert all("cannot be a path" in entry.reason for entry in new)
    by_names = glance_at_names(s3_workspace, KEY, "analysis")
    assert [entry.path for entry in by_names.ignored] == [f"{SITES}/../", f"{SITES}//"]
    assert glance(s3_workspace, KEY, "analysis").ignored == listing.ignored


def test_a_workspace_is_listed_in_few_requests(workspace: FolderWorkspace) -> None:
    fill(workspace)
    remote = Remote(workspace.root)
    assert scan_workspace(remote) == expected_scan(workspace)
    assert sorted(remote.listed) == [
        "analysis",
        "analysis/B",
        f"analysis/{KEY}",
        "analysis/B/Zürich ä",
        "backend",
        "backend/B flat",
        "backend/C flat",
        "profiles",
        "profiles/B flat",
        "profiles/C flat",
    ]


@pytest.mark.parametrize("csv_dir", ["analysis", "."])
def test_known_plates_are_not_asked_for_again(workspace: FolderWorkspace, csv_dir: str) -> None:
    fill(workspace)
    remote = Remote(workspace.root)
    gone = PlateKey("B", "gone")
    found = scan_workspace(remote, csv_dir, known=[KEY, gone])
    assert found.plates == scan_workspace(workspace, csv_dir).plates
    assert f"analysis/{KEY}" not in remote.listed
    assert gone not in {plate.key for plate in found.plates}


def test_a_plate_and_its_load_data_take_one_listing_each(workspace: FolderWorkspace) -> None:
    fill(workspace)
    remote = Remote(workspace.root)
    scan_plate(remote, KEY)
    assert remote.listed == [f"{SITES} flat", f"load_data_csv/{KEY}"]


def test_the_last_change_is_that_of_the_newest_input(workspace: FolderWorkspace) -> None:
    assert scan_plate(workspace, KEY).last_change is None
    fill(workspace)
    began = scan_plate(workspace, KEY).last_change
    assert began is not None
    assert abs(time.time() - began) < 60
    time.sleep(0.02)
    workspace.publish_bytes(b"later", f"{SITES}/PL-01-x-A01-1/Experiment.csv")
    workspace.publish_bytes(b"later", f"{SITES}/PL-01-x-A01-1/outlines/a.png")
    assert scan_plate(workspace, KEY).last_change == began
    workspace.publish_bytes(b"later", f"{SITES}/PL-01-x-A01-1/Cells.csv")
    site = workspace.list_folder(f"{SITES}/PL-01-x-A01-1").files[0]
    assert scan_plate(workspace, KEY).last_change == site.modified > began
    time.sleep(0.02)
    workspace.publish_bytes(LOAD_DATA, f"load_data_csv/{KEY}/load_data.csv")
    load = workspace.list_folder(f"load_data_csv/{KEY}").files[0]
    assert scan_plate(workspace, KEY).last_change == load.modified > site.modified


def test_a_batch_that_cannot_be_listed_is_no_empty_one(workspace: FolderWorkspace) -> None:
    fill(workspace)

    class Broken(Remote):
        def list_folder(self, path: str) -> Listing:
            if path == "profiles/B":
                raise WorkspaceError("it cannot be listed", path=path)
            return super().list_folder(path)

        def list_two_levels(self, path: str) -> TwoLevels:
            self.list_folder(path)
            return super().list_two_levels(path)

    with pytest.raises(WorkspaceError) as caught:
        scan_workspace(Broken(workspace.root))
    assert caught.value.path == "profiles/B"


def test_results_come_in_the_order_of_the_items_however_long_each_takes() -> None:
    def slow(number: int) -> int:
        time.sleep(0.01 * (number % 3))
        return number * number

    for at_once in (1, 3, 50):
        assert map_at_once(slow, range(20), at_once=at_once) == [n * n for n in range(20)]
    assert map_at_once(slow, [], at_once=4) == []


def test_the_first_error_ends_it() -> None:
    called: list[int] = []

    def breaks(number: int) -> None:
        called.append(number)
        time.sleep(0.01)
        if number >= 3:
            raise WorkspaceError(str(number))

    with pytest.raises(WorkspaceError, match=r"[345]"):
        map_at_once(breaks, range(1000), at_once=3)
    assert len(called) < 20
    assert not [one for one in threading.enumerate() if one.name.startswith("at-once")]


def test_one_at_a_time_needs_no_thread() -> None:
    names = map_at_once(lambda _: threading.current_thread().name, range(3), at_once=1)
    assert set(names) == {threading.current_thread().name}
