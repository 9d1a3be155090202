"""A plate in any layout is the same plate."""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.cytominer_database import collate_with_reference_engine
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.workspace.ledger import SiteState, WellState
from profiling_assets.workspace.scan_workspace import PlateListing, scan_plate, scan_workspace
from profiling_assets.workspace.site_reading import local_sites, read_ahead
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets_tests.layouts import (
    ARRANGEMENTS,
    CANONICAL,
    ENDINGS,
    KEY,
    OBJECTS,
    PREFIXES,
    SITES,
    SOUND,
    WELLS,
    Accidents,
    Layout,
    plate_rows,
    random_accidents,
    random_layout,
    write_plate,
)

# `make test-faults` makes 2,000
PLATES = int(os.environ.get("PROFILING_ASSETS_TEST_PLATES", "40")) // 10
PLATES_AT_ONCE = 10
MEAN = AggregateOptions("mean", image_feature_categories=("Count",))


def collated(workspace: Workspace) -> tuple[CollateResult, PlateListing]:
    (plate,) = scan_workspace(workspace).plates
    assert plate.key == KEY
    listing = scan_plate(workspace, KEY)
    with read_ahead(workspace, listing.folders) as folders:
        result = collate_plate(
            KEY,
            folders,
            listing.expected,
            CollateOptions(),
            sqlite_file=None,
            parquet_folder=None,
            aggregate=MEAN,
            path=listing.base,
        )
    return result, listing


def written(root: Path, layout: Layout, seed: int, accidents: Accidents = SOUND) -> FolderWorkspace:
    root.mkdir(exist_ok=True)
    write_plate(root, layout, Random(seed), accidents)
    return FolderWorkspace(str(root))


def same_plate(root: Path, layout: Layout, seed: int) -> None:
    result, listing = collated(written(root / "any", layout, seed))
    expected, _ = collated(written(root / "canonical", CANONICAL, seed))
    assert sorted((r.well, r.site, r.state) for r in result.sites) == sorted(
        (r.well, r.site, r.state) for r in expected.sites
    )
    assert len(result.sites) == len(WELLS) * len(SITES)
    assert result.aggregate is not None
    assert expected.aggregate is not None
    pd.testing.assert_frame_equal(result.aggregate, expected.aggregate, rtol=1e-12)
    assert [entry for entry in listing.ignored if entry.unread] == []
    assert listing.completeness.without_image == listing.completeness.lacking == ()


def books_balance(root: Path, layout: Layout, seed: int, accidents: Accidents) -> None:
    """Find every site, object and well that was written, kept or with a reason."""
    result, listing = collated(written(root / "any", layout, seed, accidents))
    rows = plate_rows(Random(seed), accidents)
    assert [entry for entry in listing.ignored if entry.unread] == []
    images = Counter(
        (r["Metadata_Well"], r["Metadata_Site"]) for t in rows.values() for r in t["Image"]
    )
    found = Counter((r.well, r.site) for r in result.sites if r.image_rows_in)
    assert found == images
    states = Counter(record.state for record in result.sites)
    assert states[SiteState.MISSING] == len(accidents.missing) * accidents.load_data
    assert states[SiteState.REPEATED] == len(accidents.repeated)
    assert all(record.reason for record in result.sites if record.state is not SiteState.COMPLETE)
    for table in (*OBJECTS, "PH3", "Stray"):
        objects = sum(len(tables.get(table, ())) for tables in rows.values())
        name = table.capitalize()
        assert sum(record.objects_in.get(name, 0) for record in result.sites) == objects
        assert sum(record.objects_kept.get(name, 0) for record in result.sites) == objects
    wells = {record.well: record for record in result.wells}
    expected = set(WELLS) if accidents.load_data else {well for well, _ in rows}
    assert set(wells) == expected
    cells = Counter(p[0] for p, t in rows.items() for _ in t["Cells"])
    with_profile = {well for well, record in wells.items() if record.state is WellState.PROFILE}
    assert with_profile == {well for well in cells if cells[well]}
    assert all(record.reason for well, record in wells.items() if well not in with_profile)
    said = " ".join(result.warnings)
    assert ("Stray" in said) == bool(accidents.stray)
    assert ("an earlier row has already" in said) == bool(accidents.repeated)
    usual, _ = collated(written(root / "canonical", CANONICAL, seed, accidents))
    assert result.aggregate is not None
    assert usual.aggregate is not None
    pd.testing.assert_frame_equal(result.aggregate, usual.aggregate, rtol=1e-12)
    assert set(result.aggregate["Metadata_Well"]) == with_profile
    assert not [name for name in result.aggregate if name.startswith("Stray_")]


@pytest.mark.parametrize("seed", range(PLATES))
def test_of_a_plate_with_accidents_in_any_layout_nothing_is_lost_in_silence(
    seed: int, tmp_path: Path
) -> None:
    for number in range(seed * PLATES_AT_ONCE, (seed + 1) * PLATES_AT_ONCE):
        rng = Random(f"plate/{number}")
        layout = random_layout(rng)
        accidents = random_accidents(rng, layout)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            books_balance(folder, layout, number, accidents)
        except Exception as error:
            error.add_note(f"plate {number}: {layout}, {accidents}")
            raise
        shutil.rmtree(folder)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 1000))
def test_a_plate_in_any_layout_is_the_plate_in_the_usual_one(rng: Random, seed: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        same_plate(Path(root), random_layout(rng), seed)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("inner", [True, False])
def test_every_arrangement_is_found_without_a_word_in_the_config(
    tmp_path: Path, arrangement: str, inner: bool
) -> None:
    prefix = PREFIXES[-1] if arrangement == "flat" else PREFIXES[1]
    same_plate(tmp_path, Layout(arrangement, inner=inner, prefix=prefix), 1)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_ending_is_read_with_every_prefix(tmp_path: Path, ending: str, prefix: str) -> None:
    same_plate(tmp_path, Layout(prefix=prefix, endings=(ending,)), 2)


def test_the_reference_engine_is_given_plain_csvs_whatever_they_were(tmp_path: Path) -> None:
    pytest.importorskip("cytominer_database")
    made: list[CollateResult] = []
    layouts = {"canonical": CANONICAL, "odd": Layout("nested", True, "", PREFIXES[1], (".txt.gz",))}
    for name, layout in layouts.items():
        workspace = written(tmp_path / name, layout, 3)
        listing = scan_plate(workspace, KEY)
        with local_sites(workspace, listing.base, listing.folders, tmp_path) as folder:
            assert (Path(listing.base).name in str(folder)) == (name == "canonical")
            made.append(
                collate_with_reference_engine(
                    KEY,
                    folder,
                    None,
                    CollateOptions(),
                    sqlite_file=tmp_path / f"{name}.sqlite",
                    aggregate=MEAN,
                    path=listing.base,
                )
            )
    assert made[0].aggregate is not None
    assert made[1].aggregate is not None
    pd.testing.assert_frame_equal(made[1].aggregate, made[0].aggregate, rtol=1e-12)


@pytest.mark.parametrize(
    "layout",
    [
        Layout("flat", inner=False, prefix=PREFIXES[-1], endings=(".csv.gz",)),
        Layout("deeper", prefix=PREFIXES[1], endings=(".txt", ".txt.gz")),
    ],
    ids=["flat", "deeper"],
)
def test_a_bucket_holds_the_plate_that_a_folder_holds(
    tmp_path: Path, s3_workspace: Workspace, layout: Layout
) -> None:
    expected, _ = collated(written(tmp_path / "folder", layout, 4))
    for file in (tmp_path / "folder").rglob("*.*"):
        path = file.relative_to(tmp_path / "folder").as_posix()
        s3_workspace.publish_bytes(file.read_bytes(), path)
    result, _ = collated(s3_workspace)
    assert result.sites == expected.sites
    assert result.aggregate is not None
    assert expected.aggregate is not None
    pd.testing.assert_frame_equal(result.aggregate, expected.aggregate)
