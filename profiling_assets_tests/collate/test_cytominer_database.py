"""Both engines on real data: what is equal, and each row that differs and why."""

import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from profiling_assets.collate.cytominer_database import collate_with_reference_engine
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.sites import ExpectedSite
from profiling_assets_tests.collate.support import (
    MadeFolder,
    StoredTable,
    collate,
    index_sql,
    local_folders,
    made_site,
    stored_tables,
    written,
)
from profiling_assets_tests.support import shared_data

CSV = "cellprofiler_csv"
CASES = {
    "data_b": (PlateKey("b", "SQ00015116"), (CSV, "cytominer_database", "data_b"), ()),
    "jump": (
        PlateKey("b", "BR00121431"),
        (CSV, "pycytominer_collate", "analysis", "2021_04_20_Target2", "BR00121431", "analysis"),
        ("Count", "Granularity", "Texture"),
    ),
    "synthetic": (
        PlateKey("b", "SYN0000001"),
        (CSV, "synthetic_cp4281", "analysis", "2026_11_22_SynBatch1", "SYN0000001", "analysis"),
        ("Count", "Threshold"),
    ),
}
# Folder to the state that ours gives it, where the reference rejects the site whole.
REJECTED_BY_REFERENCE = {
    "data_b": {
        "E17-4": SiteState.EMPTY,
        "J21-2": SiteState.RAGGED,
        "N23-5": SiteState.UNREADABLE,
    },
    "jump": {},
    "synthetic": {"SYN0000001-C02-1": SiteState.ZERO_CELLS},
}
SITES = ("A01-1", "A01-2", "A02-1", "A02-2", "C02-1", *REJECTED_BY_REFERENCE["data_b"], "B01-2")
Run = tuple[CollateResult, CollateResult, Path, Path]


@pytest.fixture(scope="module", params=CASES)
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Run]:
    key, parts, categories = CASES[request.param]
    out = tmp_path_factory.mktemp(request.param)
    source = out / "sites"
    source.mkdir()
    for folder in local_folders(shared_data(*parts)):
        if folder.name.endswith(SITES):
            (source / folder.name).symlink_to(folder.path)
    options = AggregateOptions("mean", image_feature_categories=categories)
    ours = collate(local_folders(source), out, key=key, aggregate=options)
    theirs = collate_with_reference_engine(
        key, source, None, CollateOptions(), sqlite_file=out / "r.sqlite",
        aggregate=options, path="x",
    )  # fmt: skip
    return request.param, (ours, theirs, out / "backend.sqlite", out / "r.sqlite")


def assert_equal_rows(ours: StoredTable, theirs: StoredTable) -> None:
    assert len(ours.rows) == len(theirs.rows)
    assert ours.classes == theirs.classes
    for row, reference in zip(ours.rows, theirs.rows, strict=True):
        assert row == reference


def test_accepted_sites_are_equal_in_columns_types_values_and_storage_classes(
    run: tuple[str, Run],
):
    _, (_, _, our_file, their_file) = run
    ours, theirs = stored_tables(our_file), stored_tables(their_file)
    assert set(ours) == set(theirs)
    numbers = {row[0] for row in theirs["Image"].rows}
    for table in ours:
        assert ours[table].columns == theirs[table].columns
        kept = [at for at, row in enumerate(ours[table].rows) if row[0] in numbers]
        subset = StoredTable(
            ours[table].columns,
            [ours[table].rows[at] for at in kept],
            [ours[table].classes[at] for at in kept],
        )
        assert_equal_rows(subset, theirs[table])


def test_the_rows_that_differ_are_those_of_sites_the_reference_rejects_whole(
    run: tuple[str, Run],
):
    name, (ours, theirs, our_file, their_file) = run
    rejected = {site.folder for site in theirs.sites if not site.image_rows_kept}
    assert rejected == set(REJECTED_BY_REFERENCE[name])
    state = {site.folder: site.state for site in ours.sites}
    assert {folder: state[folder] for folder in rejected} == REJECTED_BY_REFERENCE[name]
    # of a rejected site ours keeps the Image row where it can be read, and never an object
    kept = [s for s in ours.sites if s.folder in rejected and s.image_rows_kept]
    assert all(sum(site.objects_kept.values()) == 0 for site in kept)
    extra = len(stored_tables(our_file)["Image"].rows) - len(
        stored_tables(their_file)["Image"].rows
    )
    assert extra == len(kept)
    reasons = [site.reason for site in theirs.sites if site.folder in rejected]
    assert all("rejected by cytominer-database" in reason for reason in reasons)


def test_ours_has_the_indices_of_collate_and_not_those_of_pandas(run: tuple[str, Run]):
    _, (_, _, our_file, their_file) = run
    theirs = index_sql(their_file)
    pandas_own = {name for name in theirs if name.startswith("ix_")}
    assert pandas_own == {f"ix_{t}_TableNumber" for t in ("Image", "Cells", "Cytoplasm", "Nuclei")}
    assert index_sql(our_file) == {n: c for n, c in theirs.items() if n not in pandas_own}


def test_profiles_of_both_engines_are_equal(run: tuple[str, Run]):
    _, (ours, theirs, _, _) = run
    assert ours.aggregate is not None
    assert theirs.aggregate is not None
    pd.testing.assert_frame_equal(ours.aggregate, theirs.aggregate, rtol=1e-12, atol=0)
    profiles = {well.well: well.cells for well in theirs.wells if well.state.value == "profile"}
    assert profiles == {w.well: w.cells for w in ours.wells if w.state.value == "profile"}


def assert_close_rows(ours: list[tuple[object, ...]], theirs: list[tuple[object, ...]]) -> None:
    """Equal but for 1e-12: the shipped file was made with a pandas that read floats loosely."""
    for row, reference in zip(ours, theirs, strict=True):
        for value, wanted in zip(row, reference, strict=True):
            if isinstance(value, float) and isinstance(wanted, float):
                assert abs(value - wanted) <= 1e-12 * abs(wanted)
            else:
                assert (type(value), value) == (type(wanted), wanted)


def test_data_b_equals_the_shipped_backend_but_for_the_defective_sites(tmp_path: Path):
    file = shared_data("sqlite", "cytominer_database_data_b.sqlite")
    root = shared_data(CSV, "cytominer_database", "data_b")
    collate(local_folders(root), tmp_path, key=PlateKey("b", "SQ00015116"))
    ours, theirs = stored_tables(tmp_path / "backend.sqlite"), stored_tables(file)
    for table, stored in theirs.items():
        assert ours[table].columns == stored.columns
        assert_close_rows(ours[table].rows[: len(stored.rows)], stored.rows)
    assert [row[-1] for row in ours["Image"].rows[4:]] == ["E17", "J21"]
    assert len(ours["Cells"].rows) == len(theirs["Cells"].rows) == 40


def test_data_a_split_into_compartments_equals_the_shipped_backend(tmp_path: Path):
    file = shared_data("sqlite", "cytominer_database_data_a.sqlite")
    root = shared_data(CSV, "cytominer_database", "data_a")
    options = CollateOptions(munge=True, plate_column_from="Metadata_Barcode")
    collate(local_folders(root), tmp_path, key=PlateKey("b", "a"), options=options)
    ours, theirs = stored_tables(tmp_path / "backend.sqlite"), stored_tables(file)
    for table in ("Cells", "Cytoplasm", "Nuclei"):
        assert ours[table].columns == theirs[table].columns
        assert_equal_rows(ours[table], theirs[table])
    # Image: ours has Metadata_Plate, and two times that are whole numbers in the first folder only
    differing = [
        (name, kind, dict(ours["Image"].columns)[name])
        for name, kind in theirs["Image"].columns
        if dict(ours["Image"].columns)[name] != kind
    ]
    assert differing == [
        ("ExecutionTime_15CalculateMath", "BIGINT", "FLOAT"),
        ("ExecutionTime_30CalculateMath", "BIGINT", "FLOAT"),
    ]
    assert ours["Image"].columns[-1] == ("Metadata_Plate", "TEXT")
    assert [row[:-1] for row in ours["Image"].rows] == theirs["Image"].rows


def test_broken_merged_files_are_defects_of_every_compartment(tmp_path: Path):
    root = shared_data(CSV, "cytominer_database", "data_a")
    good = {
        number: MadeFolder(
            f"P1-A0{number}",
            {f: (root / number / f).read_bytes() for f in ("image.csv", "object.csv")},
        )
        for number in ("1", "2")
    }
    merged = good["2"].read("object.csv")
    _, second, rest = merged.split(b"\n", 2)
    broken = {
        "cut": (merged[:-20], SiteState.TRUNCATED, "object.csv is cut off in data row 20"),
        "empty": (b"", SiteState.EMPTY, "object.csv is empty"),
        "one header row": (second + b"\n" + rest, SiteState.RAGGED, "no compartment"),
        "short first row": (b"Image,Cells\n" + second + rest, SiteState.RAGGED, "no compartment"),
        "ragged": (merged.replace(b",0,", b",", 1), SiteState.RAGGED, "wrong number of fields"),
    }
    for name, (data, state, reason) in broken.items():
        folders = [good["1"], good["2"].with_file("object.csv", data)]
        result = collate(folders, tmp_path / name, options=CollateOptions(munge=True))
        record = result.sites[-1]
        assert (record.state, sum(record.objects_kept.values())) == (state, 0), name
        assert reason in record.reason
        assert result.tables["Cells"].rows == 20


def test_a_split_file_equals_the_reference_split_into_files(tmp_path: Path):
    merged = shared_data(CSV, "cytominer_database", "data_a")
    split = shared_data(CSV, "cytominer_database", "data_a_munged")
    both = tmp_path / "both"
    for number in ("1", "2"):
        (both / number).mkdir(parents=True)
        for file in (merged / number / "image.csv", *(split / number).iterdir()):
            (both / number / file.name).symlink_to(file)
    collate(local_folders(both), tmp_path / "files", aggregate=None)
    munge = CollateOptions(munge=True)
    collate(local_folders(merged), tmp_path / "merged", aggregate=None, options=munge)
    files, merged_tables = (
        stored_tables(tmp_path / name / "backend.sqlite") for name in ("files", "merged")
    )
    for table, stored in files.items():
        assert merged_tables[table].columns == stored.columns
        ours = np.array(merged_tables[table].rows, dtype=object)
        theirs = np.array(stored.rows, dtype=object)
        # pandas' to_csv in between may cost the last digit
        same = (ours == theirs) | (np.abs(_numbers(ours) - _numbers(theirs)) < 1e-9)
        assert same.all()


def _numbers(values: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda v: float(v) if isinstance(v, (int, float)) else 0.0)(values)


def test_the_reference_engine_splits_object_csv_without_touching_the_source(tmp_path: Path):
    root = shared_data(CSV, "cytominer_database", "data_a")
    options = CollateOptions(munge=True, plate_column_from="Metadata_Barcode")
    result = collate_with_reference_engine(
        PlateKey("b", "a"), root, None, options, sqlite_file=tmp_path / "r.sqlite",
        aggregate=AggregateOptions("median"), path="x",
    )  # fmt: skip
    assert {table: summary.rows for table, summary in result.tables.items()} == {
        "Image": 8, "Cells": 40, "Cytoplasm": 40, "Nuclei": 40,
    }  # fmt: skip
    assert sorted(path.name for path in (root / "1").iterdir()) == ["image.csv", "object.csv"]
    median = AggregateOptions("median")
    ours = collate(local_folders(root), tmp_path, options=options, aggregate=median)
    assert ours.aggregate is not None
    assert result.aggregate is not None
    pd.testing.assert_frame_equal(ours.aggregate, result.aggregate, rtol=1e-12, atol=0)


def test_the_published_aggregate_of_jump_differs_by_the_objects_of_the_sites_not_shipped(
    tmp_path: Path,
):
    key, parts, _ = CASES["jump"]
    backend = shared_data(CSV, "pycytominer_collate", "backend", "2021_04_20_Target2", key.plate)
    published = pd.read_csv(backend / f"{key.plate}_main.csv")
    options = AggregateOptions("mean", image_feature_categories=("Count",))
    result = collate(local_folders(shared_data(*parts)), tmp_path, key=key, aggregate=options)
    ours = result.aggregate
    assert ours is not None
    counts = [name for name in ours.columns if name.startswith("Metadata_Count_")]
    assert list(ours.drop(columns=counts).columns) == list(published.columns)
    for name in ("Metadata_Plate", "Metadata_Well", "Metadata_Site_Count"):
        assert ours[name].tolist() == published[name].tolist()
    # Sites 2 of both wells were shipped without their object CSVs. Their Image.csv counts 188 and
    # 149 cells, so the published 277 and 185 are our 89 and 36 and those.
    assert ours["Metadata_Object_Count"].tolist() == [89, 36]
    assert ours["Metadata_Count_Cells"].tolist() == published["Metadata_Object_Count"].tolist()
    states = [site.state for site in result.sites]
    assert states == [SiteState.COMPLETE, SiteState.MISSING_OBJECT_CSV] * 2


def test_a_failure_of_the_reference_engine_is_told_in_its_words(tmp_path: Path):
    # the first site's Image file is short: the reference dies at the second
    short = made_site("A01").with_file("Image.csv", "ImageNumber,Metadata_Well\r\n1,A01\r\n")
    written((short, made_site("A02")), tmp_path / "sites")
    with pytest.raises(InvalidInputError, match="the reference engine failed"):
        collate_with_reference_engine(
            PlateKey("b", "P1"), tmp_path / "sites", None, CollateOptions(),
            sqlite_file=tmp_path / "r.sqlite", aggregate=None, path="x",
        )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["sites"]


def test_the_reference_engine_keeps_the_books_too(tmp_path: Path):
    sites = (made_site("A01"), made_site("A02").with_file("Cells.csv", b""))
    written(sites, tmp_path / "sites")
    expected = [ExpectedSite("A01", "1"), ExpectedSite("B09", "1")]
    result = collate_with_reference_engine(
        PlateKey("b", "P1"), tmp_path / "sites", expected, CollateOptions(),
        sqlite_file=tmp_path / "r.sqlite",
        aggregate=AggregateOptions("mean", image_feature_categories=("Threshold",)), path="x",
    )  # fmt: skip
    kept = [
        (site.folder, site.state.value, site.objects_kept.get("Cells")) for site in result.sites
    ]
    assert kept == [
        ("P1-A01-1", "complete", 3),
        ("P1-A02-1", "unreadable", 0),
        ("", "missing", None),
    ]
    assert any("Threshold" in warning for warning in result.warnings)
    assert [(well.well, well.state.value) for well in result.wells] == [
        ("A01", "profile"),
        ("A02", "no_sites"),
        ("B09", "no_sites"),
    ]
    connection = sqlite3.connect(tmp_path / "r.sqlite")
    assert connection.execute("SELECT COUNT(*) FROM Cells").fetchone() == (3,)
    connection.close()
