"""Whole runs on a disk that fills up at random moments: refused with figures, nothing partial.

It takes minutes: `make test-faults` names this file, and `make test` does not collect it.
"""

import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets_tests.cli.commands import LONGEST, Place, finished, wait_for
from profiling_assets_tests.faults.disks import fill, mounted
from profiling_assets_tests.faults.killing import FolderStand, Killer, undisturbed_with_start
from profiling_assets_tests.faults.plates import FILLS, SEED, a_plate

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

LEFT = (0, 4096, 20_000, 200_000, 1_500_000)
MEGABYTES = 40
TOO_LATE = "everything: the disk filled up too late"


def test_whenever_the_disk_of_a_run_fills_up_nothing_is_half_there(
    tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    plate = places(a_plate(tmp_path))
    first = FolderStand(places(plate.copied_to(tmp_path / "undisturbed")))
    expected, took, start = undisturbed_with_start(first)
    chance = random.Random(SEED)
    killer = Killer(expected, first.seen(), chance)
    told: Counter[str] = Counter()
    with mounted(tmp_path / "disk", MEGABYTES) as disk:
        place = places(plate.copied_to(disk))
        # the event log lies elsewhere, as it does for a user
        stand = FolderStand(Place(place.root, tmp_path / "state", mark=place.mark))
        for _ in range(FILLS):
            told[_filled_up(stand, disk, chance.uniform(0, took - start), chance)] += 1
            killer.compare(stand)
        killer.rerun(stand)
    lines = "".join(f"    {number} {what}\n" for what, number in told.items())
    sys.stdout.write(  # shown with -s
        f"\na disk that fills up: seed {SEED}, {FILLS} runs, which ended with\n{lines}"
        f"  partial files under a final name: {len(killer.figures.partial)}\n"
        "  with space again: equal to the undisturbed run, in "
        f"{killer.figures.longest_recovery:.1f} s\n"
    )
    assert told[TOO_LATE] < FILLS, "no run met a full disk"


def _filled_up(stand: FolderStand, disk: Path, later: float, chance: random.Random) -> str:
    """Build everything anew, fill the disk some seconds after that began, and say how it ended."""
    command = stand.start("--force")
    wait_for(lambda: stand.writes() or command.poll() is not None, LONGEST, every=0.02)
    end = time.monotonic() + later
    while time.monotonic() < end and command.poll() is None:
        time.sleep(0.02)
    _fill(command, disk, chance.choice(LEFT))
    done = finished(command)
    assert stand.place.wait_until_alone(20), stand.place.processes()
    (disk / "fill").unlink()
    assert "Traceback" not in done.text, done.text
    if done.code == 0:
        return TOO_LATE
    assert done.code == 1, done.text
    found = re.search(r"(the disk or a quota is full|needs up to)[^\n]*free", done.err)
    assert found, done.text
    return re.sub(r"[0-9][0-9,.]*", "N", found.group())


def _fill(command: "subprocess.Popen[str]", disk: Path, left: int) -> None:
    if command.poll() is None:
        fill(disk, left)
    else:
        (disk / "fill").touch()
