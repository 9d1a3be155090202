"""`TableNumber`: the CRC-32 of an `Image.csv`, and what to do where two are equal.

Put here: numbering sites, telling a duplicate from a collision.
Do not put here: the state of a duplicate (`site`).
Of 3,456 sites two share a CRC-32 on about 0.14 % of plates; cytominer-database merges them.
"""

import zlib
from dataclasses import dataclass
from hashlib import sha256

_CRC_RANGE = 2**32


@dataclass(frozen=True)
class TableNumber:
    """The number of a site, or the folder whose `Image.csv` has the same bytes."""

    number: int
    duplicate_of: str | None = None
    collides_with: str | None = None


class TableNumbers:
    """Hands out numbers in sorted order of folders."""

    def __init__(self) -> None:
        self._seen: dict[int, list[tuple[bytes, str]]] = {}

    def assign(self, data: bytes, folder: str) -> TableNumber:
        """Give a site its number: the CRC-32 of the bytes of its `Image.csv`.

        Where another content has that already, it is k * 2**32 more, which no CRC-32 can be, so
        that no other site's number changes.
        """
        crc = zlib.crc32(data)
        digest = sha256(data).digest()
        others = self._seen.setdefault(crc, [])
        for k, (other, name) in enumerate(others):
            if other == digest:
                return TableNumber(crc + k * _CRC_RANGE, duplicate_of=name)
        collides_with = others[0][1] if others else None
        others.append((digest, folder))
        number = crc + (len(others) - 1) * _CRC_RANGE
        return TableNumber(number, collides_with=collides_with)
