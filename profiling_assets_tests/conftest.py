"""Fixtures that several folders of tests share: an S3 server a worker, a bucket a test."""

import secrets
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.retries.standard import ExponentialBackoff

from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import connection
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.cli.commands import Place
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
    return _new_bucket(s3)


@pytest.fixture
def buckets(s3: S3Server) -> Callable[[], str]:
    """A function that makes a new, empty bucket and returns its name."""
    return lambda: _new_bucket(s3)


def _new_bucket(s3: S3Server) -> str:
    name = f"bucket-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, config=Config(s3={"addressing_style": "path"})
    )
    client.create_bucket(Bucket=name)
    client.close()
    return name


@pytest.fixture
def workspace(tmp_path: Path) -> FolderWorkspace:
    """Give a workspace whose path has blanks and letters beyond ASCII."""
    root = tmp_path / "Zürich lab 日本" / "work space"
    root.mkdir(parents=True)
    return FolderWorkspace(str(root))


@pytest.fixture(params=["folder", "s3"])
def any_workspace(request: pytest.FixtureRequest) -> Workspace:
    """Give an empty workspace of each kind, under names with blanks and letters beyond ASCII."""
    if request.param == "folder":
        return request.getfixturevalue("workspace")
    return request.getfixturevalue("s3_workspace")


@pytest.fixture
def s3_workspace(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Workspace:
    """Give an empty workspace on the S3 server."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path / "scratch"))
    workspace = open_workspace(f"s3://{bucket}/Zürich lab 日本/work space")
    assert isinstance(workspace, S3Workspace)
    return workspace


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of this process are repeated as often as ever, and almost at once."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0.01)
    monkeypatch.setattr(connection, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(connection, "LONGEST_PAUSE_SECONDS", 0.02)


@pytest.fixture
def places() -> Generator[Callable[[Place], Place]]:
    """Give a function that takes a place into care: what it started is ended after the test."""
    cared: list[Place] = []

    def care(place: Place) -> Place:
        cared.append(place)
        return place

    yield care
    for place in cared:
        place.kill_all()
