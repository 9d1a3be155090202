"""A frozen list of features: what may be written, what it keeps."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.config.load import parse_config
from profiling_assets.config.step_keys import Step, config_part
from profiling_assets.errors import ConfigError, InvalidInputError
from profiling_assets.profiles.feature_list import (
    apply_selection,
    selection_from_table,
    selection_table,
)
from profiling_assets.profiles.feature_select import select_features
from profiling_assets.profiles.frozen_features import (
    FrozenFeatures,
    frozen_selection,
    read_frozen_features,
)
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv, read_tsv
from profiling_assets.workspace.copying import Direction, transfer
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.public_files import publication_plan

A, B = PlateKey("B1", "000123"), PlateKey("B1", "PL-01-x")

LIST = b"column\tkind\toutcome\nCells_a\tfeature\tkept\n"


def read(data: bytes) -> tuple[str, ...]:
    return read_frozen_features(data, path="config_files/frozen.tsv").names


def plate(seed: int = 0, rows: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"Metadata_Well": pd.Series([f"A{n:02d}" for n in range(rows)], dtype="str")}
    )
    return frame.assign(
        Metadata_Object_Count=10,
        **{f"Cells_{name}": rng.normal(size=rows) for name in "abcd"},
        Image_flat=1.0,
    )


def frozen(*names: str) -> FrozenFeatures:
    return FrozenFeatures("config_files/frozen.tsv", names)


names_of_features = st.lists(
    st.from_regex(r"(Cells|Nuclei|Image)_[A-Za-z0-9_.]{1,12}", fullmatch=True),
    min_size=1,
    unique=True,
)


@given(
    names_of_features,
    st.sampled_from(["", "feature", "Features", "column"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["{}", '"{}"', "  {} ", "{},", "{}\t\t"]),
)
def test_one_feature_a_line_is_read_however_it_was_saved(
    names: list[str], header: str, end: str, bom: bool, cell: str
) -> None:
    lines = [cell.format(name) for name in ([header] if header else []) + names]
    data = (b"\xef\xbb\xbf" if bom else b"") + (end.join(lines) + end + end).encode()
    assert read(data) == tuple(names)


def test_of_a_list_of_selected_features_the_kept_ones_are_taken_in_their_order() -> None:
    selection = select_features(
        {A: plate()},
        operations=["variance_threshold"],
        features="infer",
        image_features=True,
        compartments=None,
        level="plate",
    )
    table = selection_table(selection)
    kept = ("Cells_a", "Cells_b", "Cells_c", "Cells_d")
    assert read(ledger_tsv(table)) == kept
    assert read(ledger_tsv(table.drop(columns=["level", "value"]))) == kept  # of an older version
    assert read(ledger_tsv(table.iloc[::-1])) == kept[::-1]
    assert read(table.to_csv(index=False, sep=";").encode("utf-8-sig")) == kept
    assert read(LIST + b"\t\t\nMetadata_x\tmetadata\tkept\n") == ("Cells_a",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "is empty"),
        (b"feature\n", "keeps no feature"),
        (b"Cells_a\nCells_b\nCells_a\n", "lines 1 and 3 both name Cells_a"),
        (b"Metadata_Well\nCells_b\n", "line 1 names Metadata_Well, which is metadata"),
        (b"Cells_a\nCells_b,Nuclei_c\n", "line 2 has several cells"),
        (b"name\tkeep\nCells_a\tyes\n", "it has the columns name, keep, and no column column"),
        (b"column\tkind\toutcome\nCells_a\tfeature\tdropped\n", "keeps no feature"),
        (b"# of the pilot\nCells_a\n", "line 1 names '# of the pilot', which begins with #"),
        (b'Cells_a\n"Cells_b\n', "line 2 names '\"Cells_b', which has a quote"),
        (b"Cells_a\n'Cells_b'\n", "which has a quote"),
        (b"Cells_a\nCells_\x1bb\n", "line 2 names .* which has a character that cannot be seen"),
        ("Cells_a\nCells_b\u200b\n".encode(), "line 2 names .* that cannot be seen"),
        (LIST + b"#Cells_b\tfeature\tkept\n", "line 3 names '#Cells_b', which begins with #"),
        (LIST + b"Cells_b\tfeature\tKept\n", "line 3 has outcome 'Kept'"),
        (LIST + b"Cells_b\tfeature\tkeep\n", "line 3 has outcome 'keep'"),
        (LIST + b"Cells_b\tfeature\t\n", "line 3 has no outcome"),
        (LIST + b"\nCells_b\tFeature\tkept\n", "line 4 has kind 'Feature'"),
        (LIST + b"Cells_b\n", "line 3 has no kind"),
        (LIST + b" \tfeature\tkept\n", "line 3 has no name in column"),
        (LIST + b"\tfeature\tdropped\n", "line 3 has no name in column"),
        (b"\x1f\x8b\x08\x00\xff", "not a text file"),
        (b"PK\x03\x04 xl/workbook.xml", "it is a spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_a_list_is_refused_with_file_and_remedy(
    data: bytes, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        read(data)
    assert caught.value.path == "config_files/frozen.tsv"
    assert caught.value.remedy


def test_its_features_are_kept_in_its_order_and_every_other_one_is_in_the_ledger() -> None:
    frames = {A: plate(), B: plate(1)}
    selection = frozen_selection(frames, frozen("Image_flat", "Cells_c", "Cells_a"), level="batch")
    assert selection.columns == (
        *("Metadata_Well", "Metadata_Object_Count", "Image_flat", "Cells_c", "Cells_a"),
    )
    assert selection.counts == {"kept": 3, "dropped": 2, "not_in_frozen_list": 2}
    assert selection.voters is None
    ledger = selection.ledger.set_index("feature")
    assert set(ledger.loc[["Cells_b", "Cells_d"], "operation"]) == {"not_in_frozen_list"}
    assert set(ledger["level"]) == {"batch"}
    stored = ledger_tsv(selection_table(selection))
    again = selection_from_table(read_tsv(stored, path="l.tsv"), path="l.tsv")
    assert again.columns == selection.columns


def test_a_list_of_a_run_gives_the_same_bytes_as_the_run() -> None:
    first = plate().assign(Cells_e=lambda frame: frame["Cells_b"] * 2)
    first.loc[4, "Cells_c"] = math.inf
    frames = {A: first, B: plate(1)[plate(1).columns[::-1]]}
    own = select_features(
        frames,
        operations=["variance_threshold", "correlation_threshold"],
        features="infer",
        image_features=False,
        compartments=None,
        level="batch",
    )
    listed = read_frozen_features(ledger_tsv(selection_table(own)), path="l.tsv")
    taken = frozen_selection(frames, listed, level="batch")
    assert taken.columns == own.columns
    kept = own.ledger[own.ledger["outcome"] == "kept"].set_index("feature")
    again = taken.ledger[taken.ledger["outcome"] == "kept"].set_index("feature")
    assert kept.loc["Cells_c", "reason"] == again.loc["Cells_c", "reason"] != ""
    for frame in frames.values():
        texts = {
            profiles_csv(apply_selection(frame, one), float_format="%.5g", gzip=True)
            for one in (own, taken)
        }
        assert len(texts) == 1


def test_a_feature_absent_on_some_plates_is_empty_there_and_on_all_an_error() -> None:
    frames = {A: plate(), B: plate(1).drop(columns="Cells_c")}
    selection = frozen_selection(frames, frozen("Cells_c", "Cells_a"), level="batch")
    ledger = selection.ledger.set_index("feature")
    assert ledger.loc["Cells_c", "reason"] == "absent, and empty, on B1/PL-01-x"
    assert apply_selection(frames[B], selection)["Cells_c"].isna().to_numpy().all()
    with pytest.raises(
        InvalidInputError, match="2 of its 3 features are on no plate of 2 plates"
    ) as e:
        frozen_selection(frames, frozen("Cells_z", "Cells_a", "Nuclei_q"), level="batch")
    assert "Cells_z, Nuclei_q" in str(e.value)
    assert str(e.value).startswith("config_files/frozen.tsv: ")
    assert "take them out of the list" in str(e.value)


def test_a_column_of_words_is_refused_with_the_list_and_the_plate() -> None:
    frames = {A: plate(), B: plate(1).assign(Cells_c="dim")}
    with pytest.raises(InvalidInputError, match=r"Cells_c, which holds words.*B1/PL-01-x") as e:
        frozen_selection(frames, frozen("Cells_a", "Cells_c"), level="batch")
    assert e.value.path == "config_files/frozen.tsv"
    assert "out of the list" in str(e.value.remedy)


def _config(**keys: object) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    text = f"pipeline: p\nfeature_select:\n{lines}"
    return config_part(parse_config(text, path="config.yml"), Step.SELECT)


def test_beside_a_frozen_list_only_the_level_counts() -> None:
    alone = _config(frozen="config_files/f.tsv")
    assert alone != _config(perform="true")
    assert alone != _config(frozen="config_files/f.tsv", level="all")
    ignored = {"features": "[Cells_a]", "operations": "[blocklist]", "min_cells": 5}
    assert alone == _config(frozen="config_files/f.txt", image_features="false", **ignored)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/etc/passwd", "absolute"),
        ("../f.tsv", r"\.\."),
        ("config_files//b.tsv", "empty part"),
        ("a\\b", "backslash"),
        ("", "is empty"),
        ("profiles/B/B_selected_features_batch.tsv", "copy it to config_files/B_selected_features"),
        ("f.tsv", "copy it to config_files/f.tsv"),
        ("config_files", "no file in config_files/"),
        ("config_files/.f.tsv", "copy it to config_files/f.tsv"),
        ("config_files/nuclei.csv", "does not take"),
        ("config_files/f.tsv.gz", r"none of \.tsv, \.txt, \.csv"),
    ],
)
@pytest.mark.parametrize("section", ["feature_select", "feature_select_negcon"])
def test_a_frozen_list_that_no_push_would_take_along_is_refused(
    section: str, path: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{section}\.frozen.*{says}"):
        parse_config(f"pipeline: p\n{section}:\n  frozen: '{path}'\n", path="config.yml")


@pytest.mark.parametrize("path", ["config_files/f.tsv", "config_files/a b/f.CSV"])
def test_a_frozen_list_that_the_config_may_name_is_pushed_and_published(path: str) -> None:
    assert _config(frozen=f"'{path}'")
    assert transfer(path, Direction.PUSH) is not None
    assert [one.source for one in publication_plan({path: 7}).transfers] == [path]
