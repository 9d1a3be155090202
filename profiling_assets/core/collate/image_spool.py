"""Image rows, kept on disk until their types are known.

Put here: the temporary file of Image rows of one pass.
Do not put here: writing them to a backend (`sqlite_sink`, `parquet_sink`).
An Image row of 1,900 columns takes 100 kB as text: the rows of a plate would not be bounded by a
few wells in memory.
"""

import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self, cast

from profiling_assets.core.collate.csv_values import Value

SpooledRow = tuple[int, tuple[Value, ...]]


class ImageSpool:
    """Image rows in the order they came.

    Parameters
    ----------
    folder : Path or None
        Where the temporary file lies; it has no name and vanishes at the end of the block.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `__exit__`
        self.rows = 0

    def add(self, table_number: int, values: tuple[Value, ...]) -> None:
        """Append a row in the columns of the Image table."""
        pickle.dump((table_number, values), self._file, protocol=5)
        self.rows += 1

    def __iter__(self) -> Iterator[SpooledRow]:
        """Yield `TableNumber` and values of each row."""
        self._file.seek(0)
        for _ in range(self.rows):
            yield cast("SpooledRow", pickle.load(self._file))  # noqa: S301 - written above

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the file."""
        self._file.close()
