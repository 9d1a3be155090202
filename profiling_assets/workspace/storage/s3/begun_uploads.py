"""Uploads in parts that were begun on this machine, and ending those whose process died.

Put here: the note of an upload, which its process keeps locked as long as it lives.
Do not put here: uploading (`uploads`), whose a file is (`workspace.storage.leftovers`).
S3 keeps the parts of an unfinished upload for ever and charges for them, and does not say whose it
is. What another machine left is told by its age alone (`uploads`).
"""

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from botocore import exceptions as aws

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage import leftovers
from profiling_assets.workspace.storage.s3.connection import Connection
from profiling_assets.workspace.storage.scratch import private_base

_SUFFIX = ".upload"
_GONE = "NoSuchUpload"


@contextmanager
def noted(
    connection: Connection, scratch: Path | None, key: str
) -> Generator[Callable[[str], None]]:
    """Keep a note of an upload while it is under way, in `scratch` (None: nowhere).

    What is lent is to be told the upload's id. Without it the note says nothing and ends with the
    process.
    """
    try:
        base = None if scratch is None else private_base(scratch)
        note = None if base is None else base / f"{secrets.token_hex(8)}{_SUFFIX}"
        owned = None if note is None else leftovers.create_owned(note)
    except (OSError, WorkspaceError):  # a full disk is no reason not to upload
        note = owned = None

    def tell(upload: str) -> None:
        if owned is not None:
            text = json.dumps({**_place(connection), "key": key, "upload": upload})
            with contextlib.suppress(OSError):
                os.write(owned, text.encode())

    try:
        yield tell
    finally:
        if note is not None and owned is not None:
            with contextlib.suppress(OSError):
                note.unlink()
            os.close(owned)


def abort_dead(connection: Connection, scratch: Path) -> None:
    """Abort the uploads to a bucket whose processes on this machine no longer live.

    Notes of uploads to other buckets stay, and of those that cannot be aborted now: they are for
    the next start.
    """
    for note in sorted(private_base(scratch).glob(f"*{_SUFFIX}")):
        with leftovers.taken_over(note) as dead:
            if dead and _is_over(connection, note):
                with contextlib.suppress(OSError):
                    note.unlink()


def _is_over(connection: Connection, note: Path) -> bool:
    """Abort what a note tells of; False where the upload may still be there."""
    try:
        told = cast("dict[str, str]", json.loads(note.read_bytes()))
        key, upload = told["key"], told["upload"]
    except (OSError, ValueError, KeyError, TypeError):
        return True  # its process died before it had an id
    if {name: told.get(name) for name in _place(connection)} != _place(connection):
        return False
    try:
        connection.client.abort_multipart_upload(**connection.common, Key=key, UploadId=upload)
    except aws.ClientError as error:
        return error.response.get("Error", {}).get("Code") == _GONE
    except aws.BotoCoreError:
        return False
    return True


def _place(connection: Connection) -> dict[str, str]:
    _ = connection.client  # which learns the server's address
    return {"server": connection.address.server, "bucket": connection.bucket}
