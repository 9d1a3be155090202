"""`kill -9` of whole runs at many random moments, in a folder and in a bucket, with figures.

It takes minutes: `make test-faults` names this file, and `make test` does not collect it.
"""

import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.faults.killing import (
    BucketStand,
    FolderStand,
    Killer,
    Stand,
    undisturbed_with_start,
)
from profiling_assets_tests.faults.plates import KILLS, KILLS_SECONDS, SEED, a_plate
from profiling_assets_tests.s3_servers import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

CHAIN = 7
ENOUGH = 4  # kills each, whatever the machine does meanwhile

Care = Callable[[Place], Place]


def killed(stands: Callable[[int], Stand], name: str, end: float) -> Killer:
    """Kill chains of runs until there were enough, or until no more time is left."""
    first = stands(0)
    expected, took, start = undisturbed_with_start(first)
    killer = Killer(expected, first.seen(), random.Random(SEED), first=start)
    try:
        while (left := KILLS - killer.figures.kills) > 0 and time.monotonic() < end:
            killer.chain(stands(killer.figures.chains + 1), min(CHAIN, left), end)
    finally:
        text = (
            f"  undisturbed: {took:.1f} s, {start:.1f} s to the first of {len(expected)} results\n"
            + (f"  NO TIME LEFT after {KILLS_SECONDS} s\n" if killer.figures.kills < KILLS else "")
        )
        sys.stdout.write(killer.figures.lines(name, SEED) + text)  # shown with -s
    return killer


def test_whenever_a_run_is_killed_nothing_is_half_there_in_a_folder_and_in_a_bucket(
    tmp_path: Path,
    places: Care,
    s3: S3Server,
    buckets: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plate = places(a_plate(tmp_path))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(scratch))

    def in_a_folder(number: int) -> Stand:
        return FolderStand(places(plate.copied_to(tmp_path / f"folder {number}")))

    def in_a_bucket(number: int) -> Stand:
        place = places(plate.copied_to(tmp_path / f"bucket {number}"))
        bucket = Bucket(buckets(), place)
        bucket.put_folder(place.root)
        return BucketStand(place, bucket, scratch)

    begin = time.monotonic()
    with ThreadPoolExecutor(2) as both:
        begun = [
            both.submit(killed, stand, name, begin + KILLS_SECONDS)
            for stand, name in (
                (in_a_folder, "kills in a folder"),
                (in_a_bucket, "kills in a bucket"),
            )
        ]
    figures = [one.result().figures for one in begun]
    sys.stdout.write(
        f"\nkills: {sum(one.kills for one in figures)} in {time.monotonic() - begin:.0f} s, "
        f"partial {sum(len(one.partial) for one in figures)}, "
        f"reruns equal {sum(one.reruns for one in figures)} "
        f"of {sum(one.chains for one in figures)}, "
        f"longest recovery {max(one.longest_recovery for one in figures):.1f} s\n"
    )
    assert [one.partial for one in figures] == [[], []]
    assert all(one.reruns == one.chains >= 1 for one in figures)
    assert all(one.kills >= ENOUGH for one in figures)
