"""Profiles of wells: equal to pycytominer's, from CSVs and from SQLite files of any origin."""

import contextlib
import shutil
import sqlite3
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from profiling_assets.collate.block_spool import BlockSpool
from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import AggregateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import BackendError, InvalidInputError
from profiling_assets.workspace.ledger import WellState
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.collate.support import (
    KEY,
    MEAN,
    MadeFolder,
    collate,
    csv_text,
    local_folders,
    made_site,
)
from profiling_assets_tests.support import shared_data

with warnings.catch_warnings():
    # the import sets an option that pandas 3 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    from pycytominer.cyto_utils.cells import SingleCells

CATEGORIES = ("Count", "Granularity", "Texture")
SYNTHETIC = ("cellprofiler_csv", "synthetic_cp4281", "analysis", "2026_11_22_SynBatch1")


def pycytominer_profiles(file: Path, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        # pycytominer deprecates the class that the field's recipe uses
        warnings.filterwarnings("ignore", "The SingleCells class is deprecated")
        cells = SingleCells(f"sqlite:///{file}", **options)
        try:
            return cast("pd.DataFrame", cells.aggregate_profiles())
        finally:
            cells.conn.close()
            cells.engine.dispose()


def assert_same(ours: pd.DataFrame | None, theirs: pd.DataFrame) -> None:
    assert ours is not None
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12, atol=0)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backend of real CellProfiler 4.2.8 output: 6 sites, of which 2 have no object."""
    root = shared_data(*SYNTHETIC, "SYN0000001", "analysis")
    names = ("A01-1", "A01-2", "A02-1", "C01-2", "C02-1", "C02-2")
    folders = [folder for folder in local_folders(root) if folder.name.endswith(names)]
    out = tmp_path_factory.mktemp("synthetic")
    collate(folders, out, key=PlateKey("b", "SYN0000001"), aggregate=None)
    return out / "backend.sqlite"


@pytest.mark.parametrize(
    ("method", "categories"), [("mean", CATEGORIES), ("median", ("Count",)), ("mean", ())]
)
def test_profiles_of_a_real_backend_equal_those_of_pycytominer(
    synthetic: Path, method: Any, categories: tuple[str, ...]
):
    ours = aggregate_backend(
        PlateKey("b", "SYN0000001"),
        synthetic,
        AggregateOptions(method, image_feature_categories=categories),
        path="x",
    )
    theirs = pycytominer_profiles(
        synthetic,
        aggregation_operation=method,
        add_image_features=bool(categories),
        image_feature_categories=list(categories),
    )
    assert_same(ours.frame, theirs)
    wells = {well.well: (well.state, well.sites, well.cells) for well in ours.wells}
    assert wells["C02"] == (WellState.NO_OBJECTS, 2, 0)
    assert wells["A01"] == (WellState.PROFILE, 2, 25)


@pytest.mark.parametrize("site_column", ["Metadata_Site", "Metadata_Field"])
def test_a_site_column_splits_the_wells_as_in_pycytominer(site_column: str, tmp_path: Path):
    folders = [made_site(well, site) for well in ("A02", "A01") for site in (10, 9)]
    collate(folders, tmp_path, aggregate=None)
    with contextlib.closing(sqlite3.connect(tmp_path / "backend.sqlite")) as connection:
        connection.execute("ALTER TABLE Image ADD COLUMN Metadata_Field TEXT")
        connection.execute("UPDATE Image SET Metadata_Field = 'f' || Metadata_Site")
        connection.commit()
    options = AggregateOptions(
        "mean", site_column=site_column, image_feature_categories=("Count", "Texture")
    )
    ours = aggregate_backend(KEY, tmp_path / "backend.sqlite", options, path="x")
    theirs = pycytominer_profiles(
        tmp_path / "backend.sqlite",
        strata=["Metadata_Plate", "Metadata_Well", site_column],
        aggregation_operation="mean",
        add_image_features=True,
        image_feature_categories=["Count", "Texture"],
    )
    assert_same(ours.frame, theirs)


def test_fields_keep_those_sites_as_in_pycytominer(synthetic: Path):
    options = AggregateOptions("median", fields=(2,), image_feature_categories=CATEGORIES)
    ours = aggregate_backend(PlateKey("b", "SYN0000001"), synthetic, options, path="x")
    theirs = pycytominer_profiles(
        synthetic,
        aggregation_operation="median",
        fields_of_view=[2],
        add_image_features=True,
        image_feature_categories=list(CATEGORIES),
    )
    assert_same(ours.frame, theirs)
    states = {well.well: well.state for well in ours.wells}
    assert states == {
        "A01": WellState.PROFILE,
        "A02": WellState.NOT_IN_FIELDS,
        "C01": WellState.PROFILE,
        "C02": WellState.NO_OBJECTS,
    }


def test_fields_that_no_site_has_give_no_profile_and_a_warning(synthetic: Path):
    options = AggregateOptions("mean", fields=(7, 8))
    ours = aggregate_backend(PlateKey("b", "SYN0000001"), synthetic, options, path="x")
    assert len(ours.frame) == 0
    assert "Cells_AreaShape_Area" in ours.frame.columns
    assert ours.warnings == ("no Image row has a Metadata_Site among aggregate.fields: 7, 8",)


@pytest.mark.parametrize("method", ["mean", "median"])
def test_the_pass_over_the_csvs_and_the_backend_give_the_same_profiles(method: Any, tmp_path: Path):
    wells = ("A01", "A02", "B01")
    folders = [made_site(well, site, 5, offset=site / 3) for well in wells for site in (1, 2)]
    options = AggregateOptions(method, image_feature_categories=CATEGORIES)
    result = collate(folders, tmp_path, aggregate=options)
    again = aggregate_backend(KEY, tmp_path / "backend.sqlite", options, path="x")
    assert result.aggregate is not None
    assert result.aggregate.equals(again.frame)
    assert result.wells == again.wells
    theirs = pycytominer_profiles(
        tmp_path / "backend.sqlite",
        aggregation_operation=method,
        add_image_features=True,
        image_feature_categories=list(CATEGORIES),
    )
    assert_same(result.aggregate, theirs)


def missing_values_site(well: str, cells: list[list[object]]) -> MadeFolder:
    site = made_site(well, cells=len(cells))
    number = site.read("Cells.csv").splitlines()[1].split(b",")[0].decode()
    header = ["ImageNumber", "ObjectNumber", "A", "B", "C"]
    rows = [[number, at, *row] for at, row in enumerate(cells, start=1)]
    return site.with_file("Cells.csv", csv_text(header, rows))


@pytest.mark.parametrize("method", ["mean", "median"])
def test_missing_values_are_skipped_and_infinite_ones_are_not(method: Any, tmp_path: Path):
    folders = [
        missing_values_site("A01", [[1.5, "nan", "nan"], ["", "nan", 2], [4.5, "nan", "inf"]]),
        missing_values_site("A02", [[1e16, 1, "-inf"], [1, "", "inf"], [-1e16, 3, 1]]),
    ]
    result = collate(folders, tmp_path, aggregate=AggregateOptions(method))
    theirs = pycytominer_profiles(tmp_path / "backend.sqlite", aggregation_operation=method)
    assert_same(result.aggregate, theirs)


def test_a_well_with_images_and_no_object_in_one_compartment_has_no_row(tmp_path: Path):
    hollow = made_site("B01").with_file(
        "Nuclei.csv", made_site().read("Nuclei.csv").splitlines(keepends=True)[0]
    )
    result = collate([made_site("A01"), hollow], tmp_path)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Well"].tolist() == ["A01"]
    (lost,) = [well for well in result.wells if well.state is not WellState.PROFILE]
    assert (lost.well, lost.sites, lost.cells) == ("B01", 1, 3)
    assert lost.state is WellState.INCOMPLETE
    assert lost.reason.startswith("objects in Cells, Cytoplasm, and no object in Nuclei")
    theirs = pycytominer_profiles(tmp_path / "backend.sqlite", aggregation_operation="mean")
    assert_same(result.aggregate, theirs)


def test_an_absent_category_is_a_warning_and_no_crash(tmp_path: Path):
    options = AggregateOptions("mean", image_feature_categories=("Threshold", "Texture"))
    result = collate([made_site()], tmp_path, aggregate=options)
    assert result.warnings == ("no Image column is of the category Threshold: it is left out",)
    assert result.aggregate is not None
    assert "Image_Texture_Contrast_DNA" in result.aggregate.columns


def test_a_text_feature_is_left_out_with_a_warning_and_stays_in_the_backend(tmp_path: Path):
    folders = [made_site("A01"), made_site("A02")]
    data = folders[1].read("Cells.csv").replace(b",100,", b",big,")
    folders[1] = folders[1].with_file("Cells.csv", data)
    image = folders[0].read("Image.csv").replace(b",1.25\r\n", b",n.d.\r\n")
    folders[0] = folders[0].with_file("Image.csv", image)
    options = AggregateOptions("mean", image_feature_categories=CATEGORIES)
    result = collate(folders, tmp_path, aggregate=options, parquet=True)
    assert result.aggregate is not None
    assert "Cells_AreaShape_Area" not in result.aggregate.columns
    assert "Image_Texture_Contrast_DNA" not in result.aggregate.columns
    assert "Cells_Intensity_Mean" in result.aggregate.columns
    assert any("hold text and are left out" in warning for warning in result.warnings)
    again = aggregate_backend(KEY, tmp_path / "backend.sqlite", options, path="x")
    assert again.frame.equals(result.aggregate)
    stored = pd.read_parquet(result.parquet_files["Cells"])["Cells_AreaShape_Area"].tolist()
    assert stored == ["100", "200", "300", "big", "200", "300"]


def test_compartments_are_named_in_any_case_and_absent_ones_are_a_warning(tmp_path: Path):
    site = made_site().with_file("PH3.csv", made_site(cells=2).read("Nuclei.csv"))
    options = AggregateOptions("mean", compartments=("nuclei", "ph3", "golgi"))
    result = collate([site], tmp_path, aggregate=options)
    assert result.aggregate is not None
    columns = list(result.aggregate.columns)
    assert [name for name in columns if name.startswith(("Ph3_", "Nuclei_"))] == columns[4:]
    assert result.aggregate["Metadata_Object_Count"].tolist() == [3]
    assert any("golgi" in warning for warning in result.warnings)
    with pytest.raises(InvalidInputError, match="no compartment to aggregate") as caught:
        collate([site], tmp_path / "b", aggregate=AggregateOptions("mean", compartments=("golgi",)))
    assert "Ph3" in caught.value.what


def test_an_extra_compartment_is_in_the_backend_and_aggregated_only_if_wanted(tmp_path: Path):
    site = made_site().with_file("PH3.csv", made_site(cells=2).read("Nuclei.csv"))
    trio = AggregateOptions("mean", compartments=("cells", "cytoplasm", "nuclei"))
    named = collate([site], tmp_path / "named", aggregate=trio)
    every = collate([site], tmp_path / "every")
    assert named.tables["Ph3"].rows == 2
    assert named.aggregate is not None
    assert every.aggregate is not None
    assert not [name for name in named.aggregate.columns if name.startswith("Ph3_")]
    assert list(every.aggregate.columns)[-2:] == ["Ph3_AreaShape_Area", "Ph3_Intensity_Mean"]


def test_links_between_compartments_are_no_features(tmp_path: Path):
    number = 10101
    header = ["ImageNumber", "ObjectNumber", "Parent_Cells", "Parent_Nuclei", "Area"]
    cytoplasm = csv_text(header, [[number, n, n, n, 2.5 * n] for n in (1, 2)])
    site = made_site(cells=2).with_file("Cytoplasm.csv", cytoplasm)
    result = collate([site], tmp_path)
    theirs = pycytominer_profiles(tmp_path / "backend.sqlite", aggregation_operation="mean")
    assert_same(result.aggregate, theirs)
    assert "Cytoplasm_Parent_Cells" not in theirs.columns


def test_object_feature_counts_the_values_of_a_column(tmp_path: Path):
    site = missing_values_site("A01", [[1, "", 1], [2, 5, 1], [3, 6, 1]])
    counted = collate(
        [site], tmp_path, aggregate=AggregateOptions("mean", object_feature="Cells_B")
    )
    assert counted.aggregate is not None
    assert counted.aggregate["Metadata_Object_Count"].tolist() == [2]
    with pytest.raises(InvalidInputError, match="no column Cells_Z to count"):
        collate(
            [site], tmp_path / "b", aggregate=AggregateOptions("mean", object_feature="Cells_Z")
        )


def test_a_column_of_strata_that_is_absent_is_named(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="no column Metadata_Barcode"):
        collate([made_site()], tmp_path, aggregate=AggregateOptions("mean", "Metadata_Barcode"))
    assert list(tmp_path.iterdir()) == []


def test_wells_that_folder_names_do_not_tell_are_aggregated_all_the_same(tmp_path: Path):
    wells = [("A01", 1), ("B02", 1), ("A01", 2), ("B02", 2), ("A01", 3)]
    sites = [made_site(well, site, 4, offset=site / 7) for well, site in wells]
    named = collate(sites, tmp_path / "a", aggregate=AggregateOptions("median"))
    numbered = [site.renamed(str(at)) for at, site in enumerate(sites)]
    result = collate(numbered, tmp_path / "b", aggregate=AggregateOptions("median"))
    # names that tell another well than the Image files
    wrong = [site.renamed(f"P1-{'CDCDE'[at]}01-{at}") for at, site in enumerate(sites)]
    misled = collate(wrong, tmp_path / "c", aggregate=AggregateOptions("median"))
    assert named.aggregate is not None
    assert named.aggregate.equals(result.aggregate)
    assert named.aggregate.equals(misled.aggregate)
    assert len(named.aggregate) == 2


def test_what_waits_for_its_well_goes_to_disk_beyond_a_limit(tmp_path: Path):
    spool = BlockSpool(tmp_path, memory=200)
    matrices = [np.arange(n * 4, dtype=float).reshape(n, 4) + n for n in (1, 3, 5, 7)]
    for at, matrix in enumerate(matrices):
        spool.add("even" if at % 2 == 0 else "odd", matrix)
    even, odd = spool.take("even"), spool.take("odd")
    assert even is not None
    assert odd is not None
    assert np.array_equal(even, np.concatenate(matrices[::2]))
    assert np.array_equal(odd, np.concatenate(matrices[1::2]))
    assert spool.take("odd") is None
    spool.close()
    assert list(tmp_path.iterdir()) == []


def read(
    *parts: str, options: AggregateOptions = MEAN, plate: str = "SQ00014613"
) -> AggregateResult:
    file = shared_data("sqlite", *parts)
    return aggregate_backend(PlateKey("b", plate), file, options, path=f"backend/{file.name}")


@pytest.mark.parametrize(
    "name", ["test_SQ00014613.sqlite", "cell_health_SQ00014613_cytotable.sqlite"]
)
@pytest.mark.parametrize("method", ["mean", "median"])
def test_older_backends_give_the_same_profiles_under_the_names_of_today(
    name: str, method: Any, tmp_path: Path
):
    ours = read(name, options=AggregateOptions(method, image_feature_categories=("Count",)))
    # pycytominer 1.7.1 knows the names of today only, so it is given a copy with those
    file = Path(shutil.copyfile(shared_data("sqlite", name), tmp_path / "renamed.sqlite"))
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for column in ("Plate", "Well", "Site"):
            connection.execute(
                f"ALTER TABLE Image RENAME COLUMN Image_Metadata_{column} TO Metadata_{column}"
            )
    theirs = pycytominer_profiles(file, aggregation_operation=method)
    counts = [name for name in ours.frame.columns if name.startswith("Metadata_Count_")]
    assert counts == ["Metadata_Count_Cells", "Metadata_Count_Cytoplasm", "Metadata_Count_Nuclei"]
    assert_same(ours.frame.drop(columns=counts), theirs)
    old = AggregateOptions(method, "Image_Metadata_Plate", "Image_Metadata_Well")
    assert_same(read(name, options=old).frame, theirs)


def test_a_backend_without_indices_is_read_in_one_go(tmp_path: Path):
    folders = [made_site(well, site) for well in ("A01", "B01") for site in (1, 2)]
    result = collate(folders, tmp_path)
    connection = sqlite3.connect(tmp_path / "backend.sqlite")
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type='index'"
    ).fetchall():
        connection.execute(f"DROP INDEX {name}")
    connection.close()
    again = aggregate_backend(KEY, tmp_path / "backend.sqlite", MEAN, path="x")
    assert again.frame.equals(result.aggregate)


def test_a_backend_with_numeric_plates_gives_them_as_text(tmp_path: Path):
    collate([made_site(plate="218360")], tmp_path, key=PlateKey("b", "218360"))
    connection = sqlite3.connect(tmp_path / "backend.sqlite")
    connection.execute("ALTER TABLE Image RENAME COLUMN Metadata_Plate TO Old")
    connection.execute("ALTER TABLE Image ADD COLUMN Metadata_Plate BIGINT")
    connection.execute("UPDATE Image SET Metadata_Plate = CAST(Old AS INTEGER)")
    connection.commit()
    connection.close()
    again = aggregate_backend(PlateKey("b", "218360"), tmp_path / "backend.sqlite", MEAN, path="x")
    assert again.frame["Metadata_Plate"].tolist() == ["218360"]
    assert again.warnings == ()


def test_a_file_that_is_no_backend_is_refused(tmp_path: Path):
    file = tmp_path / "a b?#.sqlite"
    with pytest.raises(BackendError, match="not there"):
        aggregate_backend(KEY, file, MEAN, path="x")
    file.write_bytes(b"")
    with pytest.raises(BackendError, match="is empty"):
        aggregate_backend(KEY, file, MEAN, path="x")
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(BackendError, match="no SQLite file"):
        aggregate_backend(KEY, file, MEAN, path="x")


def test_a_damaged_backend_is_refused(tmp_path: Path):
    folders = [
        made_site(f"{row}{column:02d}", cells=200) for row in "ABC" for column in range(1, 9)
    ]
    collate(folders, tmp_path)
    file = tmp_path / "backend.sqlite"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(BackendError, match="cut off"):
        aggregate_backend(KEY, file, MEAN, path="x")
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(BackendError, match="cannot read"):
        aggregate_backend(KEY, file, MEAN, path="x")


def test_a_backend_that_calls_the_plate_otherwise_is_a_warning():
    result = read("test_SQ00014613.sqlite", plate="P1")
    assert result.warnings == ("the backend calls the plate SQ00014613, not P1",)
