"""Odd values in a backend: what pycytominer makes of the same SQLite file, and what we do."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import AggregateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets_tests.collate.support import KEY, MadeFolder, collate, made_site
from profiling_assets_tests.collate.test_aggregate import assert_same, pycytominer_profiles

CATEGORIES = ("Count", "Granularity", "Texture")


def backend(root: Path, *statements: str) -> Path:
    """Make a backend of two wells with two sites each, and change it."""
    folders: list[MadeFolder] = [
        made_site(well, site) for well in ("A01", "A02") for site in (1, 2)
    ]
    collate(folders, root, aggregate=None)
    file = root / "backend.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return file


def ours(file: Path, *categories: str) -> AggregateResult:
    options = AggregateOptions("mean", image_feature_categories=categories or CATEGORIES)
    return aggregate_backend(KEY, file, options, path="b.sqlite")


STATEMENTS = {
    "a site without a number": ["UPDATE Image SET Metadata_Site = NULL WHERE ImageNumber = 10101"],
    "a site without objects": [
        f"DELETE FROM {table} WHERE ImageNumber = 10101"
        for table in ("Cells", "Cytoplasm", "Nuclei")
    ],
    "counts in another order": [
        "ALTER TABLE Image ADD COLUMN Count_Zeta BIGINT",
        "ALTER TABLE Image ADD COLUMN Count_Alpha BIGINT",
        "ALTER TABLE Image ADD COLUMN Count_alpha_2 BIGINT",
        "UPDATE Image SET Count_Zeta = 3, Count_Alpha = 4, Count_alpha_2 = 5",
    ],
    "an image feature stored as text": [
        "ALTER TABLE Image ADD COLUMN Texture_Text TEXT",
        "UPDATE Image SET Texture_Text = '1.5'",
    ],
    "an image feature without a value": ["ALTER TABLE Image ADD COLUMN Granularity_None FLOAT"],
    "an object feature without a value": ["ALTER TABLE Cells ADD COLUMN Cells_None FLOAT"],
    "an object feature stored as text": [
        "ALTER TABLE Cells ADD COLUMN Cells_Text TEXT",
        "UPDATE Cells SET Cells_Text = '2.5'",
    ],
    "numbers among the metadata of images": [
        "ALTER TABLE Image ADD COLUMN Metadata_Dose FLOAT",
        "UPDATE Image SET Metadata_Dose = 2.5",
    ],
}  # fmt: skip


@pytest.mark.parametrize("odd", STATEMENTS)
def test_odd_values_of_a_backend_come_out_as_in_pycytominer(odd: str, tmp_path: Path):
    file = backend(tmp_path, *STATEMENTS[odd])
    theirs = pycytominer_profiles(
        file,
        aggregation_operation="mean",
        add_image_features=True,
        image_feature_categories=list(CATEGORIES),
    )
    assert_same(ours(file).frame, theirs)


@pytest.mark.parametrize("word", ["none", "", "a word"])
def test_words_in_a_feature_leave_it_out_with_a_warning_where_pycytominer_stops(
    word: str, tmp_path: Path
):
    file = backend(
        tmp_path,
        "ALTER TABLE Cells ADD COLUMN Cells_Text TEXT",
        f"UPDATE Cells SET Cells_Text = '{word}'",
    )
    with pytest.raises(ValueError, match="could not convert string to float"):
        pycytominer_profiles(file, aggregation_operation="mean")
    result = ours(file)
    assert "Cells_Text" not in result.frame.columns
    assert "1 features hold text and are left out: Cells_Text" in result.warnings


def test_metadata_of_images_are_no_image_features_where_pycytominer_takes_them(tmp_path: Path):
    file = backend(tmp_path, *STATEMENTS["numbers among the metadata of images"])
    result = ours(file, "Metadata", "Granularity")
    assert [n for n in result.frame.columns if n.startswith("Image_")] == [
        "Image_Granularity_1_DNA"
    ]
    assert any("category Metadata describe images" in warning for warning in result.warnings)
