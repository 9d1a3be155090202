"""The commands with marked credentials on S3: what they leave, and what they asked the server.

It takes minutes, so `make test-faults` names this file and `make test` does not collect it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from profiling_assets.demo.presets import plate_spec
from profiling_assets_tests.cli.commands import new_place
from profiling_assets_tests.faults.requests_log import permissions
from profiling_assets_tests.faults.test_exposure import (
    ENDPOINT,
    PREFIX,
    QUEUE,
    SECRET,
    TOKEN,
    allowed,
)
from profiling_assets_tests.s3_servers import KIND_VARIABLE, S3Server, s3_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3Server, Path]]:
    """A server of its own and its log; moto's, whose log has the requests."""
    folder = tmp_path_factory.mktemp("exposure_server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KIND_VARIABLE, "moto")
        with s3_server(folder) as running:
            yield running, folder / "server.log"


def _traces(folder: Path, marks: tuple[str, ...]) -> list[str]:
    """Return the files below a folder that hold a mark, and names that do."""
    found = []
    for path in folder.rglob("*"):
        if any(mark in path.name for mark in marks):
            found.append(str(path))
        if path.is_file() and any(mark.encode() in path.read_bytes() for mark in marks):
            found.append(str(path))
    return found


def test_credentials_are_in_nothing_that_commands_leave_and_the_policy_covers_their_requests(
    server: tuple[S3Server, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, log = server
    marks = (SECRET, TOKEN, QUEUE, ENDPOINT)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path))
    monkeypatch.setenv(
        "PROFILING_ASSETS_SQS_QUEUE", running.endpoint.replace("//", f"//u:{QUEUE}@") + "/1/q"
    )
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="lab")
    place = new_place(tmp_path / "workspace", plate_spec(12, 1, 6, 30))
    for path in sorted(place.root.rglob("*")):
        if path.is_file():
            key = f"{PREFIX}/{path.relative_to(place.root).as_posix()}"
            client.put_object(Bucket="lab", Key=key, Body=path.read_bytes())
    before = len(list(permissions(log)))

    root = f"s3://lab/{PREFIX}"
    options = ("--workspace", root, "--config", f"{root}/config_files/config.yml")
    hidden = f"endpoint_url=http://u:{ENDPOINT}@127.0.0.1:1"
    plate = "2026_03_02_Batch1/PLATE-1"
    said = []
    for words, code in (
        (("init-config", root), 0),
        (("scan", root), 0),
        (("run", *options), 0),
        (("exclude", plate, "--reason", "x", "--workspace", root), 0),
        (("include", plate, "--workspace", root), 0),
        (("push", root.replace("workspace", "workspace/copy"), "--workspace", root), 0),
        # what fails says what, and not with which credentials
        (("run", "--workspace", f"{root}/nowhere", "--config", options[-1]), 1),
        (("run", *options, "--select", "no_such_asset"), None),
        (("scan", "s3://absent/x"), 1),
        (("scan", f"{root}?{hidden}"), 1),
        (("scan", f"{root}?{hidden}&acl=wrong"), 1),
        (("scan", f"{root}?secret_access_key={SECRET}"), 1),
        (("scan", f"http://u:{ENDPOINT}@127.0.0.1/x"), 1),
    ):
        done = place(*words)
        assert code in (None, done.code), (words, done.text)
        said.append(done.text)
    _spoil_plate_map(client)
    said.append(place("run", *options).text)
    assert "error" in said[-1].lower() or "not" in said[-1], said[-1]
    place.kill_all()

    assert not [text for text in said if any(mark in text for mark in marks)]
    assert len(list(place.state.rglob("*"))) > 20  # event log, logs of steps
    assert _traces(tmp_path, marks) == []
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="lab")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    assert any(key.endswith("_provenance.json") for key in keys)
    for key in keys:
        data = client.get_object(Bucket="lab", Key=key)["Body"].read()
        assert not [mark for mark in marks if mark.encode() in data + key.encode()], key
    client.close()

    needed = {one for one in list(permissions(log))[before:] if one.bucket == "lab"}
    own = {one for one in needed if one.key.startswith(f"{PREFIX}/")}
    assert {one.action for one in own} <= allowed()
    assert {one.action for one in own} >= {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    # the listing of the whole bucket is this test's own
    assert {one for one in needed - own if one.key} == set(), needed - own
    actions = sorted({one.action for one in own})
    sys.stdout.write(
        f"\n{len(said)} commands, {len(keys)} objects and {len(list(tmp_path.rglob('*')))} files: "
        f"none of {len(marks)} marks; {len(own)} different requests need {', '.join(actions)}"
    )


def _spoil_plate_map(client: object) -> None:
    key = f"{PREFIX}/metadata/platemaps/2026_03_02_Batch1/platemap/PLATE-MAP-1.txt"
    client.put_object(Bucket="lab", Key=key, Body=b"\0")  # type: ignore[attr-defined]
