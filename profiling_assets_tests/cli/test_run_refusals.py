"""What `run` refuses before it builds, and what it says when a plate cannot be built."""

import shutil

import pytest

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.event_log import made, new_since, runs, tasks
from profiling_assets_tests.cli.story import BAD, FIRST, GOOD, OTHER, SECOND

pytestmark = pytest.mark.integration

MAP_1 = f"metadata/platemaps/{FIRST}/platemap/TINY-MAP-1.txt"
MAP_2 = f"metadata/platemaps/{SECOND}/platemap/TINY-MAP-2.txt"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--plate", "PL-01-y"), ("plate PL-01-y", f"the nearest is {BAD}")),
        (("--plate", f"{FIRST}/PL-1-x"), (f"plate {FIRST}/PL-1-x", f"the nearest is {BAD}")),
        (("--batch", f"{FIRST}x"), (f"batch {FIRST}x", f"the nearest is {FIRST}")),
        (
            ("--select", "normalised_profiles"),
            ("asset normalised_profiles", "the nearest is normalized_profiles", "choose from"),
        ),
        (("--batch", SECOND, "--plate", "PL-01-x"), ("plate PL-01-x",)),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_nearest_before_anything_starts(
    fresh: Place, words: tuple[str, ...], told: tuple[str, ...]
) -> None:
    done = fresh("run", "--workspace", fresh.root, *words)
    assert done.code == 1, done.text
    assert done.out == ""
    assert all(word in done.err for word in told), done.err
    assert "Remedy: " in done.err
    assert "Traceback" not in done.err
    assert not fresh.home.exists()


def test_placeholders_are_refused_before_anything_starts(fresh: Place) -> None:
    config = fresh.root / "mine.yml"
    config.write_text(
        "pipeline: x\nannotate:\n  external:\n    perform: true\n"
        "    file: <metadata file name>\n    merge_column: <Column to merge on>\n"
    )
    done = fresh("run", "--workspace", fresh.root, "--config", config)
    assert done.code == 1
    assert f"{config}:5: annotate.external.file is still the placeholder" in done.err
    assert "Traceback" not in done.err
    assert not fresh.home.exists()


def test_a_config_whose_plates_are_all_elsewhere_is_told(fresh: Place) -> None:
    config = fresh.root / "mine.yml"
    config.write_text("pipeline: x\n---\nbatch: Batch7\nplates:\n  - name: P1\n    process: true\n")
    done = fresh("run", "--workspace", fresh.root, "--config", config)
    assert done.code == 1
    assert "none of the plates" in done.err
    assert str(fresh.root) in done.err
    assert "Traceback" not in done.err


def test_a_plate_that_the_config_names_and_is_not_there_is_told_with_its_line(
    built: Place,
) -> None:
    text = built.config.read_text()
    added = text.replace(
        "  - name: PL-01-x\n", "  - name: PL-99\n    process: true\n  - name: PL-01-x\n"
    )
    assert added != text
    built.config.write_text(added)
    line = added[: added.index("PL-99")].count("\n") + 1
    before = made(built)
    done = built.run()
    assert done.code == 1, done.text
    assert (
        f"{built.config}:{line}: plate {FIRST}/PL-99 is in the config, and it is not in" in done.err
    )
    assert "`process: false`" in done.err
    assert "Traceback" not in done.err
    assert new_since(before, built) == []


def test_a_bad_plate_map_stops_its_own_steps_and_leaves_standing_files_alone(
    built: Place,
) -> None:
    first, second = built.root / MAP_1, built.root / MAP_2
    first.write_text(first.read_text().replace("well_position", "position", 1))
    second.write_text(second.read_text().replace("negcon", "trt"))
    before, files = made(built), contents(built)
    done = built.run("--select", "annotated_profiles", "--select", "normalized_negcon_profiles")
    assert done.code == 1, done.text
    assert "Traceback" not in done.text
    for key in (GOOD, BAD):
        told = entry(done.err, f"annotated_profiles of {key}")
        assert MAP_1 in told
        assert "well_position" in told
        assert "Remedy: " in told
    told = entry(done.err, f"normalized_negcon_profiles of {OTHER}")
    assert MAP_2 in told
    assert "negcon" in told
    assert "control_type" in told
    assert "Remedy: " in told
    assert new_since(before, built) == tasks(("annotated_profiles",), OTHER)
    changed = {path for path, data in contents(built).items() if files.get(path) != data}
    assert changed <= {
        f"profiles/{OTHER}/000123_augmented.csv.gz",
        f"profiles/{OTHER}/000123_wells.tsv",
    }
    assert built.leftovers() == []
    assert {run.status for run in runs(built)} == {"SUCCESS", "FAILURE"}


def entry(text: str, task: str) -> str:
    return text[text.index(f"not there: {task}") :].split("not there: ")[1]


def contents(place: Place) -> dict[str, bytes]:
    return {
        path: (place.root / path).read_bytes()
        for path in place.files()
        if path.startswith(("backend/", "profiles/"))
    }


def test_a_plate_whose_first_files_were_archived_starts_at_what_stands(built: Place) -> None:
    # its CSVs, its backend and its aggregated profiles are gone; later files stand
    shutil.rmtree(built.root / "analysis" / BAD)
    shutil.rmtree(built.root / "backend" / BAD)
    (built.root / "profiles" / BAD / "PL-01-x.csv.gz").unlink()
    before = made(built)
    done = built.run()
    assert done.code == 0, done.text
    assert done.out.splitlines()[-1] == "31 current, 0 built, 2 without a source"
    assert new_since(before, built) == []
