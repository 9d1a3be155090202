import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError, PlateMapError
from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.column_kinds import is_count, is_metadata
from profiling_assets.profiles.excluded_wells import Exclusions, read_exclusions
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    read_external_metadata,
    read_plate_map,
)
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import profiles_csv, read_profiles
from profiling_assets.workspace.ledger import WellState, count_states
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

KEY = PlateKey("B1", "000123")
JOIN = {
    "well_column": "Metadata_Well",
    "platemap_well_column": "Metadata_well_position",
    "key": KEY,
}


def plate_map(*rows: str, header: str = "plate_map_name,well_position,broad_sample") -> PlateMap:
    return read_plate_map("\n".join([header, *rows]).encode(), path="metadata/M.txt")


def profiles(*wells: str) -> pd.DataFrame:
    lines = ["Metadata_Plate,Metadata_Well,Metadata_Site_Count,Metadata_Object_Count,Cells_a"]
    lines += [f"000123,{well},9,{10 * number},{number}.5" for number, well in enumerate(wells, 1)]
    return read_profiles("\n".join(lines).encode(), path="p")


def external(*rows: str, merge_column: str = "broad_sample") -> ExternalMetadata:
    data = "\n".join(["broad_sample\tgene\tcontrol_type", *rows]).encode()
    path = "metadata/external_metadata/e.tsv"
    return ExternalMetadata(path, read_external_metadata(data, path=path), merge_column)


def test_a_published_plate_annotated_again_is_the_published_table() -> None:
    plate = "2025_01_28_B14A7A8P2_T4"
    folder = shared_data("profiles", "varchamp_batch14")
    published = read_profiles((folder / f"{plate}_augmented.csv.gz").read_bytes(), path="p")
    own = [
        name
        for name in published.columns
        if name in {"Metadata_Plate", "Metadata_Well"} or is_count(name) or not is_metadata(name)
    ]
    shuffled = published.loc[:, own].sample(frac=1, random_state=1)
    the_map = read_plate_map((folder / f"{plate}.platemap.txt").read_bytes(), path="m")
    result = annotate_profiles(shuffled, the_map, **JOIN, external=None)
    # the one difference: the recipe read this id as a number and rounded it
    rounded = published["Metadata_orf_id_wt"] == "4.0081e+07"
    assert set(result.frame.loc[rounded, "Metadata_orf_id_wt"]) == {"40080645"}
    result.frame.loc[rounded, "Metadata_orf_id_wt"] = "4.0081e+07"
    pd.testing.assert_frame_equal(result.frame, published, check_exact=True)
    assert count_states(result.wells) == {"profile": 330}


@given(
    st.permutations([f"{row}{column:02d}" for row in "ABC" for column in (1, 2, 3)]),
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_on_clean_inputs_the_result_is_that_of_pycytominer(
    wells: list[str], with_profile: int, in_map: int, more: bool
) -> None:
    frame = profiles(*wells[:with_profile])
    the_map = plate_map(*(f"M,{well},s{number % 3}" for number, well in enumerate(wells[-in_map:])))
    table = external("s0\tg0\tnegcon", "s1\tg1\ttrt", "s2\tg2\ttrt") if more else None
    if not set(wells[:with_profile]) & set(wells[-in_map:]):
        with pytest.raises(PlateMapError, match="no well of B1/000123 is in the plate map"):
            annotate_profiles(frame, the_map, **JOIN, external=table)
        return
    expected = reference().annotate(
        profiles=frame,
        platemap=the_map.frame,
        join_on=["Metadata_well_position", "Metadata_Well"],
        external_metadata=None if table is None else table.frame,
        external_join_on=None if table is None else ["Metadata_broad_sample"],
    )
    result = annotate_profiles(frame, the_map, **JOIN, external=table)
    pd.testing.assert_frame_equal(result.frame, expected)


def test_several_tables_are_joined_one_after_the_other_as_pycytominer_joins_each() -> None:
    frame, the_map = profiles("A01", "A02", "B01"), plate_map("M,A01,s0", "M,A02,s1", "M,B01,s2")
    first = external("s0\tg0\tnegcon", "s1\tg1\ttrt")
    data = b"symbol\ttype\tclass\ng0\tnegcon\tkinase\ng1\tnegcon\tno\n"
    second = ExternalMetadata(
        "x.tsv",
        read_external_metadata(data, path="x.tsv"),
        ("gene", "control_type"),
        ("symbol", "type"),
    )
    one = reference().annotate(
        profiles=frame,
        platemap=the_map.frame,
        join_on=["Metadata_well_position", "Metadata_Well"],
        external_metadata=first.frame,
        external_join_on=["Metadata_broad_sample"],
    )
    named = second.frame.rename(
        columns={"symbol": "Metadata_gene", "type": "Metadata_control_type"}
    )
    expected = one.merge(
        named.rename(columns={"class": "Metadata_class"}),
        on=["Metadata_gene", "Metadata_control_type"],
        how="left",
    )
    result = annotate_profiles(frame, the_map, **JOIN, external=[first, second])
    texts = [name for name in expected.columns if expected[name].dtype == "str"]
    expected = expected.fillna(dict.fromkeys(texts, ""))
    names = sorted(expected)
    pd.testing.assert_frame_equal(result.frame.loc[:, names], expected.loc[:, names])
    assert result.frame["Metadata_class"].tolist() == ["kinase", "", ""]
    assert any("no row for 1 gene and control_type: g1 and trt" in w for w in result.warnings)


def test_columns_of_one_name_in_three_tables_all_stay_and_are_told() -> None:
    frame, the_map = profiles("A01"), plate_map("M,A01,s0")
    tables = [external("s0\tg0\tnegcon"), external("s0\tg1\ttrt"), external("s0\tg2\ttrt")]
    result = annotate_profiles(frame, the_map, **JOIN, external=tables)
    genes = {name: result.frame[name].item() for name in result.frame if "gene" in name}
    assert genes == {
        "Metadata_gene": "g0",
        "Metadata_gene_external": "g1",
        "Metadata_gene_external2": "g2",
    }
    assert any("its column gene is called Metadata_gene_external2" in w for w in result.warnings)


def test_what_holds_for_the_plate_joins_it_and_the_plate_map_s_own_column_stays() -> None:
    plate = {"Metadata_time_point": "24", "Metadata_broad_sample": "other"}
    result = annotate_profiles(
        profiles("A01", "A02"),
        plate_map("M,A01,s0", "M,A02,s1"),
        **JOIN,
        external=None,
        of_plate=plate,
        add_batch=True,
    )
    assert result.frame["Metadata_time_point"].tolist() == ["24", "24"]
    assert result.frame["Metadata_Batch"].tolist() == ["B1", "B1"]
    assert result.frame["Metadata_broad_sample"].tolist() == ["s0", "s1"]
    assert any("differ in it; the plate map's is taken" in w for w in result.warnings)


def test_unpadded_and_lower_case_wells_join_and_the_profile_keeps_its_own_text() -> None:
    result = annotate_profiles(
        profiles("A01", "a2", "B003"),
        plate_map("M,b3,x", "M,A1,y", "M,A02,z"),
        **JOIN,
        external=None,
    )
    assert result.frame["Metadata_Well"].tolist() == ["B003", "A01", "a2"]
    assert result.frame["Metadata_broad_sample"].tolist() == ["x", "y", "z"]
    assert "Metadata_well_position" not in result.frame


def test_names_that_are_no_wells_join_as_they_stand() -> None:
    result = annotate_profiles(
        profiles("chamber 1", "A01"), plate_map("M, chamber 1 ,x"), **JOIN, external=None
    )
    assert result.frame["Metadata_Well"].tolist() == ["chamber 1"]


def test_wells_on_one_side_only_are_in_the_books_with_their_cells() -> None:
    result = annotate_profiles(
        profiles("A01", "H12"), plate_map("M,a1,x", "M,C3,y"), **JOIN, external=None
    )
    books = [(well.well, well.state, well.sites, well.cells) for well in result.wells]
    assert books == [
        ("A01", WellState.PROFILE, 9, 10),
        ("C3", WellState.NO_PROFILE, 0, 0),
        ("H12", WellState.NOT_IN_PLATE_MAP, 9, 20),
    ]
    assert result.warnings == ("1 well is not in metadata/M.txt and is dropped: H12",)
    assert len(result.frame) == 1


def test_no_well_in_common_is_an_error_that_names_the_plate_map() -> None:
    with pytest.raises(PlateMapError, match="have A01, the plate map has B02") as caught:
        annotate_profiles(profiles("A01"), plate_map("M,B2,x"), **JOIN, external=None)
    assert caught.value.path == "metadata/M.txt"


def test_the_plate_name_stays_text_through_the_file() -> None:
    result = annotate_profiles(profiles("A01"), plate_map("M,A1,007"), **JOIN, external=None)
    again = read_profiles(profiles_csv(result.frame, float_format="%.5g", gzip=True), path="p")
    pd.testing.assert_frame_equal(again, result.frame)
    assert again.loc[0, ["Metadata_Plate", "Metadata_broad_sample"]].tolist() == ["000123", "007"]


def test_one_name_for_both_well_columns_gives_one_column_at_the_plate_maps_place() -> None:
    the_map = read_plate_map(b"plate_map_name,Well,x\nM,a1,1\n", path="m", well_column="Well")
    both = {**JOIN, "platemap_well_column": "Metadata_Well"}
    frame = annotate_profiles(profiles("A01"), the_map, **both, external=None).frame
    assert frame.loc[0, "Metadata_Well"] == "A01"
    assert list(frame.columns)[:4] == [
        "Metadata_plate_map_name",
        "Metadata_Well",
        "Metadata_x",
        "Metadata_Plate",
    ]


def test_image_metadata_columns_get_their_usual_names() -> None:
    frame = profiles("A01").rename(
        columns=lambda name: name.replace("Metadata_W", "Image_Metadata_W")
    )
    image = {**JOIN, "well_column": "Image_Metadata_Well"}
    result = annotate_profiles(frame, plate_map("M,A1,x"), **image, external=None)
    assert result.frame.loc[0, "Metadata_Well"] == "A01"


def test_a_plate_map_column_that_the_profile_has_too_gets_a_suffix() -> None:
    the_map = plate_map("M,A1,P9", header="plate_map_name,well_position,Plate")
    frame = annotate_profiles(profiles("A01"), the_map, **JOIN, external=None).frame
    assert frame.loc[0, ["Metadata_Plate_platemap", "Metadata_Plate"]].tolist() == ["P9", "000123"]


def test_a_table_with_a_row_a_site_keeps_every_row() -> None:
    result = annotate_profiles(
        profiles("A01", "A01", "A02"), plate_map("M,A2,x", "M,A1,y"), **JOIN, external=None
    )
    assert result.frame["Cells_a"].tolist() == [3.5, 1.5, 2.5]
    assert [(well.sites, well.cells) for well in result.wells] == [(9, 30), (9, 30)]


def test_external_metadata_join_with_or_without_the_prefix_and_an_empty_key_too() -> None:
    the_map = plate_map("M,A1,s1", "M,A2,", "M,A3,s9")
    rows = ("s1\tg1\t", "\tDMSO\tnegcon")
    for merge_column in ("broad_sample", "Metadata_broad_sample"):
        result = annotate_profiles(
            profiles("A01", "A02", "A03"),
            the_map,
            **JOIN,
            external=external(*rows, merge_column=merge_column),
        )
        assert result.frame["Metadata_gene"].tolist() == ["g1", "DMSO", ""]
        assert result.frame["Metadata_control_type"].tolist() == ["", "negcon", ""]
        assert result.warnings == (
            "metadata/external_metadata/e.tsv has no row for 1 broad_sample: s9",
        )


def test_an_external_column_that_is_there_already_gets_a_suffix() -> None:
    the_map = plate_map("M,A1,s1,own", header="plate_map_name,well_position,broad_sample,gene")
    frame = annotate_profiles(
        profiles("A01"), the_map, **JOIN, external=external("s1\tg1\ttrt")
    ).frame
    assert frame.loc[0, ["Metadata_gene", "Metadata_gene_external"]].tolist() == ["own", "g1"]


def test_an_external_key_with_two_different_rows_is_an_error_that_names_the_lines() -> None:
    with pytest.raises(PlateMapError, match=r"broad_sample 's1' .* lines 2, 4") as caught:
        annotate_profiles(
            profiles("A01"),
            plate_map("M,A1,s1"),
            **JOIN,
            external=external("s1\tg1\ttrt", "s2\tg\t", "s1\tg2\ttrt"),
        )
    assert caught.value.path == "metadata/external_metadata/e.tsv"


def test_exactly_repeated_external_rows_are_ignored_with_a_warning() -> None:
    file = shared_data(
        "metadata_variants", "external_metadata", "JUMP-Target-2_compound_metadata.tsv"
    )
    table = ExternalMetadata(
        "e", read_external_metadata(file.read_bytes(), path="e"), "broad_sample"
    )
    sample = "BRD-A20697603-001-07-2"
    result = annotate_profiles(profiles("A01"), plate_map(f"M,A1,{sample}"), **JOIN, external=table)
    assert result.frame["Metadata_pert_iname"].tolist() == ["thiostrepton"]
    assert result.frame["Metadata_pubchem_cid"].tolist() == ["101290202"]
    assert result.warnings == ("e: 8 rows repeat another one exactly; ignored",)


def test_an_absent_merge_column_names_the_file_that_lacks_it() -> None:
    frame, the_map = profiles("A01"), plate_map("M,A1,s1")
    with pytest.raises(
        PlateMapError, match="no column sample; the columns are broad_sample"
    ) as caught:
        annotate_profiles(
            frame, the_map, **JOIN, external=external("s1\tg\t", merge_column="sample")
        )
    assert caught.value.path == "metadata/external_metadata/e.tsv"
    with pytest.raises(PlateMapError, match="no column gene to join") as caught:
        annotate_profiles(frame, the_map, **JOIN, external=external("s1\tg\t", merge_column="gene"))
    assert caught.value.path == "metadata/M.txt"


def test_a_wrong_well_column_names_the_config_key() -> None:
    wrong = {**JOIN, "well_column": "Metadata_well"}
    with pytest.raises(InvalidInputError, match="no column Metadata_well") as caught:
        annotate_profiles(profiles("A01"), plate_map("M,A1,s1"), **wrong, external=None)
    assert "annotate.well_column" in str(caught.value)


def test_another_plate_name_in_the_table_is_told() -> None:
    other = {**JOIN, "key": PlateKey("B1", "123")}
    result = annotate_profiles(profiles("A01"), plate_map("M,A1,s1"), **other, external=None)
    assert result.warnings == ("Metadata_Plate of B1/123 says 000123",)


EXCLUDED = "batch\tplate\twell\treason\n"


def _exclusions(*rows: str) -> Exclusions:
    text = EXCLUDED + "".join("\t".join(row.split("|")) + "\n" for row in rows)
    return read_exclusions(text.encode(), KEY, path="metadata/exclusions.tsv")


def test_excluded_wells_are_dropped_and_the_ledger_has_their_reason() -> None:
    excluded = _exclusions("B1|000123|a1|bubble", "B1|000123|H12|out of focus", "B1|000123|B9|x")
    result = annotate_profiles(
        profiles("A1", "B02", "H12"),
        plate_map("M,A01,x", "M,b2,y"),
        **JOIN,
        external=None,
        exclusions=excluded,
    )
    assert result.frame["Metadata_Well"].tolist() == ["B02"]
    assert [(w.well, w.state, w.reason) for w in result.wells] == [
        ("A1", WellState.EXCLUDED, "bubble"),
        ("B02", WellState.PROFILE, ""),
        ("H12", WellState.EXCLUDED, "out of focus"),
    ]
    assert result.warnings == (
        "2 wells are excluded by metadata/exclusions.tsv and are dropped: A01, H12",
        "metadata/exclusions.tsv names 1 wells without a profile: B09",
    )


def test_only_the_lines_of_the_plate_count_and_reasons_of_a_well_are_joined() -> None:
    excluded = _exclusions(
        "B1|000123|A01|bubble", "B1|123|A02|", "B2|000123|A03|x", "B1| 000123 |a1|dry", "B1|P2||"
    )
    assert dict(excluded.wells) == {"A01": "bubble; dry"}
    assert dict(_exclusions().wells) == {}
    commas = b'\xef\xbb\xbfreason,well,plate,batch\r\n"a, b",A1,000123,B1\r\n'
    assert dict(read_exclusions(commas, KEY, path="e").wells) == {"A01": "a, b"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["B1|000123||broken"], "line 2 names plate B1/000123 and no well"),
        (["B1|000123|A1|"], "line 2 gives no reason for well A1 of B1/000123"),
    ],
)
def test_an_exclusion_without_well_or_reason_is_refused_with_its_line(
    rows: list[str], said: str
) -> None:
    with pytest.raises(PlateMapError) as caught:
        _exclusions(*rows)
    assert caught.value.what == said
    assert caught.value.path == "metadata/exclusions.tsv"
    assert caught.value.remedy


def test_exclusions_without_a_column_or_that_leave_no_well_are_refused() -> None:
    with pytest.raises(PlateMapError, match="there is no column reason"):
        read_exclusions(b"batch\tplate\twell\nB1\t000123\tA1\n", KEY, path="e")
    with pytest.raises(PlateMapError, match="no well of B1/000123 is left"):
        annotate_profiles(
            profiles("A1"),
            plate_map("M,A01,x"),
            **JOIN,
            external=None,
            exclusions=_exclusions("B1|000123|A1|x"),
        )


def test_columns_that_would_have_one_name_are_refused_with_the_file() -> None:
    frame, the_map = profiles("A01"), plate_map("M,A01,s0")
    data = b"broad_sample\tx\tMetadata_x\ns0\t1\t2\n"
    table = ExternalMetadata("x.tsv", read_external_metadata(data, path="x.tsv"), "broad_sample")
    with pytest.raises(PlateMapError, match="both be called Metadata_x") as caught:
        annotate_profiles(frame, the_map, **JOIN, external=table)
    assert caught.value.path == "x.tsv"
