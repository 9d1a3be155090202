"""Runs that are killed at random moments, again and again, on a folder and on S3.

Put here: stands (a workspace and the commands on it), a chain of kills, the figures of many.
Do not put here: which workspace, how many kills (`test_kills`, `long_kills`).
"""

import json
import math
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from profiling_assets.workspace.layout import QUALITY_SUMMARY
from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import LONGEST, Place, finished, wait_for

RESULTS = ("backend", "profiles", "gct", "quality_control")
_STEPS = 0.1  # seconds between two looks at what stands
_STRIDE = 0.4  # of what is missing, a run at most makes before it is killed
_MOMENT = 1.0  # seconds
_INSIDE = 0.1  # seconds; about as long as the backend of a small plate is written


class Stand(Protocol):
    """A workspace on which runs are killed."""

    place: Place

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a run."""
        ...

    def seen(self) -> dict[str, str]:
        """Return a mark of the content of every result; cheap, for many looks."""
        ...

    def results(self) -> dict[str, bytes]:
        """Return every result, whole."""
        ...

    def leftovers(self) -> list[str]:
        """Return temporary files, scratch folders, unfinished uploads and intents."""
        ...

    def writes(self) -> bool:
        """Say whether something is half written on this machine; cheap."""
        ...


@dataclass
class FolderStand:
    """A workspace in a folder."""

    place: Place

    def start(self, *words: str) -> subprocess.Popen[str]:
        return self.place.start_run(*words)

    def _files(self) -> list[Path]:
        return [
            Path(folder, name)
            for area in RESULTS
            for folder, _, names in os.walk(self.place.root / area)
            for name in names
            if not (name.startswith(".") and name.endswith(".part"))
        ]

    def seen(self) -> dict[str, str]:
        return {
            path.relative_to(self.place.root).as_posix(): str(path.stat().st_size)
            for path in self._files()
        }

    def results(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.place.root).as_posix(): path.read_bytes()
            for path in self._files()
        }

    def leftovers(self) -> list[str]:
        return self.place.leftovers()

    def writes(self) -> bool:
        scratch = self.place.root / ".profiling_assets" / "scratch"
        return any(scratch.glob("*/*"))


@dataclass
class BucketStand:
    """A workspace in a bucket; scratch folders are on this machine."""

    place: Place
    bucket: Bucket
    scratch: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        return self.bucket.start_run(*words)

    def seen(self) -> dict[str, str]:
        tags = self.bucket.tags()
        return {path: tag for path, tag in tags.items() if path.split("/")[0] in RESULTS}

    def results(self) -> dict[str, bytes]:
        found = self.bucket.objects()
        return {path: data for path, data in found.items() if path.split("/")[0] in RESULTS}

    def leftovers(self) -> list[str]:
        local = [path.name for path in self.scratch.glob("*/*")]
        return sorted([*local, *self.bucket.uploads(), *self.bucket.intents()])

    def writes(self) -> bool:
        return any(self.scratch.glob("*/*/*"))


@dataclass
class Figures:
    """What was tried and what came of it."""

    kills: int = 0
    at_end: int = 0
    chains: int = 0
    reruns: int = 0
    looks: int = 0
    checked: int = 0
    earlier: int = 0
    partial: list[str] = field(default_factory=list[str])
    with_leftovers: int = 0
    half_written: int = 0
    moments: list[float] = field(default_factory=list[float])
    longest_recovery: float = 0.0
    processes: Counter[str] = field(default_factory=Counter[str])

    def lines(self, name: str, seed: int) -> str:
        """Return the figures for people."""
        moments = " ".join(f"{moment:.1f}" for moment in self.moments)
        return (
            f"\n{name}: seed {seed}\n"
            f"  {self.kills} kills of whole process groups in {self.chains} chains "
            f"({self.at_end} runs were done before their moment)\n"
            f"  moments (s after the start): {moments}\n"
            f"  {self.half_written} of the kills while a backend was half written\n"
            f"  {self.with_leftovers} kills left temporary files, scratch or uploads\n"
            f"  {self.looks} looks while runs ran, {self.checked} files compared after kills "
            f"({self.earlier} were whole earlier versions of files that grow)\n"
            f"  partial files under a final name: {len(self.partial)}\n"
            f"  {self.reruns} reruns, all results equal to the undisturbed run, nothing left over\n"
            f"  longest recovery: {self.longest_recovery:.1f} s\n"
        )


def undisturbed(stand: Stand, *words: str) -> tuple[dict[str, bytes], float]:
    """Run to the end; return the results and the seconds that it took."""
    results, took, _ = undisturbed_with_start(stand, *words)
    return results, took


def undisturbed_with_start(stand: Stand, *words: str) -> tuple[dict[str, bytes], float, float]:
    """Run to the end; return the results, the seconds that it took, and those to the first."""
    start = time.monotonic()
    command = stand.start(*words)
    wait_for(lambda: stand.seen() or command.poll() is not None, LONGEST, every=_STEPS)
    first = time.monotonic() - start
    done = finished(command)
    took = time.monotonic() - start
    assert done.code == 0, done.text
    assert stand.place.wait_until_alone(20), stand.place.processes()
    return stand.results(), took, first


@dataclass
class Killer:
    """Kills runs of equal stands and compares what they leave with an undisturbed run.

    `first` are the seconds of an undisturbed run until its first result stood.
    """

    expected: dict[str, bytes]
    marks: dict[str, str]
    chance: random.Random
    words: tuple[str, ...] = ()
    first: float = 1.0
    figures: Figures = field(default_factory=Figures)

    def chain(self, stand: Stand, kills: int, end: float = math.inf) -> None:
        """Kill one run after the other, then let one end; after the time `end`, no more are killed.

        The first is killed while a backend is half written, the others at any moment.
        """
        self.figures.chains += 1
        for number in range(kills):
            if time.monotonic() > end or not self._kill_once(stand, half_written=number == 0):
                break
        self.rerun(stand)

    def _kill_once(self, stand: Stand, *, half_written: bool) -> bool:
        start = time.monotonic()
        command = stand.start(*self.words)
        if half_written:
            wait_for(lambda: stand.writes() or command.poll() is not None, LONGEST, every=0.002)
            time.sleep(self.chance.uniform(0, _INSIDE))
        else:
            self._wait(stand, command)
        if command.poll() is not None:
            done = finished(command)
            assert done.code == 0, done.text
            self.figures.at_end += 1
            return False
        os.killpg(command.pid, signal.SIGKILL)
        self.figures.moments.append(time.monotonic() - start)
        command.communicate()
        assert stand.place.wait_until_alone(30), stand.place.processes()
        self.figures.kills += 1
        self.figures.half_written += half_written and stand.writes()
        self.figures.with_leftovers += bool(stand.leftovers())
        self.compare(stand)
        return True

    def _wait(self, stand: Stand, command: "subprocess.Popen[str]") -> None:
        """Wait until so many results stand, and a moment longer; both are chosen at random.

        Seconds alone mean another part of a run on every machine, and in every hour of a busy one.
        """
        there = len(stand.seen())
        wanted = there + int(self.chance.uniform(0, _STRIDE) * (len(self.expected) - there))
        later = self.chance.uniform(0, self.first if wanted == there else _MOMENT)
        while command.poll() is None and len(self.look(stand)) < wanted:
            time.sleep(_STEPS)
        end = time.monotonic() + later
        while time.monotonic() < end and command.poll() is None:
            self.look(stand)
            time.sleep(min(_STEPS, max(0.0, end - time.monotonic())))

    def look(self, stand: Stand) -> dict[str, str]:
        """Look at what stands while runs are under way; nothing may be there in part."""
        self.figures.looks += 1
        seen = stand.seen()
        for path, mark in seen.items():
            if self.marks.get(path) != mark and not _grows(path):
                self.figures.partial.append(f"{path}, seen while runs ran")
        return seen

    def compare(self, stand: Stand) -> None:
        """Compare what stands with the undisturbed run; nothing may be there in part."""
        for path, data in stand.results().items():
            self.figures.checked += 1
            if self.expected.get(path) == data:
                continue
            if _grows(path) and _is_whole(path, data):
                self.figures.earlier += 1
            else:
                self.figures.partial.append(path)
        assert self.figures.partial == [], self.figures.partial

    def rerun(self, stand: Stand) -> None:
        """Let a run end; everything is then as if nothing had happened."""
        start = time.monotonic()
        done = finished(stand.start(*self.words))
        took = time.monotonic() - start
        assert done.code == 0, done.text
        assert "Traceback" not in done.text
        assert stand.place.wait_until_alone(20), stand.place.processes()
        found = stand.results()
        differing = sorted(
            path
            for path in found.keys() | self.expected.keys()
            if found.get(path) != self.expected.get(path)
        )
        assert differing == [], f"not as undisturbed: {differing}"
        assert stand.leftovers() == []
        self.figures.reruns += 1
        self.figures.longest_recovery = max(self.figures.longest_recovery, took)


def _grows(path: str) -> bool:
    """Say whether a file is written anew as more of its plate or batch becomes known."""
    return path.endswith(("_provenance.json", ".html")) or path == QUALITY_SUMMARY


def _is_whole(path: str, data: bytes) -> bool:
    if path.endswith(".json"):
        return isinstance(json.loads(data), dict)
    if path.endswith(".html"):
        return data.rstrip().endswith(b"</html>")
    lines = data.decode().split("\n")
    return lines[-1] == "" and len({line.count("\t") for line in lines[:-1]}) == 1
