"""Joining external metadata: what cannot be joined is refused, what has no row is named.

Put here: looking at the key of the external metadata before and after the join.
Do not put here: the join (`profiles.annotate`), reading the table (`profiles.plate_map`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Collection

import pandas as pd

from profiling_assets.errors import PlateMapError
from profiling_assets.profiles.columns import column
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    metadata_name,
    some_names,
)


def checked_external(
    external: ExternalMetadata, plate_map: PlateMap, columns: Collection[str]
) -> tuple[ExternalMetadata, list[str]]:
    """Refuse external metadata that cannot be joined, or would give a well several profiles.

    Parameters
    ----------
    external : ExternalMetadata
        The table.
    plate_map : PlateMap
        The plate's plate map.
    columns : collection of str
        Columns of the profiles.

    Returns
    -------
    tuple of ExternalMetadata and list of str
        The table without repeated rows, and what the user should know.

    Raises
    ------
    PlateMapError
        Where the column to join on is absent, or has a value twice with different rows.
    """
    on = metadata_name(external.merge_column)
    named = external.frame.rename(columns={name: metadata_name(name) for name in external.frame})
    if on not in named.columns:
        raise PlateMapError(
            f"there is no column {external.merge_column}; the columns are "
            f"{', '.join(external.frame.columns)}",
            path=external.path,
            remedy="set annotate.external.merge_column to a column of this file",
        )
    if on not in plate_map.frame.columns and on not in columns:
        raise PlateMapError(
            f"there is no column {external.merge_column} to join {external.path} on",
            path=plate_map.path,
            remedy="add the column, or set annotate.external.merge_column to another",
        )
    different = external.frame.loc[~external.frame.duplicated()]
    keys = column(named.loc[different.index], on)
    twice = keys.loc[keys.duplicated(keep=False)]
    if len(twice):
        value = twice.iloc[0]
        lines = ", ".join(str(line) for line in twice.index[twice.to_numpy() == value])
        raise PlateMapError(
            f"{external.merge_column} {value!r} is there more than once, with different rows: "
            f"lines {lines}; a well would get as many profiles",
            path=external.path,
            remedy="keep one row for each",
        )
    same = len(external.frame) - len(different)
    remark = [f"{external.path}: {same} rows repeat another one exactly; ignored"] if same else []
    return ExternalMetadata(external.path, different, external.merge_column), remark


def unmatched_external(frame: pd.DataFrame, external: ExternalMetadata) -> list[str]:
    """Say which values of the column to join on have no row in the external metadata."""
    on = metadata_name(external.merge_column)
    short = on.removeprefix("Metadata_")
    name = on if on in external.frame.columns else short
    known = set(column(external.frame, name).tolist())
    lacking = sorted({str(text) for text in column(frame, on).tolist()} - known - {""})
    if not lacking:
        return []
    return [f"{external.path} has no row for {len(lacking)} {short}: {some_names(lacking)}"]
