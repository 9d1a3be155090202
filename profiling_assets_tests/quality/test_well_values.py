"""Values of wells: where they are on the plate, correlations, counts, sites."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.quality.cell_count import TREATMENT, cell_count_facts, cell_counts
from profiling_assets.quality.pictures.draw_plate import (
    FORMATS,
    PlateLayout,
    plate_layout,
    row_name,
)
from profiling_assets.quality.site_completeness import WellSites, sites_by_well
from profiling_assets.quality.well_correlation import (
    between,
    correlation_with,
    replicate_correlation,
    well_correlation,
)
from profiling_assets.workspace.names import well_position


def profiles(wells: list[str], *, seed: int = 1, features: int = 12) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(len(wells), features))
    names = [f"Cells_Texture_{number}" for number in range(features)]
    metadata = pd.DataFrame({"Metadata_Plate": "P", "Metadata_Well": wells})
    return pd.concat([metadata, pd.DataFrame(values, columns=names)], axis=1)


@given(st.integers(1, 32), st.integers(1, 48))
def test_every_well_lies_where_its_name_says(row: int, column: int) -> None:
    well = f"{row_name(row)}{column:02d}"
    assert well_position(well) == (row, column)
    grid = plate_layout([well]).grid({well: 7.0})
    assert grid[row - 1, column - 1] == 7.0
    assert np.isnan(grid).sum() == grid.size - 1


@pytest.mark.parametrize(("rows", "columns"), FORMATS)
def test_the_last_well_of_a_format_is_of_that_format(rows: int, columns: int) -> None:
    layout = PlateLayout(rows, columns)
    last = layout.row_names[-1] + layout.column_names[-1]
    assert plate_layout([last]) == layout
    assert last != "AF48" or (rows, columns) == (32, 48)


def test_the_wells_in_use_need_not_be_those_at_the_corner() -> None:
    assert plate_layout(["B02", "G11"]) == PlateLayout(8, 12)
    assert plate_layout([]) == PlateLayout(2, 3)


def test_the_correlations_are_those_of_pandas_also_with_nan_and_inf() -> None:
    frame = profiles(["B02", "A01", "A02"])
    frame.loc[0, "Cells_Texture_3"] = np.nan
    frame.loc[2, "Cells_Texture_4"] = np.inf
    found = well_correlation(frame.assign(Image_Texture_1=1.0), None)
    assert found.wells == ("A01", "A02", "B02")
    assert found.features == 12
    ours = pd.DataFrame(found.matrix, found.wells, found.wells)
    values = frame.set_index("Metadata_Well").drop(columns="Metadata_Plate").T
    pd.testing.assert_frame_equal(
        ours, values.corr().loc[["A01", "A02", "B02"], ["A01", "A02", "B02"]], check_names=False
    )


def test_profiles_of_the_sites_of_a_well_are_averaged() -> None:
    frame = profiles(["A01", "A1", "B01"])
    found = well_correlation(frame, None)
    mean = frame.iloc[:2, 2:].mean()
    assert (found.wells, found.averaged) == (("A01", "B01"), 1)
    assert found.matrix[0, 1] == pytest.approx(
        np.corrcoef(mean, frame.iloc[2, 2:].astype(float))[0, 1]
    )


def test_a_constant_profile_correlates_with_nothing() -> None:
    frame = profiles(["A01", "A02"])
    frame.iloc[0, 2:] = 3.0
    assert np.isnan(well_correlation(frame, None).matrix[0]).all()


def test_groups_are_compared_over_pairs_of_different_wells() -> None:
    matrix = np.array([[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    controls = np.array([True, True, False])
    assert between(matrix, controls, controls) == 0.9
    assert between(matrix, ~controls, controls) == pytest.approx(0.2)
    assert math.isnan(between(matrix, ~controls, ~controls))
    assert replicate_correlation(matrix, ["a", "", "a"]) == 0.1
    assert math.isnan(replicate_correlation(matrix, ["", "", "a"]))
    assert correlation_with(matrix, controls) == pytest.approx([0.9, 0.9, 0.2])


def test_cells_are_counted_by_well_and_controls_named_as_the_plate_map_does() -> None:
    frame = pd.DataFrame(
        {
            "Metadata_Well": ["A1", "A01", "B02", "C03"],
            "Metadata_control_type": ["negcon", "negcon", "trt", ""],
            "Metadata_Object_Count": [10.0, 20.0, 0.0, np.nan],
        }
    )
    counts = cell_counts(frame)
    assert counts.groups == {"A01": "negcon", "B02": TREATMENT, "C03": TREATMENT}
    assert {k: v for k, v in counts.counts.items() if v == v} == {"A01": 30.0, "B02": 0.0}
    facts = cell_count_facts(counts)
    assert (facts.wells, facts.median, facts.lowest, facts.highest) == (2, 15.0, 0.0, 30.0)
    assert facts.variation == pytest.approx(np.std([30, 0], ddof=1) / 15)


def test_the_recipes_other_column_is_taken_where_objects_are_not_counted() -> None:
    frame = pd.DataFrame({"Metadata_Well": ["A01"], "Cytoplasm_Number_Object_Number": [4.5]})
    assert cell_counts(frame).counts == {"A01": 4.5}
    assert cell_counts(frame.iloc[:, :1]).column == ""


def test_sites_count_where_everything_of_them_was_kept() -> None:
    states = ["complete", "zero_cells", "missing", "truncated", "duplicate", "unexpected"]
    ledger = pd.DataFrame({"well": ["A01", "a1", "A01", "B02", "B02", ""], "state": states})
    assert sites_by_well(ledger) == {"A01": WellSites(3, 2), "B02": WellSites(1, 0)}
