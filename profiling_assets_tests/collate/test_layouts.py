"""A plate in any layout is the same plate."""

import tempfile
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
from profiling_assets.workspace.scan_workspace import PlateListing, scan_plate, scan_workspace
from profiling_assets.workspace.site_reading import local_sites, read_ahead
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets_tests.layouts import (
    ARRANGEMENTS,
    CANONICAL,
    ENDINGS,
    KEY,
    PREFIXES,
    SITES,
    WELLS,
    Layout,
    random_layout,
    write_plate,
)

MEAN = AggregateOptions("mean", image_feature_categories=("Count",))


def collated(workspace: Workspace) -> tuple[CollateResult, PlateListing]:
    (plate,) = scan_workspace(workspace).plates
    assert plate.key == KEY
    listing = scan_plate(workspace, KEY)
    with read_ahead(workspace, listing.folders) as folders:
        result = collate_plate(
            KEY,
            folders,
            None,
            CollateOptions(),
            sqlite_file=None,
            parquet_folder=None,
            aggregate=MEAN,
            path=listing.base,
        )
    return result, listing


def written(root: Path, layout: Layout, seed: int) -> FolderWorkspace:
    root.mkdir(exist_ok=True)
    write_plate(root, layout, Random(seed))
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
