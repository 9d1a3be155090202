"""The registry in a workspace that several processes change at once."""

import multiprocessing
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from profiling_assets.errors import ConflictError, InvalidInputError, WorkspaceError
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
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace
from profiling_assets.workspace.storage.opening import open_workspace

WRITERS, PLATES_EACH = 8, 5
KEYS = [
    PlateKey(f"B{writer}", f"{plate:06d}")
    for writer in range(WRITERS)
    for plate in range(PLATES_EACH)
]


def scanned(registry: Registry) -> Registry:
    return registered(registry, [PlateFound(key, frozenset({Source.CSVS})) for key in KEYS])


def exclude_all_of(root: str, batch: str) -> None:
    workspace = open_workspace(root)
    for key in KEYS:
        if key.batch == batch:
            update_registry(workspace, lambda registry, key=key: exclude(registry, key, batch))


def test_eight_processes_that_write_at_once_lose_nothing(any_workspace: Workspace) -> None:
    update_registry(any_workspace, scanned)
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=exclude_all_of, args=(any_workspace.root, f"B{number}"))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    plates = load_registry(any_workspace).plates
    assert {key: entry.excluded for key, entry in plates.items()} == {k: k.batch for k in KEYS}


def test_an_absent_registry_is_empty_and_an_update_makes_it(any_workspace: Workspace) -> None:
    assert load_registry(any_workspace) == Registry()
    stored = update_registry(any_workspace, scanned)
    assert load_registry(any_workspace) == stored
    assert list(stored.plates) == sorted(KEYS)


def test_a_change_that_changes_nothing_writes_nothing(any_workspace: Workspace) -> None:
    update_registry(any_workspace, scanned)
    before = any_workspace.stat(REGISTRY)
    update_registry(any_workspace, scanned)
    assert any_workspace.stat(REGISTRY) == before


def test_two_workspaces_with_the_same_plates_have_the_same_registry_file(tmp_path: Path) -> None:
    stored: set[bytes] = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        workspace = open_workspace(str(tmp_path / name))
        update_registry(workspace, scanned)
        stored.add(workspace.read_bytes(REGISTRY))
    assert len(stored) == 1


def test_a_broken_registry_is_refused_and_never_overwritten(any_workspace: Workspace) -> None:
    any_workspace.publish_bytes(b"{", REGISTRY)
    for act in (load_registry, lambda place: update_registry(place, scanned)):
        with pytest.raises(InvalidInputError) as caught:
            act(any_workspace)
        assert caught.value.path == REGISTRY
    assert any_workspace.read_bytes(REGISTRY) == b"{"


def test_a_failed_change_leaves_the_registry_as_it_was(any_workspace: Workspace) -> None:
    stored = update_registry(any_workspace, scanned)
    with pytest.raises(InvalidInputError):
        update_registry(any_workspace, lambda registry: exclude(registry, KEYS[0], ""))
    assert load_registry(any_workspace) == stored


def test_a_registry_that_never_holds_still_ends_in_an_error(tmp_path: Path) -> None:
    class Restless(FolderWorkspace):
        def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
            raise ConflictError("changed", path=path)

    quick = pytest.MonkeyPatch()
    quick.setattr("profiling_assets.workspace.storage.shared_file._LONGEST_WAIT_SECONDS", 0)
    with quick.context(), pytest.raises(WorkspaceError, match="other processes"):
        update_registry(Restless(str(tmp_path)), scanned)
    quick.undo()


def test_a_plate_of_results_alone_stays_while_its_folder_is_closed_to_this_user(
    open_folder: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    for plate in ("closed", "other"):
        made = open_folder / "backend" / "B" / plate / f"{plate}.csv"
        made.parent.mkdir(parents=True)
        made.write_text("Metadata_Plate\n")
    workspace = open_workspace(str(open_folder))
    first = registered(Registry(), scan_workspace(workspace).plates)
    (open_folder / "backend" / "B" / "closed").chmod(0)
    with ordinary_user():
        scan = scan_workspace(workspace)
    assert [plate.key.plate for plate in scan.plates] == ["other"]
    assert registered(first, scan.plates, unreadable=scan.unreadable) == first
