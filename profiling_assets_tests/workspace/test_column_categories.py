"""Which columns are measurements, by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.workspace.column_categories import is_feature_name, is_measurement

NEVER = (
    "Metadata_Dose", "Metadata_Col", "FileName_OrigDNA", "PathName_OrigDNA", "URL_OrigDNA",
    "MD5Digest_OrigDNA", "Scaling_OrigDNA", "Width_OrigDNA", "Height_OrigDNA", "Frame_OrigDNA",
    "Series_OrigDNA", "Group_Index", "Group_Number", "Group_Length", "ExecutionTime_26Measure",
    "ModuleError_10ImageMath", "Channel_OrigDNA", "ObjectsFileName_Nuclei", "metadata_dose",
    "", " ", "Unnamed: 0", "Unnamed: 12",
)  # fmt: skip
MEASURED = (
    "AreaShape_Area", "Intensity_MeanIntensity_DNA", "Texture_Contrast_DNA_3_00_256",
    "Location_Center_X", "Number_Object_Number", "Parent_Nuclei", "Children_Cytoplasm_Count",
    "Neighbors_NumberOfNeighbors_5", "Granularity_1_Width", "Correlation_Costes_DNA_Metadata",
    "RadialDistribution_FracAtD_Channel_1of4",
)  # fmt: skip
TABLES = ("Cells", "Cytoplasm", "Nuclei", "Ph3", "Cells_Cellpose3", "Precells_cellpose3")


@pytest.mark.parametrize("name", NEVER)
def test_what_describes_an_image_is_no_measurement_in_any_table(name: str):
    assert not is_measurement(name)
    assert not is_feature_name(f"Image_{name}")
    for table in TABLES[:4]:
        assert not is_feature_name(f"{table}_{name}")


@given(st.sampled_from(TABLES), st.sampled_from(MEASURED))
def test_every_measurement_is_a_feature_of_every_table(table: str, name: str):
    assert is_measurement(name)
    assert is_feature_name(f"{table}_{name}")


@pytest.mark.parametrize("name", [n for n in NEVER if n.startswith(("Metadata", "File", "MD5"))])
def test_a_table_whose_name_has_several_words_is_no_way_round(name: str):
    assert not is_feature_name(f"Cells_Cellpose3_{name}")


@pytest.mark.parametrize("name", ["Unnamed: 0", "", "FileName_OrigDNA", "Width_OrigDNA"])
def test_columns_without_a_table_that_are_no_measurement_are_no_features(name: str):
    assert not is_feature_name(name)


def test_a_table_may_be_called_like_a_category():
    assert is_feature_name("Group_AreaShape_Area")
    assert is_feature_name("Cells_Myplugin_Width_of_fit")
