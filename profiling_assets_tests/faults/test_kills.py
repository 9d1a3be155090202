"""What a killed process leaves on S3 and on this machine, and what the next start makes of it.

A run that is killed in the middle is in `cli.test_stopped`, a writer of a file in
`storage.test_crash`, a kill between publication and record
in `graph.test_unrecorded`; whole runs are killed at many random moments by `long_kills`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.s3_servers import S3Server

UPLOAD = """
import sys, time
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from pathlib import Path
workspace = open_workspace(sys.argv[1])
assert isinstance(workspace, S3Workspace)
client = workspace._connection.client
real = client.upload_part
def slow(**asked):
    real(**asked)
    print("ready", flush=True)
    time.sleep(600)
client.upload_part = slow
workspace.publish_file(Path(sys.argv[2]), sys.argv[3])
"""
PART = 16 * 1024 * 1024


@contextmanager
def uploading(root: str, local: Path, path: str) -> Generator["subprocess.Popen[str]"]:
    """Run a process that has begun an upload in parts and does not go on."""
    words = [sys.executable, "-c", UPLOAD, root, str(local), path]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(PART + 1))
    return path


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(folder))
    return folder


def test_the_next_start_aborts_uploads_of_the_dead_and_none_of_the_living(
    s3: S3Server, bucket: str, tmp_path: Path, scratch: Path, large: Path
) -> None:
    root = f"s3://{bucket}/projects/a project/workspace"
    there = Bucket(bucket, Place(tmp_path / "workspace", tmp_path / "state"))
    workspace = open_workspace(root)
    workspace.publish_bytes(b"old", "backend/P.sqlite")
    with uploading(root, large, "backend/Q.sqlite"):
        with uploading(root, large, "backend/P.sqlite") as dying:
            workspace.remove_leftovers()
            assert len(there.uploads()) == 2
            dying.send_signal(signal.SIGKILL)
        assert workspace.read_bytes("backend/P.sqlite") == b"old"
        assert len(there.uploads()) == 2
        open_workspace(f"s3://{bucket}/elsewhere").remove_leftovers()
        (left,) = there.uploads()
        assert left.endswith("Q.sqlite")
        assert len(list(scratch.glob("*/*.upload"))) == 1
    workspace.remove_leftovers()
    assert there.uploads() == []
    assert list(scratch.glob("*/*")) == []
    assert workspace.stat("backend/Q.sqlite") is None


def test_an_upload_whose_abort_fails_stays_noted_for_the_next_start(
    s3: S3Server, buckets: Callable[[], str], tmp_path: Path, scratch: Path, large: Path
) -> None:
    bucket, other = buckets(), buckets()
    with uploading(f"s3://{bucket}/w", large, "a"):
        pass
    open_workspace(f"s3://{other}/w").remove_leftovers()  # which knows nothing of that bucket
    (note,) = scratch.glob("*/*.upload")
    # someone else has aborted it: there is nothing left to do
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    (upload,) = client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
    asked = {"Bucket": bucket, "Key": upload.get("Key", ""), "UploadId": upload.get("UploadId", "")}
    client.abort_multipart_upload(**asked)
    client.close()
    open_workspace(f"s3://{bucket}/w").remove_leftovers()
    assert not note.exists()


def test_a_note_without_an_upload_goes_with_its_process(
    s3: S3Server, bucket: str, scratch: Path
) -> None:
    workspace = open_workspace(f"s3://{bucket}/w")
    workspace.remove_leftovers()
    (base,) = scratch.iterdir()
    for number, text in enumerate((b"", b"{", b"[]", b'{"key": "a"}')):
        (base / f"{number}.upload").write_bytes(text)
    workspace.remove_leftovers()
    assert list(base.iterdir()) == []


def test_a_start_removes_scratch_of_the_dead_though_nothing_is_to_be_built(
    tmp_path: Path,
) -> None:
    workspace = open_workspace(str(tmp_path))
    code = (
        "import os, sys\nfrom profiling_assets.workspace.storage.opening import open_workspace\n"
        "with open_workspace(sys.argv[1]).scratch('P'):\n    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    base = tmp_path / ".profiling_assets" / "scratch"
    assert len(list(base.iterdir())) == 2
    with workspace.scratch("living") as living:  # which removes them too
        assert living.exists()
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    workspace.remove_leftovers()
    assert list(base.iterdir()) == []
