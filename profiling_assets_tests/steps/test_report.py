"""What a report says is to be looked at."""

import math

import pytest

from profiling_assets.quality.cell_count import CellCounts
from profiling_assets.quality.report.contents import Normalization, Share
from profiling_assets.steps.pictures import count_facts
from profiling_assets.steps.report import normalization_warnings, share_warnings


@pytest.mark.parametrize(
    ("without_spread", "told"),
    [
        (105, []),  # of the published plate
        (
            391,
            ["normalized on all wells: 391 of 3,903 features have no spread on this plate"],
        ),
    ],
)
def test_a_few_features_without_spread_are_no_reason_to_look(
    without_spread: int, told: list[str]
) -> None:
    found = Normalization("all wells", "p.csv.gz", 330, 3903, without_spread, 0.02, 0)
    assert normalization_warnings(found) == told


def test_any_infinite_value_is_told() -> None:
    found = Normalization("all wells", "p.csv.gz", 330, 3903, 0, 0.02, 3537)
    assert normalization_warnings(found) == ["normalized on all wells: 3,537 values are infinite"]


def test_states_are_told_in_words_and_fine_ones_not_at_all() -> None:
    sites = Share(3440, 3456, {"complete": 3440, "missing_object_csv": 15, "ragged": 1})
    wells = Share(371, 384, {"profile": 371, "not_in_plate_map": 13})
    assert share_warnings(sites, wells) == [
        "13 wells: not in plate map",
        "15 sites: missing object csv",
        "1 site: ragged",
    ]


def test_empty_wells_are_a_share_of_the_wells_that_should_have_cells() -> None:
    counts = CellCounts("Metadata_Object_Count", {"A01": 5.0, "A02": 0.0})
    share = count_facts(counts, ["A01", "A02", "A03", "A04"])["share_of_empty_wells"]
    assert share == 0.75
    unknown = count_facts(counts, ())["share_of_empty_wells"]  # nobody names the wells
    assert isinstance(unknown, float)
    assert math.isnan(unknown)
