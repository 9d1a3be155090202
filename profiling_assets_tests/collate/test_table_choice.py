"""Required and further tables: which sites and wells they decide over, of CSVs and of backends."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.collate.columns import survey_headers, survey_sample
from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.collate.table_choice import counted, required_tables, table_choice
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.workspace.ledger import SiteState, WellState
from profiling_assets_tests.collate.support import KEY, MEAN, MadeFolder, collate, made_site

HEADER = b"ImageNumber,ObjectNumber,AreaShape_Area\r\n"


def with_table(site: MadeFolder, cells: int, file: str = "PH3.csv") -> MadeFolder:
    header, row = (line.split(b",") for line in site.read("Image.csv").splitlines())
    number = int(row[header.index(b"ImageNumber")])
    rows = [f"{number},{n},{n * 7}\r\n" for n in range(1, cells + 1)]
    return site.with_file(file, HEADER + "".join(rows).encode())


def wells_of(frame: pd.DataFrame | None) -> list[str]:
    assert frame is not None
    return frame["Metadata_Well"].tolist()


def both(folders: Sequence[MadeFolder], root: Path) -> tuple[CollateResult, pd.DataFrame]:
    """Aggregate from CSVs, and from the backend made of them."""
    result = collate(folders, root)
    again = aggregate_backend(KEY, root / "backend.sqlite", MEAN, path="b.sqlite")
    assert result.aggregate is not None
    pd.testing.assert_frame_equal(again.frame, result.aggregate)
    assert again.wells == result.wells
    return result, again.frame


SITES = [made_site(well) for well in ("A01", "A02", "A03", "A04")]


def test_a_table_of_few_sites_is_in_the_backend_and_not_in_the_profiles(tmp_path: Path):
    result, frame = both([with_table(SITES[0], 2), *SITES[1:]], tmp_path)
    assert result.tables["Ph3"].rows == 2
    assert wells_of(frame) == ["A01", "A02", "A03", "A04"]
    assert not [name for name in frame.columns if name.startswith("Ph3")]
    (told,) = [warning for warning in result.warnings if "Ph3" in warning]
    assert told.startswith("the table Ph3 is in 1 of 4 sites (P1-A01-1/PH3.csv)")
    assert {site.state for site in result.sites} == {SiteState.COMPLETE}
    assert {site.reason for site in result.sites} == {""}


def test_a_table_of_half_of_the_sites_is_merged_outer(tmp_path: Path):
    result, frame = both([with_table(SITES[0], 2), with_table(SITES[1], 1), *SITES[2:]], tmp_path)
    assert wells_of(frame) == ["A01", "A02", "A03", "A04"]
    values = frame["Ph3_AreaShape_Area"]
    assert values.tolist()[:2] == [10.5, 7.0]
    assert values.isna().tolist() == [False, False, True, True]
    assert {site.state for site in result.sites} == {SiteState.COMPLETE}
    assert [site.reason for site in result.sites] == [*[""] * 2, *["there is no Ph3.csv"] * 2]


def test_a_named_table_is_required_of_sites_and_wells(tmp_path: Path):
    named = ("cells", "cytoplasm", "nuclei", "PH3")
    result = collate(
        [with_table(SITES[0], 2), with_table(SITES[1], 0), SITES[2]],
        tmp_path,
        options=CollateOptions(compartments=named),
        aggregate=AggregateOptions("mean", compartments=named),
    )
    assert wells_of(result.aggregate) == ["A01"]
    wells = {well.well: well for well in result.wells}
    assert wells["A02"].state is WellState.INCOMPLETE
    assert wells["A02"].reason == "objects in Cells, Cytoplasm, Nuclei, and no object in Ph3"
    assert result.sites[2].state is SiteState.MISSING_OBJECT_CSV
    assert wells["A03"].state is WellState.NO_OBJECTS


def test_the_order_of_sites_and_a_sample_of_their_headers_change_nothing(tmp_path: Path):
    folders = [with_table(made_site(f"A{n:02d}"), 1) if n > 13 else made_site(f"A{n:02d}")
               for n in range(1, 25)]  # fmt: skip
    whole = survey_headers(folders)
    some = survey_sample(folders[::-1], size=4)
    assert some.sampled
    assert table_choice(some.presence, None) == table_choice(whole.presence, None)
    assert table_choice(whole.presence, None).rare == ("Ph3",)


def test_a_table_that_the_images_count_is_there_where_it_has_no_object(tmp_path: Path):
    folders: list[MadeFolder] = []
    for at, site in enumerate(SITES):
        image = site.read("Image.csv").replace(b"Count_Cells", b"Count_PH3,Count_Cells")
        image = image.replace(b"\r\n3.0", f"\r\n{0 if at else 2},3.0".encode())
        folders.append(with_table(site.with_file("Image.csv", image), 0 if at else 2))
    _, frame = both(folders, tmp_path)
    assert wells_of(frame) == ["A01", "A02", "A03", "A04"]
    assert frame["Ph3_AreaShape_Area"].isna().tolist() == [False, True, True, True]


def test_without_the_usual_tables_the_one_that_most_sites_have_is_required(tmp_path: Path):
    bare = [site.without("Cells.csv", "Cytoplasm.csv", "Nuclei.csv") for site in SITES]
    folders = [with_table(site, 2, "Worms.csv") for site in bare]
    folders[:2] = [with_table(folder, 1, "Eggs.csv") for folder in folders[:2]]
    _, frame = both(folders, tmp_path)
    assert wells_of(frame) == ["A01", "A02", "A03", "A04"]
    assert frame["Metadata_Object_Count"].tolist() == [2, 2, 2, 2]
    assert frame["Eggs_AreaShape_Area"].isna().tolist() == [False, False, True, True]


TABLES = ("Cells", "Cytoplasm", "Nuclei", "Ph3", "Vacuoles", "Cells_cellpose3")
PRESENT = st.dictionaries(
    st.frozensets(st.sampled_from(TABLES)), st.integers(1, 50), min_size=1, max_size=6
)


@given(PRESENT, st.none() | st.lists(st.sampled_from(TABLES), min_size=1, unique=True))
def test_every_table_is_aggregated_or_named_as_left_out(
    present: dict[frozenset[str], int], named: list[str] | None
):
    tables = frozenset[str]().union(*present)
    presence = counted(present, tables)
    choice = table_choice(presence, named)
    assert set(choice.tables) | set(choice.rare) == (tables if named is None else tables & {*named})
    assert choice.required <= set(choice.tables)
    assert bool(choice.required) == bool(choice.tables)
    for table in choice.tables:
        usual = table in ("Cells", "Cytoplasm", "Nuclei")
        assert usual <= (table in choice.required)
        assert usual or named or table in choice.required or table in presence.common
    if named is None:
        assert required_tables(presence, None) == choice.required


@pytest.mark.parametrize("fault", [b"", b"garbage", HEADER[:-9], HEADER + b"x,1,2\r\n"])
def test_a_fault_in_a_further_table_drops_no_object_of_others(fault: bytes, tmp_path: Path):
    folders = [with_table(site, 2) for site in SITES]
    folders[1] = folders[1].with_file("PH3.csv", fault)
    result, frame = both(folders, tmp_path)
    assert wells_of(frame) == ["A01", "A02", "A03", "A04"]
    record = result.sites[1]
    assert record.state is SiteState.PARTIAL
    assert "PH3.csv" in record.reason
    kept = {table: rows for table, rows in record.objects_kept.items() if rows}
    assert kept == {"Cells": 3, "Cytoplasm": 3, "Nuclei": 3}
