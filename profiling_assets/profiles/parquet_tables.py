"""Profiles of wells as Parquet, as JUMP publishes them: read as a CSV file of them would be.

Put here: Parquet types to verbatim text and numbers, and the columns that a file has.
Do not put here: CSV files (`tables`), Parquet files of cells (`collate.joined_cells`), writing
(`formats`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false
# ^ pandas and pyarrow ship partial types or none

from typing import BinaryIO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import is_metadata

_INDEX = "__index_level_"  # of pandas: no column of the table


def column_names(file: BinaryIO, path: str) -> list[str]:
    """Read the names of the columns, of which the end of the file is read.

    Raises `InvalidInputError` where the file is cut off or damaged.
    """
    try:
        return _named(pq.ParquetFile(pa.PythonFile(file, mode="r")).schema_arrow)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _named(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if not name.startswith(_INDEX)]


def profiles_frame(data: bytes, path: str) -> pd.DataFrame:
    """Read a table: metadata columns and words as text, '' where empty, numbers as float64.

    Raises `InvalidInputError` where the file is cut off or damaged, or a column holds neither
    numbers nor text.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    chosen = _named(table.schema)
    columns = [_column(table.column(name), name, path) for name in chosen]
    return cast(pd.DataFrame, pa.table(columns, names=chosen).to_pandas())


def _column(values: pa.ChunkedArray, name: str, path: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        values = pc.cast(values, values.type.value_type)
    number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    try:
        if (number or pa.types.is_null(values.type)) and not is_metadata(name):
            return pc.cast(values, pa.float64(), safe=False)
        return pc.fill_null(pc.cast(values, pa.string()), "")
    except pa.ArrowException as error:
        raise InvalidInputError(
            f"the column {name!r} holds neither numbers nor text ({values.type})",
            path=path,
            remedy="take the column out",
        ) from error


def _damaged(path: str, error: Exception) -> InvalidInputError:
    return InvalidInputError(
        f"the Parquet file is cut off or damaged ({str(error)[:200]})",
        path=path,
        remedy="make the file again, or restore it from a copy",
    )
