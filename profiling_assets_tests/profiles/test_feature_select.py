import contextlib
import math
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import ConfigError, InvalidInputError
from profiling_assets.profiles.correlation import correlated_features
from profiling_assets.profiles.feature_list import (
    FeatureSelection,
    apply_selection,
    selection_from_table,
    selection_table,
)
from profiling_assets.profiles.feature_select import OPERATIONS, Cutoffs, select_features
from profiling_assets.profiles.frozen_features import FrozenFeatures
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import ledger_tsv, read_profiles, read_tsv
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

A, B = PlateKey("B1", "000123"), PlateKey("B1", "PL-01-x")
RECIPE = ["variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist"]


def plate(rows: int, seed: int = 0, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Metadata_Plate": pd.Series(["000123"] * rows, dtype="str"),
            "Metadata_Well": pd.Series([f"A{n:02d}" for n in range(rows)], dtype="str"),
            "Metadata_Object_Count": np.arange(rows) * 10,
            **{f"Cells_{name}": rng.normal(size=rows) for name in "abc"},
        }
    )
    return frame.assign(**columns)


def selected(
    frames: Mapping[PlateKey, pd.DataFrame], *operations: str, **changed: object
) -> FeatureSelection:
    options: dict[str, object] = {
        "operations": operations or RECIPE,
        "features": "infer",
        "image_features": True,
        "compartments": None,
        "level": "batch",
    }
    return select_features(frames, **{**options, **changed})  # pyright: ignore[reportArgumentType] - options by name


def outcome(selection: FeatureSelection, feature: str) -> tuple[str, str, str]:
    row = selection.ledger.set_index("feature").loc[feature]
    return row["outcome"], row["operation"], row["reason"]


def value(selection: FeatureSelection, feature: str) -> str:
    row = selection.ledger.set_index("feature").loc[feature]
    assert row["level"] == "batch"
    return row["value"]


def by_pycytominer(frame: pd.DataFrame, operations: list[str]) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # features without a value
        result = reference().feature_select(
            frame.replace([math.inf, -math.inf], math.nan),
            operation=operations,
            image_features=True,
        )
    return list(result.columns)


def published() -> pd.DataFrame:
    name = "2025_01_28_B14A7A8P2_T4_normalized.csv.gz"
    return read_profiles(shared_data("profiles", "varchamp_batch14", name).read_bytes(), path="n")


def test_on_a_real_plate_the_columns_are_those_of_pycytominer() -> None:
    # every sixth feature: pycytominer takes half a minute for all 3,903
    frame = published().iloc[:, [*range(42), *range(42, 3945, 6)]]
    selection = selected({A: frame})
    assert list(selection.columns) == by_pycytominer(frame, RECIPE)
    assert selection.counts["kept"] + selection.counts["dropped"] == 651
    assert selection.counts["variance_threshold"] > 0
    assert selection.counts["correlation_threshold"] > 100


# what needs no other key
ALONE = tuple(name for name in OPERATIONS if name != "noise_removal")


@given(st.integers(0, 30), st.data())
@settings(max_examples=40, deadline=None)
def test_with_any_cutoff_the_columns_are_those_of_pycytominer(
    seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        np.round(rng.normal(size=(24, 6)) @ rng.normal(size=(6, 6)), 1)
        * 10 ** rng.uniform(-3, 3, 6),
        columns=pd.Index([f"Cells_{n}" for n in range(6)]),
    )
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    drug = pd.Series(rng.choice(["a", "b", "c", ""], 24), dtype="str")
    options: dict[str, object] = {
        "na_cutoff": data.draw(st.sampled_from([0.0, 0.1, 0.2])),
        "corr_threshold": data.draw(st.sampled_from([0.3, 0.6, 0.99])),
        "corr_method": data.draw(st.sampled_from(["pearson", "spearman", "kendall"])),
        "freq_cut": data.draw(st.sampled_from([0.2, 0.6, 1.0])),
        "unique_cut": data.draw(st.sampled_from([0.1, 0.8])),
        "min_variance": data.draw(st.sampled_from([1e-4, 1.0, 100.0])),
        "outlier_cutoff": data.draw(st.sampled_from([1.0, 20.0])),
        "noise_removal_perturb_groups": "Metadata_drug",
        "noise_removal_stdev_cutoff": data.draw(st.sampled_from([0.1, 1.0, 5.0])),
    }
    operation = data.draw(st.sampled_from(list(OPERATIONS)))
    listed = ["Cells_1", "Cells_4", "Cells_of_another_table"]
    given_to = {"blocklist": listed} if operation == "blocklist" else {}
    own = FrozenFeatures("config_files/b.csv", tuple(listed))
    try:
        theirs = reference().feature_select(
            frame.assign(Metadata_drug=drug.replace("", None)),
            operation=[operation],
            **options,
            **given_to,
        )
    except ValueError:  # variance_threshold left none
        return
    with contextlib.suppress(InvalidInputError):  # none is left: an error of ours
        ours = selected(
            {A: frame.assign(Metadata_drug=drug)},
            operation,
            cutoffs=Cutoffs(**options, blocklist=own),  # pyright: ignore[reportArgumentType] - by name
        )
        kept = [name for name in theirs.columns if name.startswith("Cells_")]
        assert [name for name in ours.columns if name.startswith("Cells_")] == kept


def test_noise_removal_without_its_groups_is_refused_and_a_dropped_feature_says_its_spread() -> (
    None
):
    with pytest.raises(ConfigError, match="needs groups of replicates and a cutoff"):
        selected({A: plate(4)}, "noise_removal")
    cutoffs = Cutoffs(noise_removal_perturb_groups="Metadata_d", noise_removal_stdev_cutoff=5)
    frame = plate(4).assign(Metadata_d=["x", "x", "y", "y"], Cells_a=[0.0, 40.0, 0.0, 20.0])
    chosen = selected({A: frame}, "noise_removal", cutoffs=cutoffs)
    reason = "mean standard deviation 15 within Metadata_d, above 5"
    assert outcome(chosen, "Cells_a") == ("dropped", "noise_removal", reason)
    with pytest.raises(InvalidInputError, match="the nearest is Metadata_D"):
        selected(
            {A: frame.rename(columns={"Metadata_d": "Metadata_D"})},
            "noise_removal",
            cutoffs=cutoffs,
        )


def test_on_a_real_plate_every_operation_drops_what_pycytominer_drops() -> None:
    frame = published().iloc[:, [*range(42), *range(43, 3945, 13)]]
    for operation in ALONE:
        assert list(selected({A: frame}, operation).columns) == by_pycytominer(frame, [operation])


@st.composite
def plates(draw: st.DrawFn) -> pd.DataFrame:
    rows, columns = draw(st.integers(4, 12)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    values = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns))
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0, 0.05, 0.3]))] = math.nan
    for place in range(columns):
        values[:, place] = {
            "copy": values[:, 0],
            "constant": 1.0,
            "few": np.round(values[:, place]),
            "as it is": values[:, place],
        }[draw(st.sampled_from(["as it is", "as it is", "copy", "constant", "few"]))]
    names = [f"{'Cells' if n % 2 else 'Nuclei'}_{n}" for n in range(columns - 1)]
    names.append("Nuclei_Correlation_Manders_AGP_DNA")
    return pd.DataFrame(values, columns=pd.Index(names)).assign(Metadata_Well="A01")


@given(plates(), st.permutations([*ALONE]), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_on_any_plate_and_order_the_columns_are_those_of_pycytominer(
    frame: pd.DataFrame, order: list[str], count: int
) -> None:
    operations = order[:count]
    try:
        theirs = by_pycytominer(frame, operations)
    except ValueError:  # an operation on no feature, or variance_threshold left none
        theirs = ["Metadata_Well"]
    if theirs == ["Metadata_Well"]:
        with pytest.raises(InvalidInputError, match="drops all"):
            selected({A: frame}, *operations)
    else:
        ours = selected({A: frame}, *operations).columns
        assert ours == ("Metadata_Well", *(name for name in theirs if name != "Metadata_Well"))


@given(plates(), st.sampled_from([0.5, 0.9]))
@settings(max_examples=60, deadline=None)
def test_correlated_features_are_those_of_pycytominer(
    frame: pd.DataFrame, threshold: float
) -> None:
    numbers = frame.drop(columns="Metadata_Well")
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = reference("pycytominer.operations").correlation_threshold(
            numbers, features=list(numbers.columns), threshold=threshold
        )
    assert set(correlated_features(numbers, threshold)) == set(theirs)


def test_the_ledger_names_the_operation_and_the_reason_of_each_dropped_feature() -> None:
    frame = plate(20, Nuclei_Correlation_Manders_AGP_DNA=np.arange(20.0), Cells_flat=1.0)
    frame["Cells_twin"] = frame["Cells_a"] * 2
    frame["Cells_holes"] = frame["Cells_b"].where(frame.index > 1)
    frame["Cells_wide"] = np.cos(np.arange(20)) * 1e4
    operations = ["variance_threshold", "drop_na_columns", "blocklist", "drop_outliers"]
    selection = selected({A: frame}, *operations, "correlation_threshold")
    assert outcome(selection, "Cells_flat")[1:] == ("variance_threshold", "variance 0, below 1e-06")
    assert outcome(selection, "Cells_holes")[1:] == (
        "drop_na_columns",
        "10.0% of values missing, above 5%",
    )
    assert outcome(selection, "Nuclei_Correlation_Manders_AGP_DNA")[1] == "blocklist"
    assert outcome(selection, "Cells_wide")[1:] == ("drop_outliers", "a value of 1e+04, above 500")
    pair = {outcome(selection, "Cells_a")[0], outcome(selection, "Cells_twin")[0]}
    assert pair == {"kept", "dropped"}
    loser = "Cells_twin" if outcome(selection, "Cells_a")[0] == "kept" else "Cells_a"
    assert outcome(selection, loser)[2].startswith("correlation above 0.9, most with Cells_")
    numbers = {
        "Cells_flat": "0",
        "Cells_holes": "0.1",
        "Cells_wide": f"{frame['Cells_wide'].abs().max():.6g}",
        loser: "1",
        "Cells_c": "",
        "Nuclei_Correlation_Manders_AGP_DNA": "",
    }
    assert {name: value(selection, name) for name in numbers} == numbers
    assert selection.counts == {
        "kept": 3,
        "dropped": 5,
        "variance_threshold": 1,
        "drop_na_columns": 1,
        "blocklist": 1,
        "drop_outliers": 1,
        "correlation_threshold": 1,
    }


def test_the_ledger_says_which_rule_of_frequency_threshold_decided() -> None:
    frame = plate(210, Cells_one_off=[1.0, *[0.0] * 209], Cells_two=[0.0, 1.0] * 105)
    frame["Cells_empty"] = math.nan
    selection = selected({A: frame}, "frequency_threshold")
    assert outcome(selection, "Cells_one_off")[2] == (
        "second most frequent value 0.00478 times the most frequent, below 0.05"
    )
    assert outcome(selection, "Cells_two")[2] == "2 different values, below 1% of 210 wells"
    names = ("Cells_one_off", "Cells_two", "Cells_empty")
    assert [value(selection, name) for name in names] == ["0.00478469", "2", "0"]


def test_a_feature_dropped_before_is_not_dropped_again_by_the_blocklist() -> None:
    frame = plate(8, Nuclei_Correlation_Manders_AGP_DNA=1.0)
    selection = selected({A: frame}, "variance_threshold", "blocklist")
    assert outcome(selection, "Nuclei_Correlation_Manders_AGP_DNA")[1] == "variance_threshold"
    assert "blocklist" not in selection.counts


def test_inf_counts_as_missing_and_a_kept_feature_keeps_it_and_is_named() -> None:
    first, second = plate(40), plate(40, seed=1)
    first.loc[3, "Cells_a"] = math.inf
    first.loc[:19, "Cells_b"] = -math.inf
    selection = selected({A: first, B: second})
    assert outcome(selection, "Cells_a") == (
        "kept",
        "",
        "degenerate scale on B1/000123 (1 inf cells)",
    )
    assert outcome(selection, "Cells_b") == (
        "dropped",
        "drop_na_columns",
        "25.0% of values missing, above 5%; degenerate scale on B1/000123 (20 inf cells)",
    )
    assert apply_selection(first, selection).loc[3, "Cells_a"] == math.inf


def test_wells_below_min_cells_do_not_vote_and_stay() -> None:
    frame = plate(20)
    frame.loc[:4, "Cells_a"] = math.nan
    assert "Cells_a" not in selected({A: frame}, "drop_na_columns").columns
    selection = selected({A: frame}, "drop_na_columns", min_cells=50)
    assert "Cells_a" in selection.columns
    assert selection.voters == 15
    assert len(apply_selection(frame, selection)) == 20


def test_several_plates_give_what_pycytominer_gives_on_them_stacked() -> None:
    rng = np.random.default_rng(5)
    first = pd.DataFrame(
        rng.normal(size=(10, 6)), columns=pd.Index([f"Cells_{n}" for n in range(6)])
    )
    second = pd.DataFrame(
        rng.normal(size=(12, 6)), columns=pd.Index([f"Cells_{n}" for n in (7, 0, 1, 2, 3, 4)])
    )
    first["Cells_1"] = first["Cells_0"] + rng.normal(0, 0.01, size=10)
    second["Cells_1"] = second["Cells_0"] + rng.normal(0, 0.01, size=12)
    stacked = pd.concat([first, second], ignore_index=True)
    names = selected({A: first, B: second}, "correlation_threshold").columns
    assert list(names) == by_pycytominer(stacked, ["correlation_threshold"])
    assert list(names)[-1] == "Cells_7"


def test_metadata_columns_of_all_plates_are_united_and_a_lacking_one_is_empty_text() -> None:
    first = plate(8, Metadata_clone_ID="52981234").astype({"Metadata_clone_ID": "str"})
    second = plate(8, seed=1, Metadata_dose="5").astype({"Metadata_dose": "str"})
    selection = selected({A: first, B: second.drop(columns="Cells_c")})
    assert selection.columns == (
        "Metadata_Plate",
        "Metadata_Well",
        "Metadata_Object_Count",
        "Metadata_clone_ID",
        "Metadata_dose",
        "Cells_a",
        "Cells_b",
    )
    result = apply_selection(first, selection)
    assert set(result["Metadata_clone_ID"]) == {"52981234"}
    assert set(result["Metadata_dose"]) == {""}
    assert set(apply_selection(second, selection)["Metadata_Plate"]) == {"000123"}
    everything = selected({A: first, B: second.drop(columns="Cells_c")}, "blocklist")
    assert (
        apply_selection(second.drop(columns="Cells_c"), everything)["Cells_c"]
        .isna()
        .to_numpy()
        .all()
    )


def test_columns_that_are_no_features_are_left_out_and_named() -> None:
    frame = plate(8, Image_x=np.arange(8.0), Other=1.0)
    selection = selected({A: frame}, "blocklist", image_features=False)
    assert outcome(selection, "Image_x")[:2] == ("dropped", "not_asked_for")
    assert outcome(selection, "Other")[:2] == ("dropped", "not_asked_for")
    listed = selected({A: frame}, "blocklist", features=["Cells_c", "Cells_a"])
    assert listed.columns[3:] == ("Cells_a", "Cells_c")


def test_a_listed_feature_may_lack_on_one_plate_and_not_on_all() -> None:
    frames = {A: plate(8), B: plate(8).drop(columns="Cells_c")}
    assert "Cells_c" in selected(frames, "blocklist", features=["Cells_a", "Cells_c"]).columns
    with pytest.raises(InvalidInputError, match=r"no plate of 2 plates .* has a column Cells_z"):
        selected(frames, "blocklist", features=["Cells_a", "Cells_z"])


def test_a_selection_is_the_same_after_its_file() -> None:
    frame = plate(20, Cells_flat=1.0)
    frame.loc[3, "Cells_a"] = math.inf
    selection = selected({A: frame})
    stored = ledger_tsv(selection_table(selection))
    again = selection_from_table(read_tsv(stored, path="s.tsv"), path="s.tsv")
    assert again.columns == selection.columns
    assert again.counts == selection.counts
    pd.testing.assert_frame_equal(again.ledger, selection.ledger)
    assert ledger_tsv(selection_table(again)) == stored
    former = read_tsv(stored, path="s.tsv").drop(columns=["level", "value"])
    read = selection_from_table(former, path="s.tsv")
    assert read.columns == selection.columns
    assert read.counts == selection.counts
    with pytest.raises(InvalidInputError, match="no column kind"):
        selection_from_table(read_tsv(b"column\toutcome\n", path="s.tsv"), path="s.tsv")


@pytest.mark.parametrize("operation", ["variance_threshold", "drop_na_columns"])
def test_a_selection_that_keeps_nothing_is_an_error_that_says_which_operation(
    operation: str,
) -> None:
    frame = plate(8).assign(Cells_a=math.nan, Cells_b=math.nan, Cells_c=math.inf)
    with pytest.raises(InvalidInputError, match=f"drops all 3 features: {operation} 3"):
        selected({A: frame}, operation)


def test_no_voter_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="no well of B1/000123 votes"):
        selected({A: plate(4)}, min_cells=1000)


@pytest.mark.parametrize("operation", ["noise_reduction", "variance_treshold"])
def test_an_operation_that_is_unknown_or_needs_more_than_the_config_says_is_refused(
    operation: str,
) -> None:
    with pytest.raises(ConfigError, match=f"no operation {operation}"):
        selected({A: plate(4)}, operation)
