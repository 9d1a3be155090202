import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.profiles import correlation
from profiling_assets.profiles.correlation import (
    correlated_features,
    correlation_threshold,
    pairwise_correlations,
)
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import read_profiles
from profiling_assets_tests.support import shared_data


@st.composite
def tables(draw: st.DrawFn, most_columns: int = 90) -> pd.DataFrame:
    """Correlated columns with copies, multiples, constants, few values and missing ones."""
    rows, columns = draw(st.integers(1, 30)), draw(st.integers(1, most_columns))
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    mixing = np.where(rng.random((columns, columns)) < 0.1, 1.0, 0.0) + np.eye(columns)
    values = rng.normal(size=(rows, columns)) @ mixing
    values = values * 10 ** rng.uniform(-5, 5, columns) + 10 ** rng.uniform(-9, 9, columns)
    values = values[:, rng.integers(0, columns, size=columns)]
    values = values * rng.choice([1, 1, 2, -3], size=columns)
    if draw(st.booleans()):
        values[:, 0] = 0.1
    if draw(st.booleans()):
        values = np.round(values, 1)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.01, 0.3, 0.9]))] = draw(
        st.sampled_from([math.nan, math.inf])
    )
    return pd.DataFrame(values, columns=pd.Index([f"Cells_{n}" for n in range(columns)]))


@given(tables())
@settings(max_examples=150, deadline=None)
def test_correlations_with_missing_values_are_those_of_pandas_to_the_last_bit(
    frame: pd.DataFrame,
) -> None:
    values = frame.to_numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        ours = correlation._correlations(values, np.isfinite(values))
    np.testing.assert_array_equal(ours, frame.corr().to_numpy())
    assert correlation._as_pandas(values, np.flatnonzero(~np.isfinite(values).all(axis=0)))


def test_a_wide_table_has_the_correlations_of_pandas_too() -> None:
    # wider than a tile, so that its corners and the rest of the last one are in it
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, 1100)) @ np.diag(10 ** rng.uniform(-3, 3, 1100))
    values[:, 1024:1090] = values[:, 10:76]
    values[3, [5, 900]] = math.nan
    values[:20, 1099] = math.nan
    frame = pd.DataFrame(values)
    np.testing.assert_array_equal(pairwise_correlations(frame), frame.corr().to_numpy())


def test_where_the_bits_would_differ_pandas_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 5))).where(lambda x: x < 1)
    monkeypatch.setattr(correlation, "_correlations", lambda values, _: np.zeros(values.shape))
    np.testing.assert_array_equal(pairwise_correlations(frame), frame.corr().to_numpy())


@given(tables(), st.sampled_from([0.0, 0.3, 0.9, 1.0]))
@settings(max_examples=100, deadline=None)
def test_the_features_to_drop_are_those_of_pycytominer(
    frame: pd.DataFrame, threshold: float
) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one row: no degree of freedom
        theirs = reference("pycytominer.operations").correlation_threshold(
            frame, threshold=threshold
        )
    assert set(correlation_threshold(frame, threshold=threshold)) == set(theirs)
    assert set(correlated_features(frame, threshold)) == set(theirs)


@pytest.mark.parametrize("complete", [True, False])
def test_many_copies_on_a_real_plate_are_told_apart_as_by_pycytominer(*, complete: bool) -> None:
    name = "2025_01_28_B14A7A8P2_T4_normalized.csv.gz"
    data = shared_data("profiles", "varchamp_batch14", name).read_bytes()
    frame = read_profiles(data, path="n").iloc[:, range(42, 3945, 9)]
    frame = frame.replace([math.inf, -math.inf], math.nan).dropna(axis="columns", how="all")
    if complete:
        frame = frame.dropna(axis="columns")
    else:
        frame.iloc[5, 7] = math.nan
    frame = pd.concat([frame, frame.iloc[:, 50:150].add_suffix("_copy")], axis=1)
    names = list(frame.columns)
    theirs = reference("pycytominer.operations").correlation_threshold(frame, features=names)
    ours = correlation_threshold(frame, features=names)
    assert set(ours) == set(theirs)
    assert len(ours) > 100
    assert ours == [name for name in names if name in set(ours)]


@pytest.mark.parametrize("method", ["spearman", "Kendall"])
def test_the_other_methods_queries_and_listed_features_work_as_in_pycytominer(method: str) -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 12))
    frame = pd.DataFrame(values, columns=pd.Index([f"Nuclei_{n}" for n in range(12)]))
    frame = frame.assign(Metadata_kind=["a", "b"] * 15, Other=values[:, 0])
    options = {"samples": "Metadata_kind == 'a'", "method": method, "threshold": 0.5}
    theirs = reference("pycytominer.operations").correlation_threshold
    assert set(correlation_threshold(frame, **options)) == set(theirs(frame, **options))  # pyright: ignore[reportArgumentType] - options by name
    listed = ["Nuclei_3", "Nuclei_1", "Other"]
    assert set(correlation_threshold(frame, listed)) == set(theirs(frame, listed))
    with pytest.raises(ValueError, match="method pears is not"):
        correlation_threshold(frame, method="pears")
    with pytest.raises(ValueError, match="threshold must be"):
        correlation_threshold(frame, threshold=1.5)


def test_the_reason_names_the_partner_with_the_strongest_correlation() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 60)) + rng.normal(size=(50, 60)) / 5
    frame = pd.DataFrame(values, columns=pd.Index([f"Cells_{n}" for n in range(60)]))
    matrix = frame.corr()
    sums, found = matrix.abs().sum().to_dict(), matrix.to_dict()
    goes = correlated_features(frame)
    assert len(goes) > 10
    for name, (partner, coefficient) in goes.items():
        beaten_by = [n for n in matrix if found[name][n] > 0.9 and sums[n] < sums[name]]
        assert partner == max(beaten_by, key=found[name].__getitem__)
        assert coefficient == pytest.approx(found[name][partner], abs=1e-12)
    assert correlated_features(frame.iloc[:, :1]) == {}
