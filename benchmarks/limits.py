"""What collate of a plate must cost at least: reading, parsing and writing, each alone.

Run as: limits.py WORKSPACE BATCH PLATE, in a process of its own. Prints JSON:
{"read_crc_cpu_s": ..., "parse_cpu_s": ..., "write_cpu_s": ...}.
Put here: the three limits. Do not put here: engines (`engine_*`), the table (`collate`).
Parsing gets bytes that are ready, writing gets rows that are ready, a file at a time. Not in any:
headers, checks, Image files, profiles, ledgers.
"""

import json
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.header import column_names, read_header
from profiling_assets.collate.object_csv_fast import read_plain
from profiling_assets.collate.sqlite_file import quoted
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.site_folder import IMAGE, site_files
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.storage.folder import FolderWorkspace

Result = TypeVar("Result")
_PRAGMAS = ("page_size = 65536", "journal_mode = OFF", "synchronous = OFF", "cache_size = 256")
_KEYS = '"TableNumber", "ImageNumber", "ObjectNumber"'


def main(workspace: str, batch: str, plate: str) -> None:
    """Measure and print."""
    folders = scan_plate(FolderWorkspace(workspace), PlateKey(batch, plate)).folders
    costs = {"read_crc_cpu_s": 0.0, "parse_cpu_s": 0.0, "write_cpu_s": 0.0}
    for folder in folders:
        for file in folder.files:
            if file.endswith(".csv"):
                _measured(costs, "read_crc_cpu_s", lambda f=file, d=folder: zlib.crc32(d.read(f)))
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch, "backend.sqlite")
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            inserts: dict[str, str] = {}
            for number, (table, names, body) in enumerate(_bodies(folders)):
                if table not in inserts:
                    inserts[table] = _create(connection, table, names)
                values = _measured(costs, "parse_cpu_s", lambda b=body, n=names: _parse(b, len(n)))
                rows = [(number, *row) for row in values.tolist()]
                _measured(
                    costs,
                    "write_cpu_s",
                    lambda q=inserts[table], r=rows: connection.executemany(q, r),
                )
            _measured(costs, "write_cpu_s", lambda: _finish(connection, inserts))
    print(json.dumps({name: round(seconds, 3) for name, seconds in costs.items()}))


def _measured(costs: dict[str, float], name: str, work: Callable[[], Result]) -> Result:
    start = time.process_time()
    result = work()
    costs[name] += time.process_time() - start
    return result


def _bodies(
    folders: tuple[WorkspaceSiteFolder, ...],
) -> Iterator[tuple[str, tuple[str, ...], bytes]]:
    """Yield table, columns and data lines of each object CSV."""
    for folder in folders:
        for table, file in site_files(folder).tables.items():
            data = folder.read(file)
            header = read_header(data)
            if table != IMAGE and header is not None:
                yield table, column_names(table, header.names), data[header.body :]


def _parse(body: bytes, width: int) -> NDArray[np.float64]:
    rows = read_plain(body, width, ())
    if rows is None:
        message = "the limits are those of plates that hold plain numbers only"
        raise SystemExit(message)
    return rows.values


def _create(connection: sqlite3.Connection, table: str, names: tuple[str, ...]) -> str:
    """Make a table, and return the statement that fills it."""
    columns = ", ".join(map(quoted, ("TableNumber", *names)))
    connection.execute(f"CREATE TABLE {quoted(table)} ({columns})")
    return f"INSERT INTO {quoted(table)} VALUES ({', '.join('?' * (len(names) + 1))})"


def _finish(connection: sqlite3.Connection, tables: dict[str, str]) -> None:
    for table in tables:
        connection.execute(f"CREATE INDEX {quoted(f'{table}_idx')} ON {quoted(table)} ({_KEYS})")
    connection.execute("COMMIT")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
