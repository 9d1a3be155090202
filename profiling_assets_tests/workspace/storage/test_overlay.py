"""Two roots as one: which of them answers, and that the input's is never written."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from profiling_assets.errors import ConflictError, MissingInputError, WorkspaceError
from profiling_assets.workspace.layout import REGISTRY
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.registry import (
    Registry,
    exclude,
    load_registry,
    registered,
    update_registry,
)
from profiling_assets.workspace.scan_workspace import scan_plate, scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.overlay import OverlayWorkspace

KEY = PlateKey("B", "000123")
SITES = "analysis/B/000123/analysis"


@pytest.fixture
def inputs(tmp_path: Path) -> FolderWorkspace:
    (tmp_path / "public").mkdir()
    return FolderWorkspace(str(tmp_path / "public"))


@pytest.fixture
def outputs(tmp_path: Path) -> FolderWorkspace:
    (tmp_path / "mine").mkdir()
    return FolderWorkspace(str(tmp_path / "mine"))


@pytest.fixture
def both(inputs: FolderWorkspace, outputs: FolderWorkspace) -> OverlayWorkspace:
    return OverlayWorkspace(inputs, outputs)


def state(workspace: FolderWorkspace) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(workspace.root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in Path(workspace.root).rglob("*")
        if path.is_file()
    }


def test_of_equal_paths_the_output_s_file_is_read(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    inputs.publish_bytes(b"theirs", "a/both.csv")
    inputs.publish_bytes(b"only theirs", "a/theirs.csv")
    outputs.publish_bytes(b"ours!", "a/both.csv")
    outputs.publish_bytes(b"only ours", "a/ours.csv")
    for path, content, holder in (
        ("a/both.csv", b"ours!", outputs),
        ("a/theirs.csv", b"only theirs", inputs),
        ("a/ours.csv", b"only ours", outputs),
    ):
        assert both.read_bytes(path) == content
        assert both.read_head(path, 3) == content[:3]
        assert both.read_range(path, 2, 3) == content[2:5]
        assert both.stat(path) == holder.stat(path)
        assert both.location(path) == holder.location(path)
        with both.local_file(path) as local:
            assert local.read_bytes() == content
    assert [(file.path, file.size) for file in both.list_folder("a").files] == [
        ("a/both.csv", 5),
        ("a/ours.csv", 9),
        ("a/theirs.csv", 11),
    ]


def test_folders_of_both_are_listed_once_and_sorted(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    for workspace, names in ((inputs, ("z", "b", "a")), (outputs, ("b", "c"))):
        for name in names:
            workspace.publish_bytes(workspace.root.encode(), f"top/{name}/file")
    inputs.publish_bytes(b"x", "top/b/more")
    got = both.list_two_levels("top")
    assert got.level == both.list_folder("top")
    assert got.level.folders == tuple(got.folders) == ("a", "b", "c", "z")
    assert got.folders == {name: both.list_folder(f"top/{name}") for name in got.level.folders}
    assert [file.path for file in got.folders["b"].files] == ["top/b/file", "top/b/more"]
    assert got.holders == {"a": inputs, "z": inputs}  # what only the input has is read from there
    assert both.read_bytes("top/b/file") == outputs.root.encode()


def test_what_neither_has_is_absent(both: OverlayWorkspace, outputs: FolderWorkspace) -> None:
    assert both.stat("a/b") is None
    assert both.list_folder("a").files == both.list_folder("a").folders == ()
    for read in (both.read_bytes, lambda path: both.read_head(path, 1)):
        with pytest.raises(MissingInputError):
            read("a/b")
    with pytest.raises(MissingInputError), both.local_file("a/b"):
        pass
    assert both.location("a/b") == outputs.location("a/b")


def test_everything_is_written_to_the_output(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace, tmp_path: Path
) -> None:
    inputs.publish_bytes(b"theirs", "profiles/a.csv")
    before = state(inputs)
    both.publish_bytes(b"ours", "profiles/a.csv")
    local = tmp_path / "local"
    local.write_bytes(b"file")
    both.publish_file(local, "profiles/b.csv")
    with both.scratch("build") as scratch:
        assert scratch.is_relative_to(outputs.root)
    assert outputs.read_bytes("profiles/a.csv") == b"ours"
    assert outputs.read_bytes("profiles/b.csv") == b"file"
    assert state(inputs) == before
    assert both.root == outputs.root


def test_other_inputs_make_another_workspace(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = OverlayWorkspace(FolderWorkspace(str(tmp_path / "other")), outputs)
    swapped = OverlayWorkspace(outputs, inputs)
    identities = {both.identity, other.identity, swapped.identity, outputs.identity}
    assert len(identities) == 4


def test_a_file_that_the_input_has_is_not_removed_in_silence(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    inputs.publish_bytes(b"theirs", "a/both.csv")
    outputs.publish_bytes(b"ours", "a/both.csv")
    outputs.publish_bytes(b"ours", "a/ours.csv")
    both.remove("a/ours.csv")
    both.remove("a/absent.csv")
    assert both.stat("a/ours.csv") is None
    with pytest.raises(WorkspaceError, match="would be read in its place") as caught:
        both.remove("a/both.csv")
    assert inputs.location("a/both.csv") in str(caught.value)
    assert both.read_bytes("a/both.csv") == b"ours"
    assert inputs.read_bytes("a/both.csv") == b"theirs"


def test_a_registry_of_the_input_is_read_and_then_kept_in_the_output(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    found = [PlateFound(KEY, frozenset({Source.CSVS}))]
    theirs = update_registry(
        inputs, lambda known: exclude(registered(known, found), KEY, "theirs: focus")
    )
    before = state(inputs)
    assert load_registry(both) == theirs
    assert update_registry(both, lambda known: known) == theirs
    assert outputs.stat(REGISTRY) is None, "nothing changed, nothing is written"
    ours = update_registry(both, lambda known: exclude(known, KEY, "ours: leak"))
    assert load_registry(both) == load_registry(outputs) == ours
    again = update_registry(both, lambda _: Registry())
    assert load_registry(both) == again == Registry()
    assert state(inputs) == before


def test_of_two_first_writers_one_is_told(
    inputs: FolderWorkspace, both: OverlayWorkspace, outputs: FolderWorkspace
) -> None:
    seen = inputs.publish_bytes(b"theirs", REGISTRY)
    with pytest.raises(ConflictError):
        both.replace_bytes(b"x", REGISTRY, expected=None)  # there is one
    with pytest.raises(ConflictError):
        both.replace_bytes(b"x", REGISTRY, expected="another version")
    first = both.replace_bytes(b"first", REGISTRY, expected=seen.version)
    with pytest.raises(ConflictError):
        both.replace_bytes(b"second", REGISTRY, expected=seen.version)
    both.replace_bytes(b"third", REGISTRY, expected=first.version)
    assert outputs.read_bytes(REGISTRY) == b"third"
    assert inputs.read_bytes(REGISTRY) == b"theirs"


def test_a_writer_that_came_between_is_noticed(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    inputs.publish_bytes(b"theirs", REGISTRY)
    calls = []

    def change(known: Registry) -> Registry:
        if not calls:  # another process writes first
            outputs.replace_bytes(_registry("B/first"), REGISTRY, expected=None)
        calls.append(known)
        return registered(known, [*_found(known), PlateFound(KEY, frozenset({Source.CSVS}))])

    inputs.publish_bytes(_registry(), REGISTRY)
    result = update_registry(both, change)
    assert len(calls) == 2
    assert [str(key) for key in result.plates] == ["B/000123", "B/first"]


def _registry(*keys: str) -> bytes:
    from profiling_assets.workspace.registry import registry_json

    found = [PlateFound(PlateKey.parse(key), frozenset({Source.CSVS})) for key in keys]
    return registry_json(registered(Registry(), found))


def _found(registry: Registry) -> list[PlateFound]:
    return [PlateFound(key, entry.sources) for key, entry in registry.plates.items()]


def test_plates_of_both_roots_are_found_and_a_site_of_the_output_replaces_the_input_s(
    inputs: FolderWorkspace, outputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    for site in ("A01-1", "A01-2", "A02-1"):
        inputs.publish_bytes(b"theirs", f"{SITES}/{site}/Image.csv")
        inputs.publish_bytes(b"cells", f"{SITES}/{site}/Cells.csv")
    alone = scan_plate(inputs, KEY)
    assert scan_plate(both, KEY).fingerprint == alone.fingerprint
    outputs.publish_bytes(b"ours", f"{SITES}/A01-2/Image.csv")
    outputs.publish_bytes(b"x", "backend/C/P/P.sqlite")
    assert [(str(plate.key), plate.sources) for plate in scan_workspace(both).plates] == [
        ("B/000123", frozenset({Source.CSVS})),
        ("C/P", frozenset({Source.SQLITE})),
    ]
    listing = scan_plate(both, KEY)
    assert listing.fingerprint != alone.fingerprint
    read = {folder.name: folder.read("Image.csv") for folder in listing.folders}
    assert read == {"A01-1": b"theirs", "A01-2": b"ours", "A02-1": b"theirs"}
    assert all(folder.read("Cells.csv") == b"cells" for folder in listing.folders)


def test_files_that_only_the_input_has_are_read_there_at_once(
    inputs: FolderWorkspace, both: OverlayWorkspace
) -> None:
    inputs.publish_bytes(b"theirs", f"{SITES}/A01-1/Image.csv")
    (folder,) = scan_plate(both, KEY).folders
    assert folder.workspace is inputs


def test_a_root_that_cannot_be_listed_is_no_empty_one(
    open_folder: Path,
    ordinary_user: Callable[[], AbstractContextManager[None]],
) -> None:
    (open_folder / "shut" / "analysis").mkdir(parents=True)
    (open_folder / "open").mkdir()
    (open_folder / "shut" / "analysis").chmod(0)
    shut, outputs = (FolderWorkspace(str(open_folder / name)) for name in ("shut", "open"))
    for both in (
        OverlayWorkspace(shut, outputs),
        OverlayWorkspace(outputs, shut),
    ):
        with ordinary_user(), pytest.raises(WorkspaceError, match="cannot be read"):
            both.list_folder("analysis")
        with ordinary_user(), pytest.raises(WorkspaceError, match="cannot be read"):
            scan_workspace(both)
