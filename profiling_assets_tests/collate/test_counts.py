"""Objects of tables against `Count_*` of Image.csv, and ids that are words."""

import sqlite3
from pathlib import Path

import pytest

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import CollateOptions
from profiling_assets.errors import DefectiveSiteError
from profiling_assets.workspace.ledger import SiteState, WellState
from profiling_assets.workspace.sites import ExpectedSite
from profiling_assets_tests.collate.support import (
    KEY,
    MEAN,
    MadeFolder,
    collate,
    csv_text,
    made_site,
)

SITE = made_site("B01", cells=4)
OTHERS = [made_site("A01"), made_site("A02")]
LINES = SITE.read("Cells.csv").splitlines(keepends=True)
FEWER = SITE.with_file("Cells.csv", b"".join(LINES[:3]))
MORE = SITE.with_file("Cells.csv", b"".join([*LINES, LINES[-1].replace(b",4,", b",5,", 1)]))
NONE = SITE.with_file("Cells.csv", LINES[0])
COUNTED = "Image.csv counts 4"


@pytest.mark.parametrize(("site", "rows"), [(FEWER, 2), (MORE, 5)])
def test_a_table_of_other_length_than_the_image_counts_is_kept_and_not_fine(
    site: MadeFolder, rows: int, tmp_path: Path
):
    result = collate([*OTHERS, site], tmp_path)
    record = result.sites[-1]
    assert (record.state, record.reason) == (
        SiteState.COUNT_DIFFERS,
        f"Cells has {rows} rows, {COUNTED}",
    )
    assert record.objects_kept == {"Cells": rows, "Cytoplasm": 4, "Nuclei": 4}
    assert "1 site is count_differs: P1-B01-1" in result.warnings


def test_a_file_cut_behind_its_header_is_no_site_without_cells(tmp_path: Path):
    result = collate([*OTHERS, NONE], tmp_path)
    assert result.sites[-1].state is SiteState.COUNT_DIFFERS
    assert {well.well: well.state for well in result.wells}["B01"] is WellState.INCOMPLETE


def test_by_config_such_a_site_is_dropped_or_fails_the_plate(tmp_path: Path):
    dropped = collate([*OTHERS, FEWER], tmp_path, options=CollateOptions(on_count_differs="drop"))
    assert dropped.sites[-1].state is SiteState.COUNT_DIFFERS
    assert set(dropped.sites[-1].objects_kept.values()) == {0}
    assert dropped.sites[-1].image_rows_kept == 1
    with pytest.raises(DefectiveSiteError) as refused:
        collate([*OTHERS, FEWER], tmp_path / "2", options=CollateOptions(on_count_differs="fail"))
    for word in ("P1-B01-1", "Cells has 2 rows", "on_count_differs"):
        assert word in str(refused.value)


def test_a_further_table_of_other_length_drops_its_own_objects_alone(tmp_path: Path):
    def with_worms(site: MadeFolder, told: int) -> MadeFolder:
        image = site.read("Image.csv").replace(b"Count_Cells", b"Count_WORMS,Count_Cells")
        image = image.replace(b"\r\n", b"\r\n%d," % told, 1)
        return site.with_file("Image.csv", image).with_file("Worms.csv", site.read("Cells.csv"))

    sites = [with_worms(OTHERS[0], 3), with_worms(SITE, 9)]
    result = collate(sites, tmp_path, options=CollateOptions(on_count_differs="drop"))
    assert [site.state for site in result.sites] == [SiteState.COMPLETE, SiteState.COUNT_DIFFERS]
    assert result.sites[1].objects_kept == {"Cells": 4, "Cytoplasm": 4, "Nuclei": 4, "Worms": 0}


def test_a_site_that_the_load_data_do_not_name_is_told_for_its_counts_first(tmp_path: Path):
    result = collate([*OTHERS, FEWER], tmp_path, expected=[ExpectedSite("A01", "1")])
    assert result.sites[-1].state is SiteState.COUNT_DIFFERS
    assert "not in the load data" in result.sites[-1].reason


def test_of_a_folder_of_several_images_the_one_that_differs_is_told(tmp_path: Path):
    first, second = made_site("A01", 1), made_site("A01", 2)
    contents = {
        file: first.read(file) + b"".join(second.read(file).splitlines(keepends=True)[1:])
        for file in first.files
    }
    contents["Nuclei.csv"] = b"".join(contents["Nuclei.csv"].splitlines(keepends=True)[:-1])
    contents["Image.csv"] = contents["Image.csv"].replace(b"Count_Cells", b"Count_Nuclei")
    folder = MadeFolder("P1-A01", contents)
    for rule, kept in (("keep", 2), ("drop", 0)):
        result = collate(
            [folder],
            tmp_path / rule,
            options=CollateOptions(on_count_differs="drop" if rule == "drop" else "keep"),
        )
        states = [site.state for site in result.sites]
        assert states == [SiteState.COMPLETE, SiteState.COUNT_DIFFERS]
        assert result.sites[0].objects_kept["Nuclei"] == 3
        assert result.sites[1].objects_kept["Nuclei"] == kept
        assert result.tables["Nuclei"].rows == 3 + kept


def test_rows_of_a_merged_file_without_an_object_of_a_compartment_are_not_counted(tmp_path: Path):
    header = "Image,Cells,Cells,Nuclei,Nuclei\r\n"
    names = ["ImageNumber", "Number_Object_Number", "A_a", "Number_Object_Number", "A_a"]
    rows = [[10101, 1, 2, 1, 2], [10101, 2, 2, 2, 2], [10101, 3, 2, "nan", "nan"]]
    site = made_site("A01").without("Cells.csv", "Cytoplasm.csv", "Nuclei.csv")
    image = site.read("Image.csv").replace(b"Count_Cells", b"Count_Cells,Count_Nuclei")
    image = image.replace(b"\r\n3.0,", b"\r\n3.0,2.0,")
    merged = site.with_file("object.csv", header + csv_text(names, rows))
    result = collate(
        [merged.with_file("Image.csv", image)], tmp_path, options=CollateOptions(munge=True)
    )
    assert [site.state for site in result.sites] == [SiteState.COMPLETE]


def test_object_ids_that_are_words_count_as_objects(tmp_path: Path):
    header = ["ImageNumber", "ObjectNumber", "AreaShape_Area"]
    words = [
        made_site(well, cells=cells).with_file(
            "Cells.csv", csv_text(header, [[number, f"cell {n}", n] for n in range(cells)])
        )
        for well, number, cells in (("A01", 10101, 3), ("A02", 10201, 5))
    ]
    result = collate(words, tmp_path)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Object_Count"].tolist() == [3, 5]
    assert {site.state for site in result.sites} == {SiteState.COMPLETE}
    file = tmp_path / "backend.sqlite"
    with sqlite3.connect(file) as connection:
        ids = connection.execute("SELECT ObjectNumber FROM Cells").fetchall()
    assert ids[0] == ("cell 0",)
    again = aggregate_backend(KEY, file, MEAN, path="b.sqlite")
    assert again.frame["Metadata_Object_Count"].tolist() == [3, 5]
