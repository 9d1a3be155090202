"""Requests and seconds of the sensor's ticks on a bucket of 1,000 plates of 3,456 sites.

Nothing is stored: a workspace is made up that lists what a bucket would, and counts what S3 would
be asked, 1,000 keys a page. A request costs no time here; its latency is added to the clock that
the tick goes by, divided by how many are under way at once.

Put here: the made-up bucket, the ticks, their figures.
Do not put here: the sensor (`profiling_assets.dagster.sensors.tick`).
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import dagster as dg

from benchmarks.meter import cpu_seconds
from profiling_assets.config.model import Config
from profiling_assets.dagster.sensors.tick import look_around, register_plates
from profiling_assets.dagster.sensors.turns import parse_watch_json, watch_json
from profiling_assets.errors import ConflictError
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, read_config
from profiling_assets.workspace.names import PlateKey, normalized_well
from profiling_assets.workspace.registry import Registry
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels

PAGE = 1000
TABLES = ("Cells", "Cytoplasm", "Experiment", "Image", "Nuclei")
LOAD_DATA = "load_data_with_illum.csv.gz"
TICK_SECONDS = 30.0
START = 1_800_000_000.0


@dataclass
class Bucket:
    """Lists plates of a size; `there` says how many sites of a plate have come."""

    plates: int
    sites: int
    batch_size: int
    there: dict[PlateKey, int] = field(default_factory=dict[PlateKey, int])
    since: dict[PlateKey, float] = field(default_factory=dict[PlateKey, float])
    written: dict[str, bytes] = field(default_factory=dict[str, bytes])
    requests: Counter[str] = field(default_factory=Counter[str])
    root: str = "s3://made-up/workspace"
    at_once: int = 8
    lock: Lock = field(default_factory=Lock)

    @property
    def identity(self) -> str:
        return self.root

    @cached_property
    def keys(self) -> list[PlateKey]:
        return [
            PlateKey(f"2026_Batch{number // self.batch_size:03}", f"BR{number:08}")
            for number in range(self.plates)
        ]

    @cached_property
    def batches(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in self.keys:
            found.setdefault(key.batch, []).append(key.plate)
        return found

    @cached_property
    def names(self) -> list[str]:
        wells = [normalized_well(f"{chr(65 + n // 24)}{n % 24 + 1}") for n in range(384)]
        return [f"{wells[n // 9]}-{n % 9 + 1}" for n in range(self.sites)]

    def _asked(self, kind: str, entries: int = 0) -> None:
        with self.lock:
            self.requests[kind] += max(1, -(-entries // PAGE))

    # -- listing

    def list_folder(self, path: str) -> Listing:
        listing = self._level(path.split("/"))
        self._asked("list", len(listing.folders) + len(listing.files))
        return listing

    def _level(self, parts: list[str]) -> Listing:
        match parts:
            case ["analysis"]:
                return Listing(tuple(self.batches), ())
            case ["analysis", batch]:
                return Listing(tuple(self.batches[batch]), ())
            case ["analysis", _, _]:
                return Listing(("analysis",), ())
            case ["analysis", batch, plate, "analysis"]:
                return Listing(self._folders(PlateKey(batch, plate)), ())
            case ["load_data_csv", batch, plate]:
                return Listing((), (self._info(f"load_data_csv/{batch}/{plate}/{LOAD_DATA}", 0),))
            case ["metadata", "platemaps", batch]:
                path = f"metadata/platemaps/{batch}/barcode_platemap.csv"
                return Listing(("platemap",), (self._info(path, 0),))
            case ["metadata", "platemaps", batch, "platemap"]:
                return Listing((), (self._info(f"{'/'.join(parts)}/MAP.txt", 0),))
            case _:
                return Listing((), ())

    def _folders(self, key: PlateKey) -> tuple[str, ...]:
        return tuple(f"{key.plate}-{name}" for name in self.names[: self.there.get(key, 0)])

    def _info(self, path: str, modified: float) -> ObjectInfo:
        return ObjectInfo(path, 100, "0123456789abcdef0123456789abcdef", modified)

    def list_two_levels(self, path: str) -> TwoLevels:
        parts = path.split("/")
        level = self._level(parts)
        folders: dict[str, Listing] = {}
        if len(parts) == 4:
            since = self.since[PlateKey(parts[1], parts[2])]
            for name in level.folders:
                files = (self._info(f"{path}/{name}/{table}.csv", since) for table in TABLES)
                folders[name] = Listing((), tuple(files))
        else:
            folders = {name: self._level([*parts, name]) for name in level.folders}
        keys = sum(len(below.files) for below in folders.values()) + len(level.files)
        self._asked("list", keys)
        return TwoLevels(level, folders)

    # -- reading and writing

    def stat(self, path: str) -> ObjectInfo | None:
        self._asked("head")
        if path in self.written:
            return ObjectInfo(path, len(self.written[path]), str(hash(self.written[path])))
        files = self._level(path.split("/")[:-1]).files
        return next((file for file in files if file.path == path), None)

    def read_bytes(self, path: str) -> bytes:
        self._asked("get")
        if path in self.written:
            return self.written[path]
        if path.endswith("barcode_platemap.csv"):
            batch = path.split("/")[2]
            rows = [f"{plate},MAP" for plate in self.batches[batch]]
            return "\n".join(["Assay_Plate_Barcode,Plate_Map_Name", *rows]).encode()
        if path.endswith(LOAD_DATA):
            rows = [name.replace("-", ",") for name in self.names]
            return "\n".join(["Metadata_Well,Metadata_Site", *rows]).encode()
        return b"plate_map_name\twell_position\nMAP\tA01\n"

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        self._asked("put")
        now = self.written.get(path)
        if expected != (None if now is None else str(hash(now))):
            raise ConflictError("changed", path=path, remedy="again")
        self.written[path] = data
        return ObjectInfo(path, len(data), str(hash(data)))

    def location(self, path: str) -> str:
        return f"{self.root}/{path}"


@dataclass
class Clock:
    """CPU time (a busy machine slows nothing), and the latency of the counted requests."""

    bucket: Bucket
    latency: float
    start: float = START

    def __call__(self) -> float:
        waited = self.bucket.requests.total() * self.latency / self.bucket.at_once
        return self.start + cpu_seconds() + waited

    def wait_for_next_tick(self, begun: float) -> None:
        self.start += max(0.0, begun + TICK_SECONDS - self())


def main() -> int:
    """Let plates arrive, and print a line for each tick until all are settled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=1000)
    parser.add_argument("--sites", type=int, default=3456)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.03, help="seconds of a request")
    parser.add_argument("--at-once", type=int, default=8, help="requests under way at a time")
    arguments = parser.parse_args()
    bucket = Bucket(arguments.plates, arguments.sites, arguments.batch_size)
    bucket.at_once = arguments.at_once
    # half of the plates are there already, the others are half delivered until tick 6
    for number, key in enumerate(bucket.keys):
        bucket.there[key] = bucket.sites if number % 2 else bucket.sites // 2
        bucket.since[key] = START - 7200
    print(
        f"{bucket.plates} plates of {bucket.sites} sites, {arguments.at_once} requests at a time, "
        f"{1000 * arguments.latency:.0f} ms each; a tick looks for at most {TICK_SECONDS:.0f} s"
    )
    print("tick  requests  seconds  of them CPU  looked at  events  not ready  cursor bytes")
    worst = _ticks(bucket, Clock(bucket, arguments.latency))
    print(f"longest tick {worst:.1f} s")
    return 0 if worst < 40 else 1


def _ticks(bucket: Bucket, clock: Clock) -> float:
    config = read_config(None)
    cursor, worst, quiet, number = "", 0.0, 0, 0
    with dg.DagsterInstance.ephemeral() as instance:
        workspace: Any = bucket
        catalog = Catalog(Settings(bucket.root), config, _registry(bucket, config), workspace)
        while quiet < 3 and number < 400:
            number += 1
            if number == 6:
                for key in bucket.keys[::2]:
                    bucket.there[key], bucket.since[key] = bucket.sites, clock()
            before, begun, cpu = bucket.requests.total(), clock(), cpu_seconds()
            tick = look_around(
                catalog,
                register_plates(catalog),
                instance,
                parse_watch_json(cursor),
                hinted=(),
                clock=clock,
                seconds=TICK_SECONDS,
            )
            seconds, used = clock() - begun, cpu_seconds() - cpu
            cursor = watch_json(tick.state)
            for event in tick.events:
                instance.report_runless_asset_event(event)
            worst = max(worst, seconds)
            waiting = len(tick.state.pending)
            print(
                f"{number:4} {bucket.requests.total() - before:9} {seconds:8.1f} {used:12.1f} "
                f"{tick.looked:10} {len(tick.events):7} {waiting:10} {len(cursor.encode()):13}",
                flush=True,
            )
            quiet = quiet + 1 if number > 6 and not waiting and not tick.events else 0
            clock.wait_for_next_tick(begun)
    return worst


def _registry(bucket: Bucket, config: Config) -> Registry:
    workspace: Any = bucket
    return register_plates(Catalog(Settings(bucket.root), config, Registry({}), workspace))


if __name__ == "__main__":
    raise SystemExit(main())
