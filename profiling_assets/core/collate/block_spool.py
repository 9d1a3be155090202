"""Matrices that wait for the rest of their well: in memory, beyond a limit on disk.

Put here: keeping and giving back matrices.
Do not put here: what is computed of them (`aggregate`).
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_MEMORY_BYTES = 128 * 2**20


@dataclass(frozen=True)
class _OnDisk:
    offset: int
    shape: tuple[int, int]


class BlockSpool:
    """Matrices by key, each key's in the order they came.

    Parameters
    ----------
    folder : Path or None
        Where the temporary file lies; it has no name and vanishes when closed.
    memory : int
        Bytes kept in memory; what comes beyond goes to disk.
    """

    def __init__(self, folder: Path | None, memory: int = _MEMORY_BYTES) -> None:
        self._folder = folder
        self._limit = memory
        self._held = 0
        self._file = None
        self._waiting: dict[object, list[Matrix | _OnDisk]] = {}

    def add(self, key: object, matrix: Matrix) -> None:
        """Keep a matrix."""
        kept: Matrix | _OnDisk = matrix
        if self._held + matrix.nbytes > self._limit:
            kept = self._to_disk(matrix)
        else:
            self._held += matrix.nbytes
        self._waiting.setdefault(key, []).append(kept)

    def take(self, key: object) -> Matrix | None:
        """Give a key's matrices back, one below the other; None where it has none."""
        kept = self._waiting.pop(key, None)
        if kept is None:
            return None
        self._held -= sum(matrix.nbytes for matrix in kept if not isinstance(matrix, _OnDisk))
        blocks = [self._from_disk(m) if isinstance(m, _OnDisk) else m for m in kept]
        if self._held == 0 and not self._waiting and self._file is not None:
            self._file.seek(0)
            self._file.truncate()  # nothing waits: the space is free for the next well
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

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
