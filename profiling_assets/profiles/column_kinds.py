"""What a column of a profile table is: metadata, a count, a feature.

Put here: rules that look at a column's name and type.
Do not put here: reading and writing tables (`tables`), which features are kept (`feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false
# ^ pandas and pyarrow ship partial types or none

import re
from collections.abc import Sequence
from typing import cast

import pandas as pd

from profiling_assets.workspace.column_categories import is_feature_name

CANONICAL_COMPARTMENTS = ("Cells", "Cytoplasm", "Nuclei")
WELL_COLUMNS = ("Metadata_Well", "Image_Metadata_Well")
PLATE_COLUMNS = ("Metadata_Plate", "Image_Metadata_Plate")

_METADATA = ("Metadata_", "Image_Metadata_")
_MEASURED = re.compile(r"[A-Z][A-Za-z0-9]*_")  # a table's name begins with a capital
_COUNT = re.compile(r"(Image_)?Metadata_(Site_Count|Object_Count|Count_.+|Site)")


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one column, typed: pandas' own `[]` may be a frame to a type checker."""
    return cast(pd.Series, frame[name])


def numeric_columns(frame: pd.DataFrame) -> set[str]:
    """Name the columns that hold numbers; each type of a wide table is looked at once."""
    dtypes = frame.dtypes.tolist()
    numeric = {dtype: pd.api.types.is_numeric_dtype(dtype) for dtype in set(dtypes)}
    return {name for name, dtype in zip(frame.columns, dtypes, strict=True) if numeric[dtype]}


def is_metadata(name: str) -> bool:
    """Tell a metadata column (verbatim text, or a count) from all others."""
    return name.startswith(_METADATA)


def is_measured(name: str) -> bool:
    """Tell a column that can be a feature from metadata and from what describes images."""
    return not is_metadata(name) and is_feature_name(name)


def is_count(name: str) -> bool:
    """Tell the metadata columns that hold numbers: counts of objects and sites, and the site."""
    return _COUNT.fullmatch(name) is not None


def feature_columns(
    frame: pd.DataFrame, compartments: Sequence[str] | None, *, image_features: bool
) -> list[str]:
    """List the features of a table, as pycytominer's `infer_cp_features` does.

    `compartments`: the config's `compartments`, in any case. Where all are canonical: Cells,
    Cytoplasm and Nuclei. Else those named, and no other. None: every measured column, as the
    compartments were found in the files. Column names in table order; may be empty.
    """
    canonical = {name.lower() for name in CANONICAL_COMPARTMENTS}
    named = {name.lower() for name in compartments or ()}
    discovered = compartments is None
    wanted = canonical if named <= canonical else named
    # Canonical names as pycytominer matches them. A table's name is written Ph3 or Cells_cellpose3
    # by one tool and PH3 or Cells_Cellpose3 by another: those are matched in any case.
    exact = tuple(name.title() for name in wanted & canonical)
    folded = tuple(f"{name}_" for name in wanted - canonical)

    numeric = numeric_columns(frame)

    def is_feature(name: str) -> bool:
        if not is_measured(name):
            return False
        if name.startswith("Image_"):
            return image_features and name in numeric
        if discovered and _MEASURED.match(name):
            return name in numeric
        return name.startswith(exact) or name.lower().startswith(folded)

    return [name for name in frame.columns if is_feature(name)]
