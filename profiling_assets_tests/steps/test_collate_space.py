"""A build that a disk has no room for is refused before anything is read."""

import os
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.options import CollateOptions
from profiling_assets.config.load import parse_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec, tiny_spec
from profiling_assets.errors import WorkspaceError
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.sources import PlateSource, SourceKind, plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.storage.disk_space import backend_bytes, check_space, csv_bytes
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.collate.support import LocalSiteFolder, local_folders
from profiling_assets_tests.support import shared_data

KEY = PlateKey("2026_03_02_Batch1", "000123")
CONFIG = parse_config("pipeline: p\n", path="c.yml")


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A real file system of 1 MiB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    make_workspace(tmp_path / "demo", tiny_spec())
    return tmp_path / "demo"


def test_a_small_scratch_disk_is_told_with_plate_bytes_folder_and_remedy(
    demo: Path, small_disk: Path
) -> None:
    workspace = open_workspace(str(demo))
    source = plate_source(workspace, CONFIG, KEY)
    for image in demo.rglob("Image.csv"):  # whoever reads before the check fails otherwise
        image.unlink()
    with pytest.raises(WorkspaceError) as caught:
        make_plate(workspace, CONFIG, KEY, source, small_disk, wanted=["sqlite_backend"])
    said = str(caught.value)
    assert f"the backend of plate {KEY} needs up to " in said
    assert "1.0 MB are free" in said
    assert str(small_disk) in said
    assert "PROFILING_ASSETS_SCRATCH" in said
    assert source.path in said


def test_profiles_alone_need_no_space_for_a_backend(demo: Path, small_disk: Path) -> None:
    workspace = open_workspace(str(demo))
    source = plate_source(workspace, CONFIG, KEY)
    collated = make_plate(
        workspace, CONFIG, KEY, source, small_disk, wanted=["aggregated_profiles"]
    )
    assert set(collated.made) == {"aggregated_profiles"}


@dataclass(frozen=True)
class Free:
    """What a disk tells."""

    free: int


def test_scratch_space_in_the_workspace_leads_to_its_disk(demo: Path) -> None:
    workspace = open_workspace(str(demo))
    with workspace.scratch("x") as scratch:
        check_space(workspace, scratch, 5, what="it", path="p", disk_usage=lambda _: Free(5))
        with pytest.raises(WorkspaceError) as caught:
            check_space(
                workspace, scratch, 6 * 10**9, what="it", path="p", disk_usage=lambda _: Free(5)
            )
    said = str(caught.value)
    assert "it needs up to 6.0 GB of disk space, and 0.0 MB are free" in said
    assert "PROFILING_ASSETS_SCRATCH" not in said


def test_the_copy_of_a_backend_on_s3_needs_its_size(
    bucket: str, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path))
    workspace = open_workspace(f"s3://{bucket}")
    path = f"backend/{KEY}/000123.sqlite"
    workspace.publish_bytes(b"SQLite format 3\0".ljust(2**21, b"\0"), path)
    source = PlateSource(SourceKind.SQLITE, path, "", None, ())
    with pytest.raises(WorkspaceError, match=r"the copy of plate .* needs up to 2\.1 MB") as caught:
        make_plate(workspace, CONFIG, KEY, source, small_disk, wanted=["aggregated_profiles"])
    assert "PROFILING_ASSETS_SCRATCH" in str(caught.value)


def _made(folders: list[LocalSiteFolder], out: Path, plate: str) -> tuple[int, int]:
    """Return bytes of the CSVs and of their backend."""
    collate_plate(
        PlateKey("b", plate), folders, None, CollateOptions(), sqlite_file=out,
        parquet_folder=None, aggregate=None, path="x",
    )  # fmt: skip
    return csv_bytes(folders), out.stat().st_size


def test_backends_of_real_and_made_plates_are_smaller_than_the_estimate(tmp_path: Path) -> None:
    data = shared_data() / "cellprofiler_csv"
    plates = {
        "SYN0000001": data / "synthetic_cp4281/analysis/2026_11_22_SynBatch1/SYN0000001/analysis",
        "BR00121431": data / "pycytominer_collate/analysis/2021_04_20_Target2/BR00121431/analysis",
    }
    for columns, cells in ((60, 40), (600, 10)):
        root = tmp_path / f"{columns}"
        spec = plate_spec(4, 2, cells, columns)
        make_workspace(root, spec)
        plates[f"made-{columns}"] = root / "analysis" / str(spec.plates[0]) / "analysis"
    for plate, folder in plates.items():
        csv, backend = _made(local_folders(folder), tmp_path / f"{plate}.sqlite", plate)
        assert 0.4 * csv < backend < backend_bytes(csv), plate


def test_the_listing_tells_the_bytes_that_a_build_reads(demo: Path) -> None:
    listing = scan_plate(open_workspace(str(demo)), KEY)
    files = [
        file
        for file in (demo / "analysis" / str(KEY)).rglob("*.csv")
        if file.name not in {"Experiment.csv"}
    ]
    assert csv_bytes(listing.folders) == sum(file.stat().st_size for file in files)
