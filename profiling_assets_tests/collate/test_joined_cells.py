"""Parquet files with one row a cell, as CytoTable writes them: aggregated as pycytominer does."""

import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from profiling_assets.collate import joined_cells
from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.joined_cells import aggregate_joined, check_joined
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import BackendError
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

with warnings.catch_warnings():
    # the import sets an option that pandas 3 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    import pycytominer

COMPARTMENTS = ("Cells", "Cytoplasm", "Nuclei")
MEAN = AggregateOptions("mean")


@pytest.fixture(scope="module")
def backend() -> Path:
    return shared_data("sqlite", "cytominer_database_data_b.sqlite")


@pytest.fixture(scope="module")
def cells(backend: Path) -> pd.DataFrame:
    """The cells of real data, joined as CytoTable joins them, in no order of wells."""
    with closing(sqlite3.connect(backend)) as connection:
        image: Any = pd.read_sql("SELECT * FROM Image", connection)
        tables: list[Any] = [
            pd.read_sql(f'SELECT * FROM "{name}"', connection) for name in COMPARTMENTS
        ]
    keys = ["TableNumber", "ImageNumber"]
    image["Count_Cells"] = image["ImageNumber"] % 7
    image["Granularity_1_DNA"] = image["ImageNumber"] / 3
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.merge(table, on=[*keys, "ObjectNumber"])
    image = image.rename(columns={n: f"Image_{n}" for n in image.columns if n not in keys})
    joined = image.merge(joined, on=keys)
    renamed = {name: f"Metadata_{name}" for name in [*keys, "ObjectNumber"]}
    return joined.rename(columns=renamed).sample(frac=1, random_state=1)


def written(frame: pd.DataFrame, folder: Path, **options: Any) -> Path:
    file = folder / "P.parquet"
    pq.write_table(pa.Table.from_pandas(frame), file, **options)
    return file


@pytest.mark.parametrize("method", ["mean", "median"])
@pytest.mark.parametrize("memory", [joined_cells._PIECE_BYTES, 100_000], ids=["whole", "few_rows"])
def test_the_profiles_equal_those_of_pycytominer(
    cells: pd.DataFrame,
    method: Literal["mean", "median"],
    memory: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(joined_cells, "_PIECE_BYTES", memory)
    file = written(cells, tmp_path, row_group_size=16)
    ours: Any = aggregate_joined(None, file, AggregateOptions(method), path="x", scratch=tmp_path)
    theirs: Any = pycytominer.aggregate(
        pd.read_parquet(file),
        strata=["Image_Metadata_Plate", "Image_Metadata_Well"],
        operation=method,
        compute_object_count=True,
    )
    links = ["Cytoplasm_Parent_Cells", "Cytoplasm_Parent_Nuclei"]
    features = [n for n in theirs.columns if "Metadata_" not in n and n not in links]
    assert [n for n in ours.frame.columns if "Metadata_" not in n] == sorted(
        features, key=lambda name: COMPARTMENTS.index(name.partition("_")[0])
    )
    np.testing.assert_allclose(
        ours.frame[features].to_numpy(), theirs[features].to_numpy(), rtol=1e-13
    )
    for name in ("Plate", "Well"):
        column = f"Metadata_{name}"
        assert ours.frame[column].tolist() == theirs[f"Image_{column}"].astype(str).tolist()
    counts = theirs["Metadata_Object_Count"].tolist()
    assert ours.frame["Metadata_Object_Count"].tolist() == counts
    assert list(tmp_path.iterdir()) == [file]


def test_the_profiles_equal_those_of_the_backend_with_image_features_of_each_image_once(
    cells: pd.DataFrame, backend: Path, tmp_path: Path
):
    options = AggregateOptions("mean", image_feature_categories=("Count", "Granularity"))
    ours: Any = aggregate_joined(
        None, written(cells, tmp_path), options, path="x", scratch=tmp_path
    ).frame
    theirs: Any = aggregate_backend(None, backend, MEAN, path="x").frame
    pd.testing.assert_frame_equal(ours[theirs.columns], theirs, rtol=1e-13)
    with closing(sqlite3.connect(backend)) as connection:
        images: Any = pd.read_sql("SELECT * FROM Image", connection)
    by_well = images.groupby("Metadata_Well")["ImageNumber"]
    assert ours["Metadata_Count_Cells"].tolist() == by_well.agg(lambda n: (n % 7).sum()).tolist()
    np.testing.assert_allclose(ours["Image_Granularity_1_DNA"], by_well.mean() / 3)


def test_a_real_file_of_cytotable_is_read(tmp_path: Path):
    file = shared_data("single_cell", "BR00117006_shrunken.parquet")
    options = AggregateOptions("median", image_feature_categories=("Count", "Granularity"))
    key = PlateKey("b", "BR00117006")
    result: Any = aggregate_joined(key, file, options, path="x", scratch=tmp_path)
    theirs: Any = pycytominer.aggregate(pd.read_parquet(file))
    assert result.cells == 5
    assert result.warnings == ()
    keys = ("_TableNumber", "_ImageNumber", "_ObjectNumber")
    features = [n for n in theirs.columns if n.startswith(COMPARTMENTS) and not n.endswith(keys)]
    ours = result.frame[[n for n in result.frame.columns if n.startswith(COMPARTMENTS)]]
    assert set(ours.columns) | {n for n in features if n.startswith("Cytoplasm_Parent_")} == set(
        features
    )
    np.testing.assert_array_equal(ours.to_numpy(), theirs[list(ours.columns)].to_numpy())


def without(*parts: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda cells: cells[[n for n in cells.columns if not any(p in n for p in parts)]]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("Metadata_Well"), "no column Metadata_Well"),
        (without("Metadata_Plate"), "no column Metadata_Plate"),
        (without("Cells_", "Cytoplasm_", "Nuclei_"), "no columns of cells"),
        (without("ImageNumber", "ObjectNumber"), "may hold profiles of wells"),
    ],
    ids=["well", "plate", "features", "numbers"],
)
def test_what_lacks_a_column_is_refused_by_its_schema(
    cells: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], words: str, tmp_path: Path
):
    file = written(change(cells), tmp_path)
    with pytest.raises(BackendError, match=words):
        aggregate_joined(None, file, MEAN, path="x", scratch=tmp_path)
    with file.open("rb") as opened, pytest.raises(BackendError, match=words):
        check_joined(opened, MEAN, path="x")


def test_a_file_that_is_cut_off_is_refused(cells: pd.DataFrame, tmp_path: Path):
    file = written(cells, tmp_path)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(BackendError, match="cut off") as caught:
        aggregate_joined(None, file, MEAN, path="backend/B/P/P.parquet", scratch=tmp_path)
    assert caught.value.path == "backend/B/P/P.parquet"


def test_missing_numbers_words_and_cells_without_a_well_are_told(
    cells: pd.DataFrame, tmp_path: Path
):
    changed = cells.reset_index(drop=True)
    changed["Cells_Note"] = "seen"
    changed.loc[0, "Cells_AreaShape_Area"] = np.nan
    changed.loc[changed["Image_Metadata_Site"] == 2, "Image_Metadata_Well"] = None
    options = AggregateOptions("mean")
    result = aggregate_joined(
        PlateKey("b", "P"), written(changed, tmp_path), options, path="x", scratch=tmp_path
    )
    assert any("Image rows have no" in warning for warning in result.warnings)
    assert any("Cells_Note" in warning for warning in result.warnings)
    assert any("calls the plate" in warning for warning in result.warnings)
    assert result.frame["Cells_AreaShape_Area"].notna().tolist() == [True] * len(result.frame)


def test_a_database_table_of_joined_cells_gives_the_profiles_of_the_parquet_file(
    cells: pd.DataFrame, tmp_path: Path
):
    file = tmp_path / "P.sqlite"
    # SQLite holds 2,000 columns in a table
    kept = [name for place, name in enumerate(cells.columns) if place < 20 or place % 5 == 0]
    some: Any = cells[kept].reset_index(drop=True)
    with closing(sqlite3.connect(file)) as connection:
        some.to_sql("merged", connection, index=False)
    options = AggregateOptions("median", image_feature_categories=("Count",))
    ours = aggregate_backend(None, file, options, path="x")
    parquet = aggregate_joined(None, written(some, tmp_path), options, path="x", scratch=tmp_path)
    pd.testing.assert_frame_equal(ours.frame, parquet.frame)
    assert ours.wells == parquet.wells
