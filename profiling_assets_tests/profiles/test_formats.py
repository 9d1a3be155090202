"""Copies of profiles in other formats hold the same values with the same types."""

from io import BytesIO
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.config.load import parse_config
from profiling_assets.errors import ConfigError
from profiling_assets.profiles import formats
from profiling_assets.profiles.formats import COPIES, h5ad_bytes
from profiling_assets_tests.support import real_profiles

FRAME = pd.DataFrame(
    {
        "Metadata_Plate": pd.Series(["000123", "000123"], dtype="str"),
        "Metadata_Well": pd.Series(["A01", "A02"], dtype="str"),
        "Metadata_dose (μM/l)": pd.Series(["1e5", ""], dtype="str"),
        "Metadata_dose (μM_l)": pd.Series(["", "0x1"], dtype="str"),
        "Metadata_Object_Count": [7, 9],
        "Metadata_Count_Cells": [np.nan, 3.0],
        "Cells_A": [1.5, np.nan],
        "Image_B": [np.inf, -0.0],
    }
)


def _element(element: Any) -> Any:
    """Read an element as the file format's description says."""
    match element.attrs["encoding-type"]:
        case "array":
            return element[()]
        case "string-array":
            return element.asstr()[()].astype(object)
        case "dataframe":
            index = _element(element[element.attrs["_index"]])
            columns = {name: _element(element[name]) for name in element.attrs["column-order"]}
            return pd.DataFrame(columns, index=index)
        case "dict":
            return {name: _element(child) for name, child in element.items()}
        case other:
            raise AssertionError(other)


def read_back(data: bytes) -> tuple[Any, dict[str, Any]]:
    with h5py.File(BytesIO(data), "r") as opened:
        file: Any = opened
        attributes = {k: file.attrs[k] for k in ("encoding-type", "encoding-version")}
        assert attributes == {"encoding-type": "anndata", "encoding-version": "0.1.0"}
        return file["X"].dtype, {name: _element(child) for name, child in file.items()}


def as_one_table(parts: dict[str, Any]) -> pd.DataFrame:
    """Put it together as pycytominer's `read_anndata` does."""
    x = pd.DataFrame(parts["X"], index=parts["obs"].index, columns=parts["var"].index)
    return parts["obs"].join(x, how="left").reset_index(drop=True)


def test_the_features_are_x_and_the_metadata_are_text_and_counts_in_obs() -> None:
    dtype, parts = read_back(h5ad_bytes(FRAME))
    assert dtype == np.float64
    assert list(parts["var"].index) == ["Cells_A", "Image_B"]
    np.testing.assert_array_equal(parts["X"], FRAME[["Cells_A", "Image_B"]].to_numpy())
    assert list(parts["obs"].index) == ["0", "1"]
    assert list(parts["obs"]["Metadata_Plate"]) == ["000123", "000123"]
    assert parts["obs"]["Metadata_Object_Count"].dtype == np.int64
    assert parts["obs"]["Metadata_Count_Cells"].dtype == np.float64
    for name in ("layers", "obsm", "obsp", "uns", "varm", "varp"):
        assert parts[name] == {}


def test_a_slash_in_a_column_is_no_folder_and_no_column_is_lost() -> None:
    _, parts = read_back(h5ad_bytes(FRAME))
    named = [name for name in parts["obs"].columns if "dose" in name]
    assert named == ["Metadata_dose (μM_l)", "Metadata_dose (μM_l)_"]
    assert parts["obs"][named].to_numpy().tolist() == [["1e5", ""], ["", "0x1"]]


def test_real_profiles_come_back_whole_from_either_format() -> None:
    frame = real_profiles(every=4)
    _, parts = read_back(COPIES["h5ad"](frame))
    back = as_one_table(parts)
    pd.testing.assert_frame_equal(back.loc[:, frame.columns], frame, check_dtype=False)
    assert pd.read_parquet(BytesIO(COPIES["parquet"](frame))).equals(frame)


@pytest.mark.parametrize("form", COPIES)
def test_equal_tables_give_equal_bytes(form: str) -> None:
    assert COPIES[form](FRAME) == COPIES[form](FRAME.copy())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=3)
)
def test_any_words_come_back(words: list[str]) -> None:
    frame = pd.DataFrame(
        {"Metadata_Well": pd.Series(words, dtype="str"), "Cells_A": [1.0] * len(words)}
    )
    _, parts = read_back(h5ad_bytes(frame))
    assert list(parts["obs"]["Metadata_Well"]) == words
    assert parts["X"].shape == (len(words), 1)


def test_without_the_extra_the_config_is_refused_and_so_is_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "pipeline: p\noptions: {formats: [csv.gz, h5ad]}\n"
    assert parse_config(text, path="c.yml").options.formats == ("csv.gz", "h5ad")
    monkeypatch.setattr("profiling_assets.errors.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="h5py is not installed") as caught:
        parse_config(text, path="c.yml")
    assert "profiling_assets[anndata]" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        formats.h5ad_bytes(FRAME)
    assert "profiling_assets[anndata]" in str(caught.value)
