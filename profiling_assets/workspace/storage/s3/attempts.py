"""How often a request is tried and how long is waited: the one policy of both clients.

Put here: the figures, and repeating what a client does not repeat itself.
Do not put here: making the clients (`profiling_assets.workspace.storage.s3.session`), what an error says
(`workspace.storage.s3.errors`).

Repeated are requests that were throttled, failed inside the server (500, 502, 503, 504) or lost
their connection; a refusal (403, 404) never. The pauses grow twofold and are drawn at random
between nothing and their longest, so that many clients do not come back together.
"""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from botocore import exceptions as aws

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

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

    Parameters
    ----------
    client : S3Client
        The client; no other thread uses it meanwhile.

    Yields
    ------
    None
        Once; the body sends the first requests of a command.
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
    """Read the body of an answer, and ask once more where it breaks off in the middle.

    Parameters
    ----------
    ask : callable
        Sends the request, which the client repeats by itself; returns the body.
    read : callable
        Reads the body to its end.

    Returns
    -------
    object
        What `read` returns.
    """
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
