"""Which columns of a profile table are features."""

import pandas as pd

from profiling_assets.profiles.column_kinds import feature_columns

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
