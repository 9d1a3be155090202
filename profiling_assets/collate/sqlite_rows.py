"""What SQLite hands back, as numbers, and names as SQL takes them.

Put here: what the writer and the reader of a backend share.
Do not put here: tables and columns (`collate.sqlite_backend`, `collate.backend`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.cell_values import Value


def quoted(name: str) -> str:
    """Quote an identifier: table and column names come from files."""
    return '"' + name.replace('"', '""') + '"'


def row_numbers(
    rows: Sequence[Sequence[Value]], columns: Sequence[str]
) -> tuple[NDArray[np.float64], frozenset[str]]:
    """Turn rows into numbers.

    Parameters
    ----------
    rows : sequence of sequence of value
        As SQLite returned them.
    columns : sequence of str
        Their columns.

    Returns
    -------
    values : ndarray of float64, shape (rows, columns)
        NaN where missing, and in columns that hold text.
    texts : frozenset of str
        Those columns.
    """
    try:
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns)), frozenset()
    except ValueError:
        pass
    values = np.full((len(rows), len(columns)), np.nan)
    texts: set[str] = set()
    for place, (name, cells) in enumerate(zip(columns, zip(*rows, strict=True), strict=True)):
        try:
            values[:, place] = np.array(cells, dtype=np.float64)
        except ValueError:
            texts.add(name)
    return values, frozenset(texts)
