"""Getting objects: whole, a part, or into a local file.

Put here: GET requests, by obstore where it can, else by boto3.
Do not put here: listing (`listing`), writing (`uploads`).
"""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore

from profiling_assets.errors import ConflictError, WorkspaceError
from profiling_assets.workspace.storage.interface import ObjectInfo
from profiling_assets.workspace.storage.os_errors import NO_SPACE_REMEDY, no_space, writing
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.s3.connection import Connection, whole_body
from profiling_assets.workspace.storage.s3.refusals import refusal_of, talking

if TYPE_CHECKING:
    from obstore import GetOptions

RANGE_BYTES = 16 * 1024 * 1024
_RANGES_AT_ONCE = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # obstore takes no keys with these


def read_bytes(connection: Connection, path: str) -> bytes:
    """Get an object whole."""
    with talking(connection, path, "read"):
        return _get(connection, path)


def read_range(connection: Connection, path: str, start: int, size: int) -> bytes:
    """Get at most `size` bytes of an object, from `start` on."""
    try:
        with talking(connection, path, "read"):
            return _get(connection, path, span=(start, start + size))
    except WorkspaceError as error:
        if _status(error) == 416:
            return b""  # an empty object has no first byte that could be asked for
        raise


def download(connection: Connection, info: ObjectInfo, local: Path) -> None:
    """Get an object into a local file, in pieces and never whole in memory.

    `info`: the object; every piece is asked for on condition that it still is that version. Raises
    `WorkspaceError` where a piece has another size, or the disk is full.
    """

    def fetch(span: tuple[int, int]) -> None:
        with _unchanged(info.path), talking(connection, info.path, "read"):
            data = _get(connection, info.path, span=span, version=info.version)
        if len(data) != span[1] - span[0]:
            raise WorkspaceError(
                f"{len(data):,} bytes came instead of {span[1] - span[0]:,}",
                path=info.path,
                remedy="check the network, then run again",
            )
        with writing(str(local), folder=local.parent, needed=len(data)):
            _write_at(descriptor, data, span[0])

    free = _free(local.parent)
    if free < info.size:
        raise WorkspaceError(
            no_space(local.parent, info.size), path=str(local), remedy=NO_SPACE_REMEDY
        )
    spans = [
        (start, min(start + RANGE_BYTES, info.size)) for start in range(0, info.size, RANGE_BYTES)
    ]
    with writing(str(local), folder=local.parent):
        descriptor = os.open(local, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        map_at_once(fetch, spans, at_once=_RANGES_AT_ONCE)
    finally:
        os.close(descriptor)


def _get(
    connection: Connection,
    path: str,
    *,
    span: tuple[int, int] | None = None,
    version: str | None = None,
) -> bytes:
    key = connection.address.key(path)
    store = None if _CONTROL.search(key) else connection.store
    if store is not None:
        options: GetOptions = {}
        if span is not None:
            options["range"] = span
        if version is not None:
            options["if_match"] = f'"{version}"'
        return bytes(obstore.get(store, key, options=options).bytes())
    asked: dict[str, Any] = {}
    if span is not None:
        asked["Range"] = f"bytes={span[0]}-{span[1] - 1}"
    if version is not None:
        asked["IfMatch"] = f'"{version}"'
    client = connection.client
    return whole_body(
        lambda: client.get_object(**connection.common, Key=key, **asked)["Body"],
        lambda body: body.read(),
    )


@contextmanager
def _unchanged(path: str) -> Generator[None]:
    try:
        yield
    except WorkspaceError as error:
        if _status(error) == 412:
            raise ConflictError(
                "it was changed while it was read", path=path, remedy="run again"
            ) from error
        raise


def _status(error: WorkspaceError) -> int | None:
    cause = error.__cause__
    return refusal_of(cause).status if isinstance(cause, Exception) else None


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        done = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[done:], offset + done
