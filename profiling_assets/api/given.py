"""What the verbs are given: a table or the file that holds it, and its name in messages.

Put here: reading, and refusing what no step could take.
Do not put here: the format of the files (`profiles.tables`, `profiles.plate_map`).
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError, MissingInputError, ProfilingError
from profiling_assets.profiles import tables
from profiling_assets.profiles.column_kinds import (
    PLATE_COLUMNS,
    WELL_COLUMNS,
    column,
    is_metadata,
    numeric_columns,
)
from profiling_assets.profiles.normalize import INFER
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.os_errors import reading

File = str | os.PathLike[str]
Table = pd.DataFrame | File  # a table, or the file that holds it

WHERE = "mend the path: it is looked for in the folder in which Python runs"


def read_profiles(path: File, *, well_column: str = WELL_COLUMNS[0]) -> pd.DataFrame:
    """Read a table of profiles.

    Parameters
    ----------
    path : str or path
        A CSV file, plain or gzipped.
    well_column : str, default "Metadata_Well"
        The column that holds the well.

    Returns
    -------
    pandas.DataFrame
        One row per well or site, in file order. Metadata are verbatim text, '' where empty; counts
        are int64; features are float64.

    Raises
    ------
    ProfilingError
        Where the file is not there, is damaged, or is no table of profiles.

    Examples
    --------
    >>> pa.read_profiles("PLATE_normalized.csv.gz")
    """
    return tables.read_profiles(read(path), path=str(path), well_column=well_column)


def read(path: File) -> bytes:
    """Return what a file holds."""
    file = Path(path).expanduser()
    with reading(str(path)):
        if not file.exists():
            raise MissingInputError("there is no such file", path=str(path), remedy=WHERE)
        return file.read_bytes()


def table_of(table: Table, well_column: str = WELL_COLUMNS[0]) -> tuple[pd.DataFrame, str | None]:
    """Return a table with float64 features, and the file that it is from."""
    if not isinstance(table, pd.DataFrame):
        return read_profiles(table, well_column=well_column), str(table)
    odd = [name for name in table.columns if not isinstance(name, str)]
    if odd or not table.columns.is_unique:
        twice = odd or list(table.columns[table.columns.duplicated()])
        raise InvalidInputError(
            f"column {twice[0]!r} of the table has a name that is no text, or that another has",
            remedy="rename it",
        )
    numeric = numeric_columns(table)
    wrong = {
        name: np.float64
        for name, dtype in table.dtypes.items()
        if name in numeric and not is_metadata(str(name)) and dtype != np.float64
    }
    return table.reset_index(drop=True).astype(wrong), None


def with_wells(frame: pd.DataFrame, path: str | None) -> pd.DataFrame:
    """Return the table; raises `InvalidInputError` where it has no well column."""
    if not set(WELL_COLUMNS).intersection(frame.columns):
        raise InvalidInputError(
            f"there is no column {WELL_COLUMNS[0]}",
            path=path,
            remedy="give tables with a row for each well",
        )
    return frame


def hand_written(table: Table, name: str) -> tuple[bytes, str]:
    """Return a plate map or the like as a file would hold it, and its name in messages."""
    if isinstance(table, pd.DataFrame):
        return table.to_csv(index=False).encode(), name
    return read(table), str(table)


def features_asked(features: str | Sequence[str]) -> str | Sequence[str]:
    """Return `infer`, or the features by name: a single one may be given as it is."""
    return [features] if isinstance(features, str) and features != INFER else features


class Named(PlateKey):
    """A table's name in messages: its plate, without a batch."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "batch", "")
        object.__setattr__(self, "plate", name)

    def __str__(self) -> str:
        """Return the name alone."""
        return self.plate


def key_of(frame: pd.DataFrame, path: str | None, name: str = "the table") -> PlateKey:
    """Name a table: by its plates, else by its file, else `name`."""
    known = next((name for name in PLATE_COLUMNS if name in frame.columns), None)
    plates = [] if known is None else list(dict.fromkeys(map(str, column(frame, known))))
    if len(plates) > 1:
        return Named(f"{plates[0]} and {len(plates) - 1} more")
    return Named(plates[0] if plates else name if path is None else Path(path).name)


@contextmanager
def about(path: str | None) -> Generator[None]:
    """Name the file in an error that names none."""
    try:
        yield
    except ProfilingError as error:
        error.path = error.path or path
        raise
