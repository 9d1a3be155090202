"""What real plates start from: databases of ExportToDatabase, JUMP's Parquet files, cut files."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.quality.preflight.finding import Finding, Severity
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, scanned_catalog
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import TableOutput
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

Case = Callable[[str], Path]


def opened(root: Path, config: str | None = None) -> Catalog:
    return scanned_catalog(Settings(str(root), None if config is None else str(root / config)))


def aggregated(catalog: Catalog, key: PlateKey, scratch: Path) -> TableOutput:
    source = plate_source(catalog.workspace, catalog.config, key)
    table = make_plate(
        catalog.workspace, catalog.config, key, source, scratch, wanted=["aggregated_profiles"]
    ).made["aggregated_profiles"]
    assert isinstance(table, TableOutput)
    return table


def source_errors(catalog: Catalog) -> list[Finding]:
    wanted = dict.fromkeys(catalog.asked_for.plates, everything(catalog))
    found = preflight(catalog, wanted).findings
    return [one for one in found if one.rule == "source" and one.severity is Severity.ERROR]


def test_nf1_export_to_database(case: Case, tmp_path: Path):
    catalog = opened(case("nf1-export-to-database") / "ws")
    (key,) = catalog.asked_for.plates
    assert source_errors(catalog) == []
    (tmp_path / "scratch").mkdir()
    frame = aggregated(catalog, key, tmp_path / "scratch").frame
    assert (len(frame), sum(frame["Metadata_Object_Count"])) == (8, 242)


def test_jump_profiles_parquet(case: Case, tmp_path: Path):
    root = case("jump-profiles-parquet") / "ws"
    catalog = opened(root)
    (key,) = catalog.asked_for.plates
    assert source_errors(catalog) == []
    frame = aggregated(catalog, key, tmp_path).frame
    theirs = pq.read_table(next(root.glob("profiles/*/*/*.parquet"))).to_pandas()
    assert frame.astype(theirs.dtypes.to_dict()).equals(theirs)
    assert len(frame) == 7


@pytest.mark.parametrize(
    "plate",
    [
        "source_13/workspace/profiles/20220914_Run1/CP-CC9-R1-04",
        "source_4/workspace/profiles/2021_04_26_Batch1/BR00117038",
    ],
)
def test_jump_s_own_files_with_their_three_metadata_columns(plate: str, tmp_path: Path):
    published = shared_data("jump_recipe", "profiles", *plate.split("/"))
    batch, name = plate.split("/")[-2:]
    folder = tmp_path / "ws" / "profiles" / batch / name
    folder.parent.mkdir(parents=True)
    folder.symlink_to(published)
    catalog = opened(tmp_path / "ws")
    key = PlateKey(batch, name)
    assert catalog.asked_for.plates == (key,)
    frame = aggregated(catalog, key, tmp_path).frame
    theirs = pq.read_table(folder / f"{name}.parquet").to_pandas()
    assert list(frame.columns[:3]) == ["Metadata_Source", "Metadata_Plate", "Metadata_Well"]
    assert frame.iloc[:, 3:].equals(theirs.iloc[:, 3:].astype("float64"))


@pytest.mark.parametrize(
    ("name", "root", "config", "words", "remedy"),
    [
        ("malformed-sqlite", "ws", None, "983,040 of its 1,638,400 bytes", "copy it again"),
        ("check-blind-samples-lfs", ".", "config_files/config.yml", "Git LFS", "git lfs pull"),
    ],
)
def test_what_cannot_be_read_is_told_by_check_as_by_run(
    case: Case, tmp_path: Path, name: str, root: str, config: str | None, words: str, remedy: str
):
    catalog = opened(case(name) / root, config)
    (error,) = source_errors(catalog)
    assert words in error.what
    assert remedy in error.remedy
    (key,) = catalog.asked_for.plates
    with pytest.raises(InvalidInputError) as caught:
        aggregated(catalog, key, tmp_path)
    assert (caught.value.what, caught.value.remedy, caught.value.path) == (
        error.what,
        error.remedy,
        error.where,
    )
