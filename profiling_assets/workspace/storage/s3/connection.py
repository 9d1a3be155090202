"""The clients of one bucket, one set a process.

Put here: when clients are made and kept, and the arguments that every request carries.
Do not put here: where credentials come from (`profiling_assets.workspace.storage.s3.session`), what is asked.

`boto3` lists and writes, `obstore` gets objects: a seventh of the CPU an object
(docs/decisions/s3-clients.md). After a fork the threads of obstore are gone, and using it would
hang this process and its parent. So the main thread reads through `boto3`: it is the one that loads
the definitions before step processes are forked, and where many objects are read, it is in other
threads. A forked child of a process that did use obstore reads through `boto3` altogether.
"""

import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from profiling_assets.workspace.storage.s3.address import S3Address
from profiling_assets.workspace.storage.s3.page_xml import read_pages_faster

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Store


class Session(Protocol):
    """Both clients of a bucket, with the same credentials."""

    @property
    def client(self) -> "S3Client":
        """The boto3 client."""
        ...

    def store(self, region: str | None) -> "S3Store":
        """Make an obstore client that goes where the boto3 client goes."""
        ...


class Connector(Protocol):
    """Begins sessions with a bucket; it can be sent to another process."""

    def session(self) -> Session:
        """Begin a session."""
        ...


_lock = threading.Lock()
_obstore_process: int | None = None


@dataclass
class _Made:
    process: int
    session: Session
    store: "S3Store | None" = None


class Connection:
    """The clients of one address, made at their first use in each process.

    Parameters
    ----------
    address : S3Address
        Which bucket, how it is reached.
    connector : Connector
        Makes the clients.
    """

    def __init__(self, address: S3Address, connector: Connector) -> None:
        self.address = address
        self._connector = connector
        self._region: str | None = None
        self._made: _Made | None = None

    def __getstate__(self) -> tuple[S3Address, Connector, str | None]:
        return self.address, self._connector, self._region

    def __setstate__(self, state: tuple[S3Address, Connector, str | None]) -> None:
        self.__init__(state[0], state[1])
        self._region = state[2]

    @property
    def client(self) -> "S3Client":
        """The boto3 client of this process."""
        made = self._made
        if made is not None and made.process == os.getpid():
            return made.session.client
        return self._make().session.client

    @property
    def store(self) -> "S3Store | None":
        """The obstore client of this process; None where `client` is to be used instead."""
        if threading.current_thread() is threading.main_thread() or not _claim_obstore():
            return None
        made = self._made
        if made is None or made.process != os.getpid():
            made = self._make()
        if made.store is None:
            with _lock:
                made.store = made.store or made.session.store(self._region)
        return made.store

    @property
    def bucket(self) -> str:
        """The bucket."""
        return self.address.bucket

    @property
    def common(self) -> dict[str, Any]:
        """Arguments of every request."""
        paying = {"RequestPayer": "requester"} if self.address.options.requester_pays else {}
        return {"Bucket": self.bucket, **paying}

    @property
    def writing(self) -> dict[str, Any]:
        """Arguments of every request that begins an object."""
        options = self.address.options
        extra = {
            "ACL": options.acl,
            "ServerSideEncryption": options.sse,
            "SSEKMSKeyId": options.sse_kms_key_id,
        }
        return {**self.common, **{name: value for name, value in extra.items() if value}}

    def learn_region(self, region: str | None) -> None:
        """Keep the region that the bucket said it is in, for clients that do not find it."""
        if region:
            self._region = region

    def _make(self) -> _Made:
        process = os.getpid()
        with _lock:
            if self._made is None or self._made.process != process:
                made = _Made(process, self._connector.session())
                server = made.session.client.meta.endpoint_url.rstrip("/")
                read_pages_faster(made.session.client)
                self.address = replace(self.address, server=server)
                self._made = made
            return self._made


def _claim_obstore() -> bool:
    global _obstore_process  # noqa: PLW0603  # obstore's threads are one set a process, too
    process = os.getpid()
    if _obstore_process is None:
        with _lock:
            if _obstore_process is None:
                _obstore_process = process
    return _obstore_process == process


def _renew_locks() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_renew_locks)
