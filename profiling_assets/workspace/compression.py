"""gzip: files packed and unpacked.

Put here: how a file is compressed, and what a damaged one says.
Do not put here: what is in it (`profiles.tables`).
"""

# pyright: reportUnknownMemberType=false
# ^ deflate ships partial types

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import cast

import deflate

from profiling_assets.errors import InvalidInputError

_GZIP_MAGIC = b"\x1f\x8b"
# A profile of 384 wells x 5,705 columns (17.9 MB). zlib: level 9 (what pandas does) 3.4 s for
# 6.9 MB, 4 0.5 s for 7.6 MB. libdeflate: level 3 0.2 s for 6.9 MB. zlib-ng and ISA-L: 0.1 to 0.2 s
# for 7.4 to 7.8 MB.
_GZIP_LEVEL = 3
_GZIP_TIME = slice(4, 8)  # where the header has it
_GZIP_MTIME = 1  # as pycytominer; fixed, so that two runs give the same bytes
_MOST_BYTES = 2 * 1024**3  # 1,536 wells of 9 sites have 0.8 GB; zeros pack a thousandfold
_MOST_HEAD_BYTES = 16 * 1024**2
_compressed = cast("Callable[[bytes, int], bytearray]", deflate.gzip_compress)


def packed(data: bytes) -> bytes:
    """Compress with gzip: no file name and a fixed time, so that equal texts give equal bytes."""
    content = _compressed(data, _GZIP_LEVEL)
    content[_GZIP_TIME] = struct.pack("<I", _GZIP_MTIME)
    return bytes(content)


def unpacked(data: bytes, *, path: str) -> bytes:
    """Return the content of a file that may be gzipped.

    Raises `InvalidInputError` where the gzip stream is broken, ends early, or holds more than 2
    GiB.
    """
    if not is_packed(data):
        return data
    try:
        content = b"".join(_members(data, _MOST_BYTES + 1))
    except (EOFError, zlib.error) as error:
        raise _damaged(path, error) from error
    if len(content) > _MOST_BYTES:
        raise InvalidInputError(
            f"the compressed file holds more than {_MOST_BYTES // 1024**3} GiB",
            path=path,
            remedy="it is no table of a plate: put the right file there",
        )
    return content


def begun(data: bytes) -> bytes:
    """Return what the beginning of a file tells of its content, where it is gzipped; else itself.

    Bytes that cannot be unpacked are returned as they are.
    """
    try:
        return unpacked_head(data, path="")
    except InvalidInputError:
        return data


def is_packed(data: bytes) -> bool:
    """Tell whether bytes begin as a gzipped file does."""
    return data.startswith(_GZIP_MAGIC)


def unpacked_head(data: bytes, *, path: str) -> bytes:
    """Return the beginning of a file that may be gzipped, from the file's beginning.

    Raises `InvalidInputError` where the gzip stream is broken.
    """
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(data, _MOST_HEAD_BYTES)
    except zlib.error as error:
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception) -> InvalidInputError:
    return InvalidInputError(
        f"the compressed file is cut off or damaged ({error})",
        path=path,
        remedy="make the file again, or restore it from a copy",
    )


def _members(data: bytes, most: int) -> Iterator[bytes]:
    """Unpack one gzip stream after another, up to so many bytes in all."""
    rest = data
    while rest and most > 0:
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        content = stream.decompress(rest, most)
        most -= len(content)
        yield content
        if not stream.eof:
            if most > 0:
                message = "it ends before its end mark"
                raise EOFError(message)
            return
        rest = stream.unused_data.lstrip(b"\0")  # tapes are filled up with zeros
