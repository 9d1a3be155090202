"""Who is a site, and what `check` knows of it: inputs of real people."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets.collate.options import CollateResult
from profiling_assets.errors import InvalidInputError
from profiling_assets.quality.preflight.finding import Finding, Severity
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, scanned_catalog
from profiling_assets.steps.collate import collate_sites
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.steps.sources import plate_source

Case = Callable[[str], Path]


def opened(root: Path, document: str) -> Catalog:
    config = root.parent / "config.yml"
    config.write_text(document)
    return scanned_catalog(Settings(str(root), str(config)))


def collated(root: Path, folder: Path, document: str = "pipeline: p\n") -> CollateResult:
    found = opened(root, document)
    (key,) = found.asked_for.plates
    scratch = folder / "scratch"
    scratch.mkdir()
    source = plate_source(found.workspace, found.config, key)
    result = collate_sites(
        found.workspace, found.config, key, source, scratch, sqlite=True, parquet=False,
        aggregate=found.config.aggregation,
    )  # fmt: skip
    assert not isinstance(result, str)
    return result


def told(root: Path, document: str = "pipeline: p\n") -> list[Finding]:
    found = opened(root, document)
    wanted = dict.fromkeys(found.asked_for.plates, everything(found))
    return [f for f in preflight(found, wanted).findings if f.rule == "image_files"]


def states(result: CollateResult) -> Counter[str]:
    return Counter(site.state.value for site in result.sites)


def test_time_points_are_named_and_have_a_profile_each_where_the_config_says_so(
    case: Case, tmp_path: Path
) -> None:
    root = case("timelapse") / "ws"
    (finding,) = told(root)
    assert finding.severity is Severity.WARNING
    assert "aggregate.strata: [Metadata_T]" in finding.remedy
    split = "pipeline: p\naggregate:\n  method: mean\n  strata: [Metadata_T]\n"
    assert told(root, split) == []
    result = collated(root, tmp_path, split)
    assert states(result) == {"complete": 42, "zero_cells": 6}
    assert result.aggregate is not None
    assert result.aggregate.groupby("Metadata_Well").size().tolist() == [3] * 7


def test_a_second_run_joined_to_the_first_is_named_and_can_be_left_out(
    case: Case, tmp_path: Path
) -> None:
    root = case("same-site-in-image-csv") / "ws"
    (finding,) = told(root)
    assert finding.what.startswith("16 Image rows are of a site that an earlier row has already")
    first_only = collated(root, tmp_path, "pipeline: p\ncollate: {on_repeated_site: drop}\n")
    assert states(first_only) == {"complete": 16, "repeated": 16}
    assert first_only.cells == 173
    (strict,) = told(root, "pipeline: p\ncollate: {on_repeated_site: fail}\n")
    assert strict.severity is Severity.ERROR


def test_two_plates_in_one_folder_are_an_error_or_split(case: Case, tmp_path: Path) -> None:
    root = case("two-plates-in-folder") / "ws"
    (finding,) = told(root)
    assert finding.severity is Severity.ERROR
    assert "SYN0000001, SYN0000002" in finding.what
    assert "collate.split_plates: true" in finding.remedy
    split = "pipeline: p\ncollate: {split_plates: true}\n"
    assert [f.severity for f in told(root, split)] == [Severity.WARNING]
    assert states(collated(root, tmp_path, split)) == {"other_plate": 9, "complete": 7}


def test_the_wells_column_that_the_config_names_counts(case: Case, tmp_path: Path) -> None:
    root = case("cpd-well-position-plate-folder") / "ws"
    (finding,) = told(root)
    assert finding.severity is Severity.ERROR
    assert "Metadata_CPD_WELL_POSITION" in finding.remedy
    named = "pipeline: p\naggregate: {method: mean, well_column: Metadata_CPD_WELL_POSITION}\n"
    assert told(root, named) == []
    result = collated(root, tmp_path, named)
    assert result.aggregate is not None
    assert len(result.aggregate) == 7


@pytest.mark.parametrize(
    ("name", "severity", "what", "remedy"),
    [
        ("no-imagenumber", Severity.ERROR, "no column ImageNumber", "export ImageNumber"),
        ("csv-semicolon", Severity.WARNING, "separated by semicolons", "as CellProfiler wrote"),
    ],
)
def test_image_files_that_cannot_be_used_are_told_before_a_run(
    name: str, severity: Severity, what: str, remedy: str, case: Case
) -> None:
    (finding,) = told(case(name) / "ws")
    assert finding.severity is severity
    assert what in finding.what
    assert remedy in finding.remedy
    assert finding.where.startswith("analysis/")


def test_the_wells_column_counts_for_load_data_too(case: Case) -> None:
    root = case("cpd-well-position-plate-folder") / "ws"
    (plate,) = (root / "analysis").glob("*/*")
    folder = root / "load_data_csv" / plate.parent.name / plate.name
    folder.mkdir(parents=True)
    rows = [f"{well},{site}" for well in ("B01", "Z09") for site in (1, 2)]
    lines = ["Metadata_CPD_WELL_POSITION,Metadata_Site", *rows]
    (folder / "load_data.csv").write_text("\n".join(lines) + "\n")
    document = "pipeline: p\naggregate: {well_column: Metadata_CPD_WELL_POSITION}\n"
    found = opened(root, document)
    (key,) = found.asked_for.plates
    listing = plate_source(found.workspace, found.config, key).listing
    assert listing is not None
    assert [site.well for site in listing.expected or ()] == ["B01", "B01", "Z09", "Z09"]
    with pytest.raises(InvalidInputError, match="no column Metadata_Well") as caught:
        plate_source(found.workspace, opened(root, "pipeline: p\n").config, key)
    assert "aggregate.well_column" in str(caught.value)
