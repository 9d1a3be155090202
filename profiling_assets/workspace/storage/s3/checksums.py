"""How it is known that an object on S3 holds the bytes that were sent.

Put here: our checksums, and what a server's answer proves.
Do not put here: sending (`workspace.storage.s3.uploads`).
"""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any


class Sent:
    """Checksums of what is sent, part by part, in order."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[int] = []
        self.part_tags: dict[int, str] = {}
        self._whole = 0

    def add(self, part: bytes) -> str:
        """Count a part in; return its CRC-32 as S3 writes it."""
        own = zlib.crc32(part)
        self.size += len(part)
        self._whole = zlib.crc32(part, self._whole)
        self.parts.append(own)
        return text_of(own)

    @property
    def whole(self) -> str:
        """CRC-32 of everything."""
        return text_of(self._whole)

    @property
    def composite(self) -> str:
        """CRC-32 of the parts' CRC-32s, and their number."""
        joined = b"".join(part.to_bytes(4, "big") for part in self.parts)
        return f"{text_of(zlib.crc32(joined))}-{len(self.parts)}"

    @property
    def composite_tag(self) -> str:
        """ETag of the whole where the parts' ETags are their MD5s."""
        joined = b"".join(bytes.fromhex(tag) for _, tag in sorted(self.part_tags.items()))
        return f"{md5(joined)}-{len(self.part_tags)}"


def text_of(checksum: int) -> str:
    """Write a CRC-32 as S3 does."""
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def md5(data: bytes) -> str:
    """Return the MD5 in hexadecimal, as in ETags; no secret hangs on it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tag_of(answer: Mapping[str, Any]) -> str:
    """Return an answer's ETag without quotes; `''` where it has none."""
    return str(answer.get("ETag") or "").strip('"')


def proven(answer: Mapping[str, Any], checksums: Iterable[str], tags: Iterable[str]) -> bool | None:
    """Tell whether an answer proves that the server has the same bytes.

    Parameters
    ----------
    answer : mapping
        Answer to a PUT, an UploadPart or a HEAD.
    checksums : iterable of str
        CRC-32s that the content may be described by.
    tags : iterable of str
        ETags that it may have where they are MD5s.

    Returns
    -------
    bool or None
        True: equal. False: a checksum differs. None: the answer tells nothing, as ETags are no
        MD5s under KMS encryption and on some servers.
    """
    told = answer.get("ChecksumCRC32")
    if told:
        return told in set(checksums)
    return True if tag_of(answer) in set(tags) else None
