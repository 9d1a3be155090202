"""Profile tables: bytes in, frames out, and back.

Put here: the one way to read and to write a profile or a ledger, the text of its CSV file, and the
numbers that describe it.
Do not put here: what a column is (`column_kinds`), other formats (`formats`), compressing
(`workspace.compression`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles import parquet_tables
from profiling_assets.profiles.column_kinds import (
    WELL_COLUMNS,
    column,
    is_count,
    is_measured,
    numeric_columns,
)
from profiling_assets.workspace.compression import packed, unpacked, unpacked_head
from profiling_assets.workspace.file_kind import is_parquet, refuse_foreign

_BOM = b"\xef\xbb\xbf"
# What a missing number is written as by pandas, R, CellProfiler and spreadsheets.
_MISSING = [*pa_csv.ConvertOptions().null_values, "None", "<NA>"]
_MOST_TSV_COLUMNS = 1000  # ours have some ten
_WHOLE = 2**53  # above, a float no longer tells whole numbers apart


def read_profiles(data: bytes, *, path: str, well_column: str = WELL_COLUMNS[0]) -> pd.DataFrame:
    """Read a profile table.

    `data`: CSV, plain or gzipped, or Parquet (told by its first bytes). One row a well (or site),
    in file order. Metadata columns are verbatim text, '' where empty; counts are int64, or float64
    where one is missing or broken; features are float64, correctly rounded, and a feature column
    that holds words stays text. Raises `InvalidInputError` where the file is truncated, ragged, not
    UTF-8, has a column twice or no well column.
    """
    if is_parquet(data):
        frame = parquet_tables.profiles_frame(data, path)
        refuse_no_profiles([*frame.columns], path, well_column)
        return with_numbers(frame, features=True)
    refuse_foreign(data, path)
    text = unpacked(data, path=path).removeprefix(_BOM)
    names = _header(text, path)
    refuse_no_profiles(names, path, well_column)
    try:
        table = _parsed(text, names, numbers=True)
    except pa.ArrowInvalid:
        try:
            table = _parsed(text, names, numbers=False)
        except pa.ArrowInvalid as error:
            raise InvalidInputError(
                f"not a CSV file with the same columns in every row: {str(error)[:200]}",
                path=path,
                remedy="make the file again, or restore it from a copy",
            ) from error
    frame = cast(pd.DataFrame, table.to_pandas())
    return with_numbers(frame, features=True)


def header_of(head: bytes, path: str, *, well_column: str = WELL_COLUMNS[0]) -> list[str]:
    """Read the header of a profile table, from the beginning of a CSV file, plain or gzipped.

    Empty where the header goes on. Raises `InvalidInputError` as `read_profiles`.
    """
    refuse_foreign(head, path)
    text = unpacked_head(head, path=path).removeprefix(_BOM)
    if not re.search(rb"[\r\n]", text):
        return []
    names = _header(text, path)
    refuse_no_profiles(names, path, well_column)
    return names


def refuse_no_profiles(names: Sequence[str], path: str, well_column: str = WELL_COLUMNS[0]) -> None:
    """Refuse the columns of a table that holds no profiles. Raises `InvalidInputError`."""
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise InvalidInputError(
            f"column {twice[0]!r} occurs more than once in the header",
            path=path,
            remedy="rename or remove the repeated columns",
        )
    if not {well_column, *WELL_COLUMNS} & set(names):
        raise InvalidInputError(
            f"there is no column {well_column}: this is not a profile table",
            path=path,
            remedy="put a table there with one row a well, or remove the file",
        )


def with_numbers(frame: pd.DataFrame, *, features: bool = False) -> pd.DataFrame:
    """Turn the text columns that hold numbers into numbers, as reading the file back would.

    `features`: whether feature columns are looked at too, not only counts. A table of the same
    shape; columns with a word in them are left as they are.
    """
    changed: dict[str, pd.Series] = {}
    numeric = numeric_columns(frame)
    for name in frame.columns:
        counted = is_count(name)
        if not counted and not (features and is_measured(name)):
            continue
        if name in numeric and not counted:
            continue
        values = column(frame, name)
        if name not in numeric:
            numbers = [_number(value) for value in values.tolist()]
            if None in numbers:
                continue
            values = changed[name] = pd.Series(numbers, index=frame.index, dtype="float64")
        if counted and values.dtype == np.float64 and _all_whole(values.to_numpy()):
            changed[name] = values.astype("int64")
    return frame.assign(**changed) if changed else frame


def read_tsv(data: bytes, *, path: str) -> pd.DataFrame:
    """Read what `ledger_tsv` wrote, every column as verbatim text.

    Raises `InvalidInputError` where it is not a tab-separated UTF-8 file.
    """
    if data.split(b"\n", 1)[0].count(b"\t") > _MOST_TSV_COLUMNS:
        raise InvalidInputError(
            f"not a ledger or a list: it has more than {_MOST_TSV_COLUMNS} columns",
            path=path,
            remedy="make the file again",
        )
    try:
        return pd.read_csv(BytesIO(data), sep="\t", dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"not a tab-separated table: {error}", path=path, remedy="make the file again"
        ) from error


def _header(text: bytes, path: str) -> list[str]:
    first = re.split(rb"\r\n|\n|\r", text, maxsplit=1)[0]
    try:
        return next(csv.reader([first.decode()]), list[str]())
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(
            f"the header is not UTF-8 text with commas ({error})",
            path=path,
            remedy="make the file again, or restore it from a copy",
        ) from error


def _parsed(text: bytes, names: list[str], *, numbers: bool) -> pa.Table:
    number = pa.float64() if numbers else pa.string()
    return pa_csv.read_csv(
        pa.BufferReader(text),
        # One block: a row of a wide table is longer than the usual blocks. One thread for the
        # careful second reading, as only then the message tells the row.
        read_options=pa_csv.ReadOptions(block_size=len(text) + 1, use_threads=numbers),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: number if is_measured(name) else pa.string() for name in names},
            null_values=_MISSING,
            strings_can_be_null=False,
        ),
    )


def _number(text: object) -> float | None:
    """Read one number (correctly rounded); None where it is a word."""
    if text in _MISSING or text != text:
        return math.nan
    try:
        return None if "_" in str(text) else float(str(text))
    except ValueError:
        return None


def _all_whole(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return bool(np.all(np.isfinite(values) & (values == np.round(values)) & (abs(values) < _WHOLE)))


def profiles_csv(frame: pd.DataFrame, *, float_format: str | None, gzip: bool) -> bytes:
    """Write a profile table, to the text that `DataFrame.to_csv` gives, eight times faster.

    `float_format`: a %-format such as `%.5g` for features and broken counts; None writes the
    shortest text that reads back to the same number. `gzip`: whether to compress; no file name and
    a fixed time, so that equal tables give equal bytes. UTF-8; missing values empty, infinite ones
    `inf` and `-inf`.
    """
    data = csv_text(frame, float_format).encode()
    return packed(data) if gzip else data


def ledger_tsv(frame: pd.DataFrame) -> bytes:
    """Write a ledger or a feature list: tab separated, UTF-8, Unix line ends."""
    return frame.to_csv(sep="\t", index=False, lineterminator="\n").encode()


def csv_text(frame: pd.DataFrame, float_format: str | None) -> str:
    r"""Write a table as CSV, with a header, without the index.

    `float_format`: a %-format such as `%.5g`; None writes the shortest text that reads back to the
    same number. Lines ended by `\n`; missing values empty, infinite ones `inf` and `-inf`. Counts
    and words are not rounded. A carriage return within a word is quoted, where pandas leaves it
    bare.
    """
    header = ",".join(_quoted(str(name)) for name in frame.columns)
    return "\n".join([header, *_lines(frame, float_format)]) + "\n"


def _lines(frame: pd.DataFrame, float_format: str | None) -> Iterator[str]:
    kinds = [
        dtype == np.float64 and not is_count(str(name))
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
    ]
    pieces: list[list[str]] = []
    for is_float, group in groupby(range(len(kinds)), key=kinds.__getitem__):
        places = list(group)
        if is_float:
            pieces.append(_float_lines(frame.iloc[:, places].to_numpy(), float_format))
        else:
            pieces.extend(_texts(frame.iloc[:, place], float_format) for place in places)
    return (",".join(row) or '""' for row in zip(*pieces, strict=True))


def _float_lines(
    values: np.ndarray[Any, np.dtype[np.float64]], float_format: str | None
) -> list[str]:
    template = None if float_format is None else ",".join([float_format] * values.shape[1])
    nan = "nan" if float_format is None else float_format % math.nan  # of no other number's text
    lines: list[str] = []
    gaps = cast("list[bool]", np.isnan(values).any(axis=1).tolist())
    for row, missing in zip(values.tolist(), gaps, strict=True):
        line = ",".join(map(repr, row)) if template is None else template % tuple(row)
        lines.append(line.replace(nan, "") if missing else line)
    return lines


def _texts(column: pd.Series, float_format: str | None) -> list[str]:
    return [_text(value, float_format) for value in column.tolist()]


def _text(value: object, float_format: str | None) -> str:
    if value is None or value is pd.NA or value != value:  # not equal to itself: NaN
        return ""
    if isinstance(value, float):
        if float_format is None:
            return repr(value)
        # A count is never rounded: 123456 cells would become 1.2346e+05.
        return str(int(value)) if value.is_integer() else float_format % value
    return _quoted(str(value))


def _quoted(text: str) -> str:
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


@dataclass(frozen=True)
class TableFacts:
    """What a user looks for in a profile table, as plain numbers."""

    rows: int
    wells: int  # different ones
    features: int  # numeric columns that were measured
    nan_share: float  # share of the feature cells without a value, 0 to 1
    inf_cells: int  # feature cells that are infinite


def table_facts(frame: pd.DataFrame) -> TableFacts:
    """Count rows, wells, features, missing and infinite cells of a profile table."""
    numeric = numeric_columns(frame)
    names = [name for name in frame.columns if is_measured(name) and name in numeric]
    values = frame.loc[:, names].to_numpy(dtype=np.float64)
    well = next((name for name in WELL_COLUMNS if name in frame.columns), None)
    return TableFacts(
        rows=len(frame),
        wells=0 if well is None else int(column(frame, well).nunique()),
        features=len(names),
        nan_share=float(np.isnan(values).mean()) if values.size else 0.0,
        inf_cells=int(np.isinf(values).sum()),
    )
