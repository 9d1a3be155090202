"""The position effect against its definition, spelled out well by well."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from profiling_assets.quality.pictures.draw_plate import PlateLayout
from profiling_assets.quality.position_effect import position_effect

ALL = [row + column for row in PlateLayout(32, 48).row_names for column in ("01", "02", "09", "48")]


def by_definition(wells: Sequence[str], matrix: np.ndarray) -> dict[str, float]:
    """The recipe's rule, two loops, row and column read from the name."""
    found: dict[str, float] = {}
    for i, one in enumerate(wells):
        same, others = [], []
        for j, other in enumerate(wells):
            if math.isnan(matrix[i, j]):
                continue
            row, column = other.rstrip("0123456789"), other[-2:]
            near = row == one.rstrip("0123456789") or column == one[-2:]
            (same if near else others).append(matrix[i, j])
        if not same or not others:
            found[one] = math.nan
            continue
        threshold = np.nanpercentile(others, 95)
        found[one] = sum(value > threshold for value in same) / len(same)
    return found


@st.composite
def plates(draw: st.DrawFn) -> tuple[list[str], np.ndarray]:
    wells = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=14, unique=True))
    values = st.one_of(st.just(math.nan), st.floats(-1, 1, width=16))
    return wells, draw(arrays(np.float64, (len(wells), len(wells)), elements=values))


@given(plates())
def test_each_well_has_the_share_that_the_definition_gives(
    plate: tuple[list[str], np.ndarray],
) -> None:
    wells, matrix = plate
    assert position_effect(wells, matrix).values == pytest.approx(
        by_definition(wells, matrix), nan_ok=True
    )


def test_row_a_of_a_large_plate_is_not_row_aa_to_af() -> None:
    wells = ["A01", "AA02", "AF48", "B03"]
    matrix = np.eye(4)
    matrix[0, 1] = matrix[0, 2] = 0.9  # as the first letter of a row, A would be that of AA and AF
    assert position_effect(wells, matrix).values["A01"] == 1.0  # itself alone
    matrix[0, 0] = 0.5
    assert position_effect(wells, matrix).values["A01"] == 0.0


def _striped(rows: float, columns: float) -> tuple[list[str], np.ndarray]:
    layout = PlateLayout(8, 12)
    wells = [row + column for row in layout.row_names for column in layout.column_names]
    rng = np.random.default_rng(7)
    of_row, of_column = rng.normal(size=(8, 300)), rng.normal(size=(12, 300))
    noise = rng.normal(size=(96, 300))
    profiles = np.array(
        [rows * of_row[i // 12] + columns * of_column[i % 12] + noise[i] for i in range(96)]
    )
    return wells, np.corrcoef(profiles)


def test_an_effect_of_rows_is_told_from_one_of_columns() -> None:
    rows, columns = (position_effect(*_striped(*which)) for which in ((1.0, 0), (0, 1.0)))
    assert rows.row > 0.9 > 0.2 > rows.column
    assert columns.column > 0.9 > 0.2 > columns.row


def test_without_an_effect_the_shares_are_those_by_chance() -> None:
    none = position_effect(*_striped(0, 0))
    assert none.by_chance == pytest.approx((1 + 18 * 0.05) / 19)
    assert np.mean(list(none.values.values())) == pytest.approx(none.by_chance, abs=0.03)
    assert none.row == pytest.approx(0.05, abs=0.03)
    assert none.column == pytest.approx(0.05, abs=0.03)


def test_where_all_wells_share_a_row_the_effect_cannot_be_told() -> None:
    effect = position_effect(["A01", "A02"], np.eye(2))
    assert all(math.isnan(value) for value in (*effect.values.values(), effect.row, effect.column))


def test_a_matrix_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="3 wells"):
        position_effect(["A01", "A02", "A03"], np.eye(2))
