"""Every file at its public path, what is said of each, and the same bytes whenever it is built."""

import gzip
import sqlite3
from pathlib import Path

import dagster as dg
import pytest

from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    LISTS,
    P1,
    P2,
    P3,
    PLATES,
    Desk,
    everything,
)


def _published(plate: str) -> set[str]:
    name = plate.partition("/")[2]
    profiles = (
        "",
        "_augmented",
        "_normalized",
        "_normalized_negcon",
        "_normalized_feature_select_batch",
        "_normalized_feature_select_negcon_batch",
    )
    return {
        f"backend/{plate}/{name}.sqlite",
        f"backend/{plate}/{name}.csv",
        *(f"profiles/{plate}/{name}{step}.csv.gz" for step in profiles),
    }


def _ledgers(plate: str) -> set[str]:
    name = plate.partition("/")[2]
    return {
        f"backend/{plate}/{name}_sites.tsv",
        f"backend/{plate}/{name}_wells.tsv",
        f"profiles/{plate}/{name}_wells.tsv",
        f"profiles/{plate}/{name}_provenance.json",
    }


def _stacked(batch: str) -> set[str]:
    name = f"gct/{batch}/{batch}_normalized_feature_select"
    return {f"{name}{twin}_batch.{form}" for twin in ("", "_negcon") for form in ("csv.gz", "gct")}


def test_every_file_is_at_its_public_path_and_nothing_else_is_there(built: Desk) -> None:
    found = {
        file.relative_to(built.root).as_posix()
        for area in ("backend", "profiles", "gct")
        for file in built.root.joinpath(area).rglob("*")
        if file.is_file()
    }
    lists = {f"profiles/{b}/{b}_{name}.tsv" for b in (BATCH1, BATCH2) for name in LISTS}
    wanted = set[str]().union(*(_published(plate) | _ledgers(plate) for plate in PLATES))
    lists |= {f"profiles/{b}/{b}_provenance.json" for b in (BATCH1, BATCH2)}
    assert found == wanted | lists | _stacked(BATCH1) | _stacked(BATCH2)
    assert not list(built.root.joinpath(".profiling_assets").rglob("scratch/*"))


_FILE = {"path", "size_bytes", "fingerprint", "inputs_fingerprint", "adopted"} | {
    "made_from", "versions", "config_hash",
}  # fmt: skip
_TABLE = _FILE | {"rows", "wells", "features", "nan_share"}
_SITES = {"sites", "sites_kept_whole", "sites_with_loss", "cells", "source"}
_METADATA = {
    "sqlite_backend": _FILE | _SITES,
    "aggregated_profiles": _TABLE | _SITES,
    "annotated_profiles": _TABLE,
    "normalized_profiles": _TABLE,
    "normalized_negcon_profiles": _TABLE | {"negative_controls"},
    "selected_features_batch": _FILE | {"plates", "wells_that_voted"},
    "selected_features_negcon_batch": _FILE | {"plates", "wells_that_voted"},
    "feature_selected_profiles": _TABLE,
    "feature_selected_negcon_profiles": _TABLE,
    "stacked_profiles": _TABLE | {"plates", "metadata_columns"},
    "gct": _FILE | {"samples", "features", "sample_descriptions"},
}
_NUMBERS = {
    "size_bytes", "rows", "wells", "features", "sites", "sites_kept_whole", "sites_with_loss",
    "cells", "plates", "wells_that_voted", "negative_controls", "samples",
}  # fmt: skip


@pytest.mark.parametrize("name", _METADATA)
def test_a_materialization_carries_what_a_user_looks_for_with_numbers_as_numbers(
    built: Desk, name: str
) -> None:
    metadata = built.metadata(name, BATCH1 if name in BATCH_ASSETS else P2)
    assert set(metadata) >= _METADATA[name]
    for key in _NUMBERS & set(metadata):
        assert isinstance(metadata[key], dg.IntMetadataValue), key
    if "nan_share" in metadata:
        assert isinstance(metadata["nan_share"], dg.FloatMetadataValue)
    assert isinstance(metadata["path"], dg.PathMetadataValue)


def test_the_numbers_of_a_materialization_are_those_of_its_file(built: Desk) -> None:
    file = built.file(f"profiles/{P2}/PL-01-x.csv.gz")
    metadata = {k: v.value for k, v in built.metadata("aggregated_profiles", P2).items()}
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    columns = lines[0].split(",")
    features = [c for c in columns if not c.startswith("Metadata_")]
    cells = [line.split(",")[len(columns) - len(features) :] for line in lines[1:]]
    empty = sum(cell == "" for row in cells for cell in row)
    assert metadata["size_bytes"] == file.stat().st_size
    assert metadata["rows"] == metadata["wells"] == len(lines) - 1
    assert metadata["features"] == len(features)
    assert metadata["nan_share"] == pytest.approx(empty / (len(features) * len(cells)))
    with sqlite3.connect(built.file(f"backend/{P2}/PL-01-x.sqlite")) as connection:
        (cells_in_backend,) = connection.execute("SELECT count(*) FROM Cells").fetchone()
    connection.close()
    assert metadata["cells"] == cells_in_backend
    assert metadata["sites"] == 24  # of 12 wells


def test_a_site_that_failed_quality_control_is_counted_and_in_the_ledger(built: Desk) -> None:
    rows = built.file(f"backend/{P2}/PL-01-x_sites.tsv").read_text().splitlines()
    header = rows[0].split("\t")
    (failed,) = [
        dict(zip(header, row.split("\t"), strict=True)) for row in rows if "qc_flagged" in row
    ]
    assert failed["folder"] == "PL-01-x-A01-1"
    states = built.metadata("aggregated_profiles", P2)["site_states"]
    assert isinstance(states, dg.TableMetadataValue)
    assert {str(r.data["what"]): r.data["count"] for r in states.records}["qc_flagged"] == 1


def test_the_plate_with_leading_zeros_reads_back_from_every_file(built: Desk) -> None:
    for plate in (P1, P3):
        for path in _published(plate):
            if path.endswith(".csv.gz"):
                text = gzip.decompress(built.file(path).read_bytes()).decode()
                header, first, *_ = (line.split(",") for line in text.splitlines())
                assert first[header.index("Metadata_Plate")] == "000123", path


def _content(file: Path) -> object:
    if file.suffix != ".sqlite":
        return file.read_bytes()
    with sqlite3.connect(file) as connection:
        dump = list(connection.iterdump())
    connection.close()
    return dump


def test_two_builds_in_two_workspaces_give_the_same_files(
    built: Desk, inputs: Desk, tmp_path: Path
) -> None:
    other = inputs.copied_to(tmp_path / "elsewhere with a blank")
    other.run([P3])
    paths = [*_published(P3), *_ledgers(P3)]
    paths += [f"profiles/{BATCH2}/{BATCH2}_{name}.tsv" for name in LISTS]
    paths += _stacked(BATCH2)
    different = [p for p in paths if _content(built.file(p)) != _content(other.file(p))]
    assert different == []


def test_everything_that_was_asked_for_is_recorded(built: Desk) -> None:
    assert {str(task) for task in built.plan().current} == everything()
