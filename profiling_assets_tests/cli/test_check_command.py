"""`check`: all problems at once, exit code, nothing left behind; and `run` begins with it."""

import json

import pytest

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.story import BAD, GOOD, OTHER

pytestmark = pytest.mark.integration

MAP_1 = "metadata/platemaps/2026_03_02_Batch1/platemap/TINY-MAP-1.txt"


def test_a_sound_workspace_has_warnings_and_exit_code_0_and_is_left_as_it_was(fresh: Place) -> None:
    before = sorted(fresh.root.rglob("*"))
    done = fresh("check", "--workspace", fresh.root)
    assert done.code == 0, done.text
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "3 plates of 2 batches; 72 of 72 expected sites"
    assert "warnings" in lines
    assert (
        f"    - {GOOD}, {BAD}: {MAP_1}: the plate has only 4 negative control wells: " in done.out
    )
    assert lines[-1].startswith("0 errors, 2 warnings; nothing keeps it from being run; looked for")
    assert sorted(fresh.root.rglob("*")) == before
    assert not fresh.home.exists()  # no event log is made for it


def test_errors_are_told_all_at_once_with_exit_code_1(fresh: Place) -> None:
    text = (fresh.root / MAP_1).read_text()
    (fresh.root / MAP_1).write_text(text.replace("\tA02", "\tA1"))
    (fresh.root / "analysis" / OTHER / "analysis" / "000123-B01-1" / "Cells.csv").unlink()
    done = fresh("check", "--workspace", fresh.root, "--json")
    assert done.code == 1, done.text
    found = json.loads(done.out)
    assert {(one["severity"], one["rule"], one["scope"]) for one in found} == {
        ("error", "plate_map", GOOD),
        ("error", "plate_map", BAD),
        ("warning", "sites", OTHER),
        ("warning", "controls", OTHER),
    }
    assert all(one["where"] and one["remedy"] for one in found)
    one_plate = fresh("check", "--workspace", fresh.root, "--plate", OTHER)
    assert one_plate.code == 0, one_plate.text
    assert "plate_map" not in one_plate.out


def test_a_run_that_cannot_write_its_results_stops_before_anything_is_built(fresh: Place) -> None:
    (fresh.root / "profiles").write_text("a file where a folder should be")
    done = fresh("run", "--workspace", fresh.root)
    assert done.code == 1, done.text
    assert "error: profiles/" in done.err
    assert "Remedy: " in done.err
    assert done.err.count("error: ") == 1
    assert "Traceback" not in done.text
    assert not (fresh.root / "backend").exists()
