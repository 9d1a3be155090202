"""Which file of a folder is which table, by names alone."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.workspace.site_folder import SiteFiles, files_of, site_sets

TABLES = ("Image", "Cells", "Cytoplasm", "Nuclei")


@dataclass(frozen=True)
class Told:
    """What is told of a folder's files."""

    image: str | None
    tables: dict[str, str]
    unread: set[str]

    @classmethod
    def of(cls, *names: str) -> "Told":
        files: SiteFiles = files_of(names)
        return cls(files.image, dict(files.tables), set(files.unread))


@given(
    st.sampled_from(["", "MyExpt_", "exp 1-", "Image_", "P_A01_1_", "cells", "Ünï_"]),
    st.lists(st.sampled_from([".csv", ".csv.gz", ".CSV", ".Csv.GZ"]), min_size=4, max_size=4),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_a_prefix_and_an_ending_change_no_table(
    prefix: str, endings: list[str], case: type[str]
) -> None:
    names = [case(f"{prefix}{table}") + end for table, end in zip(TABLES, endings, strict=True)]
    assert Told.of(*names, "notes.txt", f"{prefix}Experiment.csv", ".Image.csv") == Told(
        names[0], dict(zip(TABLES[1:], names[1:], strict=True)), set()
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [
        # tables with words before are tables of their own
        (
            ("Image.csv", "Cells.csv", "preCells_Cellpose3.csv"),
            Told(
                "Image.csv",
                {"Cells": "Cells.csv", "Precells_cellpose3": "preCells_Cellpose3.csv"},
                set(),
            ),
        ),
        (
            ("M_Image.csv", "M_Cells.csv", "M_CroppedImage.csv", "PH3.csv"),
            Told(
                "M_Image.csv",
                {"Cells": "M_Cells.csv", "Croppedimage": "M_CroppedImage.csv", "Ph3": "PH3.csv"},
                set(),
            ),
        ),
        # a word before `Image` that no other table has is no prefix
        (
            ("Cells.csv", "CroppedImage.csv"),
            Told(None, {"Cells": "Cells.csv", "Croppedimage": "CroppedImage.csv"}, set()),
        ),
        # without a table of images, two others tell the prefix
        (
            ("M_Cells.csv", "M_Nuclei.csv"),
            Told(None, {"Cells": "M_Cells.csv", "Nuclei": "M_Nuclei.csv"}, set()),
        ),
        # the same table twice: the plain one is read
        (
            ("Image.csv.gz", "Image.csv", "Cells.csv", "Cells.txt"),
            Told("Image.csv", {"Cells": "Cells.csv"}, {"Image.csv.gz", "Cells.txt"}),
        ),
        # two sets of tables: the one without a prefix is read
        (
            ("Image.csv", "Cells.csv", "M_Image.csv", "M_Cells.csv", "M_PH3.csv"),
            Told("Image.csv", {"Cells": "Cells.csv"}, {"M_Image.csv", "M_Cells.csv", "M_PH3.csv"}),
        ),
        # text with tabs: all tables of such a folder, and no notes of another
        (
            ("Image.txt", "Cells.txt", "PH3.txt"),
            Told("Image.txt", {"Cells": "Cells.txt", "Ph3": "PH3.txt"}, set()),
        ),
        (("Image.csv", "PH3.txt", "filelist.txt"), Told("Image.csv", {}, set())),
        (("Image.csv", "Cells.csv.bz2"), Told("Image.csv", {}, {"Cells.csv.bz2"})),
        (("Image.csv", "run.h5"), Told("Image.csv", {}, set())),
        (("run.h5", "Image.parquet"), Told(None, {}, {"run.h5", "Image.parquet"})),
    ],
    ids=lambda names: names[0] if isinstance(names, tuple) else "",
)
def test_what_each_file_is(names: tuple[str, ...], told: Told) -> None:
    assert Told.of(*names) == told


def test_sites_in_one_folder_are_told_apart_by_what_their_names_begin_with() -> None:
    names = [f"P_{site}_{table}.csv" for site in ("A01_1", "A01_10", "B01_1") for table in TABLES]
    sets = site_sets([*names, "notes.csv"])
    assert {prefix: len(members) for prefix, members in sets.items()} == {
        "P_A01_1_": 4,
        "P_A01_10_": 4,
        "P_B01_1_": 4,
    }
    assert site_sets(["MyExpt_Image.csv", "MyExpt_Cells.csv"]) == {}
    assert site_sets(["Image.csv", "M_Image.csv", "M_Cells.csv"]) == {}
