"""The provenance files of a workspace: complete, true, and the same wherever they were made."""

import hashlib
import platform
import re
from pathlib import Path

from profiling_assets.steps.provenance import FileMark, package_versions, read_provenance
from profiling_assets.workspace.names import Level
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH_ASSETS,
    P1,
    P2,
    PLATE_ASSETS,
    PLATES,
    Desk,
)

NORMALIZED = f"profiles/{P1}/000123_normalized.csv.gz"
FILES = [f"profiles/{plate}/{plate.partition('/')[2]}_provenance.json" for plate in PLATES]


def _origins(desk: Desk, level: str, partition: str):
    return read_provenance(open_workspace(str(desk.root)), Level(level), partition)


def _is(mark: FileMark, file: Path) -> bool:
    content = file.read_bytes()
    hashed = hashlib.sha256(content).hexdigest() if mark.sha256 else ""
    return (mark.size, mark.sha256) == (len(content), hashed)


def test_every_result_of_a_plate_and_of_a_batch_says_from_what_it_was_made(built: Desk) -> None:
    for level, partition, names in (("plate", P1, PLATE_ASSETS), ("batch", BATCH1, BATCH_ASSETS)):
        origins = _origins(built, level, partition)
        assert {origin.asset for origin in origins.values()} == set(names)
        for path, origin in origins.items():
            assert origin.versions == package_versions()
            assert all((origin.code, origin.config, origin.inputs)), path
            for file, mark in {path: origin.file, **origin.beside}.items():
                assert _is(mark, built.file(file)), file


def test_inputs_are_named_and_lead_from_result_to_result(built: Desk) -> None:
    plate, batch = _origins(built, "plate", P1), _origins(built, "batch", BATCH1)
    augmented = plate[f"profiles/{P1}/000123_augmented.csv.gz"]
    assert set(augmented.inputs) == {f"aggregated_profiles:{P1}", "plate_map"}
    normalized = plate[NORMALIZED]
    assert normalized.inputs == {f"annotated_profiles:{P1}": ""}
    listed = batch[f"profiles/{BATCH1}/{BATCH1}_selected_features_batch.tsv"]
    assert set(listed.inputs) == {f"normalized_profiles:{plate}" for plate in (P1, P2)}


def test_the_ui_shows_what_the_file_says(built: Desk) -> None:
    origin = _origins(built, "plate", P1)[NORMALIZED]
    shown = {k: v.value for k, v in built.metadata("normalized_profiles", P1).items()}
    made_from = shown["made_from"]
    assert isinstance(made_from, dict)
    assert made_from.keys() == origin.inputs.keys()
    assert shown["versions"] == dict(origin.versions)
    assert shown["config_hash"] == origin.config


def test_a_workspace_copied_elsewhere_and_built_anew_gets_the_same_bytes(
    inputs: Desk, built: Desk, tmp_path: Path
) -> None:
    other = inputs.copied_to(tmp_path)
    other.run([P2], ["sqlite_backend", "aggregated_profiles", "annotated_profiles"])
    mine, theirs = _origins(other, "plate", P2), _origins(built, "plate", P2)
    assert len(mine) == 3
    for path, origin in mine.items():
        if not path.endswith(".sqlite"):
            assert origin == theirs[path]


def test_no_text_that_is_published_names_a_root_a_host_or_a_time(built: Desk) -> None:
    with built.instance() as instance:
        runs = [run.run_id for run in instance.get_runs()]
    assert runs
    time = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d|\b1[6-9]\d{8}\b")
    texts = [
        file
        for area in ("backend", "profiles", "gct")
        for suffix in ("json", "tsv", "gct")
        for file in built.file(area).rglob(f"*.{suffix}")
    ]
    assert len(texts) > 10
    for file in texts:
        text = file.read_text(encoding="utf-8")
        found = [word for word in (str(built.root), platform.node(), *runs) if word in text]
        assert not found, file
        assert file.suffix == ".gct" or not time.search(text), file


def test_a_run_that_makes_equal_results_leaves_the_provenance_untouched(desk: Desk) -> None:
    before = {name: desk.file(name).stat() for name in FILES}
    assert desk.materialize(["normalized_profiles", "annotated_profiles"], P1).success
    desk.run(force=True, plates=[P2], names=["normalized_profiles"])
    for name, stat in before.items():
        now = desk.file(name).stat()
        assert (now.st_ino, now.st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)


def test_a_file_put_in_the_place_of_ours_loses_its_entry_and_the_others_keep_theirs(
    desk: Desk,
) -> None:
    before = _origins(desk, "plate", P1)
    other = desk.file(f"profiles/{P2}/PL-01-x_normalized.csv.gz").read_bytes()
    desk.file(NORMALIZED).write_bytes(other)
    desk.run([P1], ["normalized_profiles"])
    after = _origins(desk, "plate", P1)
    assert set(before) - set(after) == {NORMALIZED}
    assert all(after[path] == before[path] for path in after)


def test_results_that_are_adopted_as_they_were_made_keep_what_is_known_of_them(desk: Desk) -> None:
    before = _origins(desk, "plate", P1)
    other = desk.without_records()
    assert other.run().adopt
    assert _origins(other, "plate", P1) == before
