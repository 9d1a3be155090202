"""`run` after something changed: what is built again, and what is left alone."""

import csv
import gzip
import io
import shutil
from dataclasses import replace

import pytest

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.event_log import (
    LISTS,
    SELECTED,
    STACKS,
    made,
    new_since,
    runs,
    tasks,
)
from profiling_assets_tests.cli.story import BAD, FIRST, GOOD, OTHER, SECOND

pytestmark = pytest.mark.integration


def compounds(place: Place, key: str, ending: str) -> set[str]:
    plate = key.rpartition("/")[2]
    content = gzip.decompress((place.root / "profiles" / key / f"{plate}{ending}").read_bytes())
    return {row["Metadata_compound_id"] for row in csv.DictReader(io.StringIO(content.decode()))}


def contents(place: Place) -> dict[str, bytes]:
    return {
        path: (place.root / path).read_bytes()
        for path in place.files()
        if path.startswith(("backend/", "profiles/"))
    }


def test_a_corrected_plate_map_builds_the_annotated_profiles_and_what_follows(
    built: Place,
) -> None:
    plate_map = built.root / f"metadata/platemaps/{SECOND}/platemap/TINY-MAP-2.txt"
    lines = plate_map.read_text().splitlines(keepends=True)
    old = lines[3].split("\t")[3]
    lines[3] = lines[3].replace(f"\t{old}\t", "\t007\t")
    plate_map.write_text("".join(lines))
    before, files = made(built), contents(built)
    done = built.run()
    assert done.code == 0, done.text
    assert done.err == ""
    followers = ("annotated_profiles", "normalized_profiles", "normalized_negcon_profiles")
    assert new_since(before, built) == sorted(
        [*tasks((*followers, *SELECTED), OTHER), *tasks((*LISTS, *STACKS), SECOND)]
    )
    assert done.out.splitlines()[-1] == "22 current, 11 built"
    assert "007" in compounds(built, OTHER, "_normalized_feature_select_batch.csv.gz")
    changed = {path for path, data in contents(built).items() if files[path] != data}
    assert all(path.startswith("profiles/2026_03_09_Batch2/000123/") for path in changed)

    # forced, one result is made again, alone, and is the same
    before, files = made(built), contents(built)
    forced = built.run("--force", "--select", "normalized_profiles", "--plate", OTHER)
    assert forced.code == 0, forced.text
    assert new_since(before, built) == tasks(("normalized_profiles",), OTHER)
    assert contents(built) == files


def test_an_excluded_plate_leaves_its_batch_and_comes_back(built: Place) -> None:
    listed = built.root / f"profiles/{FIRST}/{FIRST}_selected_features_batch.tsv"
    of_two = listed.read_bytes()
    before, files = made(built), contents(built)
    assert built("exclude", BAD, "--reason", "focus lost", "--workspace", built.root).code == 0
    done = built.run()
    assert done.code == 0, done.text
    assert done.err == ""
    assert new_since(before, built) == sorted(
        [*tasks((*LISTS, *STACKS), FIRST), *tasks(SELECTED, GOOD)]
    )
    of_one = listed.read_bytes()
    assert of_one != of_two
    of_bad = {path for path in files if path.startswith((f"backend/{BAD}/", f"profiles/{BAD}/"))}
    assert of_bad
    assert all(contents(built)[path] == files[path] for path in of_bad)
    refused = built.run("--plate", BAD)
    assert refused.code == 1
    assert BAD in refused.err

    assert built("include", BAD, "--workspace", built.root).code == 0
    before = made(built)
    back = built.run("--select", "selected_features_batch", "--batch", FIRST)
    assert back.code == 0, back.text
    assert new_since(before, built) == tasks(("selected_features_batch",), FIRST)
    assert listed.read_bytes() == of_two


def test_results_without_a_history_are_adopted_and_not_touched(built: Place) -> None:
    shutil.rmtree(built.home)
    built = replace(built, dagster_home=built.state / "a folder of the user's")
    files = contents(built)
    times = {path: (built.root / path).stat().st_mtime_ns for path in files}
    done = built.run()
    assert done.code == 0, done.text
    assert done.err == ""
    assert done.out.splitlines()[-1] == "0 current, 0 built, 33 adopted"
    assert runs(built) == []
    assert "max_concurrent_runs: 3" in (built.home / "dagster.yaml").read_text()
    assert contents(built) == files
    assert {path: (built.root / path).stat().st_mtime_ns for path in files} == times
    again = built.run().out.splitlines()[-1]
    assert again == "33 current (33 of them not made here), 0 built"


def test_a_plate_whose_batch_is_not_whole_is_built_without_the_batch(built: Place) -> None:
    (built.root / f"profiles/{GOOD}/000123_normalized.csv.gz").unlink()
    (built.root / f"profiles/{BAD}/PL-01-x_normalized.csv.gz").unlink()
    before = made(built)
    done = built.run("--plate", BAD)
    assert done.code == 0, done.text
    assert new_since(before, built) == tasks(("normalized_profiles",), BAD)
