"""How far a long step is, how fast it goes, and when it will be done.

Put here: the sentence that is told while a step runs, and how often.
Do not put here: the clock, where it is logged.
"""

from collections import deque

_WINDOW_SECONDS = 60.0  # the rate is that of the last minute: S3 and neighbours change it


class Pace:
    """Counts what is done against the time that it took.

    Parameters
    ----------
    what : str
        What is counted, in the plural.
    now : float
        Seconds at the start, on a clock that only goes on.
    every : float
        Seconds between two sentences at least: each of them is a transaction in the event log.
    """

    def __init__(self, what: str, now: float, *, every: float = 5.0) -> None:
        self._what = what
        self._every = every
        self._told = now
        self._seen = deque([(now, 0)])

    def told(self, done: int, total: int, now: float) -> str | None:
        """Say how far it is, if it is time to.

        Parameters
        ----------
        done, total : int
            How many of how many.
        now : float
            Seconds, on the same clock.

        Returns
        -------
        str or None
            The sentence; None where one was told a moment ago. The end is always told.
        """
        if done < self._seen[-1][1]:  # another pass over the same sites
            self._seen = deque([(now, done)])
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WINDOW_SECONDS:
            self._seen.popleft()
        if now - self._told <= self._every and done != total:
            return None
        self._told = now
        said = f"{done} of {total} {self._what}"
        since, before = self._seen[0]
        if now <= since or done <= before:
            return said
        rate = (done - before) / (now - since)
        said += f", {rate:.3g} a second"
        return said if done == total else f"{said}, {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
