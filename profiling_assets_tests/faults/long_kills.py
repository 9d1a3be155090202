"""`kill -9` of whole runs at many random moments, in a folder and in a bucket, with figures.

It takes minutes: `make test-faults` names this file, and `make test` does not collect it.
"""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.faults.killing import (
    BucketStand,
    FolderStand,
    Killer,
    Stand,
    undisturbed,
)
from profiling_assets_tests.faults.plates import KILLS, SEED, a_plate
from profiling_assets_tests.s3_servers import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

CHAIN = 4
EARLIEST = 2.0  # seconds; before that Python imports

Care = Callable[[Place], Place]


def killed(stands: Callable[[int], Stand], name: str) -> None:
    first = stands(0)
    expected, took = undisturbed(first)
    killer = Killer(expected, first.seen(), took, random.Random(SEED), earliest=EARLIEST)
    try:
        while killer.figures.kills < KILLS:
            number = killer.figures.chains + 1
            killer.chain(stands(number), min(CHAIN, KILLS - killer.figures.kills))
    finally:
        text = f"  undisturbed: {took:.1f} s, {len(expected)} results\n"
        sys.stdout.write(killer.figures.lines(name, SEED) + text)  # shown with -s


def test_whenever_a_run_in_a_folder_is_killed_nothing_is_half_there(
    tmp_path: Path, places: Care
) -> None:
    plate = places(a_plate(tmp_path))

    def stand(number: int) -> Stand:
        return FolderStand(places(plate.copied_to(tmp_path / str(number))))

    killed(stand, "kills in a folder")


def test_whenever_a_run_in_a_bucket_is_killed_nothing_is_half_there(
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

    def stand(number: int) -> Stand:
        place = places(plate.copied_to(tmp_path / str(number)))
        bucket = Bucket(buckets(), place)
        bucket.put_folder(place.root)
        return BucketStand(place, bucket, scratch)

    killed(stand, "kills in a bucket")
