"""A bucket behind a bad connection: the same bytes, a bounded number of connection, clear ends.

The long form is a whole run (`long_storage_faults`).
"""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.retries.standard import ExponentialBackoff, RetryContext

from profiling_assets.errors import WorkspaceError
from profiling_assets.steps.provenance import FileMark, Origin, read_provenance, tell_origin
from profiling_assets.workspace.names import PLATE, PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.registry import exclude, load_registry, registered, update_registry
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import connection
from profiling_assets.workspace.storage.s3.uploads import Uploader
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.faults.faulty_proxy import Fault, Proxy, faulty_proxy
from profiling_assets_tests.s3_servers import S3Server

PART = 5 * 1024 * 1024
SPOILED = 0.14
KINDS = [fault for fault in Fault if fault is not Fault.DENIED]

pytestmark = pytest.mark.usefixtures("quick_pauses")


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with faulty_proxy(s3.endpoint, seed=6) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
        monkeypatch.setattr(connection, "READ_SECONDS", 0.2)
        found.hang = 0.4
        yield found


@pytest.fixture
def workspace(
    proxy: Proxy, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> S3Workspace:
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path))
    opened = open_workspace(f"s3://{bucket}/w")
    assert isinstance(opened, S3Workspace)
    opened._uploader = Uploader(opened._connection, PART)
    proxy.forget()
    return opened


@pytest.mark.parametrize("fault", KINDS, ids=[fault.name for fault in KINDS])
def test_whatever_is_spoiled_what_is_written_and_read_is_what_was_meant(
    workspace: S3Workspace, proxy: Proxy, fault: Fault, tmp_path: Path
) -> None:
    small, large = os.urandom(200_000), os.urandom(2 * PART + 7)
    proxy.rates = {fault: SPOILED}
    with ThreadPoolExecutor(1) as other:  # another thread reads by obstore, this one by boto3
        for number in range(10):
            path = f"a{number}"
            workspace.publish_bytes(small, path)
            assert workspace.read_bytes(path) == small
            assert other.submit(workspace.read_bytes, path).result() == small
            assert workspace.read_head(path, 10) == small[:10]
        assert len(workspace.list_folder("").files) == 10
        (tmp_path / "large").write_bytes(large)
        workspace.publish_file(tmp_path / "large", "large")
        with workspace.local_file("large") as local:
            assert local.read_bytes() == large
    assert proxy.injected[fault] > 0
    assert proxy.most_attempts <= connection.ATTEMPTS


@pytest.mark.parametrize("fault", KINDS, ids=[fault.name for fault in KINDS])
def test_a_server_that_only_fails_is_given_up_after_the_attempts_of_the_policy(
    workspace: S3Workspace, proxy: Proxy, fault: Fault
) -> None:
    workspace.publish_bytes(b"12345678", "a")
    proxy.rates = {fault: 1.0}
    for act in (workspace.read_bytes, _in_another_thread(workspace.read_bytes)):
        proxy.forget()
        with pytest.raises(WorkspaceError) as caught:
            act("a")
        assert caught.value.path == "a"
        assert caught.value.remedy
        assert 1 < proxy.requests <= connection.ATTEMPTS + 1


@pytest.mark.parametrize(
    ("patient", "tries"), [(False, connection.FIRST_CONNECTS), (True, connection.ATTEMPTS)]
)
def test_a_server_that_is_not_there_is_told_soon_and_later_where_nobody_waits(
    patient: bool, tries: int, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # nobody listens there from here on
    pauses: list[int] = []

    def pause(backoff: object, context: RetryContext) -> float:
        pauses.append(context.attempt_number)
        return 0.0

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", pause)
    with pytest.raises(WorkspaceError, match="reach"):
        open_workspace(f"s3://{bucket}/w", patient=patient)
    assert len(pauses) == tries - 1


def test_a_refusal_and_a_bucket_that_is_not_there_are_told_at_once(
    workspace: S3Workspace, proxy: Proxy
) -> None:
    with pytest.raises(WorkspaceError, match="no bucket 'absent-bucket'"):
        open_workspace("s3://absent-bucket/w")
    assert proxy.requests == 1
    proxy.rates = {Fault.DENIED: 1.0}
    acts: list[Callable[[str], object]] = [
        workspace.list_folder,
        workspace.read_bytes,
        _in_another_thread(workspace.read_bytes),
        lambda path: workspace.publish_bytes(b"1", path),
        workspace.stat,
        workspace.remove,
    ]
    for act in acts:
        proxy.forget()
        with pytest.raises(WorkspaceError, match=r"may not|403") as caught:
            act("a")
        assert caught.value.remedy
        assert proxy.requests == 1


def test_a_change_whose_answer_was_lost_is_neither_lost_nor_made_twice(
    workspace: S3Workspace, proxy: Proxy
) -> None:
    keys = [PlateKey("B", f"P{number}") for number in range(12)]
    plates = [PlateFound(key, frozenset({Source.CSVS})) for key in keys]
    update_registry(workspace, lambda known: registered(known, plates))
    origin = Origin("a", FileMark(1), "1", "c", {}, {})
    proxy.rates = {Fault.LOST: 0.3}
    written = 0
    for key in keys:
        was = proxy.injected[Fault.LOST]
        update_registry(workspace, lambda known, key=key: exclude(known, key, f"reason {key}"))
        tell_origin(workspace, PLATE, "B/P0", {str(key): origin, "same": origin})
        written += proxy.injected[Fault.LOST] > was
    proxy.rates = {}
    assert written > 3
    assert {str(k): p.excluded for k, p in load_registry(workspace).plates.items()} == {
        str(key): f"reason {key}" for key in keys
    }
    told = read_provenance(workspace, PLATE, "B/P0")
    assert sorted(told) == sorted([*map(str, keys), "same"])


def _in_another_thread(act: Callable[[str], object]) -> Callable[[str], object]:
    def call(path: str) -> object:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(act, path).result()

    return call
