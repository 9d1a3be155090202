"""Whether a plate that is being delivered may be started: nothing in the storage says so.

Put here: the rules, and the decision from what one look at a plate's folders tells.
Do not put here: looking (`workspace.scan`), which plates are looked at next (`dagster.sensors.turns`).
"""

from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.workspace.completeness import PlateCompleteness, PlateState

_MINUTE = 60.0


class CompleteWhen(StrEnum):
    """What makes a plate complete."""

    EXPECTED_SITES = "expected_sites"
    QUIET_PERIOD = "quiet_period"


@dataclass(frozen=True)
class ArrivalRules:
    """When a plate may be started.

    Attributes
    ----------
    complete_when : CompleteWhen
        `expected_sites`: all sites of the load data are there, each with the tables that the
        plate's other sites have; without load data as `quiet_period`: nothing changed for long.
    quiet_minutes : float
        How long nothing may have changed for a quiet period.
    settle_seconds : float
        How long nothing may have changed on a plate that has all its sites: a site that is
        delivered again comes file by file.
    """

    complete_when: CompleteWhen = CompleteWhen.EXPECTED_SITES
    quiet_minutes: float = 60.0
    settle_seconds: float = 60.0


@dataclass(frozen=True)
class Readiness:
    """Whether a plate may be started now.

    Attributes
    ----------
    ready : bool
        Whether it may.
    reason : str
        Why, or why not and what a user can do, as words for a table cell.
    again_at : float or None
        When it would be ready if nothing changed any more, in seconds since 1970; None where it
        is ready, and where waiting alone will not do.
    """

    ready: bool
    reason: str
    again_at: float | None = None


def readiness(
    completeness: PlateCompleteness,
    *,
    last_change: float | None,
    rules: ArrivalRules,
    now: float,
) -> Readiness:
    """Decide whether a plate may be started.

    Parameters
    ----------
    completeness : PlateCompleteness
        Expected against found sites.
    last_change : float or None
        When one of the plate's CSV files last changed, in seconds since 1970; None where that is
        not known, which counts as just now.
    rules : ArrivalRules
        The rules of the plate's batch.
    now : float
        The time of the look, in seconds since 1970.

    Returns
    -------
    Readiness
        The decision with its reason.
    """
    if completeness.found == 0:
        return Readiness(ready=False, reason="no site folder has an Image.csv yet")
    changed = now if last_change is None else min(last_change, now)
    quiet = _MINUTE * rules.quiet_minutes
    if rules.complete_when is CompleteWhen.QUIET_PERIOD:
        return _after(quiet, changed, now, _counted(completeness))
    if completeness.state is PlateState.NO_LOAD_DATA:
        return _after(quiet, changed, now, "no load data")
    if completeness.state is PlateState.NOT_TOLD:
        return _after(quiet, changed, now, "folder names do not tell the sites")
    if completeness.missing:
        return Readiness(
            ready=False,
            reason=f"{_sites(len(completeness.missing))} missing; complete them, set "
            "arrival.complete_when to quiet_period for the batch, exclude the plate, or "
            "materialize it by hand",
        )
    if completeness.lacking:
        lacking = completeness.lacking
        tables = (
            f"{lacking[0]} lacks a table that most sites have"
            if len(lacking) == 1
            else f"{len(lacking)} sites lack a table that most have, the first is {lacking[0]}"
        )
        return _after(quiet, changed, now, tables)
    return _after(rules.settle_seconds, changed, now, "all expected sites are there")


def _after(seconds: float, changed: float, now: float, found: str) -> Readiness:
    if now - changed >= seconds:
        return Readiness(
            ready=True, reason=f"{found}; nothing changed for {duration(now - changed)}"
        )
    left = changed + seconds - now
    return Readiness(
        ready=False,
        reason=f"{found}; waits until nothing changed for {duration(seconds)}, "
        f"{duration(left)} to go",
        again_at=changed + seconds,
    )


def _counted(completeness: PlateCompleteness) -> str:
    if completeness.found is None:
        return "folder names do not tell the sites"
    if completeness.expected is None:
        return _sites(completeness.found)
    return f"{completeness.found} of {_sites(completeness.expected)}"


def _sites(count: int) -> str:
    return f"{count} site" if count == 1 else f"{count} sites"


def duration(seconds: float) -> str:
    """Put a span of time into words.

    Parameters
    ----------
    seconds : float
        The span; 0 or more.

    Returns
    -------
    str
        In the largest unit that gives 2 or more, rounded down; `s`, `min`, `h` or `days`.
    """
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", _MINUTE)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, round(seconds))} s"
