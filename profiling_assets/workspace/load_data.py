"""Load data: which file of a plate's folder is taken, and what a Parquet file of it holds.

Put here: the names in use and their order, the columns of a Parquet file as text.
Do not put here: the sites that it names (`sites`), what lies elsewhere unread (`unread`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pyarrow ships partial types

import re
from collections.abc import Collection, Iterable, Sequence

from profiling_assets.errors import InvalidInputError

_NAME = re.compile(r"(?P<stem>load[-_ ]?data.*?)(?P<ending>\.csv|\.csv\.gz|\.parquet)", re.I)
_STEMS = ("load_data_with_illum", "load_data")  # the names of the handbook, the first to be taken
_ENDINGS = (".csv", ".csv.gz", ".parquet")
USUAL_NAMES = tuple(f"{stem}{ending}" for stem in _STEMS for ending in _ENDINGS)


def load_data_file(names: Iterable[str]) -> str | None:
    """Choose the load data among the files of a plate's folder, by name and in any case.

    `load_data_with_illum`, else `load_data`, else another name that begins so; as CSV before gzip
    before Parquet.
    """
    ranked = [(rank, name) for name in names if (rank := _rank(name)) is not None]
    return min(ranked)[1] if ranked else None


def _rank(name: str) -> tuple[int, int] | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    stem = found["stem"].lower()
    return (
        _STEMS.index(stem) if stem in _STEMS else len(_STEMS),
        _ENDINGS.index(found["ending"].lower()),
    )


def is_parquet(data: bytes) -> bool:
    """Tell a Parquet file by its first bytes."""
    return data.startswith(b"PAR1")


def parquet_rows(
    data: bytes, wanted: Collection[str], *, path: str
) -> tuple[tuple[str, ...], tuple[str, ...], Sequence[tuple[str, ...]]]:
    """Read columns of a Parquet file as text.

    Returned are the names of all its columns, those of the wanted ones that it has, and the rows of
    these; empty where a cell is. Raises `InvalidInputError` where the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = tuple(str(name) for name in file.schema_arrow.names)
        read = tuple(name for name in names if name in wanted)
        columns = [file.read([name]).column(0).to_pylist() for name in read]
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(
            f"the Parquet file cannot be read: {error}",
            path=path,
            remedy="make the file again, or restore it from a copy",
        ) from error
    return names, read, list(zip(*([*map(_text, column)] for column in columns), strict=True))


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
