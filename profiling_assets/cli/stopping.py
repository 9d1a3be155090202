"""Ctrl-C and the termination signal, noted instead of raised.

Put here: who asked to stop, and asking that.
Do not put here: what is then done (`dagster.runs.runner`).
An exception that comes from a signal comes anywhere, also in the middle of a line to the event
log; a note is looked at where it is safe.
"""

import signal
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While it is entered, the first signal is noted and a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self._asked = False
        self._before: list[signal._HANDLER] = []

    def __call__(self) -> bool:
        """Say whether the user asked to stop."""
        return self._asked

    def __enter__(self) -> "StopRequest":
        """Take over the signals."""
        self._before = [signal.signal(number, self._note) for number in _SIGNALS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
