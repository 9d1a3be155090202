"""Composed column names against headers that CellProfiler wrote."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.demo.laws import law_of
from profiling_assets.demo.measurement_names import (
    COMPARTMENTS,
    all_object_columns,
    image_columns_of_failed,
)
from profiling_assets.demo.widths import image_columns, object_columns, rules_for
from profiling_assets_tests.support import shared_data

JUMP_WIDTH = 1941


def header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))


def grammar(name: str) -> str:
    """Replace what a user names in a pipeline: channels, objects, module numbers, scales."""
    name = re.sub(r"^(ExecutionTime|ModuleError)_\d+", r"\1_<number>", name)
    name = re.sub(r"^(Granularity)_\d+_\w+$", r"\1_<step>_<image>", name)
    name = re.sub(r"_\d+_0\d_256$", "_<scale>", name)
    name = re.sub(r"^(Texture_[A-Za-z0-9]+)_\w+?_<scale>$", r"\1_<image>_<scale>", name)
    name = re.sub(r"^(Intensity_[A-Za-z]+)_\w+$", r"\1_<image>", name)
    return re.sub(r"_(Orig|Illum)[A-Za-z]+", r"_\1<image>", name)


@pytest.mark.parametrize("compartment", COMPARTMENTS)
def test_the_rules_compose_exactly_the_header_of_a_published_pipeline(compartment: str):
    plate = shared_data("cellprofiler_csv", "synthetic_cp4281", "analysis")
    real = header(next(plate.glob(f"*/*/analysis/*-A02-1/{compartment}.csv")))
    assert list(all_object_columns(compartment, rules_for(JUMP_WIDTH))) == real


def test_every_image_column_follows_the_grammar_of_a_real_image_csv():
    data = shared_data("cellprofiler_csv")
    real = {
        grammar(name)
        for path in data.rglob("*.csv")
        if path.name.lower() == "image.csv"
        for name in header(path)
    }
    composed = image_columns(5000, rules_for(JUMP_WIDTH))
    assert {grammar(name) for name in composed} - real == {
        "Metadata_QCFlag"  # FlagImage: the user names the flag; this is CellProfiler's default
    }


def test_a_plate_of_jump_width_has_the_widths_of_the_real_tables():
    widths = {c: len(object_columns(c, JUMP_WIDTH)) for c in COMPARTMENTS}
    assert widths == {"Cells": 1941, "Cytoplasm": 1926, "Nuclei": 1934}


@given(st.integers(40, 2600), st.sampled_from(COMPARTMENTS))
def test_a_table_is_as_wide_as_asked_for_and_sorted_as_cellprofiler_sorts(
    width: int, compartment: str
):
    names = object_columns(compartment, width)
    rules = rules_for(width)
    assert len(names) == min(width, len(all_object_columns(compartment, rules)))
    assert names[:2] == ("ImageNumber", "ObjectNumber")
    assert list(names[2:]) == sorted(set(names[2:]))
    assert set(names) <= set(all_object_columns(compartment, rules))


def test_a_narrow_table_still_has_every_category():
    categories = {name.split("_")[0] for name in object_columns("Cells", 40)}
    assert categories >= {
        *("AreaShape", "Correlation", "Granularity", "Intensity", "Location", "Neighbors"),
        *("RadialDistribution", "Texture"),
    }
    image = {name.split("_")[0] for name in image_columns(40)}
    assert image >= {"Count", "Granularity", "ImageQuality", "Intensity", "Texture", "Threshold"}


def test_more_than_2000_columns_are_composed_without_repeating_a_name():
    for compartment in COMPARTMENTS:
        assert len(set(object_columns(compartment, 2052))) == 2052


def test_a_width_below_the_columns_every_table_has_is_refused():
    with pytest.raises(ValueError, match="at least"):
        object_columns("Cells", 10)


def test_every_measurement_of_an_object_has_a_law():
    for compartment in COMPARTMENTS:
        for name in all_object_columns(compartment, rules_for(2500)):
            assert law_of(name) is not None, name


def test_a_failed_image_keeps_what_the_modules_up_to_flagimage_wrote():
    complete = image_columns(5000)
    short = image_columns_of_failed(complete)
    assert {"ImageNumber", "Metadata_QCFlag", "ImageQuality_FocusScore_OrigDNA"} <= set(short)
    assert {"ExecutionTime_04FlagImage", "FileName_OrigDNA"} <= set(short)
    lost = {name.split("_")[0] for name in set(complete) - set(short)}
    assert lost >= {"Count", "Granularity", "Intensity", "Texture", "Threshold", "ExecutionTime"}
    assert "ExecutionTime_05IdentifyPrimaryObjects" not in short
