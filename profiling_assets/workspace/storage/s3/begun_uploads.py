"""Uploads in parts that were begun on this machine, and ending those whose process died.

Put here: the note of an upload, which its process keeps locked as long as it lives.
Do not put here: uploading (`uploads`), whose a file is (`workspace.storage.leftovers`).
S3 keeps the parts of an unfinished upload for ever and charges for them, and does not say whose it
is. What another machine left is told by its age alone (`uploads`).
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from botocore import exceptions as aws
from pydantic import BaseModel, ValidationError

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage import leftovers
from profiling_assets.workspace.storage.s3.connection import Connection
from profiling_assets.workspace.storage.scratch import private_base

_SUFFIX = ".upload"
_GONE = "NoSuchUpload"


class _Note(BaseModel):
    server: str
    bucket: str
    key: str
    upload: str


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
            text = _note(connection, key, upload).model_dump_json()
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
        told = _Note.model_validate_json(note.read_bytes())
    except (OSError, ValidationError):
        return True  # its process died before it had an id
    if told != _note(connection, told.key, told.upload):
        return False
    try:
        connection.client.abort_multipart_upload(
            **connection.common, Key=told.key, UploadId=told.upload
        )
    except aws.ClientError as error:
        return error.response.get("Error", {}).get("Code") == _GONE
    except aws.BotoCoreError:
        return False
    return True


def _note(connection: Connection, key: str, upload: str) -> _Note:
    _ = connection.client  # which learns the server's address
    return _Note(server=connection.address.server, bucket=connection.bucket, key=key, upload=upload)
