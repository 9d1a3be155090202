"""Which columns of a profile table are features."""

import pandas as pd
import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import feature_columns
from profiling_assets.profiles.frozen_features import read_frozen_features
from profiling_assets.profiles.normalize import INFER, chosen_features, normalize_profiles
from profiling_assets.profiles.tables import read_profiles, table_facts
from profiling_assets.workspace.names import PlateKey

FRAME = pd.DataFrame(
    {
        "Metadata_Well": ["A01"],
        "Metadata_Object_Count": [3],
        "Image_Granularity_1_DNA": [0.5],
        "Cells_AreaShape_Area": [1.0],
        "Cells_cellpose3_AreaShape_Area": [2.0],
        "Ph3_AreaShape_Area": [3.0],
        "Nuclei_Note": ["a word"],
        "index_0": [7.0],
    }
)


def test_without_named_compartments_every_measured_column_is_a_feature() -> None:
    assert feature_columns(FRAME, None, image_features=False) == [
        "Cells_AreaShape_Area",
        "Cells_cellpose3_AreaShape_Area",
        "Ph3_AreaShape_Area",
    ]


def test_image_features_count_only_where_asked_for() -> None:
    names = feature_columns(FRAME, None, image_features=True)
    assert names[0] == "Image_Granularity_1_DNA"


def test_canonical_compartments_leave_others_out_as_pycytominer_does() -> None:
    names = feature_columns(FRAME, ("cells", "cytoplasm", "nuclei"), image_features=False)
    assert "Ph3_AreaShape_Area" not in names
    assert "Cells_AreaShape_Area" in names


def test_a_named_extra_compartment_is_found_in_any_case() -> None:
    assert feature_columns(FRAME, ("PH3",), image_features=False) == ["Ph3_AreaShape_Area"]


OF_IMAGES = (
    "Cytoplasm_Metadata_Col", "Cells_Width_OrigDNA", "Nuclei_FileName_OrigDNA", "Cells_",
    "Unnamed: 0", "", "FileName_OrigDNA", "Cells_cellpose3_Metadata_Dose",
)  # fmt: skip


@pytest.mark.parametrize("compartments", [None, ("cells", "cytoplasm"), ("cells_cellpose3",)])
def test_columns_that_describe_images_are_features_of_no_table(
    compartments: tuple[str, ...] | None,
) -> None:
    frame = FRAME.assign(**dict.fromkeys(OF_IMAGES, 1.0), Image_Width_OrigDNA=2.0)
    for image_features in (True, False):
        names = feature_columns(frame, compartments, image_features=image_features)
        assert names == feature_columns(FRAME, compartments, image_features=image_features)
    numbers = table_facts(frame).features
    assert numbers == table_facts(FRAME).features


def test_a_table_made_elsewhere_keeps_them_as_text_and_no_step_takes_them() -> None:
    data = b"Metadata_Well,Cells_AreaShape_Area,Cytoplasm_Metadata_Col,\nA01,1.5,007,1\nA02,2,8,2\n"
    frame = read_profiles(data, path="PLATE.csv")
    assert frame["Cytoplasm_Metadata_Col"].tolist() == ["007", "8"]
    result = normalize_profiles(
        frame,
        method="standardize",
        features=INFER,
        image_features=True,
        compartments=None,
        key=PlateKey("B", "P"),
    )
    assert list(result.frame.columns) == ["Metadata_Well", "Cells_AreaShape_Area"]


def test_a_list_of_features_that_names_one_is_refused() -> None:
    frame = FRAME.assign(Cells_Metadata_Dose=1.0)
    with pytest.raises(InvalidInputError, match="Cells_Metadata_Dose is metadata or"):
        chosen_features(
            frame,
            ["Cells_AreaShape_Area", "Cells_Metadata_Dose"],
            compartments=None,
            image_features=False,
            key=PlateKey("B", "P"),
        )
    with pytest.raises(InvalidInputError, match="line 1 names Cells_Metadata_Dose"):
        read_frozen_features(b"Cells_Metadata_Dose\n", path="list.txt")
