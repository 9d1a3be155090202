"""Pictures and tables of a result, as Dagster metadata.

Put here: what the UI shows of a result beside its numbers.
Do not put here: numbers and words (`dagster.metadata`), drawing (`core.quality`).
A picture is in the metadata itself, small, because the UI loads no file of a workspace.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import dagster as dg

from profiling_assets.steps.outputs import MadePictures, Picture, Published

if TYPE_CHECKING:  # for annotations alone: the graph is loaded without pandas
    import pandas as pd

_MAX_ROWS = 400


def shown_metadata(value: object) -> dict[str, dg.MetadataValue]:
    """Show the pictures or tables of a result.

    Parameters
    ----------
    value : object
        What a step made.

    Returns
    -------
    dict of str to dagster.MetadataValue
        Empty for a result that has none.
    """
    if isinstance(value, MadePictures):
        return {picture.name: _markdown(picture) for picture in value.pictures}
    if isinstance(value, Published):
        return {name: _table(frame) for name, frame in value.shown.items()}
    return {}


def _markdown(picture: Picture) -> dg.MetadataValue:
    from profiling_assets.quality.pictures.draw import preview

    small, kind = preview(picture.content)
    data = base64.b64encode(small).decode("ascii")
    return dg.MetadataValue.md(f"![{picture.name}](data:{kind};base64,{data})")


def _table(frame: pd.DataFrame) -> dg.MetadataValue:
    rows: list[dict[Any, Any]] = frame.head(_MAX_ROWS).to_dict("records")
    return dg.MetadataValue.table(
        [dg.TableRecord({str(name): str(text) for name, text in row.items()}) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(str(name), "string") for name in frame.columns]),
    )
