"""A plain folder of CellProfiler output becomes a workspace."""

from pathlib import Path
from random import Random

import pytest

from profiling_assets.errors import ProfilingError
from profiling_assets.workspace.laying_out import lay_out
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate, scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets_tests.layouts import ARRANGEMENTS, PREFIXES, Layout, write_plate

KEY = PlateKey("B", "000123")
MAP = "plate_map_name\twell_position\nM\tA01\n"


def output(tmp_path: Path, arrangement: str = "plate") -> Path:
    """Write CellProfiler output to a folder that is no workspace."""
    prefix = PREFIXES[-1] if arrangement == "flat" else PREFIXES[1]
    write_plate(tmp_path / "made", Layout(arrangement, inner=False, prefix=prefix), Random(1))
    (plate,) = (tmp_path / "made").glob("analysis/*/*")
    return plate.rename(tmp_path / "out put")


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_output_in_any_layout_is_laid_out(tmp_path: Path, arrangement: str, link: bool) -> None:
    folder, root = output(tmp_path, arrangement), tmp_path / "workspace"
    before = sorted(folder.rglob("*"))
    made = lay_out(folder, root, KEY, plate_map=None, link=link)
    assert made.wells_told
    workspace = FolderWorkspace(str(root))
    assert [plate.key for plate in scan_workspace(workspace).plates] == [KEY]
    listing = scan_plate(workspace, KEY)
    assert len(listing.folders) == made.sites
    (image, *_) = root.rglob("*Image.csv")
    assert image.is_symlink() == link
    assert sorted(folder.rglob("*")) == before


def test_plates_are_added_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder, root = output(tmp_path), tmp_path / "workspace"
    (folder / "map.txt").write_text(MAP)
    assert lay_out(folder, root, KEY, plate_map=None, link=True).plate_map.endswith("/map.txt")
    other = tmp_path / "other map.txt"
    other.write_text(MAP + "M\tA02\n")
    lay_out(folder, root, PlateKey("B", "P2"), plate_map=other, link=True)
    lines = (root / "metadata/platemaps/B/barcode_platemap.csv").read_text()
    assert lines == "Assay_Plate_Barcode,Plate_Map_Name\n000123,map\nP2,other map\n"
    standing = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
    with pytest.raises(ProfilingError, match="nothing is overwritten"):
        lay_out(folder, root, KEY, plate_map=None, link=True)
    (folder / "map.txt").write_text(MAP + "M\tA03\n")
    with pytest.raises(ProfilingError, match="another plate map of this name"):
        lay_out(folder, root, PlateKey("B", "P3"), plate_map=None, link=True)
    assert {file: file.read_bytes() for file in root.rglob("*") if file.is_file()} == standing


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("notes.txt", "there is no Image.csv in it"),
        ("backend/B/P/P.sqlite", "a workspace already"),
    ],
)
def test_what_is_no_output_is_refused(tmp_path: Path, file: str, words: str) -> None:
    (tmp_path / "out" / file).parent.mkdir(parents=True)
    (tmp_path / "out" / file).write_text("x")
    with pytest.raises(ProfilingError, match=words):
        lay_out(tmp_path / "out", tmp_path / "ws", KEY, plate_map=None, link=True)
    with pytest.raises(ProfilingError, match="would lie in the folder"):
        lay_out(output(tmp_path), tmp_path / "out put" / "ws", KEY, plate_map=None, link=True)
    with pytest.raises(ProfilingError, match="there is no such folder"):
        lay_out(tmp_path / "absent", tmp_path / "ws", KEY, plate_map=None, link=True)


def test_two_plate_maps_beside_it_are_not_chosen_from(tmp_path: Path) -> None:
    folder = output(tmp_path)
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(MAP)
    made = lay_out(folder, tmp_path / "ws", KEY, plate_map=None, link=True)
    assert made.plate_map == ""
