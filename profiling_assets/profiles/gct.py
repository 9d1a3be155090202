r"""The GCT file of a table of profiles, version 1.3, for Morpheus and other viewers.

Put here: which columns go into the file, and its text.
Do not put here: stacking plates (`stack`), where the file lies (`workspace.layout`).
The text is that of `pycytominer.write_gct`: lines end in `\r\n`, a missing number is `nan`, samples
are numbered from 0, words with a tab or a quote are quoted. It is written here, because pycytominer
encodes by the user's locale (a micro sign in a plate map is then an error, or another letter) and
holds the table three times over. Format: https://clue.io/connectopedia/gct_format
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import csv
import io
from collections.abc import Sequence

import pandas as pd

from profiling_assets.profiles.column_kinds import column, feature_columns

_VERSION = "#1.3"
_METADATA = "Metadata_"


def gct_columns(
    frame: pd.DataFrame, compartments: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Choose the columns of a GCT file.

    Metadata columns and feature columns, in table order. Those of `pycytominer.write_gct`: no image
    features, no `Image_Metadata_*`. It knows canonical compartments alone; a compartment that the
    config names is there too.
    """
    metadata = [name for name in frame.columns if name.startswith(_METADATA)]
    return metadata, feature_columns(frame, compartments, image_features=False)


def gct_bytes(frame: pd.DataFrame) -> bytes:
    """Write a GCT file.

    `frame`: the columns that `gct_columns` chose, one row a sample. `Metadata_*` columns describe
    samples, every other one is a feature.
    """
    metadata = [name for name in frame.columns if name.startswith(_METADATA)]
    features = [name for name in frame.columns if not name.startswith(_METADATA)]
    samples = [f"SAMPLE_{place}" for place in range(len(frame))]
    buffer = io.BytesIO()
    text = io.TextIOWrapper(buffer, encoding="utf-8", newline="")
    lines = csv.writer(text, delimiter="\t")
    lines.writerow([_VERSION])
    lines.writerow([len(features), len(frame), 1, len(metadata)])
    lines.writerow(["id", "cp_feature_name", *samples])
    for name in metadata:
        lines.writerow([name.replace(_METADATA, ""), "nan", *column(frame, name).tolist()])
    for name in features:
        lines.writerow([name, name, *column(frame, name).tolist()])
    text.flush()
    return buffer.getvalue()
