"""One thing that a deployment lacks.

Put here: the record, and how an error becomes one.
Do not put here: looking for them (`written`, `reached`).
"""

from dataclasses import dataclass

from profiling_assets.errors import without_passwords
from profiling_assets.quality.preflight.finding import Severity


@dataclass(frozen=True)
class Lack:
    """One thing that is missing or wrong."""

    severity: Severity  # an error: the deployment does not work as it is
    where: str  # the variable, the key of a file, or the service
    what: str  # what is wrong, after `where`
    remedy: str  # what to do


def error(where: str, what: str, remedy: str) -> Lack:
    """Return a lack that keeps the deployment from working."""
    return Lack(Severity.ERROR, where, without_passwords(what), remedy)


def warning(where: str, what: str, remedy: str) -> Lack:
    """Return a lack that should be known."""
    return Lack(Severity.WARNING, where, without_passwords(what), remedy)
