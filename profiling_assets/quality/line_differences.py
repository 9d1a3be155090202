"""What differs between two lists of lines: ledgers, lists of features.

Put here: lines that only one of them has.
Do not put here: tables of profiles (`quality.differences`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LinesDifference:
    """Lines that only one of two lists has, in their order; repeated ones count each."""

    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both have the same lines, in whatever order."""
        return not (self.only_in_a or self.only_in_b)


def lines_difference(a: Sequence[str], b: Sequence[str]) -> LinesDifference:
    """Compare two lists of lines, whatever their order.

    Parameters
    ----------
    a, b : sequence of str
        Lines of a ledger or of a list of features.

    Returns
    -------
    LinesDifference
        What only one of them has.
    """
    return LinesDifference(_beyond(a, b), _beyond(b, a))


def _beyond(lines: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    left = Counter(others)
    found: list[str] = []
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            found.append(line)
    return tuple(found)
