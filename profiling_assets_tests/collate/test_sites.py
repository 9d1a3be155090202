"""Each state of a site, and the rule objects in = kept + dropped."""

import zlib
from pathlib import Path

import pytest

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.errors import DefectiveSiteError, InvalidInputError
from profiling_assets.workspace.ledger import SiteRecord, SiteState, WellState, site_ledger_frame
from profiling_assets.workspace.sites import ExpectedSite
from profiling_assets_tests.collate.support import (
    KEY,
    MEAN,
    MadeFolder,
    collate,
    csv_text,
    made_site,
    stored_tables,
)

TABLES = ("Cells", "Cytoplasm", "Nuclei")


def record_of(result: CollateResult, folder: str) -> SiteRecord:
    (record,) = [record for record in result.sites if record.folder == folder]
    return record


def one_of_three(damaged: MadeFolder) -> list[MadeFolder]:
    return [made_site("A01"), made_site("A02"), damaged]


def cut(folder: MadeFolder, file: str, characters: int) -> MadeFolder:
    return folder.with_file(file, folder.read(file)[:-characters])


def header_only(folder: MadeFolder, file: str) -> MadeFolder:
    return folder.with_file(file, folder.read(file).splitlines(keepends=True)[0])


SITE = made_site("B01", cells=4)


def test_a_complete_site_is_kept_whole_and_needs_no_reason(tmp_path: Path):
    result = collate([made_site("A01", cells=3)], tmp_path)
    (record,) = result.sites
    assert record == SiteRecord(
        "P1-A01-1", "A01", "1", SiteState.COMPLETE, "", 1, 1,
        dict.fromkeys(TABLES, 3), dict.fromkeys(TABLES, 3),
    )  # fmt: skip
    assert result.warnings == ()


def test_header_only_object_csvs_are_a_site_without_cells(tmp_path: Path):
    damaged = SITE
    for table in TABLES:
        damaged = header_only(damaged, f"{table}.csv")
    damaged = damaged.with_file("Image.csv", SITE.read("Image.csv").replace(b"4.0", b"0.0"))
    result = collate(one_of_three(damaged), tmp_path)
    record = record_of(result, SITE.name)
    assert record.state is SiteState.ZERO_CELLS
    assert (record.image_rows_kept, record.objects_kept) == (1, dict.fromkeys(TABLES, 0))
    assert len(stored_tables(tmp_path / "backend.sqlite")["Image"].rows) == 3
    wells = {well.well: well for well in result.wells}
    assert wells["B01"].state is WellState.NO_OBJECTS
    assert wells["B01"].sites == 1
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Well"].tolist() == ["A01", "A02"]


def test_an_image_that_failed_quality_control_keeps_its_row_with_nulls(tmp_path: Path):
    short = csv_text(
        ["ImageNumber", "Metadata_Plate", "Metadata_Site", "Metadata_Well"], [[99, "P1", 1, "A00"]]
    ).replace("A00", "B01")
    failed = MadeFolder(SITE.name, {**SITE.contents, "Image.csv": short.encode()})
    result = collate(one_of_three(failed), tmp_path)
    record = record_of(result, SITE.name)
    assert record.state is SiteState.QC_FLAGGED
    assert "Image.csv lacks 3 of 7 columns" in record.reason
    image = stored_tables(tmp_path / "backend.sqlite")["Image"]
    names = [name for name, _ in image.columns]
    assert names.index("Count_Cells") == 1  # the order of the complete sites, not the short one's
    assert image.rows[2][names.index("Granularity_1_DNA")] is None


def test_a_short_image_file_without_any_object_csv_failed_quality_control(tmp_path: Path):
    image = csv_text(
        ["ImageNumber", "Metadata_Plate", "Metadata_Site", "Metadata_Well"], [[99, "P1", 1, "B01"]]
    )
    result = collate(one_of_three(MadeFolder(SITE.name, {"Image.csv": image.encode()})), tmp_path)
    record = record_of(result, SITE.name)
    assert record.state is SiteState.QC_FLAGGED
    assert "no object CSV" in record.reason


TRUNCATED_HEADER = b"ImageNumber,ObjectNumber,AreaSh"
UTF16 = "ImageNumber,ObjectNumber\r\n1,1\r\n".encode("utf-16")
WHOLE: dict[str, int] = dict.fromkeys(TABLES, 4)
CELLS = SITE.read("Cells.csv")

Damaged = tuple[MadeFolder, SiteState, str, dict[str, int]]


def with_cells(data: bytes, state: SiteState, reason: str, cells: int = 4) -> Damaged:
    return SITE.with_file("Cells.csv", data), state, reason, {**WHOLE, "Cells": cells}


def without(*tables: str) -> Damaged:
    left = {table: 4 for table in TABLES if table not in tables}
    files = [f"{table}.csv" for table in tables]
    return SITE.without(*files), SiteState.MISSING_OBJECT_CSV, f"{files[-1]} is missing", left


RAGGED, EMPTY, TRUNCATED = SiteState.RAGGED, SiteState.EMPTY, SiteState.TRUNCATED
DEFECTS: dict[str, Damaged] = {
    "one missing": without("Cells"),
    "all missing": without(*TABLES),
    "cut in a line": with_cells(CELLS[:-12], TRUNCATED, "Cells.csv is cut off in data row 4"),
    "cut in the header": with_cells(
        TRUNCATED_HEADER, TRUNCATED, "Cells.csv is cut off in its header", 0
    ),
    "zero bytes": with_cells(b"", EMPTY, "Cells.csv is empty", 0),
    "blank lines": with_cells(b"\r\n\r\n", EMPTY, "Cells.csv is empty", 0),
    "field lost": with_cells(
        CELLS.replace(b",100,", b",", 1), RAGGED, "in data row 1: 3 fields, the header has 4"
    ),
    "field too many": with_cells(
        CELLS.replace(b",100,", b",100,100,", 1), RAGGED, "5 fields, the header has 4"
    ),
    "NUL bytes": with_cells(CELLS[:-8] + b"\0" * 8, RAGGED, "Cells.csv has NUL bytes"),
    "UTF-16": with_cells(UTF16, RAGGED, "UTF-16", 1),
    "column twice": with_cells(
        CELLS.replace(b"Intensity_Mean", b"areashape_area"),
        RAGGED,
        "Cells.csv has columns of one name with different values: AreaShape_Area, areashape_area",
    ),
    "no key": with_cells(
        CELLS.replace(b"ObjectNumber", b"Number"), RAGGED, "Cells.csv has no column ObjectNumber"
    ),
    "no image": with_cells(
        CELLS.replace(b"20101,3", b",3"),
        RAGGED,
        "Cells.csv has no whole ImageNumber in data row 3",
    ),
    "open quote": with_cells(CELLS.replace(b",200,", b',"200,', 1), RAGGED, "wrong number"),
    "both cases": (
        SITE.with_file("cells.csv", CELLS),
        RAGGED,
        "cells.csv and Cells.csv make the same table",
        WHOLE,
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defective_object_csv_keeps_the_image_row_and_drops_the_objects(
    name: str, tmp_path: Path
):
    damaged, state, reason, found = DEFECTS[name]
    result = collate(one_of_three(damaged), tmp_path)
    record = record_of(result, SITE.name)
    assert (record.state, record.objects_in) == (state, found)
    assert reason in record.reason
    assert set(record.objects_kept.values()) <= {0}
    assert (record.image_rows_in, record.image_rows_kept) == (1, 1)
    tables = stored_tables(tmp_path / "backend.sqlite")
    assert [len(tables[table].rows) for table in ("Image", *TABLES)] == [3, 6, 6, 6]
    assert any(state.value in warning for warning in result.warnings)


@pytest.mark.parametrize("name", DEFECTS)
def test_on_defective_site_fail_names_site_and_file_and_leaves_nothing(name: str, tmp_path: Path):
    damaged, state, reason, _ = DEFECTS[name]
    with pytest.raises(DefectiveSiteError) as caught:
        collate(
            one_of_three(damaged),
            tmp_path,
            options=CollateOptions(on_defective_site="fail"),
            parquet=True,
        )
    assert SITE.name in str(caught.value)
    assert state.value in str(caught.value)
    assert reason in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_on_defective_site_fail_names_every_defective_site(tmp_path: Path):
    folders = [made_site(f"A{n:02d}").without("Cells.csv") for n in range(2, 12)]
    with pytest.raises(DefectiveSiteError, match="10 sites are defective") as caught:
        collate(
            [made_site("A01"), *folders], tmp_path, options=CollateOptions(on_defective_site="fail")
        )
    assert all(folder.name in caught.value.what for folder in folders)


def test_missing_and_unexpected_sites_are_no_reason_to_fail(tmp_path: Path):
    expected = [ExpectedSite("A01", "1"), ExpectedSite("H12", "1")]
    result = collate(
        [made_site("A01"), made_site("B01")],
        tmp_path,
        expected=expected,
        options=CollateOptions(on_defective_site="fail"),
    )
    assert [record.state.value for record in result.sites] == ["complete", "unexpected", "missing"]


UNREADABLE = {
    "zero bytes": (b"", "Image.csv is empty", 0),
    "header only": (SITE.read("Image.csv").splitlines(keepends=True)[0], "Image.csv has no row", 0),
    "ragged": (SITE.read("Image.csv")[:-3] + b",1\r\n", "wrong number of fields", 1),
    "cut": (SITE.read("Image.csv")[:-12], "Image.csv is cut off in data row 1", 1),
    "NUL": (SITE.read("Image.csv") + b"\0\0", "Image.csv has NUL bytes", 1),
    "no ImageNumber": (b"Metadata_Well\r\nB01\r\n", "Image.csv has no column ImageNumber", 1),
    "number twice": (b"ImageNumber,Metadata_Well\r\n7,B01\r\n7,B01\r\n", "of its own", 2),
    "column twice": (
        b"ImageNumber,A,a\r\n7,1,2\r\n",
        "columns of one name with different values: A, a",
        1,
    ),
    "web page": (b"<html>\n<body>404</body>\n</html>\n", "a web page", 2),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_site_whose_image_file_cannot_be_read_is_dropped_and_counted(name: str, tmp_path: Path):
    data, reason, rows = UNREADABLE[name]
    result = collate(one_of_three(SITE.with_file("Image.csv", data)), tmp_path)
    record = record_of(result, SITE.name)
    assert (record.state, record.well, record.site) == (SiteState.UNREADABLE, "B01", "1")
    assert reason in record.reason
    assert (record.image_rows_in, record.image_rows_kept) == (rows, 0)
    assert (record.objects_in["Cells"], record.objects_kept["Cells"]) == (4, 0)
    assert result.tables["Image"].rows == 2


def test_a_plate_without_one_usable_image_row_is_an_error(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="none of 1 folders"):
        collate([SITE.with_file("Image.csv", b"")], tmp_path)
    header = SITE.read("Image.csv").splitlines(keepends=True)[0]
    with pytest.raises(InvalidInputError, match="no Image row of 1 sites can be used"):
        collate([SITE.with_file("Image.csv", header)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_last_line_without_its_line_end_is_whole_if_it_has_all_fields(tmp_path: Path):
    result = collate(one_of_three(cut(SITE, "Cells.csv", 2)), tmp_path)
    record = record_of(result, SITE.name)
    assert (record.state, record.objects_kept["Cells"]) == (SiteState.COMPLETE, 4)
    assert record.reason == "Cells.csv has no line end after its last row"


def test_a_file_cut_between_two_lines_is_remarked_by_the_count_in_the_image_file(tmp_path: Path):
    lines = SITE.read("Cells.csv").splitlines(keepends=True)
    result = collate(one_of_three(SITE.with_file("Cells.csv", b"".join(lines[:3]))), tmp_path)
    assert record_of(result, SITE.name).reason == "Cells has 2 rows, Image.csv counts 4"


def test_a_folder_without_an_image_file_is_missing_and_its_objects_are_counted(tmp_path: Path):
    expected = [ExpectedSite(well, "1") for well in ("A01", "A02", "B01")]
    result = collate(one_of_three(SITE.without("Image.csv")), tmp_path, expected=expected)
    record = record_of(result, SITE.name)
    assert (record.state, record.well) == (SiteState.MISSING, "B01")
    assert (record.objects_in["Cells"], record.objects_kept["Cells"]) == (4, 0)
    assert len(result.sites) == 3  # once, not once more for the load data


def test_an_expected_site_without_a_folder_is_missing_and_its_well_has_no_sites(tmp_path: Path):
    expected = [ExpectedSite("A01", "1"), ExpectedSite("a2", "01"), ExpectedSite("C07", "1")]
    result = collate([made_site("A01"), made_site("A02")], tmp_path, expected=expected)
    assert [r.state.value for r in result.sites] == ["complete", "complete", "missing"]
    assert (result.sites[2].folder, result.sites[2].well, result.sites[2].site) == ("", "C07", "1")
    wells = {well.well: well.state.value for well in result.wells}
    assert wells == {"A01": "profile", "A02": "profile", "C07": "no_sites"}


def test_an_unexpected_site_is_ingested_with_a_warning(tmp_path: Path):
    expected = [ExpectedSite("A01", "1"), ExpectedSite("A2", "1")]
    result = collate(one_of_three(SITE), tmp_path, expected=expected)
    record = record_of(result, SITE.name)
    assert record.state is SiteState.UNEXPECTED
    assert record.objects_kept["Cells"] == 4
    assert f"1 site is unexpected: {SITE.name}" in result.warnings


def test_of_two_byte_identical_image_files_the_first_in_sorted_order_is_kept(tmp_path: Path):
    twin = SITE.renamed("P1-C05-1")
    result = collate([twin, *one_of_three(SITE)], tmp_path)
    record = record_of(result, "P1-C05-1")
    assert record.state is SiteState.DUPLICATE
    assert SITE.name in record.reason
    assert (record.objects_in["Cells"], record.objects_kept["Cells"]) == (4, 0)
    assert (record.image_rows_in, record.image_rows_kept) == (1, 0)
    assert record_of(result, SITE.name).state is SiteState.COMPLETE


def with_crc(data: bytes, crc: int) -> bytes:
    """Return the data with 4 free bytes before the last 2, so that the CRC-32 is as wanted."""
    # CRC-32 is affine: the 32 bits of the free bytes solve 32 linear equations.
    head, tail = data[:-6], data[-2:]
    base = zlib.crc32(head + bytes(4) + tail)
    rows = [
        (zlib.crc32(head + (1 << bit).to_bytes(4, "little") + tail) ^ base, 1 << bit)
        for bit in range(32)
    ]
    want, free = base ^ crc, 0
    for bit in range(31, -1, -1):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            continue
        rows = [
            (row[0] ^ pivot[0], row[1] ^ pivot[1])
            if row[0] >> bit & 1 and row is not pivot
            else row
            for row in rows
            if row is not pivot
        ]
        if want >> bit & 1:
            want, free = want ^ pivot[0], free ^ pivot[1]
    return head + free.to_bytes(4, "little") + tail


def test_two_image_files_with_one_crc_keep_both_sites_and_change_no_other_number(tmp_path: Path):
    first, other = made_site("A01"), made_site("A02")
    crc = zlib.crc32(first.read("Image.csv"))
    for attempt in range(500):
        # The free bytes must be text: letters of Latin-1 without comma, quote, control characters
        text = csv_text(
            ["ImageNumber", "Metadata_Plate", "Metadata_Site", "Metadata_Well", "Metadata_Note"],
            [[777, "P1", 1, "B07", f"{attempt:04d}free"]],
        )
        forged = with_crc(text.encode(), crc)
        free = forged[-6:-2]
        if all(byte > 0xA0 or chr(byte).isalnum() for byte in free):
            break
    else:
        pytest.fail("no free bytes found")
    assert zlib.crc32(forged) == crc
    twin = MadeFolder("P1-B07-1", {**made_site("B07").contents, "Image.csv": forged})
    for table in TABLES:
        text = twin.read(f"{table}.csv").replace(b"20701,", b"777,")
        twin = twin.with_file(f"{table}.csv", text)
    result = collate([twin, first, other], tmp_path)
    tables = stored_tables(tmp_path / "backend.sqlite")
    numbers = [row[0] for row in tables["Image"].rows]
    assert numbers == [crc, zlib.crc32(other.read("Image.csv")), crc + 2**32]
    assert [row[0] for row in tables["Cells"].rows] == [n for n in numbers for _ in range(3)]
    assert any("have one CRC-32" in warning for warning in result.warnings)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Object_Count"].tolist() == [3, 3, 3]
    assert result.aggregate["Metadata_Well"].tolist() == ["A01", "A02", "B07"]


def test_a_folder_of_a_whole_well_has_a_record_for_each_image(tmp_path: Path):
    header = ["ImageNumber", "Metadata_Plate", "Metadata_Well", "Metadata_Site", "Granularity_1"]
    images = csv_text(header, [[n, "P1", "A01", n, n / 2] for n in (1, 2, 3)])
    objects = ["ImageNumber", "ObjectNumber", "AreaShape_Area"]
    rows = [[1, 1, 10.5], [1, 2, 11.5], [3, 1, 12.5], [9, 1, 99.5]]
    contents = {"Image.csv": images.encode()}
    contents |= {f"{table}.csv": csv_text(objects, rows).encode() for table in TABLES}
    result = collate([MadeFolder("P1-A01", contents)], tmp_path)
    assert [record.site for record in result.sites] == ["1", "2", "3"]
    # the row of image 9, which Image.csv lacks, is kept as the reference keeps it, and is remarked
    assert [record.objects_in["Cells"] for record in result.sites] == [3, 0, 1]
    assert "1 rows of Cells name an image that Image.csv lacks" in result.sites[0].reason
    assert result.cells == 4
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Site_Count"].tolist() == [3]
    assert result.aggregate["Metadata_Object_Count"].tolist() == [3]
    assert result.aggregate["Cells_AreaShape_Area"].tolist() == [11.5]


def test_objects_in_are_objects_kept_plus_dropped_on_a_plate_of_every_state(tmp_path: Path):
    folders = [made_site("A01"), made_site("A02"), made_site("A03")]
    for number, (damaged, *_) in enumerate(DEFECTS.values(), start=1):
        image = made_site("B01", number, cells=4).read("Image.csv")
        folders.append(damaged.renamed(f"P1-B{number:02d}-1").with_file("Image.csv", image))
    folders.append(SITE.with_file("Image.csv", b"").renamed("P1-C01-1"))
    result = collate(folders, tmp_path)
    ledger = site_ledger_frame(result.sites)
    for table in TABLES:
        kept, found = ledger[f"{table}_kept"].tolist(), ledger[f"{table}_in"].tolist()
        assert all(k in (0, f) for k, f in zip(kept, found, strict=True))
        assert sum(kept) == result.tables[table].rows == 9
    assert sum(ledger["image_rows_kept"].tolist()) == result.tables["Image"].rows


def test_a_well_without_a_profile_is_told_by_its_sites(tmp_path: Path):
    emptied = made_site("B01").with_file("Cells.csv", b"")
    lost = made_site("C01").with_file("Image.csv", b"")
    result = collate([made_site("A01"), emptied, lost], tmp_path)
    wells = {well.well: (well.state, well.reason) for well in result.wells}
    assert wells == {
        "A01": (WellState.PROFILE, ""),
        "B01": (
            WellState.NO_OBJECTS,
            "no object in Cells, Cytoplasm, Nuclei; P1-B01-1 is empty",
        ),
        "C01": (WellState.NO_SITES, "no site of it is in the backend; P1-C01-1 is unreadable"),
    }


def test_a_folder_that_is_no_site_folder_is_named_and_passed_over(tmp_path: Path):
    logs = MadeFolder("logs", {"run.txt": b"done"})
    result = collate([made_site("A01"), logs], tmp_path)
    assert [record.folder for record in result.sites] == ["P1-A01-1"]
    assert result.warnings == ("logs is no site folder: it has no CSV",)


def test_one_stray_table_of_one_site_does_not_make_the_others_defective(tmp_path: Path):
    stray = made_site("A01").with_file("PH3.csv", made_site("A01").read("Nuclei.csv"))
    result = collate([stray, made_site("A02"), made_site("A03")], tmp_path)
    assert {record.state for record in result.sites} == {SiteState.COMPLETE}
    assert result.tables["Ph3"].rows == 3


def test_a_csv_that_is_no_object_table_is_named_and_not_read(tmp_path: Path):
    folders = [made_site(well).with_file("Notes.csv", b"a,b\n1,2\n") for well in ("A01", "A02")]
    result = collate(folders, tmp_path)
    assert "Notes" not in result.tables
    assert any("Notes.csv is no object table" in warning for warning in result.warnings)
    assert {record.state for record in result.sites} == {SiteState.COMPLETE}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(end: str, bom: bytes, tmp_path: Path):
    plain = [made_site("A01"), made_site("A02")]
    folders = [
        MadeFolder(
            f.name, {n: bom + d.replace(b"\r\n", end.encode()) for n, d in f.contents.items()}
        )
        for f in plain
    ]
    result = collate(folders, tmp_path / "a")
    reference = collate(plain, tmp_path / "b")
    assert [r.state for r in result.sites] == [SiteState.COMPLETE] * 2
    ours = stored_tables(tmp_path / "a" / "backend.sqlite")
    theirs = stored_tables(tmp_path / "b" / "backend.sqlite")
    for table in ours:
        assert ours[table].columns == theirs[table].columns
        assert [r[1:] for r in ours[table].rows] == [r[1:] for r in theirs[table].rows]
    assert result.aggregate is not None
    assert reference.aggregate is not None
    assert result.aggregate.equals(reference.aggregate)


def test_progress_tells_folders_done_and_folders_in_all(tmp_path: Path):
    seen: list[tuple[int, int]] = []
    collate_plate(
        KEY, [made_site("A01"), made_site("A02")], None, CollateOptions(),
        sqlite_file=None, parquet_folder=None, aggregate=MEAN, path="analysis",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(1, 2), (2, 2)]


def _well_written(folder: MadeFolder, well: str, as_: str) -> MadeFolder:
    image = folder.contents["Image.csv"].decode()
    assert f",{well}," in image
    return folder.with_file("Image.csv", image.replace(f",{well},", f",{as_},"))


@pytest.mark.parametrize("other", ["B01\t", " B01", "b01", "B1"])
def test_a_well_written_in_two_ways_is_one_well_with_one_profile(other: str, tmp_path: Path):
    sites = [made_site("B01", 1), made_site("B01", 2), made_site("C01", 1)]
    same = collate(sites, tmp_path / "same")
    mixed = collate([sites[0], _well_written(sites[1], "B01", other), sites[2]], tmp_path / "mixed")
    assert same.aggregate is not None
    assert mixed.aggregate is not None
    assert mixed.aggregate["Metadata_Well"].tolist() == ["B01", "C01"]
    assert mixed.aggregate.equals(same.aggregate)
    assert [record.well for record in mixed.sites] == ["B01", "B01", "C01"]
    images = [
        stored_tables(tmp_path / name / "backend.sqlite")["Image"] for name in ("same", "mixed")
    ]
    place = [name for name, _ in images[0].columns].index("Metadata_Well")
    assert [row[place] for row in images[1].rows] == [row[place] for row in images[0].rows]
    told = [text for text in mixed.warnings if "in two ways" in text]
    assert bool(told) == (other.strip() != "B01")


def test_a_plate_whose_wells_are_all_written_alike_keeps_their_spelling(tmp_path: Path):
    sites = [_well_written(made_site("B01", n), "B01", "b1") for n in (1, 2)]
    result = collate(sites, tmp_path)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Well"].tolist() == ["b1"]
    assert not [text for text in result.warnings if "in two ways" in text]
