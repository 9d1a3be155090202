"""Requests and seconds of looking at a large bucket: 1,000 plates of 3,456 sites.

Put here: what is looked at, and the table of figures.
Do not put here: the bucket (`simulated_bucket`).
Requests and CPU seconds are those of this process; of what others do for `scan`, seconds are told.
`python benchmarks/listing.py [--plates N] [--batches N] [--latency SECONDS]`
"""

import argparse
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # started as a script, from anywhere

from benchmarks.simulated_bucket import Shape, SimulatedBucket
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_many import expect_many, look_at_plates
from profiling_assets.workspace.scan_workspace import scan_plate, scan_workspace, site_folder_names
from profiling_assets.workspace.storage.s3.workspace import S3Workspace


def main() -> None:
    """Look at everything there is to look at, and print what each look cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds a request")
    chosen = parser.parse_args()
    shape = Shape(plates=chosen.plates, batches=chosen.batches)
    bucket = SimulatedBucket(shape, latency=chosen.latency)
    with tempfile.TemporaryDirectory() as scratch, _no_credentials():
        workspace = bucket.workspace(Path(scratch))
        workspace.list_folder("metadata")  # the client is made
        expect_many()  # as the command `scan` does
        print(
            f"{shape.plates} plates in {shape.batches} batches, {shape.wells * shape.sites} sites "
            f"each; {1000 * bucket.latency:.0f} ms a request, {workspace.at_once} at once"
        )
        print(f"{'look':<44}{'requests':>9}{'seconds':>9}{'CPU s':>8}")
        _looks(bucket, workspace)


def _looks(bucket: SimulatedBucket, workspace: S3Workspace) -> None:
    shape = bucket.shape
    keys = [
        PlateKey(shape.batch(number), plate)
        for number in range(shape.batches)
        for plate in shape.plates_of(number)
    ]
    many = keys[:300]
    looks: dict[str, Callable[[], object]] = {
        "scan_workspace, nothing known": lambda: scan_workspace(workspace),
        "scan_workspace, all plates known": lambda: scan_workspace(workspace, known=keys),
        "one plate's site folders by name": lambda: site_folder_names(workspace, keys[0]),
        "one plate in full": lambda: scan_plate(workspace, keys[0]),
        **{
            f"{len(many)} plates {how}, {words}": functools.partial(
                look_at_plates, workspace, many, "analysis", quick=quick, processes=processes
            )
            for quick, how in ((True, "by name"), (False, "in full"))
            for processes, words in ((1, "one process"), (None, "as `scan` does"))
        },
    }
    for name, look in looks.items():
        bucket.requests.clear()
        served, cpu, began = bucket.serving, time.process_time(), time.perf_counter()
        look()
        wall = time.perf_counter() - began
        cpu = time.process_time() - cpu - (bucket.serving - served)
        print(f"{name:<44}{bucket.requests.total():>9}{wall:>9.2f}{cpu:>8.2f}")


@contextmanager
def _no_credentials() -> Iterator[None]:
    """Sign with made-up keys; nothing is sent."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update(AWS_ACCESS_KEY_ID="simulated", AWS_SECRET_ACCESS_KEY="simulated")
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


if __name__ == "__main__":
    main()
