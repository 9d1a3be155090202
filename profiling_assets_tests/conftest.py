"""Fixtures that several folders of tests share: an S3 server a worker, a bucket a test."""

import secrets
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from profiling_assets_tests.s3_servers import S3Server, s3_server


@pytest.fixture(scope="session")
def running_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server on loopback; ask for `s3` instead, which sets the environment too."""
    with s3_server(tmp_path_factory.mktemp("s3_server")) as server:
        yield server


@pytest.fixture
def s3(running_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with an environment that leads there and to nobody's credentials."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in running_s3.environment.items():
        monkeypatch.setenv(name, value)
    return running_s3


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The name of a new, empty bucket."""
    name = f"bucket-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, config=Config(s3={"addressing_style": "path"})
    )
    client.create_bucket(Bucket=name)
    client.close()
    return name
