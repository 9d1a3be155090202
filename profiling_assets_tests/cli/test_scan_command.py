"""`scan`: the table, what is ignored, and folders that are no workspace."""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from profiling_assets.cli.scan import _table
from profiling_assets.config.load import parse_config
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import PlateEntry
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.cli.commands import Done, Place, new_place
from profiling_assets_tests.cli.story import BAD, FIRST, GOOD, OTHER, SECOND
from profiling_assets_tests.dagster.desk import config_text

pytestmark = pytest.mark.integration

_NOBODY = 65534
# permissions do not count for the superuser: the command is imported, then run as somebody else
_AS_NOBODY = """
import encodings.utf_8_sig, os, sys
import profiling_assets.cli.init_config, profiling_assets.cli.run, profiling_assets.cli.scan
from profiling_assets.cli.main import main
if os.geteuid() == 0:
    os.seteuid({user})
main(sys.argv[1:])
"""


def as_nobody(place: Place, *words: str | Path) -> Done:
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY.format(user=_NOBODY), *map(str, words)],
        env=place.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def open_place(places: Callable[[Place], Place]) -> Place:
    """Give a workspace in a folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="profiling-assets-test-"))
    folder.chmod(0o755)
    return places(new_place(folder / "workspace", tiny_spec()))


def table(done: Done) -> dict[tuple[str, str], list[str]]:
    """Read the table back: a row a plate, cut where the header's words begin."""
    lines = done.out.splitlines()
    names = ("batch", "plate", "starts at", "expected", "found", "state", "last change", "ready")
    # numbers are set to the right: their columns end with their names
    starts = [lines[0].index(name) for name in names]
    starts[3] = lines[0].index("starts at") + len("starts at") + 1
    starts[4] = lines[0].index("expected") + len("expected") + 1
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines[1:]:
        if line.startswith("2026"):
            cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
            found[cells[0], cells[1]] = cells[2:]
    return found


def key(text: str) -> tuple[str, str]:
    plate = PlateKey.parse(text)
    return plate.batch, plate.plate


def test_every_plate_has_a_row_with_its_sites_and_state(fresh: Place) -> None:
    sites = fresh.root / "analysis" / GOOD / "analysis"
    shutil.rmtree(sites / "000123-A02-1")
    shutil.copytree(sites / "000123-A02-2", sites / "000123-H12-9")
    shutil.rmtree(fresh.root / "load_data_csv" / SECOND)
    done = fresh("scan", fresh.root)
    assert (done.code, done.err) == (0, "")
    rows = table(done)
    assert rows[key(BAD)][:4] == ["csvs", "24", "24", "complete"]
    assert rows[key(GOOD)][:4] == ["csvs", "24", "24", "incomplete: 1 missing, 1 unexpected"]
    assert rows[key(GOOD)][5].startswith("no: 1 site missing; ")
    assert rows[key(OTHER)][:4] == ["csvs", "", "24", "no load data"]
    assert rows[key(OTHER)][5].startswith("no: no load data; waits until nothing changed for 60")
    assert len(rows) == 3


def test_what_sites_lack_is_counted_and_named_when_asked_for(fresh: Place) -> None:
    sites = fresh.root / "analysis" / GOOD / "analysis"
    shutil.rmtree(sites / "000123-A02-1")
    shutil.copytree(sites / "000123-A02-2", sites / "000123-H12-9")
    (sites / "000123-A02-2" / "Cells.csv").unlink()
    (sites / "000123-B02-1" / "Nuclei.csv").write_bytes(b"")
    for file in (sites / "000123-B02-2").iterdir():
        file.unlink()
    done = fresh("scan", fresh.root, "--sites")
    assert table(done)[key(GOOD)][3] == (
        "incomplete: 2 missing, 1 unexpected, 1 without Image.csv, 2 lacking files, 1 empty files"
    )
    for line in (
        "missing: well A02, site 1",
        "missing: well B02, site 2",
        "unexpected: 000123-H12-9",
        "without Image.csv: 000123-B02-2",
        "lacking files: 000123-A02-2",
        "lacking files: 000123-B02-1",
        "empty file: 000123-B02-1/Nuclei.csv",
    ):
        assert f"{GOOD}: {line}\n" in done.out, line


def test_a_plate_is_ready_by_the_rules_of_the_config(fresh: Place) -> None:
    shutil.rmtree(fresh.root / "load_data_csv" / SECOND)
    config = fresh.root / "rules.yml"
    assert fresh("init-config", fresh.root, "--name", "rules").code == 0
    text = (fresh.root / "config_files" / "rules.yml").read_text()
    arrival = f"arrival:\n  settle_seconds: 0\n  batches:\n    - batch: {SECOND}\n"
    text = text.replace("pipeline:", f"{arrival}      quiet_minutes: 0\npipeline:", 1)
    config.write_text(text)
    waits = table(fresh("scan", fresh.root))
    ready = table(fresh("scan", fresh.root, "--config", config))
    assert {row[5][:3] for row in waits.values()} == {"no:"}
    assert {row[5][:4] for row in ready.values()} == {"yes:"}
    assert ready[key(BAD)][5].startswith("yes: all expected sites are there")


def test_the_last_change_is_told_in_utc(fresh: Place) -> None:
    before = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    (fresh.root / "analysis" / BAD / "analysis" / "PL-01-x-A02-1" / "Image.csv").touch()
    rows = table(fresh("scan", fresh.root))
    assert before <= rows[key(BAD)][4] <= datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


def test_a_plate_whose_load_data_cannot_be_read_does_not_hide_the_others(fresh: Place) -> None:
    for file in (fresh.root / "load_data_csv" / GOOD).iterdir():
        file.write_bytes(b"Well,Site\n")
    done = fresh("scan", fresh.root)
    assert (done.code, done.err) == (0, "")
    rows = table(done)
    assert len(rows) == 3
    assert rows[key(GOOD)][3] == "not told"
    assert (
        f"no: load_data_csv/{GOOD}/load_data_with_illum.csv: it has no column"
        in (rows[key(GOOD)][5])
    )
    assert rows[key(BAD)][3] == "complete"


def test_one_batch_can_be_looked_at_and_the_environment_names_the_workspace(fresh: Place) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "profiling_assets", "scan", "--batch", FIRST],
        env={**fresh.environment(), "PROFILING_ASSETS_WORKSPACE": str(fresh.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert set(table(Done(0, ran.stdout, ""))) == {key(BAD), key(GOOD)}
    absent = fresh("scan", fresh.root, "--batch", f"{FIRST}x")
    assert absent.code == 1
    assert f"the nearest is {FIRST}" in absent.err


def test_plates_of_a_second_root_are_shown_and_it_is_not_written(
    fresh: Place, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    done = fresh("scan", mine, "--input", fresh.root)
    assert (done.code, done.err) == (0, "")
    assert len(table(done)) == 3
    assert not (fresh.root / ".profiling_assets").exists()
    assert (mine / ".profiling_assets" / "plates.json").exists()
    words = ("--workspace", mine, "--input", fresh.root)
    assert fresh("exclude", BAD, "--reason", "focus lost", *words).code == 0
    again = table(fresh("scan", mine, "--input", fresh.root))
    assert again[key(BAD)][-1] == "excluded: focus lost"


def test_a_bucket_is_scanned_as_a_folder_is(fresh: Place, bucket: str) -> None:
    root = f"s3://{bucket}/projects/a project/workspace"
    target = open_workspace(root)
    for path in sorted(fresh.root.rglob("*")):
        if path.is_file():
            target.publish_bytes(path.read_bytes(), path.relative_to(fresh.root).as_posix())
    target.publish_bytes(b"x", f"analysis/{FIRST}/notes #1 [x] %20.txt")
    on_folder, on_s3 = fresh("scan", fresh.root), fresh("scan", root)
    assert (on_s3.code, on_s3.err) == (0, "")
    rows = table(on_s3)
    assert {at: row[:4] for at, row in rows.items()} == {
        at: row[:4] for at, row in table(on_folder).items()
    }
    assert f"ignored: analysis/{FIRST}/notes #1 [x] %20.txt (" in on_s3.out
    assert fresh("exclude", BAD, "--reason", "leak", "--workspace", root).code == 0
    assert table(fresh("scan", root))[key(BAD)][-1] == "excluded: leak"


def test_entries_that_are_no_plates_are_listed_with_the_reason(fresh: Place) -> None:
    (fresh.root / "analysis" / ".cache").mkdir()
    (fresh.root / "analysis" / FIRST / "notes.txt").write_text("x")
    (fresh.root / "analysis" / FIRST / "EMPTY").mkdir()
    done = fresh("scan", fresh.root)
    assert done.code == 0
    ignored = [line for line in done.out.splitlines() if line.startswith("ignored: ")]
    assert any("analysis/.cache" in line and "(" in line for line in ignored)
    assert any(f"analysis/{FIRST}/notes.txt" in line for line in ignored)
    assert any(f"analysis/{FIRST}/EMPTY" in line for line in ignored)
    assert len(table(done)) == 3


def test_what_lies_among_the_sites_of_a_plate_is_listed_and_commands_no_terminal(
    fresh: Place,
) -> None:
    sites = fresh.root / "analysis" / GOOD / "analysis"
    (sites / "0 \x1b[2J\n.txt").write_text("x")
    for number in range(22):
        (sites / f"notes{number:02}").mkdir()
    done = fresh("scan", fresh.root)
    assert rf"ignored: analysis/{GOOD}/analysis/0 \x1b[2J\n.txt (it is a file where" in done.out
    assert "\x1b" not in done.out
    assert f"ignored: 3 more of plate {GOOD}" in done.out
    assert len(table(done)) == 3


def test_names_of_plates_are_whole_on_a_narrow_terminal() -> None:
    keys = [PlateKey("2026_03_02_Batch1", "PL-01-x"), PlateKey("B" * 60, "000123")]
    plates = {key: PlateEntry(sources=frozenset(Source)) for key in keys}
    console = Console(width=80, file=io.StringIO())
    with console.capture() as told:
        console.print(_table(plates, {}, parse_config(config_text({}), path="config.yml"), now=0.0))
    assert any(line.startswith("2026_03_02_Batch1 ") for line in told.get().splitlines())
    assert told.get().count("B" * 24 + " ") == 2  # a very long one is folded and not cut
    assert max(map(len, told.get().splitlines())) <= 80


def test_an_excluded_plate_is_shown_with_its_reason_and_comes_back(fresh: Place) -> None:
    taken = fresh("exclude", BAD, "--reason", "focus lost", "--workspace", fresh.root)
    assert (taken.code, taken.err) == (0, "")
    assert f"include {BAD} --workspace {fresh.root}" in taken.out
    assert table(fresh("scan", fresh.root))[key(BAD)][-1] == "excluded: focus lost"
    back = fresh("include", BAD, "--workspace", fresh.root)
    assert (back.code, back.err) == (0, "")
    assert "excluded" not in table(fresh("scan", fresh.root))[key(BAD)][-1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("exclude", f"{FIRST}/PL-01", "--reason", "x"), (f"{FIRST}/PL-01", BAD)),
        (("exclude", "PL-01-x", "--reason", "x"), ("PL-01-x", "BATCH/PLATE")),
        (("exclude", BAD, "--reason", " "), ("reason", BAD)),
        (("exclude", "../PL-01-x", "--reason", "x"), ("'..'", "dot")),
        (("include", f"{FIRST}/PL-02-x"), (f"{FIRST}/PL-02-x", BAD)),
    ],
)
def test_a_plate_that_cannot_be_excluded_is_told_with_the_nearest(
    fresh: Place, words: tuple[str, ...], told: tuple[str, ...]
) -> None:
    done = fresh(*words, "--workspace", fresh.root)
    assert done.code == 1, done.text
    assert all(word in done.err for word in told), done.err
    assert "Remedy: " in done.err
    assert "Traceback" not in done.err


def test_a_read_only_workspace_can_be_scanned_and_says_that_it_is_not_written(
    open_place: Place,
) -> None:
    try:
        for folder in (open_place.root.parent, open_place.root):
            folder.chmod(0o555)
        done = as_nobody(open_place, "scan", open_place.root)
        assert done.code == 0, done.text
        assert len(table(done)) == 3
        assert "registry" in done.err
        assert "Traceback" not in done.err
        for words in (("init-config", open_place.root), ("run", "--workspace", open_place.root)):
            refused = as_nobody(open_place, *words)
            assert refused.code == 1, refused.text
            assert "Remedy: " in refused.err
            assert "Traceback" not in refused.err
        assert not (open_place.root / ".profiling_assets").exists()
        assert not (open_place.root / "config_files").exists()
    finally:
        for folder in (open_place.root.parent, open_place.root):
            folder.chmod(0o755)
        shutil.rmtree(open_place.root.parent)


def test_an_unreadable_workspace_is_told(open_place: Place) -> None:
    try:
        (open_place.root / "analysis" / FIRST).chmod(0)
        partly = as_nobody(open_place, "scan", open_place.root)
        open_place.root.chmod(0)
        whole = as_nobody(open_place, "scan", open_place.root)
    finally:
        open_place.root.chmod(0o755)
        (open_place.root / "analysis" / FIRST).chmod(0o755)
        shutil.rmtree(open_place.root.parent)
    for done, path in ((partly, f"analysis/{FIRST}"), (whole, str(open_place.root))):
        assert done.code == 1, done.text
        assert path in done.err
        assert "Remedy: " in done.err
        assert "Traceback" not in done.err


def test_a_plate_that_cannot_be_read_does_not_hide_those_that_start_later(
    open_place: Place,
) -> None:
    for plate in (BAD, OTHER):
        shutil.rmtree(open_place.root / "analysis" / plate)
        backend = open_place.root / "backend" / plate
        backend.mkdir(parents=True)
        (backend / f"{PlateKey.parse(plate).plate}.sqlite").write_bytes(b"x")
    sites = open_place.root / "analysis" / GOOD / "analysis" / "000123-A01-1"
    try:
        sites.chmod(0)
        done = as_nobody(open_place, "scan", open_place.root)
    finally:
        sites.chmod(0o755)
        shutil.rmtree(open_place.root.parent)
    assert done.code == 0, done.text
    rows = table(done)
    assert rows[key(GOOD)][3] == "not told"
    assert {rows[key(plate)][0] for plate in (BAD, OTHER)} == {"sqlite"}


@pytest.mark.parametrize("command", [("scan",), ("init-config",), ("run", "--workspace")])
def test_a_folder_that_is_no_workspace_is_named_with_a_remedy(
    empty: Place, command: tuple[str, ...]
) -> None:
    absent = empty.root / "nowhere"
    file = empty.root.parent / "file"
    file.write_text("x")
    for root in (absent, file, empty.root):
        done = empty(*command, root)
        assert done.code == 1, done.text
        assert str(root) in done.err
        assert "Remedy: " in done.err
        assert "Traceback" not in done.err
    assert list(empty.root.iterdir()) == []


@pytest.mark.parametrize("command", [("scan",), ("init-config",), ("run", "--workspace")])
def test_an_address_of_another_kind_is_refused_by_name(
    empty: Place, command: tuple[str, ...]
) -> None:
    done = empty(*command, "gs://bucket/projects/P/workspace")
    assert done.code == 1
    assert "gs://bucket/projects/P/workspace: gs:// addresses are not known" in done.err
    assert "Remedy: " in done.err
    assert "Traceback" not in done.err


def test_a_quick_scan_counts_sites_by_name_and_leaves_open_what_names_do_not_tell(
    fresh: Place,
) -> None:
    sites = fresh.root / "analysis" / GOOD / "analysis"
    whole = table(fresh("scan", fresh.root))
    shutil.rmtree(sites / "000123-A02-1")
    (sites / "outlines").mkdir()
    quick = table(fresh("scan", fresh.root, "--quick"))
    assert quick.keys() == whole.keys()
    _, expected, found, state, changed, ready = quick[key(GOOD)]
    assert (expected, changed) == (whole[key(GOOD)][1], "")
    assert int(found) == int(expected) - 1
    assert state == "incomplete: 1 missing"
    assert ready.startswith("no: 1 site missing")
    assert quick[key(OTHER)][-1] == "not told by names"
