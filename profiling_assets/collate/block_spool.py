"""Matrices that wait for the rest of their well: in memory, beyond a limit elsewhere.

Put here: keeping and giving back matrices.
Do not put here: what is computed of them (`aggregate`).
The rows are in the SQLite backend too, if one is written, and can be read back from there. That is
slower than a plain file, but a plate whose wells lie scattered would take its space twice: only a
part of it goes to a file.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Again = Callable[[], Matrix]
MEMORY_BYTES = 128 * 2**20
_DISK_PART = 8  # of all bytes so far, one in so many may lie on disk where there is another way


@dataclass(frozen=True)
class _OnDisk:
    offset: int
    shape: tuple[int, int]


class BlockSpool:
    """Matrices by key, each key's in the order they came.

    `folder`: where the temporary file lies; it has no name and vanishes when closed. `memory`:
    bytes kept in memory; what comes beyond goes to disk.
    """

    def __init__(self, folder: Path | None, memory: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._limit = memory
        self._held = 0
        self._came = 0
        self._file = None
        self._waiting: dict[object, list[Matrix | _OnDisk | Again]] = {}

    def add(self, key: object, matrix: Matrix, again: Again | None = None) -> None:
        """Keep a matrix; `again` gives the same one once more, from where it is stored anyway."""
        self._came += matrix.nbytes
        kept: Matrix | _OnDisk | Again = matrix
        if self._held + matrix.nbytes > self._limit:
            on_disk = 0 if self._file is None else self._file.seek(0, 2)
            full = on_disk + matrix.nbytes > self._came // _DISK_PART
            kept = again if again is not None and full else self._to_disk(matrix)
        else:
            self._held += matrix.nbytes
        self._waiting.setdefault(key, []).append(kept)

    def take(self, key: object, columns: int | None = None) -> Matrix | None:
        """Give a key's matrices back, one below the other; None where the key has none.

        `columns`: columns by now; NaN in those that a matrix does not have yet.
        """
        kept = self._waiting.pop(key, None)
        if kept is None:
            return None
        self._held -= sum(matrix.nbytes for matrix in kept if isinstance(matrix, np.ndarray))
        blocks = [widened(self._given(m), columns) for m in kept]
        if self._held == 0 and not self._waiting and self._file is not None:
            self._file.seek(0)
            self._file.truncate()  # nothing waits: the space is free for the next well
        whole: Matrix = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        return whole

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

    def _given(self, kept: "Matrix | _OnDisk | Again") -> Matrix:
        if isinstance(kept, _OnDisk):
            return self._from_disk(kept)
        return kept() if callable(kept) else kept

    def _to_disk(self, matrix: Matrix) -> _OnDisk:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - `close` closes
        offset = self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(matrix).data)
        return _OnDisk(offset, (matrix.shape[0], matrix.shape[1]))

    def _from_disk(self, place: _OnDisk) -> Matrix:
        if self._file is None:
            message = "no matrix is on disk"
            raise ValueError(message)
        rows, columns = place.shape
        self._file.seek(place.offset)
        data = self._file.read(rows * columns * 8)
        return np.frombuffer(data, dtype=np.float64).reshape(place.shape)


def widened(matrix: Matrix, columns: int | None) -> Matrix:
    """Return the matrix with further columns of NaN, where it has fewer."""
    lacking = 0 if columns is None else columns - matrix.shape[1]
    if lacking == 0:
        return matrix
    return np.concatenate([matrix, np.full((len(matrix), lacking), np.nan)], axis=1)
