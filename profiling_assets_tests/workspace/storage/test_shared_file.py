"""A file that several writers change at once, and the summary of quality control that is one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.tables import ledger_tsv, read_tsv
from profiling_assets.quality.summary_table import COLUMNS, sites_of_wells, summary_row
from profiling_assets.steps.plate_sites import rebuilt_summary
from profiling_assets.workspace.layout import QUALITY_SUMMARY, quality_record
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.registry import exclude, include, registered, update_registry
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.shared_file import update_file

WRITERS, PLATES = 8, 4


def store_record(workspace: Workspace, key: PlateKey, wells: int = 3) -> None:
    line = summary_row(key, sites_of_wells([9] * wells, 5))
    frame = pd.DataFrame([{**line, "Counted_On": "x", "Note": ""}])
    workspace.publish_bytes(ledger_tsv(frame), quality_record(key))


def make_batch(root: str, batch: str) -> None:
    """What the plates of a batch and then the batch do, the summary after each plate."""
    workspace = open_workspace(root)
    for number in range(PLATES):
        store_record(workspace, PlateKey(batch, f"{number:06d}"))
        rebuilt_summary(workspace, batch)


def append_own_line(root: str, name: str) -> None:
    workspace = open_workspace(root)
    for number in range(PLATES):
        line = f"{name} {number}\n".encode()
        update_file(workspace, "some/file", lambda content, line=line: (content or b"") + line)


def at_once(target: Callable[[str, str], None], root: str, names: list[str]) -> None:
    """Run writers in threads, each with a workspace of its own.

    That the condition holds between processes too, the registry's test shows: it is the same one.
    """
    with ThreadPoolExecutor(len(names)) as writers:
        list(writers.map(target, [root] * len(names), names))


def summary(workspace: Workspace) -> pd.DataFrame:
    return read_tsv(workspace.read_bytes(QUALITY_SUMMARY), path=QUALITY_SUMMARY)


def test_eight_batches_that_end_at_once_lose_no_line(any_workspace: Workspace) -> None:
    batches = [f"B{number}" for number in range(WRITERS)]
    at_once(make_batch, any_workspace.root, batches)
    table = summary(any_workspace)
    assert list(zip(table["Batch_Name"], table["Plate_Name"], strict=True)) == [
        (batch, f"{number:06d}") for batch in batches for number in range(PLATES)
    ]


def test_eight_writers_that_append_to_a_file_lose_nothing(any_workspace: Workspace) -> None:
    names = [f"W{number}" for number in range(WRITERS)]
    at_once(append_own_line, any_workspace.root, names)
    lines = any_workspace.read_bytes("some/file").decode().splitlines()
    assert sorted(lines) == sorted(f"{name} {n}" for name in names for n in range(PLATES))


def test_an_excluded_plate_has_no_line_until_it_is_taken_back(any_workspace: Workspace) -> None:
    kept, left_out = PlateKey("B1", "P1"), PlateKey("B1", "P2")
    for key in (kept, left_out):
        store_record(any_workspace, key)
    found = [PlateFound(key, frozenset({Source.CSVS})) for key in (kept, left_out)]
    update_registry(any_workspace, lambda known: registered(known, found))
    rebuilt_summary(any_workspace, "B1")
    assert len(summary(any_workspace)) == 2
    update_registry(any_workspace, lambda known: exclude(known, left_out, "focus lost"))
    told = rebuilt_summary(any_workspace, "B1")
    assert summary(any_workspace)["Plate_Name"].tolist() == ["P1"]
    assert told.warnings == ("B1/P2 is excluded and has no line: focus lost",)
    update_registry(any_workspace, lambda known: include(known, left_out))
    assert rebuilt_summary(any_workspace, "B1").warnings == ()
    assert len(summary(any_workspace)) == 2


def test_lines_that_the_recipe_wrote_stay_and_ours_replace_theirs(any_workspace: Workspace) -> None:
    theirs = [["B0", "old", "384", "5", "9", "0.000"], ["B1", "P1", "1", "1", "1", "1.000"]]
    text = "\n".join("\t".join(line) for line in [list(COLUMNS), *theirs]) + "\n"
    any_workspace.publish_bytes(text.encode(), QUALITY_SUMMARY)
    store_record(any_workspace, PlateKey("B1", "P1"))
    told = rebuilt_summary(any_workspace, "B1")
    assert summary(any_workspace).to_numpy().tolist() == [
        theirs[0],
        ["B1", "P1", "3", "5", "9", "0.000"],
    ]
    assert (told.facts["plates"], told.facts["plates_in_the_file"]) == (1, 2)
    before = any_workspace.stat(QUALITY_SUMMARY)
    rebuilt_summary(any_workspace, "B1")
    assert any_workspace.stat(QUALITY_SUMMARY) == before  # nothing new, nothing written


def test_a_plate_of_which_nothing_tells_is_named_instead_of_given_a_line(tmp_path: Path) -> None:
    workspace = open_workspace(str(tmp_path))
    empty = dict.fromkeys(COLUMNS, "") | {"Batch_Name": "B1", "Plate_Name": "P1"}
    frame = pd.DataFrame([{**empty, "Counted_On": "", "Note": "there is no load data"}])
    workspace.publish_bytes(ledger_tsv(frame), quality_record(PlateKey("B1", "P1")))
    told = rebuilt_summary(workspace, "B1")
    assert summary(workspace).empty
    assert told.warnings == ("B1/P1 has no line: there is no load data",)
    assert told.facts["plates_without_a_line"] == 1


def test_another_file_under_the_summarys_name_is_left_alone(tmp_path: Path) -> None:
    workspace = open_workspace(str(tmp_path))
    workspace.publish_bytes(b"a\tb\n1\t2\n", QUALITY_SUMMARY)
    store_record(workspace, PlateKey("B1", "P1"))
    with pytest.raises(InvalidInputError) as caught:
        rebuilt_summary(workspace, "B1")
    assert caught.value.path == QUALITY_SUMMARY
    assert workspace.read_bytes(QUALITY_SUMMARY) == b"a\tb\n1\t2\n"
