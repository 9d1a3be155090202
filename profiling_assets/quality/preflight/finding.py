"""What preflight found: one finding, and findings of many plates put together.

Put here: the record of a finding, sorting and joining of findings.
Do not put here: the rules (`rules`), printing (`cli`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.config.model import Config
from profiling_assets.errors import ProfilingError

_GIGABYTE = 10**9


def config_place(config: Config, key: str) -> str:
    """Return file and line of a key; a workspace without a config file has the defaults."""
    place = config.where(key)
    return "the defaults, as no --config is given" if place.startswith("(") else place


def counted(number: int, noun: str) -> str:
    """Return `1 site`, `2 sites`, `2 batches`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def size(number: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{number / 1e9:.1f} GB" if number >= _GIGABYTE else f"{number / 1e6:.1f} MB"


class Severity(StrEnum):
    """Whether something cannot be made, or should be known."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to be mended, or to be known, before a run."""

    severity: Severity  # an error: what it concerns cannot be made as it is
    rule: str  # the rule that found it
    what: str  # one sentence
    where: str  # the file or folder: a workspace path, or the config's file and line
    remedy: str  # what the user can do
    scope: str = ""  # `BATCH/PLATE`, `BATCH`, or empty for the whole workspace


@dataclass(frozen=True)
class Told:
    """One finding and all plates or batches that it holds for, in order."""

    finding: Finding
    scopes: tuple[str, ...]


def of_error(
    rule: str, error: ProfilingError, *, where: str, remedy: str, scope: str = ""
) -> Finding:
    """Make a finding of the error that a step would raise.

    `where`: the file, where the error names none. `remedy`: what to do, where the error does not
    say.
    """
    return Finding(
        Severity.ERROR, rule, error.what, error.path or where, error.remedy or remedy, scope
    )


def together(findings: Iterable[Finding]) -> list[Told]:
    """Put findings that say the same of several plates together.

    Errors first; in the order given otherwise.
    """
    scopes: dict[tuple[str, str, str, str], dict[str, None]] = {}
    first: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        same = (finding.rule, finding.what, finding.where, finding.remedy)
        first.setdefault(same, finding)
        scopes.setdefault(same, {})[finding.scope] = None
    told = [
        Told(finding, tuple(scope for scope in scopes[same] if scope))
        for same, finding in first.items()
    ]
    return sorted(told, key=lambda entry: entry.finding.severity is not Severity.ERROR)
