"""The same question about many things, several at a time.

Put here: running one function over many items in threads, in order, with one error for all.
Do not put here: what is asked, how many requests a workspace takes at a time (`Workspace.at_once`).
"""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_at_once(
    function: Callable[[_Item], _Result], items: Iterable[_Item], *, at_once: int
) -> list[_Result]:
    """Call a function on every item, several at a time.

    `function`: called in threads where `at_once` is more than 1, else in this one. Results come in
    the order of the items. The first error ends it: what was not begun is not called, and the error
    is raised when the calls under way have ended.
    """
    waiting = list(items)
    if at_once <= 1 or len(waiting) <= 1:
        return [function(item) for item in waiting]
    workers = ThreadPoolExecutor(min(at_once, len(waiting)), thread_name_prefix="at-once")
    try:
        calls = [workers.submit(function, item) for item in waiting]
        done, _ = wait(calls, return_when=FIRST_EXCEPTION)
        failed = [call for call in calls if call in done and call.exception() is not None]
        return [call.result() for call in failed or calls]
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
