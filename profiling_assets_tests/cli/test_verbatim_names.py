"""`000123`, `PL-01-x` and one plate name in two batches: read back from every file as they are."""

import csv
import gzip
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from profiling_assets_tests.cli.story import BAD, GOOD, OTHER, Story

pytestmark = pytest.mark.integration

KEYS = (GOOD, BAD, OTHER)


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    separator = "\t" if path.suffix == ".tsv" else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def files_of(story: Story, key: str, *suffixes: str) -> list[Path]:
    return [
        path
        for area in ("backend", "profiles")
        for path in sorted((story.place.root / area / key).iterdir())
        if path.name.endswith(suffixes)
    ]


@pytest.mark.parametrize("key", KEYS)
def test_every_table_of_profiles_has_the_plate_name_verbatim(story: Story, key: str) -> None:
    plate = key.rpartition("/")[2]
    tables = files_of(story, key, ".csv", ".csv.gz")
    assert len(tables) == 7
    for path in tables:
        found = rows(path)
        assert len(found) == 12
        assert {row["Metadata_Plate"] for row in found} == {plate}, path
        assert {row["Metadata_Well"] for row in found} == {
            f"{r}{c:02}" for r in "ABC" for c in (1, 2, 3, 4)
        }


@pytest.mark.parametrize("key", KEYS)
def test_every_annotated_table_has_ids_with_leading_zeros(story: Story, key: str) -> None:
    batch, _, _ = key.partition("/")
    (plate_map,) = (story.place.root / "metadata/platemaps" / batch / "platemap").iterdir()
    written = {
        row["well_position"]: row
        for row in csv.DictReader(io.StringIO(plate_map.read_text()), delimiter="\t")
    }
    assert any(row["compound_id"].startswith("0") for row in written.values())
    tables = [path for path in files_of(story, key, ".csv.gz") if "_" in path.name]
    assert len(tables) == 5
    for path in tables:
        for row in rows(path):
            for column, text in written[row["Metadata_Well"]].items():
                if column != "well_position":
                    assert row[f"Metadata_{column}"] == text, (path, column)


@pytest.mark.parametrize("key", KEYS)
def test_every_ledger_names_wells_and_folders_verbatim(story: Story, key: str) -> None:
    plate = key.rpartition("/")[2]
    ledgers = files_of(story, key, ".tsv")
    assert len(ledgers) == 3
    for path in ledgers:
        for row in rows(path):
            assert row["well"] in {f"{r}{c:02}" for r in "ABC" for c in (1, 2, 3, 4)}
            if "folder" in row:
                assert row["folder"] == f"{plate}-{row['well']}-{row['site']}"


@pytest.mark.parametrize("key", KEYS)
def test_the_sqlite_file_has_plate_and_well_as_text(story: Story, key: str) -> None:
    plate = key.rpartition("/")[2]
    (path,) = files_of(story, key, ".sqlite")
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(
            "select distinct Metadata_Plate, typeof(Metadata_Plate), typeof(Metadata_Well) "
            "from Image"
        ).fetchall()
        wells = database.execute("select distinct Metadata_Well from Image").fetchall()
    assert found == [(plate, "text", "text")]
    assert len(wells) == 12


def test_the_same_plate_name_in_two_batches_is_two_plates(story: Story) -> None:
    first, second = (
        (story.place.root / "profiles" / key / "000123.csv.gz").read_bytes()
        for key in (GOOD, OTHER)
    )
    assert first != second
