"""Where plate maps are found, and what is said when they are not."""

from pathlib import Path

import pytest

from profiling_assets.errors import InvalidNameError, MissingInputError
from profiling_assets.workspace.plate_map_files import find_platemap_files
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import shared_data


def put(workspace: FolderWorkspace, *paths: str) -> None:
    for path in paths:
        workspace.publish_bytes(b"", path)


def test_real_plate_maps_with_dots_in_their_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "platemaps").symlink_to(shared_data("metadata_variants/jump_orf"))
    files = find_platemap_files(open_workspace(str(tmp_path)), "2021_04_26_Batch1")
    folder = "metadata/platemaps/2021_04_26_Batch1"
    assert files.barcode_path() == f"{folder}/barcode_platemap.csv"
    assert files.map_path("OAA01.02.03.04.A") == f"{folder}/platemap/OAA01.02.03.04.A.txt"
    assert set(files.maps) == {"OAA01.02.03.04.A", "control", "JUMP-Target-2_compound_platemap"}


@pytest.mark.parametrize("folder", ["metadata/platemaps/B 1", "metadata/B 1"])
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".TXT"])
def test_both_places_and_all_suffixes_are_known(
    workspace: FolderWorkspace, folder: str, suffix: str
) -> None:
    put(workspace, f"{folder}/barcode_platemap.csv", f"{folder}/platemap/map.1{suffix}")
    files = find_platemap_files(workspace, "B 1")
    assert files.barcode_path() == f"{folder}/barcode_platemap.csv"
    assert files.map_path("map.1") == f"{folder}/platemap/map.1{suffix}"
    assert files.map_path("map.1.txt") == f"{folder}/platemap/map.1{suffix}"


def test_the_usual_place_and_suffix_win_and_the_others_are_named(
    workspace: FolderWorkspace,
) -> None:
    put(workspace, "metadata/platemaps/B/barcode_platemap.csv", "metadata/B/barcode_platemap.csv")
    put(workspace, "metadata/platemaps/B/platemap/m.csv", "metadata/platemaps/B/platemap/m.txt")
    put(workspace, "metadata/B/platemap/m.txt", "metadata/B/platemap/only here.txt")
    files = find_platemap_files(workspace, "B")
    assert files.map_path("m") == "metadata/platemaps/B/platemap/m.txt"
    assert files.map_path("only here") == "metadata/B/platemap/only here.txt"
    assert set(files.shadowed) == {
        "metadata/B/barcode_platemap.csv",
        "metadata/platemaps/B/platemap/m.csv",
        "metadata/B/platemap/m.txt",
    }


def test_a_missing_file_names_all_places_looked_at(workspace: FolderWorkspace) -> None:
    put(workspace, "metadata/B/platemap/plate_map_7.txt", "metadata/B/platemap/README.md")
    files = find_platemap_files(workspace, "B")
    with pytest.raises(MissingInputError) as no_barcode:
        files.barcode_path()
    for place in ("metadata/platemaps/B/barcode_platemap.csv", "metadata/B/barcode_platemap.csv"):
        assert place in str(no_barcode.value)
    with pytest.raises(MissingInputError) as no_map:
        files.map_path("../../secret")
    for word in ("metadata/platemaps/B/platemap", "metadata/B/platemap", "plate_map_7"):
        assert word in str(no_map.value)


def test_a_batch_name_that_leaves_the_workspace_is_refused(workspace: FolderWorkspace) -> None:
    with pytest.raises(InvalidNameError):
        find_platemap_files(workspace, "../B")
