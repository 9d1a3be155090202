"""Who is a site: told from Image.csv and the folder's name, and never counted twice unsaid."""

import contextlib
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import DefectiveSiteError, InvalidInputError
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.sites import ExpectedSite
from profiling_assets_tests.collate.support import MadeFolder, collate, csv_text, made_site
from profiling_assets_tests.collate.test_aggregate import assert_same, pycytominer_profiles

TIMES = AggregateOptions("mean", strata=("Metadata_T",), image_feature_categories=("Count",))


def times_of(well: str, site: int, times: int, *, column: str = "Metadata_T") -> MadeFolder:
    """Make a folder with one Image row for each time point, and two cells at each."""
    numbers = [1000 * site + time for time in range(times)]
    header = ["ImageNumber", "Count_Cells", "Metadata_Plate", "Metadata_Well", "Metadata_Site"]
    images = [[n, 2, "P1", well, site, at] for at, n in enumerate(numbers)]
    objects = [[n, o, 10 * n + o] for n in numbers for o in (1, 2)]
    table = csv_text(["ImageNumber", "ObjectNumber", "AreaShape_Area"], objects).encode()
    contents = {f"{name}.csv": table for name in ("Cells", "Cytoplasm", "Nuclei")}
    contents["Image.csv"] = csv_text([*header, column], images).encode()
    return MadeFolder(f"P1-{well}-{site}", contents)


def states(result: CollateResult) -> Counter[str]:
    return Counter(site.state.value for site in result.sites)


def said(result: CollateResult) -> str:
    return "\n".join(result.warnings)


def test_rows_of_one_site_are_repeats_and_the_column_that_tells_them_apart_is_named(
    tmp_path: Path,
):
    folders = [times_of("A01", 1, 3), times_of("A01", 2, 3)]
    result = collate(folders, tmp_path)
    assert states(result) == {"complete": 2, "repeated": 4}
    assert result.cells == 12
    assert "4 Image rows are of a site that an earlier row has already" in said(result)
    assert "aggregate.strata: [Metadata_T]" in said(result)
    assert result.sites[1].reason == "an earlier row has well A01, site 1 already"


def test_a_column_that_differs_by_chance_in_some_repeats_only_is_not_named(tmp_path: Path):
    folder = times_of("A01", 1, 3)
    image = folder.read("Image.csv").replace(b"P1,A01,1,2", b"P1,A01,1,0")  # T is 0, 1, 0
    result = collate([folder.with_file("Image.csv", image)], tmp_path)
    assert states(result) == {"complete": 1, "repeated": 2}
    assert "Metadata_T" not in said(result)
    assert "on_repeated_site" in said(result)


def test_strata_give_a_profile_for_each_time_point_as_in_pycytominer(tmp_path: Path):
    folders = [times_of(well, site, 3) for well in ("A02", "A01") for site in (1, 2)]
    options = CollateOptions(strata=("Metadata_T",))
    result = collate(folders, tmp_path, options=options, aggregate=TIMES)
    assert states(result) == {"complete": 12}
    theirs = pycytominer_profiles(
        tmp_path / "backend.sqlite",
        strata=["Metadata_Plate", "Metadata_Well", "Metadata_T"],
        aggregation_operation="mean",
        add_image_features=True,
        image_feature_categories=["Count"],
    )
    assert_same(result.aggregate, theirs)
    assert len(theirs) == 6


@pytest.mark.parametrize("same_folder", [True, False])
def test_repeats_are_kept_dropped_or_refused_as_the_config_says(same_folder: bool, tmp_path: Path):
    first, second = made_site("A01", cells=3), made_site("A01", cells=4, offset=0.5)
    image = second.read("Image.csv").replace(b"10101,P1", b"10102,P1")
    second = second.renamed("again").with_file("Image.csv", image)
    for table in ("Cells", "Cytoplasm", "Nuclei"):
        data = second.read(f"{table}.csv").replace(b"10101,", b"10102,")
        second = second.with_file(f"{table}.csv", data)
    folders: list[MadeFolder] = [first, second]
    if same_folder:
        joined = {
            name: first.read(name) + second.read(name).split(b"\r\n", 1)[1]
            for name in first.contents
        }
        folders = [MadeFolder("P1", joined)]
    kept = collate(folders, tmp_path / "keep")
    assert states(kept) == {"complete": 1, "repeated": 1}
    assert kept.cells == 7
    dropped = collate(folders, tmp_path / "drop", options=CollateOptions(on_repeated_site="drop"))
    assert states(dropped) == {"complete": 1, "repeated": 1}
    assert dropped.cells == 3
    lost = next(site for site in dropped.sites if site.state is SiteState.REPEATED)
    assert (lost.image_rows_in, lost.image_rows_kept) == (1, 0)
    assert (lost.objects_in["Cells"], lost.objects_kept["Cells"]) == (4, 0)
    assert dropped.aggregate is not None
    alone = collate([first], tmp_path / "alone").aggregate
    assert alone is not None
    assert dropped.aggregate.equals(alone)
    with pytest.raises(DefectiveSiteError, match="of a site that an earlier row has") as caught:
        collate(folders, tmp_path / "fail", options=CollateOptions(on_repeated_site="fail"))
    assert "aggregate.strata" in str(caught.value)
    assert not (tmp_path / "fail" / "backend.sqlite").exists()


def test_rows_that_name_no_site_are_no_repeats(tmp_path: Path):
    folder = times_of("A01", 1, 3).renamed("P1-A01")
    image = folder.read("Image.csv").replace(b"Metadata_Site", b"Metadata_Other")
    result = collate([folder.with_file("Image.csv", image)], tmp_path)
    assert states(result) == {"complete": 3}


def test_a_folder_that_holds_the_image_file_of_another_site_is_named(tmp_path: Path):
    folders = [made_site("A01"), made_site("B02").renamed("P1-A02-1")]
    expected = [ExpectedSite("A01", "1"), ExpectedSite("A02", "1"), ExpectedSite("B02", "1")]
    result = collate(folders, tmp_path, expected=expected)
    assert "1 folders hold the Image.csv of another site" in said(result)
    assert "A02-1 holds B02-1" in said(result)
    moved = next(site for site in result.sites if site.folder == "P1-A02-1")
    assert moved.well == "B02"
    assert "its Image.csv says B02-1, which counts" in moved.reason
    assert [site.well for site in result.sites if site.state is SiteState.MISSING] == ["A02"]


@pytest.mark.parametrize(
    ("spelling", "number"),
    [("a1", "01"), ("A1", "1.0"), ("A01", "s1"), ("A001", "Site_1"), ("A01", "f01")],
)
def test_other_spellings_of_a_well_and_site_are_no_disagreement(
    spelling: str, number: str, tmp_path: Path
):
    site = made_site("A01")
    image = site.read("Image.csv").replace(b"P1,1,A01", f"P1,{number},{spelling}".encode())
    assert image != site.read("Image.csv")
    folder = site.with_file("Image.csv", image)
    result = collate([folder], tmp_path, expected=[ExpectedSite("A01", "1")])
    assert "another site" not in said(result)
    assert states(result) == {"complete": 1}


def two_plates() -> MadeFolder:
    """One set of CSVs of plates P1 and P2, wells A01 and B01 on each."""
    parts = [
        made_site(well, plate=plate, offset=0.25 * (plate == "P2"))
        for plate in ("P1", "P2")
        for well in ("A01", "B01")
    ]
    contents = dict[str, bytes]()
    for at, part in enumerate(parts):
        old = part.read("Cells.csv").split(b"\r\n")[1].split(b",")[0]
        for name, data in part.contents.items():
            own = data.replace(old + b",", b"%d," % (at + 1))
            contents[name] = (
                contents.get(name, own.split(b"\r\n")[0] + b"\r\n") + (own.split(b"\r\n", 1)[1])
            )
    return MadeFolder("P1", contents)


def test_several_plates_in_one_set_of_files_are_split_where_the_config_says_so(tmp_path: Path):
    split = CollateOptions(split_plates=True)
    result = collate([two_plates()], tmp_path / "both", options=split)
    assert states(result) == {"complete": 2, "other_plate": 2}
    assert "2 Image rows are of P2 and not of P1: left out" in said(result)
    single = collate([made_site("A01"), made_site("B01")], tmp_path / "single")
    assert result.aggregate is not None
    assert single.aggregate is not None
    assert result.aggregate.equals(single.aggregate)


def test_a_plate_that_the_files_do_not_name_is_refused_where_they_are_split(tmp_path: Path):
    split = CollateOptions(split_plates=True)
    with pytest.raises(InvalidInputError, match="it is of plate P9"):
        collate([made_site("A01", plate="P9")], tmp_path, options=split)


def test_the_wells_column_that_the_config_names_is_read_in_csvs(tmp_path: Path):
    name = "Metadata_CPD_WELL_POSITION"
    folder = times_of("A01", 1, 2, column="Metadata_Field").renamed("P1")
    image = folder.read("Image.csv").replace(b"Metadata_Well", name.encode())
    folder = folder.with_file("Image.csv", image)
    with pytest.raises(InvalidInputError, match=r"no Image row") as caught:
        collate([folder], tmp_path / "without")
    assert name in str(caught.value)
    result = collate(
        [folder],
        tmp_path / "with",
        options=CollateOptions(well_column=name),
        aggregate=AggregateOptions("mean", well_column=name),
    )
    assert result.aggregate is not None
    assert result.aggregate[name].tolist() == ["A01"]
    with contextlib.closing(sqlite3.connect(tmp_path / "with" / "backend.sqlite")) as connection:
        rows = connection.execute(f"SELECT Metadata_Well, {name} FROM Image").fetchall()
    assert rows == [("A01", "A01")] * 2


_SITES = st.lists(
    st.tuples(st.sampled_from(["A01", "A02", "B01"]), st.integers(1, 3), st.integers(1, 3)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(sites=_SITES, policy=st.sampled_from(["keep", "drop"]))
def test_rows_and_objects_in_are_those_kept_and_those_dropped(
    sites: list[tuple[str, int, int]], policy: Any, tmp_path_factory: pytest.TempPathFactory
):
    folders = [
        made_site(well, site, cells, offset=0.125 * at).renamed(f"folder{at}")
        for at, (well, site, cells) in enumerate(sites)
    ]
    options = CollateOptions(on_repeated_site=policy)
    result = collate(folders, tmp_path_factory.mktemp("made"), options=options)
    firsts = {(well, site): cells for well, site, cells in reversed(sites)}
    again = len(sites) - len(firsts)
    assert states(result)["repeated"] == again
    kept = sum(record.objects_kept["Cells"] for record in result.sites)
    everything = sum(cells for _, _, cells in sites)
    assert sum(record.objects_in["Cells"] for record in result.sites) == everything
    assert kept == result.cells == (everything if policy == "keep" else sum(firsts.values()))
    assert sum(record.image_rows_kept for record in result.sites) == len(sites) - again * (
        policy == "drop"
    )
