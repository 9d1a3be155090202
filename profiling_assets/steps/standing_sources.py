"""Whether a database or a table that a plate starts from can be used, before it is read whole.

Put here: looking at its first bytes, its size, its schema or header, for preflight and for the
step, which so say the same.
Do not put here: which file is taken (`sources`), reading it (`collate`, `profiles.tables`).
"""

import sqlite3
from collections.abc import Iterable
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.config.model import Config
from profiling_assets.errors import BackendError, InvalidInputError
from profiling_assets.steps.sources import PlateSource, SourceKind
from profiling_assets.workspace.file_kind import HEAD_BYTES, foreign_kind, is_parquet
from profiling_assets.workspace.storage.interface import Workspace

_HEAD_BYTES = 1024 * 1024  # of a file on S3: the schema of a database, the header of a table
_CELL_COLUMNS = frozenset({"Metadata_ObjectNumber", "ObjectNumber", "Metadata_ImageNumber"})


def refuse_unusable(workspace: Workspace, config: Config, source: PlateSource) -> None:
    """Refuse a standing source that shows that it cannot be used; CSVs are surveyed elsewhere.

    Raises `InvalidInputError`, of which `BackendError` is one, with path and remedy.
    """
    if source.kind is SourceKind.SQLITE:
        _database(workspace, config.aggregation, source.path)
    elif source.kind is SourceKind.PARQUET:
        _joined_cells(workspace, config.aggregation, source.path)
    elif source.kind is SourceKind.PROFILES:
        _profiles(workspace, source.path)


def refuse_unusable_tables(workspace: Workspace, paths: Iterable[str]) -> None:
    """Refuse profiles that a plate starts from after its aggregation, or their Parquet files.

    `paths`: of the CSV files, which need not be there. Raises `InvalidInputError`.
    """
    for path in paths:
        parquet = f"{path.removesuffix('.gz').removesuffix('.csv')}.parquet"
        for standing in (path, parquet, f"{path}.dvc", f"{parquet}.dvc"):
            if workspace.stat(standing) is not None:
                _profiles(workspace, standing)
                break


def _database(workspace: Workspace, options: AggregateOptions, path: str) -> None:
    from profiling_assets.collate.from_backend import check_backend
    from profiling_assets.collate.sqlite_file import HEADER_BYTES, refuse_unreadable

    folder = path.rpartition("/")[0]
    sizes = {file.path: file.size for file in workspace.list_folder(folder).files}
    wal, journal = f"{path}-wal", f"{path}-journal"
    refuse_unreadable(
        workspace.read_head(path, HEADER_BYTES),
        sizes.get(path, 0),
        path,
        wal=sizes.get(wal, 0),
        journal=workspace.read_head(journal, HEADER_BYTES) if sizes.get(journal) else b"",
    )
    local = Path(workspace.location(path))
    if local.is_file():
        check_backend(local, options, path=path)
        return
    with workspace.scratch("schema") as scratch:
        # the rest is a hole in a file of that size: where the schema lies in it, nothing is told
        beginning = scratch / "beginning.sqlite"
        with beginning.open("wb") as file:
            file.write(workspace.read_range(path, 0, _HEAD_BYTES))
            file.truncate(sizes[path])
        try:
            check_backend(beginning, options, path=path)
        except BackendError as error:
            if not isinstance(error.__cause__, sqlite3.Error):
                raise


def _joined_cells(workspace: Workspace, options: AggregateOptions, path: str) -> None:
    from profiling_assets.collate.joined_cells import check_joined

    _refuse_no_parquet(workspace, path)
    with _opened(workspace, path) as file:
        check_joined(file, options, path=path)


def _profiles(workspace: Workspace, path: str) -> None:
    from profiling_assets.profiles import parquet_tables
    from profiling_assets.profiles.tables import header_of, refuse_no_profiles

    head = workspace.read_head(path, _HEAD_BYTES)
    if is_parquet(head):
        with _opened(workspace, path) as file:
            names = parquet_tables.column_names(file, path)
        refuse_no_profiles(names, path)
    elif path.endswith(".parquet"):
        _refuse_no_parquet(workspace, path)
        return
    elif not head:
        raise InvalidInputError(
            "the file is empty (0 bytes)", path=path, remedy="put the file there again"
        )
    else:
        names = header_of(head, path)
    of_cells = [name for name in names if name in _CELL_COLUMNS]
    if of_cells:
        raise InvalidInputError(
            f"it has a row for each cell, not for each well: there is a column {of_cells[0]}",
            path=path,
            remedy="put a Parquet file of cells into backend/BATCH/PLATE/PLATE.parquet",
        )


def _refuse_no_parquet(workspace: Workspace, path: str) -> None:
    head = workspace.read_head(path, HEAD_BYTES)
    if is_parquet(head):
        return
    kind = foreign_kind(head)
    what = "the file is empty (0 bytes)" if not head else "it is no Parquet file"
    raise InvalidInputError(
        what if kind is None else f"it is {kind.what}",
        path=path,
        remedy="put the file there again" if kind is None else kind.remedy,
    )


class _Ranges(RawIOBase):
    """A file of a workspace, of which only what is asked for is read."""

    def __init__(self, workspace: Workspace, path: str, size: int) -> None:
        self._workspace, self._path, self._size = workspace, path, size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._place
        wanted = left if size < 0 else min(size, left)
        if wanted <= 0:
            return b""
        data = self._workspace.read_range(self._path, self._place, wanted)
        self._place += len(data)
        return data


def _opened(workspace: Workspace, path: str) -> BinaryIO:
    local = Path(workspace.location(path))
    if local.is_file():
        return local.open("rb")
    info = workspace.stat(path)
    return cast("BinaryIO", _Ranges(workspace, path, 0 if info is None else info.size))
