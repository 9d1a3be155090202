"""The files of a made-up workspace: places, text formats, defects, sizes."""

import filecmp
import zlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from profiling_assets.demo.from_spec import ground_truth
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.measurement_names import COMPARTMENTS
from profiling_assets.demo.presets import plate_spec, tiny_spec
from profiling_assets.demo.spec import Defect, DefectKind, plate_wells
from profiling_assets.demo.truth import GroundTruth, describe
from profiling_assets.workspace.names import PlateKey, normalized_well
from profiling_assets_tests.demo.reading import (
    all_files,
    defective,
    load_data,
    site_folder,
    texts,
)

FIRST = "2026_03_02_Batch1"
SECOND = "2026_03_09_Batch2"


def test_every_site_has_its_files_and_as_many_objects_as_the_truth_says(demo: GroundTruth):
    for plate in demo.plates:
        for site in plate.sites:
            folder = site_folder(demo, plate, site)
            kind = site.defect.kind if site.defect else None
            if kind is DefectKind.MISSING_SITE:
                assert not folder.exists()
                continue
            names = {"Image.csv", "Experiment.csv", *(f"{c}.csv" for c in COMPARTMENTS)}
            if site.defect and kind is DefectKind.MISSING_CSV:
                names.remove(site.defect.file)
            assert {path.name for path in folder.iterdir()} == names
            for compartment in COMPARTMENTS:
                if f"{compartment}.csv" in names:
                    rows = texts(folder / f"{compartment}.csv")
                    assert tuple(rows[0]) == demo.columns[compartment]
                    assert len(rows) - 1 == site.cells
                    assert {row[0] for row in rows[1:]} <= {str(site.image_number)}
                    assert [row[1] for row in rows[1:]] == [
                        str(n) for n in range(1, site.cells + 1)
                    ]


def test_the_demo_has_the_plates_and_defects_that_the_product_promises_to_handle(demo: GroundTruth):
    assert [str(plate.key) for plate in demo.plates] == [
        *(f"{FIRST}/000123", f"{FIRST}/PL-01-x"),
        *(f"{SECOND}/000123", f"{SECOND}/PL-02-x"),
    ]
    for kind in DefectKind:
        assert defective(demo, kind), kind
    for plate in demo.plates:
        kinds = list(plate.controls.values())
        assert kinds.count("negcon") >= 8
        assert {"negcon", "poscon", "trt"} == set(kinds)


def test_the_site_that_failed_quality_control_sorts_first_and_has_a_short_image_csv(
    demo: GroundTruth,
):
    [(plate, site)] = defective(demo, DefectKind.QC_FAILED)
    folder = site_folder(demo, plate, site)
    assert folder == min(path for path in folder.parent.iterdir())
    short, row = texts(folder / "Image.csv")
    assert set(short) < set(demo.columns["Image"])
    assert not any(name.startswith(("Count_", "Granularity_", "Texture_")) for name in short)
    assert row[short.index("Metadata_QCFlag")] == "1"


def test_a_site_without_cells_has_a_complete_image_csv_that_counts_none(demo: GroundTruth):
    for plate, site in defective(demo, DefectKind.ZERO_CELLS):
        header, row = texts(site_folder(demo, plate, site) / "Image.csv")
        assert tuple(header) == demo.columns["Image"]
        assert row[header.index("Count_Cells")] == "0.0"


def test_the_image_number_is_the_row_of_the_load_data(demo: GroundTruth):
    for plate in demo.plates:
        rows = load_data(demo, plate.key)
        assert len(rows) == len(plate.sites)
        for site in plate.sites:
            expected = rows.iloc[site.image_number - 1]
            assert expected["Metadata_Plate"] == plate.key.plate
            assert expected["Metadata_Well"] == site.well
            assert expected["Metadata_Site"] == site.site
            image = site_folder(demo, plate, site) / "Image.csv"
            if image.exists():
                header, row = texts(image)
                assert row[header.index("ImageNumber")] == str(site.image_number)
                assert row[header.index("Metadata_Plate")] == plate.key.plate
                assert row[header.index("FileName_OrigDNA")] == expected["FileName_OrigDNA"]


def test_no_two_image_csvs_of_a_workspace_have_the_same_crc(demo: GroundTruth):
    images = [p.read_bytes() for p in demo.root.glob("analysis/*/*/analysis/*/Image.csv")]
    assert len({zlib.crc32(image) for image in images}) == len(images)


def test_csvs_are_written_as_cellprofiler_writes_them(tiny: GroundTruth):
    for path in tiny.root.glob("analysis/*/*/analysis/*/*.csv"):
        content = path.read_bytes()
        assert content.endswith(b"\r\n")
        if path.name != "Experiment.csv":
            assert content.count(b"\n") == content.count(b"\r\n")
    seen = {"int": 0, "float": 0, "nan": 0}
    for path in tiny.root.glob("analysis/*/*/analysis/*/Cells.csv"):
        for row in texts(path)[1:]:
            for text in row:
                if text.isdigit():
                    seen["int"] += 1
                else:
                    assert text == repr(float(text)), "the shortest text that reads back equal"
                    seen["nan" if text == "nan" else "float"] += 1
    assert min(seen.values()) > 0


def test_plate_maps_name_every_well_but_the_forgotten_one(demo: GroundTruth):
    for batch in demo.spec.batches:
        folder = demo.root / "metadata" / "platemaps" / batch.name
        barcodes = pd.read_csv(folder / "barcode_platemap.csv", dtype=str)
        assert list(barcodes["Assay_Plate_Barcode"]) == list(batch.plates)
        assert set(barcodes["Plate_Map_Name"]) == {batch.plate_map}
        path = folder / "platemap" / f"{batch.plate_map}.txt"
        plate_map = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        wells = [normalized_well(well) for well in plate_map["well_position"]]
        plate = demo.plate(PlateKey(batch.name, batch.plates[0]))
        assert set(plate.treatments) - set(wells) == set(batch.unmapped_wells)
        for well, sample, kind in zip(
            wells, plate_map["broad_sample"], plate_map["control_type"], strict=True
        ):
            assert well is not None
            assert (plate.treatments[well], plate.controls[well]) == (sample, kind)
        assert plate_map["compound_id"].str.fullmatch("0[0-9]{7}").all()
        assert ("A1" in set(plate_map["well_position"])) is not batch.padded_wells


def test_the_same_specification_gives_the_same_bytes(tiny: GroundTruth, tmp_path: Path):
    again = make_workspace(tmp_path / "again", tiny.spec, processes=2)
    files = all_files(tiny.root)
    assert all_files(again.root) == files
    _, different, unread = filecmp.cmpfiles(tiny.root, again.root, files, shallow=False)
    assert (different, unread) == ([], [])
    assert replace(again, root=tiny.root) == tiny == ground_truth(tiny.root, tiny.spec)


def test_another_seed_gives_other_values(tiny: GroundTruth, tmp_path: Path):
    other = make_workspace(tmp_path / "other", replace(tiny.spec, seed=7))
    assert other.plates[0].sites != tiny.plates[0].sites


def test_a_plate_does_not_change_when_another_one_joins_the_batch(
    tiny: GroundTruth, tmp_path: Path
):
    first = tiny.spec.batches[0]
    alone = replace(tiny.spec, batches=(replace(first, plates=("000123",)),), defects=())
    truth = make_workspace(tmp_path / "alone", alone)
    changed = {"B03-2"}  # its defect was left out
    for site in truth.plates[0].sites:
        if f"{site.well}-{site.site}" not in changed:
            here = site_folder(truth, truth.plates[0], site)
            there = tiny.root / here.relative_to(truth.root)
            assert (here / "Cells.csv").read_bytes() == (there / "Cells.csv").read_bytes()


def test_the_same_barcode_in_two_batches_is_two_plates(tiny: GroundTruth):
    one = tiny.root / "analysis" / FIRST / "000123" / "analysis" / "000123-A02-1" / "Cells.csv"
    two = tiny.root / "analysis" / SECOND / "000123" / "analysis" / "000123-A02-1" / "Cells.csv"
    assert one.read_bytes() != two.read_bytes()


def test_a_plate_of_exact_size_has_exactly_that_size(tmp_path: Path):
    truth = make_workspace(tmp_path / "workspace", plate_spec(2, 3, 5, 2052))
    sites = list(truth.root.glob("analysis/*/*/analysis/*"))
    assert len(sites) == 6
    for site in sites:
        for table in COMPARTMENTS:
            rows = texts(site / f"{table}.csv")
            assert len(rows) == 6
            assert {len(row) for row in rows} == {2052}
    assert truth.shifted == {}
    assert list(truth.plates[0].controls.values()) == ["negcon", "negcon"]


def test_any_file_of_a_site_can_be_the_missing_one(tmp_path: Path):
    spec = plate_spec(2, 1, 3, 40)
    for file in ("Image.csv", "Cytoplasm.csv"):
        defect = Defect(DefectKind.MISSING_CSV, spec.plates[0], "A02", 1, file)
        truth = make_workspace(tmp_path / file, replace(spec, defects=(defect,)))
        folder = site_folder(truth, truth.plates[0], truth.plates[0].sites[1])
        assert file not in {path.name for path in folder.iterdir()}
        assert len(list(folder.iterdir())) == 4


def test_a_folder_with_cellprofiler_output_is_not_written_into(tiny: GroundTruth):
    with pytest.raises(FileExistsError):
        make_workspace(tiny.root, tiny.spec)


@pytest.mark.parametrize(
    ("plate", "well", "site"),
    [("no-such-plate", "A01", 1), ("000123", "H12", 1), ("000123", "A01", 3)],
)
def test_a_defect_of_a_site_that_is_not_there_is_refused(plate: str, well: str, site: int):
    defect = Defect(DefectKind.ZERO_CELLS, PlateKey(FIRST, plate), well, site)
    with pytest.raises(ValueError, match="no such site"):
        replace(tiny_spec(), defects=(defect,))


@pytest.mark.parametrize(("wells", "last"), [(6, "B03"), (24, "D06"), (384, "P24"), (1536, "AF48")])
def test_wells_are_those_of_the_plates_that_are_sold(wells: int, last: str):
    names = plate_wells(wells)
    assert names[-1] == last
    assert len(set(names)) == wells
    assert all(normalized_well(name) == name for name in names)


def test_the_report_names_every_defect_and_every_phenotype(demo: GroundTruth):
    report = "\n".join(describe(demo))
    for plate in demo.plates:
        for site in plate.sites:
            if site.defect is not None:
                assert f"{plate.key} {site.well} site {site.site}:" in report
    for phenotype in demo.spec.phenotypes:
        assert f"phenotype {phenotype.treatment}:" in report
    assert f"{SECOND}/PL-02-x D06: absent from plate map DEMO-MAP-2" in report


def test_the_demo_is_small(demo: GroundTruth):
    size = sum((demo.root / path).stat().st_size for path in all_files(demo.root))
    assert size < 60_000_000
