"""Columns of one name: taken once where they are equal, refused by name where they are not."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiling_assets.collate.file_defect import FileDefect
from profiling_assets.collate.object_csv import ObjectRows, read_objects
from profiling_assets.collate.options import CollateOptions
from profiling_assets.workspace.ledger import SiteState
from profiling_assets_tests.collate.support import (
    MadeFolder,
    collate,
    made_site,
    stored_tables,
)

TRIO = ("Cells", "Cytoplasm", "Nuclei")


def doubled(site: MadeFolder, file: str, name: str, *, other: bytes | None = None) -> MadeFolder:
    """Append a column of the file a second time, with other values where `other` is given."""
    lines = site.read(file).splitlines()
    place = lines[0].split(b",").index(name.encode())
    cells = [line.split(b",")[place] for line in lines]
    if other is not None:
        cells[1:] = [other] * len(cells[1:])
    rows = [line + b"," + cell for line, cell in zip(lines, cells, strict=True)]
    return site.with_file(file, b"\r\n".join(rows) + b"\r\n")


def test_equal_columns_are_taken_once_and_named_and_the_backend_is_as_without_them(tmp_path: Path):
    sites = [made_site("A01"), made_site("A02"), made_site("A03")]
    twice = [doubled(sites[0], "Cells.csv", "AreaShape_Area"), sites[1]]
    twice.append(doubled(sites[2], "Image.csv", "Metadata_Well"))
    plain = collate(sites, tmp_path / "plain")
    result = collate(twice, tmp_path / "twice")
    assert plain.aggregate is not None
    assert result.aggregate is not None
    pd.testing.assert_frame_equal(result.aggregate, plain.aggregate)
    first, second = (stored_tables(tmp_path / n / "backend.sqlite") for n in ("plain", "twice"))
    assert first["Cells"].columns == second["Cells"].columns
    rows = [[row[1:] for row in tables["Cells"].rows] for tables in (first, second)]
    assert rows[0] == rows[1]  # TableNumber aside: another Image.csv has another one
    assert [c for c, _ in first["Image"].columns] == [c for c, _ in second["Image"].columns]
    assert {site.state for site in result.sites} == {SiteState.COMPLETE}
    assert result.warnings == (
        "Image has columns twice with equal values in 1 files, each taken once: Metadata_Well",
        "Cells has columns twice with equal values in 1 files, each taken once: AreaShape_Area",
    )


def test_unequal_columns_of_a_further_table_drop_that_table_of_that_site_alone(tmp_path: Path):
    sites = [made_site(w).with_file("Worms.csv", made_site(w).read("Cells.csv"))
             for w in ("A01", "A02")]  # fmt: skip
    sites[1] = doubled(sites[1], "Worms.csv", "AreaShape_Area", other=b"1")
    result = collate(sites, tmp_path)
    assert result.sites[1].state is SiteState.PARTIAL
    assert result.sites[1].reason.startswith(
        "Worms.csv has columns of one name with different values: AreaShape_Area"
    )
    assert result.sites[1].objects_kept == {**dict.fromkeys(TRIO, 3), "Worms": 0}
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Well"].tolist() == ["A01", "A02"]


def test_unequal_columns_of_a_required_table_name_them_and_drop_the_site(tmp_path: Path):
    bad = doubled(made_site("A01"), "Nuclei.csv", "AreaShape_Area", other=b"1")
    result = collate([bad, made_site("A02")], tmp_path)
    assert result.sites[0].state is SiteState.RAGGED
    assert "different values: AreaShape_Area" in result.sites[0].reason
    assert set(result.sites[0].objects_kept.values()) == {0}


def test_a_merged_file_with_a_column_twice_is_split_as_without_it(tmp_path: Path):
    header = b"Image,Cells,Cells,Cells,Nuclei,Nuclei,Nuclei\r\n"
    names = b"ImageNumber,Number_Object_Number,A_a,%s,Number_Object_Number,A_a,%s\r\n"
    site = made_site("A01").without("Cells.csv", "Cytoplasm.csv", "Nuclei.csv")
    row = b"10101,%d,2.5,%s,%d,4.5,%s\r\n"
    frames: list[pd.DataFrame] = []
    for at, (name, first, second) in enumerate(
        ((b"A_a", b"2.5", b"4.5"), (b"B_b", b"2.5", b"4.5"))
    ):
        body = b"".join(row % (n, first, n, second) for n in (1, 2, 3))
        merged = site.with_file("object.csv", header + names % (name, name) + body)
        done = collate([merged], tmp_path / str(at), options=CollateOptions(munge=True))
        assert done.aggregate is not None
        frames.append(done.aggregate)
    assert "Cells_B_b" in frames[1].columns
    pd.testing.assert_frame_equal(frames[0], frames[1].drop(columns=["Cells_B_b", "Nuclei_B_b"]))


CELLS = st.sampled_from(["", "1", "2", "1.0", "2.50", "nan", "a word", "-0.0", "0", "1e3", '"1"'])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4), st.booleans())
def test_the_fast_and_the_strict_reader_agree_on_columns_of_one_name(
    pairs: list[tuple[str, str]], exact: bool
):
    body = "".join(f"7,{n},{a},{b}\n" for n, (a, b) in enumerate(pairs, start=1))
    data = f"ImageNumber,ObjectNumber,A,a\n{body}".encode()
    strict = data.replace(b"\n7,1,", b'\n"7",1,', 1)  # a quote: none of the fast readers takes it
    whole = frozenset(range(4)) if exact else frozenset[int]()
    read = [read_objects(one, "Cells.csv", whole=whole) for one in (data, strict)]
    kinds = [type(one) for one in read]
    assert kinds[0] is kinds[1]
    if isinstance(read[0], FileDefect):
        assert read[0] == read[1]
        return
    for one in read:
        assert isinstance(one, ObjectRows)
        assert one.names == ("ImageNumber", "ObjectNumber", "A")
        assert one.folded == ("A", "a")


@pytest.mark.parametrize("ending", [b"", b",", b",,"])
def test_nameless_columns_at_the_end_of_lines_are_no_features(ending: bytes, tmp_path: Path):
    site = made_site("A01")
    cells = site.read("Cells.csv").replace(b"\r\n", ending + b"\r\n")
    result = collate([site.with_file("Cells.csv", cells), made_site("A02")], tmp_path)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Well"].tolist() == ["A01", "A02"]
    assert "Cells_" not in result.aggregate.columns
