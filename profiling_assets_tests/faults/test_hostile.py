"""Hostile and broken input, in short; thousands of cases are in `long_hostile`."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from profiling_assets.cli.summary import ledger_lines
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.errors import ConfigError, InvalidInputError, printable
from profiling_assets.steps.catalog import read_config
from profiling_assets.workspace import layout
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.faults.hostile_extremes import EXTREMES
from profiling_assets_tests.faults.hostile_plates import (
    NAMES,
    SITES,
    aggregated,
    aggregated_foreign,
    backend_cases,
    collated,
    foreign_cases,
    named_case,
    site_cases,
    sound_backend,
)
from profiling_assets_tests.faults.hostile_readers import KINDS, Case, cases, tried
from profiling_assets_tests.faults.hostile_workspaces import (
    DAMAGED,
    KEY,
    made,
    prepared,
    tried_workspace,
)

SHORT = 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_is_read_and_a_damaged_one_is_read_or_refused_with_a_sentence(
    kind: str,
) -> None:
    KINDS[kind].read(KINDS[kind].sound)
    ends = Counter(tried(case) for case in cases(kind, SHORT))
    assert sum(ends.values()) == SHORT


@pytest.mark.parametrize("kind", EXTREMES)
def test_files_that_were_thought_out_to_break_a_reader_do_not(kind: str) -> None:
    for number, data in enumerate(EXTREMES[kind]):
        tried(Case(kind, number, "thought out", data))


def test_a_config_that_never_ends_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="more than 2 MiB"):
        read_config("/dev/zero")
    large = tmp_path / "config.yml"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(ConfigError, match="more than 2 MiB"):
        read_config(str(large))


def test_the_books_of_a_plate_with_a_damaged_file_balance(tmp_path: Path) -> None:
    states = Counter(collated(case, tmp_path / str(case.number)) for case in site_cases(40))
    assert states.total() == 40
    assert {"complete", "ragged"} <= set(states)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_sql_html_or_paths_are_names_of_columns_and_tables(
    name: str, tmp_path: Path
) -> None:
    outside = set(tmp_path.parent.iterdir())
    assert named_case(name, tmp_path / "made") in {"collated", "refused"}
    assert set(tmp_path.parent.iterdir()) == outside
    assert {path.name for path in tmp_path.iterdir()} <= {"made"}
    assert {path.name for path in (tmp_path / "made").iterdir()} <= {"backend.sqlite"}


def test_a_damaged_backend_is_aggregated_or_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    sound = sound_backend(tmp_path / "sound")
    file = tmp_path / "damaged.sqlite"
    ends = Counter(aggregated(case, file) for case in backend_cases(sound, 60))
    assert ends["refused"] > 10
    assert ends["aggregated"] > 10


def test_a_database_of_another_program_loses_no_object_without_a_word(tmp_path: Path) -> None:
    sound = sound_backend(tmp_path / "sound")
    for number, script in enumerate(foreign_cases()):
        aggregated_foreign(sound, script, tmp_path / f"{number}.sqlite")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a collated plate; not to be changed."""
    root = tmp_path_factory.mktemp("hostile") / "workspace"
    make_workspace(root, tiny_spec())
    return prepared(root)


def test_a_plate_of_a_workspace_with_one_damaged_file_is_made_or_refused(
    sound: Path, tmp_path: Path
) -> None:
    ends = Counter(
        tried_workspace(sound, tmp_path / str(number), number) for number in range(len(DAMAGED))
    )
    assert set(ends) == {"made", "refused"}


def test_a_former_ledger_that_is_no_table_is_named(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(sound, root)
    with (root / layout.site_ledger(KEY)).open("a") as file:
        file.write("x" * 200_000)
    with pytest.raises(InvalidInputError, match="former backend") as caught:
        made(root)
    assert caught.value.path == layout.site_ledger(KEY)


@pytest.mark.parametrize(
    "data",
    [b"x" * 200_000, b"\xff\xfe", b"folder\twell\nx\ty\n", b"state\tCells_in\ncomplete\n"],
)
def test_the_summary_of_a_run_names_a_damaged_ledger(
    data: bytes, sound: Path, tmp_path: Path
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(sound, root)
    workspace = open_workspace(str(root))
    assert "sites kept whole" in ledger_lines(workspace, KEY)[0]
    (root / layout.site_ledger(KEY)).write_bytes(b"folder\tstate\n" + data + b"\n")
    (line,) = ledger_lines(workspace, KEY)
    assert "cannot be read" in line


def test_a_plate_folder_of_any_name_is_a_plate_or_is_listed_as_left_out(tmp_path: Path) -> None:
    usable = [name for name in NAMES if "/" not in name and name not in {"", ".", ".."}]
    names = [name for name in usable if len(name.encode()) < 256]
    names += [os.fsdecode(name) for name in (b"\xff", b"a\nb", b"x\x9by", b"C:...")]
    for name in names:
        site = tmp_path / "analysis" / "B" / name / "analysis" / "A01-1"
        site.mkdir(parents=True)
        for file, data in SITES[0].contents.items():
            (site / file).write_bytes(data)
    scan = scan_workspace(open_workspace(str(tmp_path)), "analysis")
    plates = {found.key.plate for found in scan.plates}
    assert len(plates) + len(scan.ignored) >= len(names)
    left_out = " ".join(entry.path for entry in scan.ignored)
    for name in names:
        assert (name in plates) != (printable(f"analysis/B/{name}") in left_out), name
    assert not any(mark in left_out for mark in ("\x1b", "\x07", "\u202e", "\n"))
    assert {path.name for path in tmp_path.iterdir()} == {"analysis"}
