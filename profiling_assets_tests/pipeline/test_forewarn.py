"""What a run says before it computes anything."""

from pathlib import Path

import pytest

from profiling_assets.core.config.load import parse_config
from profiling_assets.core.names import PlateKey
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import demo_spec
from profiling_assets.opening import open_workspace
from profiling_assets.pipeline.forewarn import absent_image_categories, forewarnings
from profiling_assets.pipeline.sources import plate_source
from profiling_assets.storage.workspace import Workspace

# its first site failed QC and has an Image.csv without measurements
FIRST_SITE_SHORT = PlateKey("2026_03_02_Batch1", "PL-01-x")
ONE_SITE_MISSING = PlateKey("2026_03_09_Batch2", "PL-02-x")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root: Path = tmp_path_factory.mktemp("forewarn")
    make_workspace(root, demo_spec())
    return open_workspace(str(root))


def _absent(workspace: Workspace, categories: str) -> tuple[str, ...]:
    config = parse_config(
        f"pipeline: p\ncollate: {{image_feature_categories: {categories}}}\n", path="c.yml"
    )
    return absent_image_categories(config, plate_source(workspace, config, FIRST_SITE_SHORT))


def test_a_category_that_no_image_csv_has_is_told_before_compute(workspace: Workspace) -> None:
    assert _absent(workspace, "[Granularity, Flavour, Count]") == ("Flavour",)


def test_a_first_site_that_failed_qc_does_not_make_a_category_absent(workspace: Workspace) -> None:
    assert _absent(workspace, "[Granularity, Texture, ImageQuality, Count, Threshold]") == ()


def test_missing_sites_are_told_before_compute(workspace: Workspace) -> None:
    config = parse_config("pipeline: p\n", path="c.yml")
    found = forewarnings(config, plate_source(workspace, config, ONE_SITE_MISSING))
    assert found == ["1 sites that the load data names are missing"]


def test_a_plate_that_starts_at_a_published_table_has_no_forewarnings(
    workspace: Workspace,
) -> None:
    config = parse_config("pipeline: p\n", path="c.yml")
    source = plate_source(workspace, config, PlateKey("nowhere", "nothing"))
    assert forewarnings(config, source) == []
