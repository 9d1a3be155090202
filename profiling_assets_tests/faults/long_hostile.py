"""Thousands of broken and hostile files; each figure is printed.

It takes minutes, so `make test-faults` names this file and `make test` does not collect it.
"""

import sys
from collections import Counter
from pathlib import Path

import pytest

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.faults.hostile_plates import (
    aggregated,
    backend_cases,
    collated,
    site_cases,
    sound_backend,
)
from profiling_assets_tests.faults.hostile_readers import KINDS, cases, tried
from profiling_assets_tests.faults.hostile_workspaces import DAMAGED, prepared, tried_workspace

pytestmark = pytest.mark.timeout(1200)

EACH = 200


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_of_a_kind_ends_in_a_traceback_or_never(kind: str) -> None:
    ends = Counter(tried(case) for case in cases(kind, EACH, seed=1))
    assert sum(ends.values()) == EACH
    sys.stdout.write(
        f"\n{kind}: {EACH} damaged files, {ends['read']} read, {ends['refused']} refused"
    )


def test_the_books_of_every_plate_with_a_damaged_file_balance(tmp_path: Path) -> None:
    states = Counter(
        collated(case, tmp_path / str(case.number)) for case in site_cases(4 * EACH, seed=1)
    )
    assert states.total() == 4 * EACH
    sys.stdout.write(f"\nplates with one damaged CSV: {4 * EACH}; that site became {dict(states)}")


def test_no_damaged_backend_ends_in_a_traceback(tmp_path: Path) -> None:
    sound = sound_backend(tmp_path / "sound")
    file = tmp_path / "damaged.sqlite"
    ends = Counter(aggregated(case, file) for case in backend_cases(sound, 2 * EACH, seed=1))
    assert ends.total() == 2 * EACH
    sys.stdout.write(f"\nbackends: {2 * EACH} damaged files, {dict(ends)}")


def test_no_workspace_with_one_damaged_file_ends_in_a_traceback(tmp_path: Path) -> None:
    make_workspace(tmp_path / "sound", tiny_spec())
    sound = prepared(tmp_path / "sound")
    tries = 8 * len(DAMAGED)
    ends = Counter(tried_workspace(sound, tmp_path / str(n), n, seed=1) for n in range(tries))
    assert ends.total() == tries
    sys.stdout.write(f"\nworkspaces with one damaged file: {tries}, {dict(ends)}")
