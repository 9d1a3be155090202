"""Image rows, kept on disk until their types are known.

Put here: the temporary files of Image rows of one pass.
Do not put here: writing them to a backend (`sqlite_backend`, `parquet_backend`).
An Image row of 1,900 columns takes 100 kB as text: the rows of a plate would not be bounded by a
few wells in memory.
"""

import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self, cast

from profiling_assets.collate.cell_values import Value

SpooledRow = tuple[int, tuple[Value, ...]]
# A part of the file is removed as soon as its rows are in the backend, so that they do not take
# their space twice: of a plate without cells, Image is all there is.
_PART_BYTES = 2**20
_PARTS = 16


class ImageSpool:
    """Image rows in the order they came.

    `folder`: where the temporary files lie; they have no names and vanish at the end of the block.
    `width`: columns of the Image table, as far as known.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._parts: list[IO[bytes]] = []
        self._rows: list[int] = []
        self._bytes = 0
        self.width = 0

    def add(self, table_number: int, values: tuple[Value, ...]) -> None:
        """Append a row in the columns that the Image table has by now."""
        limit = max(_PART_BYTES, self._bytes // _PARTS)
        if not self._parts or self._parts[-1].tell() >= limit:
            self._parts.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            self._rows.append(0)
        file = self._parts[-1]
        before = file.tell()
        pickle.dump((table_number, values), file, protocol=5)
        self._bytes += file.tell() - before
        self._rows[-1] += 1
        self.width = max(self.width, len(values))

    def __iter__(self) -> Iterator[SpooledRow]:
        """Yield `TableNumber` and values of each row; columns that came later are missing."""
        for file, count in zip(self._parts, self._rows, strict=True):
            yield from self._read(file, count)

    def drain(self) -> Iterator[SpooledRow]:
        """Yield the rows for the last time, and give their space free on the way."""
        while self._parts:
            with self._parts.pop(0) as file:
                yield from self._read(file, self._rows.pop(0))

    def _read(self, file: IO[bytes], count: int) -> Iterator[SpooledRow]:
        file.seek(0)
        for _ in range(count):
            number, values = cast("SpooledRow", pickle.load(file))  # noqa: S301 - written above
            yield number, values + (None,) * (self.width - len(values))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the file."""
        for file in self._parts:
            file.close()
