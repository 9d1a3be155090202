"""A workspace that is a prefix of a bucket on S3.

Put here: how the interface of `workspace.storage.interface` is done on S3.
Do not put here: requests themselves (`listing`, `reads`, `uploads`), credentials and clients
(`session`), what the files are (`workspace.layout`).
"""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from botocore import exceptions as aws

from profiling_assets.errors import InvalidNameError, MissingInputError
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels
from profiling_assets.workspace.storage.os_errors import ABSENT, ABSENT_REMEDY
from profiling_assets.workspace.storage.s3 import listing, reads
from profiling_assets.workspace.storage.s3.address import S3Address
from profiling_assets.workspace.storage.s3.begun_uploads import abort_dead
from profiling_assets.workspace.storage.s3.connection import Connection, Connector, impatient
from profiling_assets.workspace.storage.s3.refusals import is_absent, talking
from profiling_assets.workspace.storage.s3.uploads import PART_BYTES, Uploader
from profiling_assets.workspace.storage.scratch import (
    private_base,
    remove_dead_scratch,
    scratch_folder,
)

_AT_ONCE = 16
_MAX_NAME_BYTES = 200


class S3Workspace:
    """A workspace on S3. Safe to use from many threads, and to send to other processes.

    `connector`: makes clients of the bucket, at their first use in each process.
    """

    def __init__(
        self,
        address: S3Address,
        connector: Connector,
        scratch: Path,
        *,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._connection = Connection(address, connector)
        self._uploader = Uploader(self._connection, part_bytes, scratch)
        self._scratch = scratch

    def __repr__(self) -> str:
        return f"S3Workspace({self.root!r})"

    def check(self, *, patient: bool = False) -> None:
        """Ask for one key, so that a root that cannot be reached is an error at once.

        `patient`: whether a server to which no connection comes about is tried as often as in all
        other requests: for runs, which nobody waits for. Raises `WorkspaceError` where the bucket
        is not there, not readable or not reached.
        """
        with nullcontext() if patient else self._impatient():
            self._connection.learn_region(listing.probe(self._connection))

    @contextmanager
    def _impatient(self) -> Generator[None]:
        with talking(self._connection, "", "list"):
            client = self._connection.client
        with impatient(client):
            yield

    @property
    def root(self) -> str:
        return self._address.root

    @property
    def identity(self) -> str:
        if not self._address.server:
            with talking(self._connection, "", "list"):
                _ = self._connection.client
        server = self._address.server
        if (urlsplit(server).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return self.root
        return f"s3+{server}/{self.root.removeprefix('s3://')}"

    @property
    def at_once(self) -> int:
        # as many as hide the time that each request waits for its answer
        return _AT_ONCE

    def list_folder(self, path: str) -> Listing:
        # what S3 calls common prefixes are folders; keys that are no paths are told apart
        return listing.list_folder(self._connection, path)

    def list_two_levels(self, path: str) -> TwoLevels:
        # one listing of everything below, 1,000 keys a page
        return listing.list_two_levels(self._connection, path)

    def stat(self, path: str) -> ObjectInfo | None:
        key = self._address.key(path)
        if not path:
            return None
        with talking(self._connection, path, "read"):
            try:
                head = self._connection.client.head_object(**self._connection.common, Key=key)
            except aws.ClientError as error:
                if is_absent(error):
                    return None
                raise
        tag, modified = head["ETag"].strip('"'), head["LastModified"].timestamp()
        return ObjectInfo(path, head["ContentLength"], tag, modified)

    def read_bytes(self, path: str) -> bytes:
        return reads.read_bytes(self._connection, _named(path))

    def read_head(self, path: str, size: int) -> bytes:
        return reads.read_range(self._connection, _named(path), 0, size)

    def read_range(self, path: str, start: int, size: int) -> bytes:
        return reads.read_range(self._connection, _named(path), start, size)

    @contextmanager
    def local_file(self, path: str) -> Generator[Path]:
        # under its own name where this machine can take it
        info = self.stat(path)
        if info is None:
            raise MissingInputError(ABSENT, path=path, remedy=ABSENT_REMEDY)
        name = path.rpartition("/")[2]
        with self.scratch(name) as folder:
            local = folder / (name if len(name.encode()) <= _MAX_NAME_BYTES else "object")
            reads.download(self._connection, info, local)
            yield local

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        # large files go in parts, and appear when complete
        published = self._uploader.put_file(local, _named(path))
        local.unlink(missing_ok=True)
        return published

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        return self._uploader.put(data, _named(path))

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        return self._uploader.replace(data, _named(path), expected=expected)

    def remove(self, path: str) -> None:
        key = self._address.key(_named(path))
        with talking(self._connection, path, "write"):
            self._connection.client.delete_object(**self._connection.common, Key=key)

    @contextmanager
    def scratch(self, label: str) -> Generator[Path]:
        base = private_base(self._scratch)
        with scratch_folder(base, label, path=str(base)) as folder:
            yield folder

    def remove_leftovers(self) -> None:
        remove_dead_scratch(private_base(self._scratch))
        abort_dead(self._connection, self._scratch)

    def location(self, path: str) -> str:
        return self._address.location(path)

    @property
    def _address(self) -> S3Address:
        return self._connection.address


def _named(path: str) -> str:
    if not path:
        raise InvalidNameError("the root itself is no file", remedy="name a path below the root")
    return path
