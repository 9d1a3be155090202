"""A workspace that is watched while plates arrive, as a story: what was put, what was made.

The workspace is a parameter: its address, and functions that put and get a file. So the same story
is told on a folder and on S3.
"""

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg

from profiling_assets.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.demo.spec import BatchSpec
from profiling_assets_tests.cli.commands import Place, wait_for
from profiling_assets_tests.cli.event_log import ASSETS, opened

FIRST, SECOND, PUBLISHED = "2026_03_02_Batch1", "2026_03_09_Batch2", "2020_01_01_Published"
P1, P2, P3 = f"{FIRST}/000123", f"{FIRST}/PL-01-x", f"{FIRST}/PL-03"
EXCLUDED = f"{SECOND}/000123"
WITH_SQLITE, WITH_AUGMENTED = f"{PUBLISHED}/PL-01-x", f"{PUBLISHED}/000123"
CHAIN = ("sqlite_backend", "aggregated_profiles", "annotated_profiles", "normalized_profiles")
LIST, CHOSEN = "selected_features_batch", "feature_selected_profiles"
BATCH_ASSETS = (LIST, "stacked_profiles", "gct")
SETTLE = 3  # seconds
TICK = 2

Put = Callable[[str, bytes], None]
Made = tuple[str, str]


@dataclass(frozen=True)
class Event:
    """A materialization: when, which asset, of which partition, by a run or reported."""

    time: float
    asset: str
    partition: str
    run: str

    @property
    def key(self) -> Made:
        return self.asset, self.partition


@dataclass
class Watched:
    """A workspace under `profiling-assets ui --watch`.

    `place` has the event log; `address` is what `--workspace` gets.
    """

    place: Place
    address: str
    put: Put
    get: Callable[[str], bytes]
    depot: Path
    log: Path
    chance: random.Random = field(default_factory=lambda: random.Random(4))

    # -- commands

    def prepare(self) -> Path:
        """Make the depot that plates are delivered from; put what is there before them."""
        spec = replace(
            tiny_spec(),
            batches=(
                BatchSpec(FIRST, ("000123", "PL-01-x", "PL-03"), "MAP-1"),
                BatchSpec(SECOND, ("000123",), "MAP-2"),
            ),
            wells=6,
            negcons=2,
            poscons=1,
            defects=(),
        )
        make_workspace(self.depot, spec)
        for area in ("metadata", "load_data_csv"):
            self.put_folder(area)
        config = self.depot.with_name("config.yml")
        arrival = f"arrival:\n  settle_seconds: {SETTLE}\n"
        text = render_config({}, pipeline="watched", negcon=False)
        config.write_text(text + arrival, encoding="utf-8")
        return config

    def start(self, config: Path) -> subprocess.Popen[str]:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        words = ("ui", "--watch", "--workspace", self.address, "--config", config, "--port", port)
        process = self.place.start(*map(str, words), log=self.log)
        assert wait_for(lambda: _is_up(port, process), 120, every=0.5), self.log.read_text()
        return process

    def stop(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    # -- delivering

    def files(self, folder: str) -> list[str]:
        """The depot's files below a folder."""
        found = (self.depot / folder).rglob("*")
        return sorted(file.relative_to(self.depot).as_posix() for file in found if file.is_file())

    def put_folder(self, folder: str, to: str | None = None) -> None:
        for path in self.files(folder):
            target = path if to is None else to + path.removeprefix(folder)
            self.put(target, (self.depot / path).read_bytes())

    def deliver(self, plates: Sequence[str], *, seconds: float) -> dict[str, float]:
        """Put the CSVs of plates in random order with pauses; when the last of each came."""
        paths = [path for plate in plates for path in self.files(f"analysis/{plate}")]
        self.chance.shuffle(paths)
        pauses = [self.chance.expovariate(1.0) for _ in paths]
        # one long pause: nothing changes for longer than a complete plate must settle
        pauses[len(paths) // 2] = 0.0
        scale = seconds / sum(pauses)
        done: dict[str, float] = {}
        for number, (path, pause) in enumerate(zip(paths, pauses, strict=True)):
            long = number == len(paths) // 2
            time.sleep(SETTLE + 3 * TICK if long else scale * pause)
            self.put(path, (self.depot / path).read_bytes())
            done["/".join(path.split("/")[1:3])] = time.time()
        return done

    def deliver_again(self, plate: str) -> float:
        """Put another version of a site, file by file; when the last came."""
        name = plate.partition("/")[2]
        folder = f"analysis/{plate}/analysis/{name}-A01-1"
        for path in self.files(folder):
            lines = (self.depot / path).read_bytes().splitlines(keepends=True)
            self.put(path, b"".join(lines if path.endswith("Image.csv") else lines[:-1]))
            time.sleep(0.5)
        return time.time()

    # -- looking

    def events(self) -> list[Event]:
        """Every materialization so far, oldest first."""
        names = ("cellprofiler_csvs", "plate_map", *ASSETS)
        found: list[Event] = []
        with opened(self.place) as instance:
            for name in names:
                page = instance.fetch_materializations(dg.AssetKey(name), limit=1000)
                found += [
                    Event(record.timestamp, name, record.partition_key or "", record.run_id)
                    for record in page.records
                ]
        return sorted(found, key=lambda event: event.time)

    def made(self) -> Counter[Made]:
        """How often each result was made by a run."""
        return Counter(event.key for event in self.events() if event.run)

    def made_once(self, before: Counter[Made], *expected: Made) -> None:
        """Wait until these results were made; nothing else may be, and nothing twice."""
        wanted = before + Counter(expected)
        wait_for(lambda: not wanted - self.made(), 300, every=3.0)
        wait_for(self._is_idle, 60, every=2.0)
        time.sleep(3 * TICK)
        wait_for(self._is_idle, 60, every=2.0)
        new = self.made() - before
        told = f"{self.log.read_text()}\n{self.sequence()}"
        assert new == Counter(expected), told

    def _is_idle(self) -> bool:
        going = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED]
        going += [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]
        with opened(self.place) as instance:
            return not instance.get_runs(dg.RunsFilter(statuses=going))

    def begun(self) -> dict[str, float]:
        """When the first run of each partition was asked for."""
        found: dict[str, float] = {}
        with opened(self.place) as instance:
            for record in instance.get_run_records():
                partition = record.dagster_run.tags.get("dagster/partition", "")
                created = record.create_timestamp.timestamp()
                found[partition] = min(created, found.get(partition, created))
        return found

    def sequence(self) -> str:
        """The events as a table: seconds since the first, asset, partition, how it came about."""
        events = self.events()
        return "\n".join(
            f"{event.time - events[0].time:7.1f} s  {event.asset:27} {event.partition:30} "
            f"{'made' if event.run else 'reported'}"
            for event in events
        )


def tasks(names: Sequence[str], *partitions: str) -> list[Made]:
    return [(name, partition) for name in names for partition in partitions]


def _is_up(port: int, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None
    query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            entries = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)
