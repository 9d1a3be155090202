"""Two users who build the same plate at the same time, each with an event log of their own.

Neither knows of the other's run: what protects the results is that a file appears whole.
It takes minutes: `make test-faults` names this file, and `make test` does not collect it.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import Place, finished
from profiling_assets_tests.faults.killing import (
    BucketStand,
    FolderStand,
    Killer,
    Stand,
    undisturbed,
)
from profiling_assets_tests.faults.plates import SEED, a_plate
from profiling_assets_tests.s3_servers import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

ROUNDS = 1
LATER = 4.0  # seconds at most between the two starts
Pair = tuple[Stand, Stand]


def built_twice(first: Stand, pairs: Callable[[int], Pair], name: str) -> None:
    expected, _ = undisturbed(first)
    chance = random.Random(SEED)
    killer = Killer(expected, first.seen(), chance)
    for number in range(ROUNDS):
        pair = pairs(number)
        commands = [pair[0].start()]
        time.sleep(chance.uniform(0, LATER))
        commands.append(pair[1].start())
        while any(command.poll() is None for command in commands):
            killer.look(pair[0])
            time.sleep(0.1)
        for command in commands:
            done = finished(command)
            assert done.code == 0, done.text
            assert "Traceback" not in done.text
        killer.compare(pair[0])
        for stand in pair:
            killer.rerun(stand)
    sys.stdout.write(  # shown with -s
        f"\n{name}: seed {SEED}, {ROUNDS} times two runs of one plate at once\n"
        f"  {killer.figures.looks} looks, partial files under a final name: "
        f"{len(killer.figures.partial)}\n"
        f"  {killer.figures.reruns} reruns, all equal to the undisturbed run\n"
    )


def test_two_users_of_one_folder_build_what_one_builds(
    tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    plate = places(a_plate(tmp_path))

    def pair(number: int) -> Pair:
        place = places(plate.copied_to(tmp_path / str(number)))
        other = places(replace(place, state=tmp_path / f"{number} other", mark=f"other {number}"))
        return FolderStand(place), FolderStand(other)

    built_twice(FolderStand(places(plate.copied_to(tmp_path / "alone"))), pair, "in a folder")


def test_two_users_of_one_bucket_build_what_one_builds(
    tmp_path: Path,
    places: Callable[[Place], Place],
    s3: S3Server,
    buckets: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plate = places(a_plate(tmp_path))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(scratch))

    def stand(name: str, bucket: str) -> BucketStand:
        place = places(replace(plate, state=tmp_path / name, mark=name.replace(" ", "-")))
        return BucketStand(place, Bucket(bucket, place), scratch)

    def filled() -> str:
        bucket = buckets()
        Bucket(bucket, plate).put_folder(plate.root)
        return bucket

    def pair(number: int) -> Pair:
        bucket = filled()
        return stand(f"{number} one", bucket), stand(f"{number} other", bucket)

    built_twice(stand("alone", filled()), pair, "in a bucket")
