import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import ControlsError, InvalidInputError
from profiling_assets.profiles.normalize import NormalizeResult, normalize_profiles
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.reference_wells import check_negative_controls
from profiling_assets.profiles.tables import profiles_csv, read_profiles
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

KEY = PlateKey("B1", "000123")
PLATE = "2025_01_28_B14A7A8P2_T4"


def plate(rows: int, negcons: int = 0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    types = ["negcon"] * negcons + ["trt"] * (rows - negcons)
    wells = [f"{'ABCDEFGH'[n // 12]}{n % 12 + 1:02d}" for n in range(rows)]
    return pd.DataFrame(
        {
            "Metadata_Plate": pd.Series(["000123"] * rows, dtype="str"),
            "Metadata_Well": pd.Series(wells, dtype="str"),
            "Metadata_control_type": pd.Series(types, dtype="str"),
            "Metadata_Object_Count": np.arange(rows) * 10,
            "Image_Count_x": rng.normal(size=rows),
            "Cells_a": rng.normal(size=rows),
            "Cells_b": rng.normal(3, 2, size=rows),
            "Nuclei_c": rng.normal(size=rows),
        }
    )


def normalized(frame: pd.DataFrame, **changed: object) -> NormalizeResult:
    options: dict[str, object] = {
        "method": "mad_robustize",
        "features": "infer",
        "image_features": True,
        "compartments": ["cells", "cytoplasm", "nuclei"],
        "fudge_factor": 0.0,
        "key": KEY,
    }
    return normalize_profiles(frame, **{**options, **changed})  # pyright: ignore[reportArgumentType] - options by name


def test_a_published_plate_normalized_again_is_the_published_table() -> None:
    folder = shared_data("profiles", "varchamp_batch14")
    augmented = read_profiles((folder / f"{PLATE}_augmented.csv.gz").read_bytes(), path="a")
    published = read_profiles((folder / f"{PLATE}_normalized.csv.gz").read_bytes(), path="n")
    result = normalized(augmented)
    names = published.columns[42:]
    ours, theirs = result.frame[names].to_numpy(), published[names].to_numpy()
    assert ours.shape == (330, 3903)
    assert list(result.frame.columns) == list(published.columns)
    pd.testing.assert_frame_equal(result.frame.iloc[:, :42], published.iloc[:, :42])
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(np.isposinf(ours), np.isposinf(theirs))
    np.testing.assert_array_equal(np.isneginf(ours), np.isneginf(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=2e-4)
    assert (result.fitted_on, result.inf_cells, len(result.degenerate)) == (330, 3537, 105)
    # written with five digits it is the published table to the last one
    written = read_profiles(profiles_csv(result.frame, float_format="%.5g", gzip=False), path="w")
    np.testing.assert_array_equal(written[names].to_numpy(), theirs)


@given(
    st.sampled_from(["standardize", "robustize", "mad_robustize", "inverse_normal"]),
    st.integers(3, 20),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_every_method_gives_what_pycytominer_gives(
    method: str, rows: int, image_features: bool, negcon: bool
) -> None:
    frame = plate(rows, negcons=2 + rows // 4, seed=rows)
    expected = reference().normalize(
        frame,
        image_features=image_features,
        samples="Metadata_control_type == 'negcon'" if negcon else "all",
        method=method,
        mad_robustize_epsilon=0.0,
    )
    result = normalized(frame, method=method, image_features=image_features, negcon=negcon)
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)
    assert result.fitted_on == (2 + rows // 4 if negcon else rows)


@st.composite
def awkward_plates(draw: st.DrawFn) -> pd.DataFrame:
    """Features of any size, constant ones, few values, missing and infinite ones."""
    rows, columns = draw(st.integers(1, 30)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    values = rng.normal(size=(rows, columns)) * 10 ** rng.uniform(-9, 9, columns)
    values += 10 ** rng.uniform(-9, 9, columns)
    if draw(st.booleans()):
        values = np.round(values, 1)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.1, 0.7]))] = math.nan
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0, 0.3]))] = draw(
        st.sampled_from([math.inf, -math.inf])
    )
    values[:, 0] = draw(st.sampled_from([values[0, 0], 0.1, math.nan]))
    kinds = ["a", *draw(st.lists(st.sampled_from("ab"), min_size=rows - 1, max_size=rows - 1))]
    frame = pd.DataFrame(values, columns=pd.Index([f"Cells_{n}" for n in range(columns)]))
    return frame.assign(Metadata_kind=pd.Series(kinds, dtype="str"), Image_note="x", Other=1)


@given(
    awkward_plates(),
    st.sampled_from(["standardize", "robustize", "mad_robustize"]),
    st.sampled_from([0.0, 1e-18, 0.1]),
    st.sampled_from(["all", "Metadata_kind == 'a'"]),
)
@settings(max_examples=150, deadline=None)
def test_scales_of_awkward_features_are_those_of_pycytominer_to_the_last_bit(
    frame: pd.DataFrame, method: str, fudge_factor: float, samples: str
) -> None:
    result = normalized(
        frame, method=method, image_features=False, samples=samples, fudge_factor=fudge_factor
    )
    if method != "mad_robustize":
        frame = frame.replace([math.inf, -math.inf], math.nan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # features without a value
        expected = reference().normalize(
            frame, samples=samples, method=method, mad_robustize_epsilon=fudge_factor
        )
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)


def test_a_scale_of_zero_stays_inf_in_the_table_and_is_counted() -> None:
    frame = plate(8).assign(Cells_a=[1.0] * 7 + [2.0], Cells_b=5.0)
    result = normalized(frame)
    assert result.frame["Cells_a"].tolist()[-1] == math.inf
    assert result.frame["Cells_b"].isna().to_numpy().all()
    assert result.degenerate == {"Cells_a": 8, "Cells_b": 8}
    assert result.inf_cells == 1
    assert "2 features of B1/000123 have a scale of zero; 1 of their cells" in result.warnings[0]


def test_wells_below_min_cells_stay_and_are_not_fitted_on() -> None:
    frame = plate(12)
    result = normalized(frame, min_cells=60)
    assert result.fitted_on == 6
    fitted = frame["Cells_a"].iloc[6:]
    scale = 1.4826 * (fitted - fitted.median()).abs().median()
    np.testing.assert_allclose(
        result.frame["Cells_a"], (frame["Cells_a"] - fitted.median()) / scale
    )


def test_min_cells_samples_and_negcon_hold_together() -> None:
    frame = plate(12, negcons=8)
    assert normalized(frame, min_cells=20, negcon=True).fitted_on == 6
    both = normalized(frame, min_cells=20, negcon=True, samples="Metadata_Well != 'A08'")
    assert both.fitted_on == 5


def test_min_cells_without_object_counts_is_an_error_that_says_so() -> None:
    frame = plate(4).drop(columns="Metadata_Object_Count")
    assert normalized(frame, min_cells=1).fitted_on == 4
    with pytest.raises(InvalidInputError, match="min_cells is 5, and B1/000123 has no numbers"):
        normalized(frame, min_cells=5)


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        ("Metadata_nowhere == 'x'", "does not work on B1/000123"),
        ("Metadata_Well ==", "does not work on B1/000123"),
        ("Metadata_Object_Count + 1", "does not choose rows|does not work"),
        ("Metadata_Plate == 124", "no well to fit on"),
        ("Metadata_Object_Count > 1e9", "no well to fit on"),
    ],
)
def test_a_query_that_gives_no_wells_is_an_error_with_a_remedy(samples: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told) as caught:
        normalized(plate(6), samples=samples)
    assert "options.samples" in str(caught.value)


def test_too_few_controls_to_fit_on_is_an_error_of_controls() -> None:
    with pytest.raises(ControlsError, match="has 1 negative controls to fit on"):
        normalized(plate(6, negcons=3), negcon=True, min_cells=20)


def test_one_well_and_empty_features_do_not_crash() -> None:
    result = normalized(plate(1))
    assert "there is no spread to divide by" in result.warnings[0]
    for method in ("standardize", "robustize", "mad_robustize"):
        empty = normalized(plate(6).assign(Cells_a=math.nan), method=method)
        assert empty.frame["Cells_a"].isna().to_numpy().all()
        assert "Cells_a" not in empty.degenerate


def test_infinite_input_counts_as_missing_for_the_methods_that_refuse_it() -> None:
    frame = plate(6)
    frame.loc[2, "Cells_a"] = math.inf
    result = normalized(frame, method="standardize")
    assert math.isnan(result.frame.loc[2, "Cells_a"])
    assert result.frame["Cells_a"].notna().tolist().count(True) == 5
    assert result.warnings == ("B1/000123: 1 infinite cells count as missing",)
    assert frame.loc[2, "Cells_a"] == math.inf


@pytest.mark.parametrize("value", [5.0, math.nan])
def test_spherize_on_a_constant_or_empty_feature_is_an_error_with_a_remedy(value: float) -> None:
    frame = plate(12)
    with pytest.raises(InvalidInputError, match="spherize does not work on B1/000123") as caught:
        normalized(frame.assign(Nuclei_c=value), method="spherize")
    assert "another normalize.method" in str(caught.value)
    assert normalized(frame, method="spherize").frame.shape == frame.shape


def test_listed_features_are_normalized_and_an_absent_one_is_named() -> None:
    result = normalized(plate(6), features=["Cells_b"])
    assert [name for name in result.frame.columns if name.startswith("Cells")] == ["Cells_b"]
    with pytest.raises(InvalidInputError, match="no column Cells_z"):
        normalized(plate(6), features=["Cells_z"])


def test_a_table_without_features_or_with_words_in_one_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="no feature of ph3"):
        normalized(plate(6), compartments=["ph3"], image_features=False)
    with pytest.raises(InvalidInputError, match="column Cells_a of B1/000123 holds words"):
        normalized(plate(6).assign(Cells_a="x"))


@given(
    st.sampled_from(["standardize", "robustize", "mad_robustize", "inverse_normal"]),
    st.integers(0, 50),
    st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_a_scale_within_groups_is_pycytominer_s_of_each_group_in_the_order_of_the_plate(
    method: str, seed: int, negcon: bool
) -> None:
    rng = np.random.default_rng(seed)
    frame = plate(24, negcons=0, seed=seed)
    cells, days = rng.permutation(["U2OS", "A549"] * 12), rng.permutation(["1", "2", "2"] * 8)
    frame = frame.assign(Metadata_cell_line=cells, Metadata_day=days)
    groups = ["Metadata_cell_line"] if seed % 2 else ["Metadata_cell_line", "Metadata_day"]
    first = frame.groupby(groups).cumcount() < 2  # two controls in each group
    frame["Metadata_control_type"] = first.map({True: "negcon", False: ""}).astype("str")
    expected = pd.concat(
        reference().normalize(
            part,
            image_features=True,
            samples="Metadata_control_type == 'negcon'" if negcon else "all",
            method=method,
            mad_robustize_epsilon=0.0,
        )
        for _, part in frame.groupby(groups)
    ).sort_index()
    result = normalized(frame, method=method, groups=groups, negcon=negcon)
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)
    assert list(result.frame.columns) == list(normalized(frame, method=method).frame.columns)


def test_a_group_has_the_rules_of_a_plate() -> None:
    frame = plate(12, negcons=4).assign(Metadata_cell_line=["a"] * 11 + ["b"])
    by = {"groups": ["Metadata_cell_line"]}
    with pytest.raises(ControlsError, match=r"000123 \(Metadata_cell_line b\) has 0 negative"):
        normalized(frame, negcon=True, **by)
    with pytest.raises(ControlsError, match=r"\(Metadata_cell_line b\) has 0 wells with control"):
        check_negative_controls(frame, plate_map_path="m", key=KEY, groups=["Metadata_cell_line"])
    assert any("b) has one well to fit on" in w for w in normalized(frame, **by).warnings)
    with pytest.raises(InvalidInputError, match="no column Metadata_line to group"):
        normalized(frame, groups=["Metadata_line"])
    with pytest.raises(InvalidInputError, match="1 wells of B1/000123 have no Metadata_cell_line"):
        normalized(frame.assign(Metadata_cell_line=["a"] * 11 + [""]), **by)


def test_other_controls_are_the_wells_of_the_query_and_near_misses_are_told() -> None:
    frame = plate(12, negcons=8).assign(Metadata_pert=["DMSO"] * 8 + ["dmso", "DMSO ", "x", "y"])
    query = "Metadata_pert == 'DMSO'"
    ours = normalized(frame, negcon=True, negative=query)
    pd.testing.assert_frame_equal(ours.frame, normalized(frame, samples=query).frame)
    check = check_negative_controls(frame, plate_map_path="m", key=KEY, query=query)
    assert check.count == 8
    assert "1 well says 'dmso' in pert, which is not 'DMSO'" in str(check.warning)
    assert "1 well says 'DMSO ' in pert" in str(check.warning)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("spherize", {"spherize_method": "ZCA", "spherize_epsilon": 0.5}),
        ("spherize", {"spherize_method": "ZCA", "spherize_center": False}),
        ("inverse_normal", {"inverse_normal_n_quantiles": 5}),
    ],
)
def test_an_option_of_a_method_reaches_pycytominer(method: str, options: dict[str, object]) -> None:
    frame = plate(12, seed=3)
    names = [name for name in frame.columns if name.startswith("Cells_")][:3]
    expected = reference().normalize(frame, features=names, method=method, **options)
    result = normalized(frame, method=method, features=names, more=options)
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)
    usual = normalized(frame, method=method, features=names)
    assert not usual.frame.equals(result.frame)


def test_controls_are_counted_and_few_of_them_are_told() -> None:
    path = "metadata/M.txt"
    check = check_negative_controls(plate(12, negcons=8), plate_map_path=path, key=KEY)
    assert (check.count, check.warning) == (8, None)
    few = check_negative_controls(plate(12, negcons=7), plate_map_path=path, key=KEY)
    assert few.count == 7
    assert "only 7 negative control wells" in str(few.warning)
    for frame in (plate(12, negcons=1), plate(12), plate(12).drop(columns="Metadata_control_type")):
        with pytest.raises(ControlsError, match="control_type") as caught:
            check_negative_controls(frame, plate_map_path=path, key=KEY)
        assert caught.value.path == path
        assert "perform to false" in str(caught.value)


def test_two_sites_of_one_well_are_one_control() -> None:
    frame = plate(12, negcons=2).assign(Metadata_Well="A01")
    with pytest.raises(ControlsError, match="has 1 wells with control_type negcon"):
        check_negative_controls(frame, plate_map_path="m", key=KEY)
