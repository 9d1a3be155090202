"""Objects on S3 appear whole or not at all, and what stands there is what was sent."""

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from profiling_assets.errors import ConflictError, WorkspaceError
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import uploads
from profiling_assets.workspace.storage.s3.uploads import Sent, Uploader, proven
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.s3_servers import S3Server
from profiling_assets_tests.workspace.s3_stub import Answer, Asked, Stub, refusal, stub_server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 5 * 1024 * 1024  # the least that S3 takes
PATH = "backend/B 1/000123/000123.sqlite"


@pytest.fixture
def in_parts(s3_workspace: S3Workspace) -> S3Workspace:
    s3_workspace._uploader = Uploader(s3_workspace._connection, PART)
    return s3_workspace


@pytest.fixture
def client(s3: S3Server) -> Iterator["S3Client"]:
    made = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    yield made
    made.close()


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 7])
def test_a_file_of_any_number_of_parts_arrives_as_it_is(
    in_parts: S3Workspace, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    (tmp_path / "local").write_bytes(data)
    info = in_parts.publish_file(tmp_path / "local", PATH)
    assert info == in_parts.stat(PATH)
    assert info.size == size
    assert ("-" in info.version) == (size > PART)
    assert in_parts.read_bytes(PATH) == data
    assert not (tmp_path / "local").exists()


def test_a_large_file_is_never_whole_in_memory(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    size = 100 * 2**20
    with (tmp_path / "local").open("wb") as file:
        file.truncate(size)
    code = """
import sys, resource
from pathlib import Path
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import reads
from profiling_assets.workspace.storage.s3.uploads import Uploader
workspace = open_workspace(sys.argv[1])
workspace._uploader = Uploader(workspace._connection, 5 * 2**20)
reads.RANGE_BYTES = 5 * 2**20
workspace.publish_bytes(b"1", "warm")
workspace.read_bytes("warm")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
workspace.publish_file(Path(sys.argv[2]), "big")
with workspace.local_file("big") as local:
    assert local.stat().st_size == int(sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, f"s3://{bucket}/w", str(tmp_path / "local"), str(size)],
        env={**os.environ, "PROFILING_ASSETS_SCRATCH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 80 * 1024


def test_a_failed_part_leaves_the_old_object_and_no_upload(
    in_parts: S3Workspace, tmp_path: Path, client: "S3Client", bucket: str
) -> None:
    in_parts.publish_bytes(b"old", PATH)
    local = tmp_path / "local"
    local.write_bytes(os.urandom(3 * PART))
    real: Callable[..., object] = in_parts._connection.client.upload_part

    def fails(**asked: Any) -> object:
        if asked["PartNumber"] == 2:
            raise KeyboardInterrupt
        return real(**asked)

    patch = pytest.MonkeyPatch()
    patch.setattr(in_parts._connection.client, "upload_part", fails)
    with patch.context(), pytest.raises(KeyboardInterrupt):
        in_parts.publish_file(local, PATH)
    patch.undo()
    assert in_parts.read_bytes(PATH) == b"old"
    assert local.exists()
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


WRITER = """
import sys, time
from pathlib import Path
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3.uploads import Uploader
workspace = open_workspace(sys.argv[1])
client = workspace._connection.client
real, sent = client.upload_part, []
def slow(**asked):
    answer = real(**asked)
    print("ready", flush=True)
    time.sleep(600)
client.upload_part = slow
Uploader(workspace._connection, 5 * 2**20).put_file(Path(sys.argv[2]), sys.argv[3])
"""


def test_a_killed_writer_leaves_the_old_object_and_its_upload_is_aborted_a_day_later(
    in_parts: S3Workspace,
    tmp_path: Path,
    client: "S3Client",
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_parts.publish_bytes(b"old", PATH)
    local = tmp_path / "local"
    local.write_bytes(os.urandom(2 * PART))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, in_parts.root, str(local), PATH], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        writer.send_signal(signal.SIGKILL)
    assert in_parts.read_bytes(PATH) == b"old"

    def left() -> int:
        return len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))

    assert left() == 1
    other = client.create_multipart_upload(Bucket=bucket, Key="another key")
    monkeypatch.setattr(uploads, "_LEFTOVER_AGE", timedelta(days=10_000))
    in_parts._uploader._abort_leftovers(PATH)
    assert left() == 2
    monkeypatch.setattr(uploads, "_LEFTOVER_AGE", timedelta(0))
    in_parts.publish_file(local, PATH)
    assert left() == 1
    client.abort_multipart_upload(Bucket=bucket, Key="another key", UploadId=other["UploadId"])


def test_options_for_writes_are_sent_with_every_object(
    in_parts: S3Workspace, tmp_path: Path, client: "S3Client", bucket: str, s3: S3Server
) -> None:
    if s3.kind == "seaweedfs":
        pytest.skip("SeaweedFS encrypts only where it was given a key store")
    text = f"{in_parts.root}?acl=public-read&sse=AES256"
    workspace = open_workspace(text)
    assert isinstance(workspace, S3Workspace)
    workspace._uploader = Uploader(workspace._connection, PART)
    (tmp_path / "local").write_bytes(os.urandom(PART + 1))
    workspace.publish_file(tmp_path / "local", "a")
    workspace.publish_bytes(b"1", "b")
    workspace.replace_bytes(b"1", "c", expected=None)
    for path in "abc":
        key = workspace.location(path).removeprefix(f"s3://{bucket}/")
        assert client.head_object(Bucket=bucket, Key=key).get("ServerSideEncryption") == "AES256"
        grants = client.get_object_acl(Bucket=bucket, Key=key)["Grants"]
        assert "READ" in {
            grant.get("Permission")
            for grant in grants
            if "AllUsers" in grant.get("Grantee", {}).get("URI", "")
        }


DATE = {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stub]:
    with stub_server() as server:
        for name, value in S3Server("stub", server.endpoint).environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path))
        yield server


def crc(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def _tells(put: dict[str, str], head: dict[str, str], stored: bytes) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        if asked.method == "PUT":
            return Answer(200, b"", put)
        if asked.method == "HEAD":
            return Answer(200, b"", {**DATE, **head})
        return Answer(200, stored, {**DATE, **put})

    return answer


TAG = hashlib.md5(b"data", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("put", "head", "stored", "error"),
    [
        ({"ETag": f'"{TAG}"'}, {"Content-Length": "4"}, b"", None),
        ({"ETag": '"x"'}, {"Content-Length": "4", "x-amz-checksum-crc32": "OK"}, b"", None),
        ({"ETag": '"x"'}, {"Content-Length": "4"}, b"data", None),
        ({"ETag": '"x"'}, {"Content-Length": "4"}, b"dada", WorkspaceError),
        ({"ETag": f'"{TAG}"'}, {"Content-Length": "3"}, b"", WorkspaceError),
        (
            {"ETag": f'"{TAG}"'},
            {"Content-Length": "4", "x-amz-checksum-crc32": "AAAAAA=="},
            b"",
            WorkspaceError,
        ),
        ({"ETag": f'"{TAG}"'}, {"Content-Length": "4", "ETag": '"y"'}, b"", ConflictError),
    ],
    ids=["md5", "checksum", "read back", "differs", "size", "bad checksum", "another writer"],
)
def test_what_stands_there_is_compared_with_what_was_sent(
    stub: Stub,
    put: dict[str, str],
    head: dict[str, str],
    stored: bytes,
    error: type[Exception] | None,
) -> None:
    workspace = open_workspace("s3://lab/w")
    head = {"ETag": put["ETag"], **head}
    head = {name: crc(b"data") if value == "OK" else value for name, value in head.items()}
    stub.answer = _tells(put, head, stored)
    if error is None:
        assert workspace.publish_bytes(b"data", "a.csv").size == 4
        return
    with pytest.raises(error) as caught:
        workspace.publish_bytes(b"data", "a.csv")
    assert type(caught.value) is error
    assert "s3://lab/w/a.csv" in str(caught.value)


def test_every_write_carries_a_checksum_for_the_server_to_check(stub: Stub) -> None:
    workspace = open_workspace("s3://lab/w")
    stub.answer = lambda _: Answer(200, b"", {"ETag": '"a"'})
    workspace.replace_bytes(b"data", "a.csv", expected="b")
    (put,) = (asked for asked in stub.asked if asked.method == "PUT")
    assert put.headers["x-amz-checksum-crc32"] == crc(b"data")
    assert put.headers["if-match"] == '"b"'
    stub.answer = lambda _: Answer(400, refusal("BadDigest"))
    with pytest.raises(WorkspaceError, match="not what was sent"):
        workspace.publish_bytes(b"data", "a.csv")


def test_a_kms_key_is_named_with_every_object(stub: Stub) -> None:
    workspace = open_workspace("s3://lab/w?sse=aws:kms&sse_kms_key_id=my-key&requester_pays=1")
    stub.answer = lambda _: Answer(200, b"", {"ETag": '"a"'})
    workspace.replace_bytes(b"data", "a.csv", expected=None)
    put = stub.asked[-1].headers
    assert put["x-amz-server-side-encryption"] == "aws:kms"
    assert put["x-amz-server-side-encryption-aws-kms-key-id"] == "my-key"
    assert put["x-amz-request-payer"] == "requester"
    assert put["if-none-match"] == "*"


def test_an_upload_whose_complete_fails_with_status_200_is_an_error(
    stub: Stub, tmp_path: Path
) -> None:
    workspace = open_workspace("s3://lab/w")
    assert isinstance(workspace, S3Workspace)
    workspace._uploader = Uploader(workspace._connection, 10)
    begun = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return Answer(200, begun if "uploads" in asked.path else refusal("InternalError"))
        return Answer(200, b"", {"ETag": '"a"'})

    stub.answer = answer
    (tmp_path / "local").write_bytes(b"x" * 25)
    with pytest.raises(WorkspaceError, match="busy or out of order"):
        workspace.publish_file(tmp_path / "local", "a")
    assert (tmp_path / "local").exists()
    last = stub.asked[-1]
    assert last.method == "DELETE"
    assert "uploadId=u" in last.path
    numbers = [re.search(r"partNumber=(\d+)", asked.path) for asked in stub.asked]
    assert sorted(number.group(1) for number in numbers if number) == ["1", "2", "3"]


def test_checksums_are_those_that_s3_describes() -> None:
    sent = Sent()
    assert sent.add(b"123456789") == "y/Q5Jg=="  # the check value of CRC-32, cbf43926
    sent.add(b"rest")
    assert sent.whole == crc(b"123456789rest")
    joined = zlib.crc32(b"123456789").to_bytes(4, "big") + zlib.crc32(b"rest").to_bytes(4, "big")
    assert sent.composite == f"{crc(joined)}-2"
    assert proven({"ETag": '"t"'}, (), {"t"}) is True
    assert proven({"ETag": '"t"'}, (), {"u"}) is None
    assert proven({"ETag": '"t"', "ChecksumCRC32": "x"}, {"y"}, {"t"}) is False
