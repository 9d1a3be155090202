"""Which file of a plate's folder in `backend` holds its cells, by names alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import BackendError
from profiling_assets.workspace.standing_files import cells_files

PLATE = "000123"


@pytest.mark.parametrize(
    ("files", "taken", "unused"),
    [
        (["000123.sqlite", "000123.csv"], "000123.sqlite", ()),
        (["000123.db"], "000123.db", ()),
        (["000123.sqlite3", "000123.sqlite"], "000123.sqlite", ("000123.sqlite3",)),
        (["DefaultDB.db", "DefaultDB.db-wal", "notes.txt"], "DefaultDB.db", ()),
        (["other.sqlite", "000123.db"], "000123.db", ("other.sqlite",)),
        (["000123.parquet", "000123.sqlite"], "000123.sqlite", ("000123.parquet",)),
        (["cells.parquet"], "cells.parquet", ()),
        (["000123.sqlite.dvc"], "000123.sqlite.dvc", ()),
        (["000123.sqlite.dvc", "000123.sqlite"], "000123.sqlite", ()),
        (["000123.parquet.dvc"], "000123.parquet.dvc", ()),
        (["000123.sqlite.gz"], "000123.sqlite.gz", ()),
        # tables of our own Parquet backend
        (["000123_Image.parquet", "000123_Cells.parquet"], None, ()),
        (["000123_Image.parquet", "000123.parquet"], "000123.parquet", ()),
        (["000123.csv", "Thumbs.db", ".hidden.sqlite", "000123_sites.tsv"], None, ()),
        ([], None, ()),
    ],
)
def test_the_file_of_cells_is_chosen_by_its_name(
    files: list[str], taken: str | None, unused: tuple[str, ...]
):
    found = cells_files(PLATE, files)
    assert found.first == taken
    assert found.unused == unused


@pytest.mark.parametrize(
    ("files", "words"),
    [(["a.db", "b.sqlite"], "databases.*a.db, b.sqlite"), (["a.parquet", "b.parquet"], "Parquet")],
)
def test_several_of_which_none_has_the_plate_s_name_are_refused_by_name(
    files: list[str], words: str
):
    with pytest.raises(BackendError, match=words) as caught:
        _ = cells_files(PLATE, files).first
    assert PLATE in str(caught.value.remedy)


@given(st.lists(st.sampled_from(["000123", "x"]).flatmap(
    lambda stem: st.sampled_from([".sqlite", ".db", ".sqlite3", ".parquet", ".csv", ".sqlite.dvc"])
    .map(lambda end: stem + end)), unique=True))  # fmt: skip
def test_a_file_of_cells_is_taken_or_named(files: list[str]):
    found = cells_files(PLATE, files)
    cells = {name for name in files if not name.endswith(".csv")}
    hidden = {name for name in cells if name.endswith(".dvc") and name[: -len(".dvc")] in cells}
    try:
        first = found.first
    except BackendError as error:
        assert all(name in str(error) for name in found.databases or found.parquet)  # noqa: PT017
    else:
        assert {first, *found.unused} - {None} == cells - hidden
