"""Plates that arrive in a bucket while `ui --watch` runs; the story of `live_watch`, told on S3.

It takes minutes, so `make test-live` names this file and `make test` does not collect it.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from profiling_assets_tests.cli.commands import Place, new_place
from profiling_assets_tests.cli.live_watch import tell
from profiling_assets_tests.cli.watching import TICK, Watched
from profiling_assets_tests.s3_servers import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

PREFIX = "projects/a project/workspace"


@pytest.fixture
def watched_bucket(
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    places: Callable[[Place], Place],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watched]:
    """Give a workspace in a bucket."""
    monkeypatch.setenv("PROFILING_ASSETS_WATCH_SECONDS", str(TICK))
    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, config=Config(s3={"addressing_style": "path"})
    )
    home = tmp_path / "home"
    place = places(replace(new_place(tmp_path / "beside", None), dagster_home=home))

    def put(path: str, data: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"{PREFIX}/{path}", Body=data)

    def get(path: str) -> bytes:
        return client.get_object(Bucket=bucket, Key=f"{PREFIX}/{path}")["Body"].read()

    address = f"s3://{bucket}/{PREFIX}"
    yield Watched(place, address, put, get, tmp_path / "depot", tmp_path / "ui.log")
    client.close()


def test_plates_that_arrive_in_a_bucket_are_made_once_when_they_are_complete(
    watched_bucket: Watched,
) -> None:
    sys.stdout.write(tell(watched_bucket))  # shown with -s
