"""A whole run on a bucket behind a bad connection gives the bytes of a run on a folder.

It takes minutes: `make test-faults` names this file, and `make test` does not collect it.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets.workspace.storage.s3.connection import ATTEMPTS
from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.faults.faulty_proxy import Fault, Proxy, faulty_proxy
from profiling_assets_tests.faults.killing import BucketStand, FolderStand, undisturbed
from profiling_assets_tests.faults.plates import SEED, a_plate
from profiling_assets_tests.s3_servers import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

RATES = {
    Fault.SLOW_DOWN: 0.10,
    Fault.INTERNAL: 0.01,
    Fault.RESET: 0.01,
    Fault.LOST: 0.01,
    Fault.TRUNCATED: 0.01,
    Fault.TIMEOUT: 0.003,  # each costs half a minute
}


def test_a_run_behind_a_bad_connection_gives_the_bytes_of_a_run_on_a_folder(
    tmp_path: Path,
    places: Callable[[Place], Place],
    s3: S3Server,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plate = places(a_plate(tmp_path))
    expected, _ = undisturbed(FolderStand(places(plate.copied_to(tmp_path / "folder"))))
    there = Bucket(bucket, plate)
    there.put_folder(plate.root)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(scratch))
    with faulty_proxy(s3.endpoint, SEED) as proxy:
        proxy.rates = RATES
        with monkeypatch.context() as leading_there:
            leading_there.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
            start = time.monotonic()
            done = there.run()
            took = time.monotonic() - start
        sys.stdout.write(_lines(proxy, took))  # shown with -s
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    found = BucketStand(plate, there, scratch).results()
    assert sorted(found) == sorted(expected)
    assert [path for path, data in expected.items() if found[path] != data] == []
    assert proxy.injected.total() > 0
    assert proxy.most_attempts <= ATTEMPTS
    assert there.uploads() == []


def _lines(proxy: Proxy, took: float) -> str:
    return (
        f"\na run behind a bad connection: seed {SEED}\n{proxy.lines()}"
        f"  {took:.1f} s; every result equals that of the run on a folder\n"
    )
