"""A limit for one case: a reader that does not come to an end fails its test by name.

CPU time is counted, not time on the clock: a busy machine fails no case.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 20.0


class HangError(Exception):
    """A case that took more CPU than any file deserves."""


@contextmanager
def no_hang(seconds: float = SECONDS) -> Iterator[None]:
    """Raise `HangError` in the block once it has used so many seconds of CPU."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        message = f"more than {seconds:g} s of CPU"
        raise HangError(message)

    former = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)
