"""Databases of CellProfiler's ExportToDatabase: read as pycytominer reads them, or refused."""

import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import pytest

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import BackendError
from profiling_assets.workspace.ledger import WellState
from profiling_assets_tests.support import shared_data

with warnings.catch_warnings():
    # the import sets an option that pandas 3 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    import pycytominer
    from pycytominer.cyto_utils.cells import SingleCells

COMPARTMENTS = ("Cells", "Cytoplasm", "Nuclei")
CATEGORIES = ("Count", "Granularity", "Texture")
Change = Callable[[sqlite3.Connection], None]


@pytest.fixture
def nf1(tmp_path: Path) -> Path:
    source = shared_data("sqlite", "nf1_ExportToDatabase_all_cellprofiler.sqlite")
    return Path(shutil.copy(source, tmp_path / "NF1.sqlite"))


def merged(file: Path) -> Any:
    """Return the cells of an ExportToDatabase file as pycytominer merges them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells = SingleCells(
            f"sqlite:///{file}",
            strata=["Image_Metadata_Plate", "Image_Metadata_Well"],
            compartments=[f"Per_{name}" for name in COMPARTMENTS],
            compartment_linking_cols={
                "Per_Cytoplasm": {
                    "Per_Cells": "Cytoplasm_Parent_Cells",
                    "Per_Nuclei": "Cytoplasm_Parent_Nuclei",
                },
                "Per_Cells": {"Per_Cytoplasm": "Cells_Number_Object_Number"},
                "Per_Nuclei": {"Per_Cytoplasm": "Nuclei_Number_Object_Number"},
            },
            image_table_name="Per_Image",
            merge_cols=["ImageNumber"],
            image_cols=["ImageNumber"],
        )
        try:
            return cells.merge_single_cells()
        finally:
            cells.conn.close()
            cells.engine.dispose()


@pytest.mark.parametrize("method", ["mean", "median"])
def test_a_real_file_gives_the_profiles_of_pycytominer(
    nf1: Path, method: Literal["mean", "median"]
):
    cells = merged(nf1)
    theirs: Any = pycytominer.aggregate(
        cells, strata=["Image_Metadata_Plate", "Image_Metadata_Well"], operation=method
    )
    ours = aggregate_backend(None, nf1, AggregateOptions(method), path="x")
    features = [name for name in theirs.columns if "Metadata_" not in name]
    assert {name for name in ours.frame if not name.startswith("Metadata_")} == set(features)
    assert ours.frame["Metadata_Well"].tolist() == theirs["Image_Metadata_Well"].tolist()
    np.testing.assert_array_equal(ours.frame[features].to_numpy(), theirs[features].to_numpy())
    counted = cells.groupby("Image_Metadata_Well").size()
    assert ours.frame["Metadata_Object_Count"].tolist() == counted.tolist()
    assert (len(ours.frame), ours.cells, ours.sites) == (8, 242, 32)
    (warning,) = ours.warnings
    assert warning.startswith("191 objects of Nuclei have no Cytoplasm, Cells and Nuclei that")


def test_image_features_and_counts_come_from_per_image(nf1: Path):
    options = AggregateOptions("mean", image_feature_categories=("Count", "Granularity"))
    ours: Any = aggregate_backend(None, nf1, options, path="x").frame
    with closing(sqlite3.connect(nf1)) as connection:
        images: Any = pd.read_sql("SELECT * FROM Per_Image", connection)
    by_well = images.groupby("Image_Metadata_Well")
    assert ours["Metadata_Site_Count"].tolist() == by_well.size().tolist()
    assert ours["Metadata_Count_Nuclei"].tolist() == by_well["Image_Count_Nuclei"].sum().tolist()
    name = "Image_Granularity_3_DAPI"
    np.testing.assert_allclose(ours[name], by_well[name].mean(), rtol=1e-14)


def cytominer(tmp_path: Path) -> Path:
    """Return a backend of real data, whose images have a number of their own."""
    source = shared_data("sqlite", "cytominer_database_data_b.sqlite")
    file = Path(shutil.copy(source, tmp_path / "backend.sqlite"))
    with closing(sqlite3.connect(file)) as connection:
        images = connection.execute("SELECT TableNumber, ImageNumber FROM Image").fetchall()
        for number, key in enumerate(images, 1):
            for table in ("Image", *COMPARTMENTS):
                connection.execute(
                    f'UPDATE "{table}" SET ImageNumber = ? WHERE (TableNumber, ImageNumber) = '
                    "(?, ?)",
                    (1000 + number, *key),
                )
        connection.commit()
    return file


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]


def copied(
    connection: sqlite3.Connection, source: str, target: str, names: Iterable[tuple[str, str]]
) -> None:
    chosen = ", ".join(f'"{of}" AS "{shown}"' for of, shown in names)
    connection.execute(f'CREATE TABLE "{target}" AS SELECT {chosen} FROM "{source}"')
    connection.execute(f'DROP TABLE "{source}"')


def exported(prefix: str, *, indexed: bool = True) -> Change:
    """Rename tables and columns of a backend to those of ExportToDatabase."""

    def change(connection: sqlite3.Connection) -> None:
        image = [n for n in columns(connection, "Image") if n != "TableNumber"]
        names = [(n, n if n == "ImageNumber" else f"Image_{n}") for n in image]
        copied(connection, "Image", f"{prefix}Per_Image", names)
        for table in COMPARTMENTS:
            number = f"{table}_Number_Object_Number"
            kept = [n for n in columns(connection, table) if n not in ("TableNumber", number)]
            names = [(n, number if n == "ObjectNumber" else n) for n in kept]
            copied(connection, table, f"{prefix}Per_{table}", names)
            if indexed:
                connection.execute(
                    f'CREATE INDEX "{table}_key" ON "{prefix}Per_{table}" (ImageNumber, "{number}")'
                )

    return change


def in_one_table(connection: sqlite3.Connection) -> None:
    exported("")(connection)
    chosen = ["Per_Cells.ImageNumber AS ImageNumber", "Cells_Number_Object_Number AS ObjectNumber"]
    for table in COMPARTMENTS:
        chosen += [f'"{n}"' for n in columns(connection, f"Per_{table}") if n != "ImageNumber"]
    on = "{0}.ImageNumber = Per_Cells.ImageNumber AND {1}_Number_Object_Number = "
    on += "Cells_Number_Object_Number"
    others = " ".join(
        f"JOIN Per_{name} ON {on.format(f'Per_{name}', name)}" for name in COMPARTMENTS[1:]
    )
    connection.execute(
        f"CREATE TABLE Per_Object AS SELECT {', '.join(chosen)} FROM Per_Cells {others}"
    )
    for table in COMPARTMENTS:
        connection.execute(f"DROP TABLE Per_{table}")


def without_table_number(connection: sqlite3.Connection) -> None:
    for table in ("Image", *COMPARTMENTS):
        connection.execute(f'DROP INDEX IF EXISTS "ix_{table}_TableNumber"')
        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN TableNumber')
        connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table.lower()}_"')
        connection.execute(f'ALTER TABLE "{table.lower()}_" RENAME TO "{table.lower()}"')


@pytest.mark.parametrize(
    "change",
    [
        exported(""),
        exported("", indexed=False),
        exported("MyExpt_"),
        exported("a plate's "),
        in_one_table,
        without_table_number,
    ],
    ids=["plain", "no_index", "prefix", "odd_prefix", "per_object", "without_table_number"],
)
def test_the_same_cells_under_other_names_give_the_same_profiles(change: Change, tmp_path: Path):
    file = cytominer(tmp_path)
    options = AggregateOptions("mean", image_feature_categories=CATEGORIES)
    before = aggregate_backend(None, file, options, path="x")
    with closing(sqlite3.connect(file)) as connection:
        change(connection)
        connection.commit()
    after = aggregate_backend(None, file, options, path="x")
    # the numbers that link objects are no features there
    numbers = {f"{name}_Number_Object_Number" for name in COMPARTMENTS}
    kept = [name for name in before.frame.columns if name not in numbers]
    assert kept == [name for name in after.frame.columns if name not in numbers]
    pd.testing.assert_frame_equal(
        cast("pd.DataFrame", before.frame[kept]),
        cast("pd.DataFrame", after.frame[kept]),
        rtol=1e-13,
    )
    assert before.wells == after.wells
    assert (before.sites, before.cells) == (after.sites, after.cells)
    assert all(well.state is WellState.PROFILE for well in after.wells)


def test_well_and_plate_columns_are_those_of_the_config(nf1: Path):
    with closing(sqlite3.connect(nf1)) as connection:
        connection.execute("ALTER TABLE Per_Image RENAME Image_Metadata_Well TO Image_Metadata_W")
        connection.execute("ALTER TABLE Per_Image RENAME Image_Metadata_Plate TO Image_Metadata_P")
        connection.commit()
    with pytest.raises(BackendError, match="no column Metadata_Plate"):
        aggregate_backend(None, nf1, AggregateOptions("mean"), path="x")
    named = AggregateOptions("mean", plate_column="Metadata_P", well_column="Image_Metadata_W")
    frame = aggregate_backend(None, nf1, named, path="x").frame
    assert list(frame.columns[:2]) == ["Metadata_P", "Metadata_W"]
    assert len(frame) == 8


def test_two_experiments_in_one_file_are_refused_by_name(nf1: Path):
    with closing(sqlite3.connect(nf1)) as connection:
        connection.execute("CREATE TABLE B_Per_Image AS SELECT * FROM Per_Image")
        connection.commit()
    with pytest.raises(BackendError, match=r"2 experiments .*B_Per_Image, Per_Image"):
        aggregate_backend(None, nf1, AggregateOptions("mean"), path="x")


def test_an_unknown_schema_is_refused_with_its_tables(nf1: Path):
    with closing(sqlite3.connect(nf1)) as connection:
        for table in ("Per_Image", "Per_Cells"):
            connection.execute(f"DROP TABLE {table}")
        connection.commit()
    with pytest.raises(BackendError, match=r"tables are: .*Per_Cytoplasm") as caught:
        aggregate_backend(None, nf1, AggregateOptions("mean"), path="backend/B/P/P.sqlite")
    assert "ExportToDatabase" in str(caught.value)
