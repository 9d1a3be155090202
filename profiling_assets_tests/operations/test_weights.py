"""The weight of plates, by listings alone."""

from pathlib import Path

import pytest

from profiling_assets.operations.estimate.plate import PlateWeight
from profiling_assets.operations.estimate.weights import weigh_plates
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.scan_workspace import scan_plate, scan_workspace
from profiling_assets.workspace.storage.disk_space import csv_bytes
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import shared_data

KEY = PlateKey("B", "000123")
SITE = "analysis/B/000123/analysis/000123-{}/{}"


def weighed(workspace: Workspace, csv_dir: str = "analysis") -> dict[PlateKey, PlateWeight]:
    plates = scan_workspace(workspace, csv_dir).plates
    return {one.key: one for one in weigh_plates(workspace, plates, csv_dir)}


def test_a_real_plate_weighs_what_a_build_reads() -> None:
    workspace = open_workspace(str(shared_data("cellprofiler_csv/synthetic_cp4281")))
    ((key, weight),) = weighed(workspace).items()
    assert weight.csv_bytes == csv_bytes(scan_plate(workspace, key).folders)
    assert (weight.sites, weight.wells, weight.files) == (16, 8, 64)
    assert weight.keys > weight.files  # outlines and Experiment.csv are listed too


def test_no_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = FolderWorkspace(str(tmp_path))
    for name in ("Image.csv", "Cells.csv"):
        workspace.publish_bytes(b"12345", SITE.format("A01-1", name))
    workspace.publish_bytes(b"x", "load_data_csv/B/000123/load_data.csv")

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError

    for name in ("read_bytes", "read_head", "local_file"):
        monkeypatch.setattr(FolderWorkspace, name, refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert weighed(workspace)[KEY].csv_bytes == 10


def test_failed_sites_pictures_and_experiment_files_weigh_nothing(
    any_workspace: Workspace,
) -> None:
    workspace = any_workspace
    for site, name in (
        ("A01-1", "Image.csv"),
        ("A01-1", "Cells.csv"),
        ("A01-1", "Experiment.csv"),
        ("a1-2", "Image.csv"),
        ("B01-1", "outlines.png"),
    ):
        workspace.publish_bytes(b"1234567", SITE.format(site, name))
    weight = weighed(workspace)[KEY]
    assert (weight.csv_bytes, weight.files, weight.wells) == (21, 3, 1)
    assert weight.keys == 5


def test_wells_that_names_do_not_tell_are_not_counted(tmp_path: Path) -> None:
    workspace = FolderWorkspace(str(tmp_path))
    workspace.publish_bytes(b"1", "analysis/B/000123/analysis/job1/Image.csv")
    assert weighed(workspace)[KEY].wells is None
    (tmp_path / "flat").mkdir()
    flat = FolderWorkspace(str(tmp_path / "flat"))
    flat.publish_bytes(b"12", "analysis/B/000123/analysis/Image.csv")
    weight = weighed(flat)[KEY]
    assert (weight.csv_bytes, weight.sites, weight.wells) == (2, 1, None)


def test_a_plate_that_starts_later_weighs_its_backend_or_nothing(tmp_path: Path) -> None:
    workspace = FolderWorkspace(str(tmp_path))
    workspace.publish_bytes(b"12345", "backend/B/000123/000123.sqlite")
    workspace.publish_bytes(b"12345", "profiles/B/P-2/P-2.csv.gz")
    found = weighed(workspace)
    assert found[KEY].bytes_in == found[KEY].backend_bytes == 5
    assert found[PlateKey("B", "P-2")].bytes_in == 0
    profiles = PlateFound(KEY, frozenset({Source.PROFILES}))
    assert weigh_plates(workspace, [profiles], "analysis")[0].bytes_in == 0
