"""The GCT file against pycytominer's `write_gct`, on real profiles and on awkward ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.profiles.gct import gct_bytes, gct_columns
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.stack import stack_profiles
from profiling_assets.profiles.tables import profiles_csv, read_profiles
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import real_profiles

write_gct = reference("pycytominer.cyto_utils").write_gct
CANONICAL = ("cells", "cytoplasm", "nuclei")


def ours(frame: pd.DataFrame, compartments: tuple[str, ...] | None = CANONICAL) -> str:
    metadata, features = gct_columns(frame, compartments)
    return gct_bytes(frame.loc[:, [*metadata, *features]]).decode()


def by_pycytominer(frame: pd.DataFrame, folder: Path, **options: object) -> str:
    file = folder / "reference.gct"
    write_gct(frame, str(file), **options)
    return file.read_bytes().decode()


def test_the_file_of_real_published_profiles_is_pycytominers(tmp_path: Path) -> None:
    frame = real_profiles(every=3)
    assert ours(frame) == by_pycytominer(frame, tmp_path)


def test_the_file_of_two_real_plates_stacked_is_pycytominers(tmp_path: Path) -> None:
    frame = real_profiles(every=20)
    less = frame.drop(columns=[frame.columns[2], frame.columns[-1]]).iloc[:40]
    plates = {PlateKey("B", "1"): frame.iloc[:40], PlateKey("B", "2"): less}
    stacked = stack_profiles(plates, "B").frame
    assert "nan" in ours(stacked)  # the feature that the second plate lacks
    assert ours(stacked) == by_pycytominer(stacked, tmp_path)


def test_the_numbers_are_those_that_the_recipe_gives(tmp_path: Path) -> None:
    # the recipe's table is read by pandas, which makes numbers of ids; the features are the same
    stacked = stack_profiles({PlateKey("B", "1"): real_profiles(every=20).iloc[:30]}, "B").frame
    file = tmp_path / "stacked.csv.gz"
    file.write_bytes(profiles_csv(stacked, float_format="%.5g", gzip=True))
    theirs = by_pycytominer(pd.read_csv(file), tmp_path).splitlines()
    mine = ours(read_profiles(file.read_bytes(), path=file.name)).splitlines()
    described = int(mine[1].split("\t")[3])
    assert mine[:3] == theirs[:3]
    assert mine[3 + described :] == theirs[3 + described :]


AWKWARD = pd.DataFrame(
    {
        "Metadata_Plate": pd.Series(["000123", "52981234", "p 3"], dtype="str"),
        "Metadata_Well": pd.Series(["A01", "A02", "B01"], dtype="str"),
        "Metadata_dose": pd.Series(["1 μM", "", 'a "b"\tc'], dtype="str"),
        "Metadata_Metadata_twice": pd.Series(["x", "line\nbreak", "return\r"], dtype="str"),
        "Metadata_Object_Count": [123456, 2, 3],
        "Metadata_Count_Cells": [1.0, np.nan, 3.0],
        "Cells_A": [1.5, np.nan, -np.inf],
        "Cytoplasm_B": [1e-300, 12345678.9, np.inf],
        "Nuclei_C": [0.0, -0.0, 3.0],
    }
)


def test_text_counts_and_missing_values_are_written_as_pycytominer_writes_them(
    tmp_path: Path,
) -> None:
    assert ours(AWKWARD) == by_pycytominer(AWKWARD, tmp_path)
    assert "52981234" in ours(AWKWARD)
    assert "000123" in ours(AWKWARD)


def test_a_file_is_utf_8_whatever_the_users_locale() -> None:
    assert "1 μM".encode() in gct_bytes(AWKWARD)


def test_what_pycytominer_leaves_out_is_left_out(tmp_path: Path) -> None:
    frame = AWKWARD.assign(Image_Granularity_1=1.0, Image_Metadata_Site="1")
    assert ours(frame) == by_pycytominer(frame, tmp_path) == ours(AWKWARD)


def test_a_compartment_that_the_config_names_is_in_the_file(tmp_path: Path) -> None:
    frame = AWKWARD.assign(Ph3_Size=[1.0, 2.0, 3.0])
    own = ("cells", "cytoplasm", "nuclei", "ph3")
    assert "Ph3_Size\tPh3_Size\t1.0\t2.0\t3.0" in ours(frame, own)
    features = gct_columns(frame, own)[1]
    assert ours(frame, own) == by_pycytominer(frame, tmp_path, features=features)


@settings(max_examples=12, deadline=None)
@given(
    words=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
        min_size=1,
        max_size=3,
    ),
    numbers=st.lists(st.floats(width=64), min_size=3, max_size=3),
)
def test_any_words_and_numbers_give_pycytominers_text(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], numbers: list[float]
) -> None:
    rows = len(words)
    frame = pd.DataFrame(
        {
            "Metadata_Plate": pd.Series(words, dtype="str"),
            "Metadata_x": pd.Series(words[::-1], dtype="str"),
            "Cells_a": numbers[:rows],
        }
    )
    assert ours(frame) == by_pycytominer(frame, tmp_path_factory.getbasetemp())
