"""The clients of one bucket, one set a process.

Put here: when clients are made and kept, and the arguments that every request carries.
Do not put here: where credentials come from (`session`), what is asked.

`boto3` lists and writes, `obstore` gets objects: a seventh of the CPU an object
(docs/decisions/s3-clients.md). After a fork the threads of obstore are gone, and using it would
hang this process and its parent. So the main thread reads through `boto3`: it is the one that loads
the definitions before step processes are forked, and where many objects are read, it is in other
threads. A forked child of a process that did use obstore reads through `boto3` altogether.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore import exceptions as aws

from profiling_assets.workspace.storage.s3.address import S3Address
from profiling_assets.workspace.storage.s3.page_xml import read_pages_faster

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Store


# With one request in ten spoiled, one in a million fails for good. Pauses of at most 1, 2, 4, 8 and
# 16 s: a server that is down for good is told after some 15 s.
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 16.0
CONNECT_SECONDS = 5.0
# A person who waits for the first answer, mostly after a mistake in the address, is told within
# some 3 s that nobody is there; an attempt that gets no connection in time is the last one.
FIRST_CONNECTS = 3
READ_SECONDS = 30.0  # without a byte

# boto3 repeats a request until it has the head of an answer; what then breaks off, it does not
_BROKEN_BODIES = (
    aws.ResponseStreamingError,
    aws.IncompleteReadError,
    aws.ReadTimeoutError,
)
_NOBODY_THERE = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)
_R = TypeVar("_R")


@contextmanager
def impatient(client: "S3Client") -> Generator[None]:
    """Give up sooner where no connection comes about; what a server answers is treated as ever.

    It is for the first requests of a command. No other thread uses the client meanwhile.
    """

    def give_up(attempts: int, caught_exception: Exception | None, **_: object) -> None:
        timed_out = isinstance(caught_exception, aws.ConnectTimeoutError)
        if isinstance(caught_exception, _NOBODY_THERE) and (
            timed_out or attempts >= FIRST_CONNECTS
        ):
            raise caught_exception

    event, name = "needs-retry.s3", "profiling-assets-impatient"
    client.meta.events.register_first(event, give_up, name)
    try:
        yield
    finally:
        client.meta.events.unregister(event, give_up, name)


def whole_body(ask: Callable[[], "StreamingBody"], read: Callable[["StreamingBody"], _R]) -> _R:
    """Read the body of an answer, and ask once more where it breaks off in the middle."""
    for attempt in range(1, ATTEMPTS):
        body = ask()
        try:
            return read(body)
        except _BROKEN_BODIES:
            time.sleep(pause_after(attempt))
    return read(ask())


def pause_after(attempt: int) -> float:
    """Return how many seconds to wait after an attempt; the first is 1."""
    longest = min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
    return random.uniform(0, longest)  # noqa: S311  # this chance needs no secrecy


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
class _Clients:
    process: int
    session: Session
    store: "S3Store | None" = None


class Connection:
    """The clients of one address, made at their first use in each process."""

    def __init__(self, address: S3Address, connector: Connector) -> None:
        self.address = address
        self._connector = connector
        self._region: str | None = None
        self._made: _Clients | None = None

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

    def _make(self) -> _Clients:
        process = os.getpid()
        with _lock:
            if self._made is None or self._made.process != process:
                made = _Clients(process, self._connector.session())
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
