"""Whether two engines made the same: tables, columns, rows, values, indices, profiles.

Put here: reading two results side by side.
Do not put here: what to do when they differ (`collate`).
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

# pandas, with which the reference reads CSVs, may miss the nearest float by a unit in the last
# place; a mean over cells that differ so, by a few.
_VALUE_UNITS = 1.0
_PROFILE_RTOL = 1e-12


@dataclass
class Difference:
    """What differs, in sentences; how far apart the numbers that count as equal are."""

    found: list[str] = field(default_factory=list)
    values: int = 0
    rounded: int = 0
    retyped: list[str] = field(default_factory=list)
    profile_rtol: float = 0.0

    def __str__(self) -> str:
        if self.found:
            return "DIFFERENT: " + "; ".join(self.found[:5])
        text = f"equal: {self.values:,} values of the SQLite files"
        if self.rounded:
            text += f" ({self.rounded:,} by one unit in the last place)"
        text += f", profiles within {self.profile_rtol:.0e}"
        if self.retyped:
            text += f"; {len(self.retyped)} columns of Image declared otherwise"
        return text


def compare(reference: Path, ours: Path) -> Difference:
    """Compare two output folders of engines."""
    difference = Difference()
    _compare_backends(reference / "backend.sqlite", ours / "backend.sqlite", difference)
    _compare_profiles(reference / "aggregate.csv", ours / "aggregate.csv", difference)
    return difference


def _compare_backends(reference: Path, ours: Path, difference: Difference) -> None:
    with closing(sqlite3.connect(reference)) as one, closing(sqlite3.connect(ours)) as two:
        tables = [_tables(one), _tables(two)]
        if tables[0] != tables[1]:
            difference.found.append(f"tables {tables[0]} and {tables[1]}")
            return
        indices = _indices(one), _indices(two)
        if indices[0] != indices[1]:
            differing = {name for name, _ in indices[0].items() ^ indices[1].items()}
            difference.found.append(f"indices {', '.join(sorted(differing))}")
        for table in tables[0]:
            if _same_columns(one, two, table, difference):
                _compare_rows(one, two, table, difference)


def _same_columns(
    one: sqlite3.Connection, two: sqlite3.Connection, table: str, difference: Difference
) -> bool:
    columns = [c.execute(f'PRAGMA table_info("{table}")').fetchall() for c in (one, two)]
    names = [[row[1] for row in rows] for rows in columns]
    if names[0] != names[1]:
        difference.found.append(f"columns of {table}")
        return False
    for first, second in zip(*columns, strict=True):
        if first[2] != second[2]:
            # the reference declares by its first site, ours by all: seen in Image alone
            (difference.retyped if table == "Image" else difference.found).append(
                f"{table}.{first[1]} is {first[2]} and {second[2]}"
            )
    return True


def _compare_rows(
    one: sqlite3.Connection, two: sqlite3.Connection, table: str, difference: Difference
) -> None:
    query = f'SELECT * FROM "{table}" ORDER BY rowid'
    rows = zip_longest(one.execute(query), two.execute(query))
    for number, (first, second) in enumerate(rows, start=1):
        if first is None or second is None:
            difference.found.append(f"{table} has fewer rows in one: {number - 1:,}")
            return
        difference.values += len(first)
        if first == second:
            continue
        for a, b in zip(first, second, strict=True):
            if a == b:
                continue
            close = isinstance(a, float) and isinstance(b, float)
            if not close or abs(a - b) > _VALUE_UNITS * max(np.spacing(abs(a)), np.spacing(abs(b))):
                difference.found.append(f"{table} row {number}: {a!r} and {b!r}")
                return
            difference.rounded += 1


def _compare_profiles(reference: Path, ours: Path, difference: Difference) -> None:
    verbatim = {"Metadata_Plate": str, "Metadata_Well": str}
    one, two = (
        pd.read_csv(file, converters=verbatim, float_precision="round_trip")
        for file in (reference, ours)
    )
    if list(one.columns) != list(two.columns) or len(one) != len(two):
        difference.found.append(f"shape or columns of the profiles: {one.shape} and {two.shape}")
        return
    metadata = [name for name in one.columns if name.startswith("Metadata_")]
    if not one[metadata].equals(two[metadata]):
        difference.found.append("metadata of the profiles")
    first, second = (frame.drop(columns=metadata).to_numpy(np.float64) for frame in (one, two))
    scale = np.maximum(np.abs(first), np.abs(second))
    apart = np.abs(first - second)
    if not np.array_equal(np.isnan(first), np.isnan(second)):
        difference.found.append("NaN in different cells of the profiles")
        return
    relative = np.divide(
        apart, scale, out=np.zeros_like(apart), where=(scale > 0) & ~np.isnan(apart)
    )
    difference.profile_rtol = float(relative.max(initial=0.0))
    if difference.profile_rtol > _PROFILE_RTOL:
        difference.found.append(f"profiles differ by {difference.profile_rtol:.1e}")


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    return [row[0] for row in connection.execute(query)]


def _indices(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    # without those on TableNumber alone: `DataFrame.to_sql` adds them unasked
    query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
    return {
        name: (table, *(row[2] for row in connection.execute(f'PRAGMA index_info("{name}")')))
        for name, table in connection.execute(query).fetchall()
        if name != f"ix_{table}_TableNumber"
    }
