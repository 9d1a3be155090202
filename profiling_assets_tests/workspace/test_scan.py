"""Plates, site folders and load data as they lie in real and in made workspaces."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from profiling_assets.errors import InvalidInputError, WorkspaceError
from profiling_assets.workspace.completeness import PlateState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.scan_workspace import PlateListing, scan_plate, scan_workspace
from profiling_assets.workspace.sites import SiteName
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import shared_data

SYNTHETIC = PlateKey("2026_11_22_SynBatch1", "SYN0000001")
TARGET2 = PlateKey("2021_04_20_Target2", "BR00121431")
KEY = PlateKey("B", "PL-01-x")
CSVS = frozenset({Source.CSVS})
LOAD_DATA = b"Metadata_Plate,Metadata_Well,Metadata_Site\nPL-01-x,A01,1\nPL-01-x,A01,2\n"


def put(workspace: Workspace, *paths: str, data: bytes = b"ImageNumber\r\n1\r\n") -> None:
    for path in paths:
        workspace.publish_bytes(data, path)


def test_a_real_cellprofiler_workspace_is_found_complete() -> None:
    workspace = open_workspace(str(shared_data("cellprofiler_csv/synthetic_cp4281")))
    scan = scan_workspace(workspace)
    assert scan.plates == (PlateFound(SYNTHETIC, CSVS),)
    assert scan.ignored == ()
    listing = scan_plate(workspace, SYNTHETIC)
    assert listing.load_data_path == (
        "load_data_csv/2026_11_22_SynBatch1/SYN0000001/load_data_with_illum.csv"
    )
    assert len(listing.folders) == 16
    assert listing.folders[0].site == SiteName("A01", "1")
    assert {"Image.csv", "Cells.csv", "Experiment.csv"} <= set(listing.folders[0].files)
    got = listing.completeness
    assert (got.state, got.expected, got.found) == (PlateState.COMPLETE, 16, 16)
    assert listing.ignored == ()


def test_a_real_plate_without_load_data_has_its_sites_counted() -> None:
    workspace = open_workspace(str(shared_data("cellprofiler_csv/pycytominer_collate")))
    plates = {plate.key: plate.sources for plate in scan_workspace(workspace).plates}
    assert Source.CSVS in plates[TARGET2]
    listing = scan_plate(workspace, TARGET2)
    assert [folder.name for folder in listing.folders] == [
        f"BR00121431-{site}" for site in ("A01-1", "A01-2", "A02-1", "A02-2")
    ]
    got = listing.completeness
    assert (got.state, got.expected, got.found) == (PlateState.NO_LOAD_DATA, None, 4)
    assert listing.expected is listing.load_data_path is listing.load_data_fingerprint is None


def test_real_site_folders_without_the_plates_name_are_site_folders(tmp_path: Path) -> None:
    data = shared_data("cellprofiler_csv/cytominer_database/data_b")
    plate = tmp_path / "analysis" / "B" / "PL-01-x"
    plate.mkdir(parents=True)
    (plate / "analysis").symlink_to(data)
    listing = scan_plate(open_workspace(str(tmp_path)), KEY)
    assert {folder.name: folder.site.well for folder in listing.folders}["E17-4"] == "E17"
    assert set(listing.completeness.empty) >= {"E17-4/Cells.csv", "E17-4/Nuclei.csv"}


def test_a_site_folder_gives_its_files_and_at_least_two_lines_of_each(
    workspace: FolderWorkspace,
) -> None:
    wide = b",".join(b"Cells_Feature_%d" % number for number in range(6000)) + b"\r\n"
    row = b",".join(b"1" for _ in range(6000)) + b"\r\n"
    put(workspace, "analysis/B/PL-01-x/analysis/A01-1/Cells.csv", data=wide + row * 20)
    put(workspace, "analysis/B/PL-01-x/analysis/A01-1/Image.csv", data=b"a,b")
    (folder,) = scan_plate(workspace, KEY).folders
    assert folder.files == {"Cells.csv": len(wide) + 20 * len(row), "Image.csv": 3}
    assert folder.head("Cells.csv").startswith(wide + row)
    assert len(folder.head("Cells.csv")) < folder.files["Cells.csv"]
    assert folder.head("Image.csv") == folder.read("Image.csv") == b"a,b"


@pytest.mark.parametrize(
    ("folder", "csv_dir", "site"),
    [
        ("analysis/PL-01-x-A01-1", "analysis", SiteName("A01", "1")),
        ("analysis/PL-01-x-A01", "analysis", SiteName("A01", None)),
        ("analysis/A01-1", "analysis", SiteName("A01", "1")),
        ("analysis", "analysis", SiteName(None, None)),
        ("PL-01-x-A01-1", ".", SiteName("A01", "1")),
        ("", "", SiteName(None, None)),
        ("out/csvs/a1-01", "out/csvs", SiteName("A01", "01")),
    ],
)
def test_every_layout_of_site_folders_is_found(
    workspace: FolderWorkspace, folder: str, csv_dir: str, site: SiteName
) -> None:
    path = f"analysis/B/PL-01-x/{folder}/Image.csv".replace("//", "/")
    put(workspace, path)
    assert scan_workspace(workspace, csv_dir).plates == (PlateFound(KEY, CSVS),)
    (found,) = scan_plate(workspace, KEY, csv_dir).folders
    assert found.site == site
    assert found.read("Image.csv") == b"ImageNumber\r\n1\r\n"


def test_a_plate_counts_from_its_csv_folder_on_and_failed_sites_are_listed(
    workspace: FolderWorkspace,
) -> None:
    Path(workspace.root, "analysis/B/PL-01-x/analysis/PL-01-x-A01-2").mkdir(parents=True)
    put(workspace, "analysis/B/PL-01-x/analysis/PL-01-x-A01-1/Image.csv")
    put(workspace, "load_data_csv/B/PL-01-x/load_data.csv", data=LOAD_DATA)
    assert scan_workspace(workspace).plates == (PlateFound(KEY, CSVS),)
    listing = scan_plate(workspace, KEY)
    assert [folder.name for folder in listing.folders] == ["PL-01-x-A01-1", "PL-01-x-A01-2"]
    got = listing.completeness
    assert (got.state, got.expected, got.found) == (PlateState.INCOMPLETE, 2, 1)
    assert got.without_image == ("PL-01-x-A01-2",)


def test_load_data_with_illumination_goes_before_the_plain_one(workspace: FolderWorkspace) -> None:
    folder = "load_data_csv/B/PL-01-x"
    put(workspace, f"{folder}/load_data.csv", data=LOAD_DATA)
    assert scan_plate(workspace, KEY).load_data_path == f"{folder}/load_data.csv"
    put(
        workspace,
        f"{folder}/load_data_with_illum.csv.gz",
        data=LOAD_DATA[: -len("PL-01-x,A01,2\n")],
    )
    listing = scan_plate(workspace, KEY)
    assert listing.load_data_path == f"{folder}/load_data_with_illum.csv.gz"
    assert listing.completeness.expected == 1


def test_a_load_data_file_that_cannot_be_used_is_named(workspace: FolderWorkspace) -> None:
    put(workspace, "load_data_csv/B/PL-01-x/load_data.csv", data=b"Well,Site\n")
    assert scan_plate(workspace, KEY).load_data_path is None  # a plate without CSVs needs none
    put(workspace, "analysis/B/PL-01-x/analysis/A01-1/Image.csv")
    with pytest.raises(InvalidInputError, match="no column Metadata_Well"):
        scan_plate(workspace, KEY)


def test_foreign_files_and_folders_are_ignored_with_a_reason(workspace: FolderWorkspace) -> None:
    csvs = "analysis/B/PL-01-x/analysis"
    put(workspace, f"{csvs}/A01-1/Image.csv", f"{csvs}/A01-1/outlines/a.png")
    put(workspace, f"{csvs}/outlines/a.png", f"{csvs}/Image.csv", f"{csvs}/.cache/Image.csv")
    put(workspace, "analysis/notes.txt", "analysis/B/notes.txt", "analysis/.git/config")
    Path(workspace.root, "analysis", "back\\slash").mkdir()
    scan = scan_workspace(workspace)
    assert scan.plates == (PlateFound(KEY, CSVS),)
    assert [entry.path for entry in scan.ignored] == [
        "analysis/.git",
        "analysis/B/notes.txt",
        "analysis/back\\slash",
        "analysis/notes.txt",
    ]
    listing = scan_plate(workspace, KEY)
    assert [folder.name for folder in listing.folders] == ["A01-1"]
    assert sorted(entry.path for entry in listing.ignored) == [
        f"{csvs}/{name}" for name in (".cache", "Image.csv", "outlines")
    ]
    assert all(entry.reason for entry in (*scan.ignored, *listing.ignored))


def test_names_that_are_not_utf_8_are_ignored_and_can_be_printed(
    workspace: FolderWorkspace,
) -> None:
    try:
        Path(workspace.root, "analysis", "B", "caf\udce9").mkdir(parents=True)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (entry,) = [e for e in scan_workspace(workspace).ignored if "UTF-8" in e.reason]
    assert entry.path.encode() == b"analysis/B/caf\\udce9"


def test_published_plates_and_the_same_name_in_two_batches_are_found(
    workspace: FolderWorkspace,
) -> None:
    put(workspace, "profiles/B1/000123/000123.csv.gz", "backend/B2/000123/000123.sqlite")
    put(workspace, "profiles/B2/000123/000123_augmented.csv.gz", "backend/B3/x y.1/x y.1.csv")
    assert scan_workspace(workspace).plates == (
        PlateFound(PlateKey("B1", "000123"), frozenset({Source.AGGREGATE})),
        PlateFound(PlateKey("B2", "000123"), frozenset({Source.SQLITE, Source.PROFILES})),
        PlateFound(PlateKey("B3", "x y.1"), frozenset({Source.AGGREGATE})),
    )


def test_a_workspace_without_plates_gives_an_empty_scan(workspace: FolderWorkspace) -> None:
    assert scan_workspace(workspace).plates == ()
    assert scan_plate(workspace, KEY).folders == ()


def listing_of(workspace: Workspace) -> PlateListing:
    return scan_plate(workspace, KEY)


def test_the_fingerprint_follows_the_csvs_and_nothing_else(
    workspace: FolderWorkspace, tmp_path: Path
) -> None:
    site = "analysis/B/PL-01-x/analysis/A01-1"
    put(workspace, f"{site}/Image.csv", f"{site}/Cells.csv")
    first = listing_of(workspace).fingerprint
    put(workspace, f"{site}/Experiment.csv", f"{site}/outlines/a.png", f"{site}/notes.txt")
    assert listing_of(workspace).fingerprint == first
    shutil.copytree(workspace.root, tmp_path / "moved")  # keeps the times
    assert listing_of(open_workspace(str(tmp_path / "moved"))).fingerprint == first
    put(workspace, f"{site}/Cells.csv", data=b"longer than before")
    second = listing_of(workspace).fingerprint
    put(workspace, "analysis/B/PL-01-x/analysis/A01-2/Image.csv")
    assert len({first, second, listing_of(workspace).fingerprint}) == 3


def test_one_unreadable_plate_does_not_hide_the_others(
    open_folder: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    for plate in ("bad", "good"):
        (open_folder / "analysis" / "B" / plate / "analysis" / "A01-1").mkdir(parents=True)
    (open_folder / "analysis" / "B" / "bad").chmod(0)
    with ordinary_user():
        workspace = open_workspace(str(open_folder))
        scan = scan_workspace(workspace)
        assert [str(plate.key) for plate in scan.plates] == ["B/bad", "B/good"]
        assert [entry.path for entry in scan.ignored] == ["analysis/B/bad"]
        with pytest.raises(WorkspaceError, match="cannot be read"):
            scan_plate(workspace, PlateKey("B", "bad"))
    (open_folder / "analysis" / "B").chmod(0)
    with ordinary_user(), pytest.raises(WorkspaceError) as caught:
        scan_workspace(workspace)
    assert caught.value.path == "analysis/B"
