"""Thousands of broken and hostile files; each figure is printed.

It takes minutes, so `make test-faults` names this file and `make test` does not collect it.
"""

import sys
from collections import Counter

import pytest

from profiling_assets_tests.faults.hostile_readers import KINDS, cases, tried

pytestmark = pytest.mark.timeout(1200)

EACH = 200


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_of_a_kind_ends_in_a_traceback_or_never(kind: str) -> None:
    ends = Counter(tried(case) for case in cases(kind, EACH, seed=1))
    assert sum(ends.values()) == EACH
    sys.stdout.write(
        f"\n{kind}: {EACH} damaged files, {ends['read']} read, {ends['refused']} refused"
    )
