"""What a check says of a result, and the refusal of a result that must not be published.

Put here: the verdict of one check, the error made of those that block.
Do not put here: the checks themselves (`rows`, `values`, `files`), when they are made
(`steps.checks`), how they are shown (`dagster.asset_checks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from profiling_assets.errors import CheckError


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one check on one result."""

    name: str  # the check
    passed: bool = True  # whether nothing is to be mended
    what: str = ""  # what was found, in one sentence; empty for a check that passed
    remedy: str = ""  # what the user can do; empty for a check that passed
    # whether the result must not be published; else the verdict is a warning, unless it is grave
    blocking: bool = False
    grave: bool = False  # whether it fails, though what there is of the result is published
    # what was counted, by name
    numbers: Mapping[str, int | float] = field(default_factory=dict[str, int | float])

    @property
    def verdict(self) -> str:
        """`passed`, `warning` or `failed`."""
        if self.passed:
            return "passed"
        return "failed" if self.blocking or self.grave else "warning"


def not_passed(
    name: str,
    what: str,
    remedy: str,
    numbers: Mapping[str, int | float],
    *,
    blocking: bool = False,
    grave: bool = False,
) -> CheckResult:
    """Return the verdict of a check that did not pass: a warning, one that fails, or blocks too."""
    return CheckResult(
        name,
        passed=False,
        what=what,
        remedy=remedy,
        blocking=blocking,
        grave=grave,
        numbers=numbers,
    )


def refuse_failed(results: Sequence[CheckResult], *, path: str, made: str) -> None:
    """Refuse a result of which a blocking check failed.

    Raises `CheckError` where a blocking check failed; it names each one and its remedy.
    """
    failed = [result for result in results if not result.passed and result.blocking]
    if not failed:
        return
    found = "; ".join(f"{result.what} ({result.name})" for result in failed)
    raise CheckError(
        f"{made} is not published: {found}",
        path=path,
        remedy="; ".join(dict.fromkeys(result.remedy for result in failed)),
    )


def as_warnings(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Let nothing block: what stood in the workspace before is told of, and left as it is."""
    return tuple(replace(result, blocking=False) for result in results)
