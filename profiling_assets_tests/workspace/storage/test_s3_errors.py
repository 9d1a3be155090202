"""What S3 refuses: a clear error each, few requests, and never an empty listing."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profiling_assets.errors import (
    ConfigError,
    ConflictError,
    MissingInputError,
    WorkspaceError,
)
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import connection
from profiling_assets.workspace.storage.s3.connection import ATTEMPTS
from profiling_assets_tests.s3_servers import S3Server
from profiling_assets_tests.workspace.s3_stub import Answer, Asked, Stub, refusal, stub_server

pytestmark = pytest.mark.usefixtures("quick_pauses")


def in_this_thread(act: Callable[[str], object], path: str) -> object:
    """Call it where boto3 gets objects."""
    return act(path)


def in_another_thread(act: Callable[[str], object], path: str) -> object:
    """Call it where obstore gets objects."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act, path).result()


BOTH = (in_this_thread, in_another_thread)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with stub_server() as server:
        environment = S3Server("stub", server.endpoint).environment
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield server


@pytest.fixture
def opened(stub: Stub) -> Workspace:
    workspace = open_workspace("s3://lab/w")
    stub.asked.clear()
    return workspace


@dataclass(frozen=True)
class Case:
    status: int
    code: str
    words: str
    remedy: str
    attempts: int = 1
    more: dict[str, str] = field(default_factory=dict[str, str])


CASES = [
    Case(403, "AccessDenied", "may not list there", "s3:ListBucket on lab"),
    Case(403, "InvalidAccessKeyId", "does not know the credentials", "AWS_ENDPOINT_URL"),
    Case(403, "SignatureDoesNotMatch", "does not know the credentials", "access key"),
    Case(400, "ExpiredToken", "have expired", "aws sso login"),
    Case(403, "RequestTimeTooSkewed", "clock of this machine", "set it"),
    Case(404, "NoSuchBucket", "no bucket 'lab' at http://127", "AWS_ENDPOINT_URL"),
    Case(503, "SlowDown", "busy or out of order", "wait a while", ATTEMPTS),
    Case(500, "InternalError", "busy or out of order", "wait a while", ATTEMPTS),
    Case(501, "NotImplemented", "cannot do what is asked", "ListObjectsV2"),
    Case(418, "Teapot", r"refuses to list \(Teapot\): because", "documentation"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_a_refusal_is_told_at_opening_after_few_requests(stub: Stub, case: Case) -> None:
    stub.answer = lambda _: Answer(case.status, refusal(case.code))
    with pytest.raises(WorkspaceError, match=case.words) as caught:
        open_workspace("s3://lab/w")
    assert case.remedy in (caught.value.remedy or "")
    assert len(stub.asked) == case.attempts


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_a_refused_listing_is_never_an_empty_one(opened: Workspace, stub: Stub, case: Case) -> None:
    stub.answer = lambda _: Answer(case.status, refusal(case.code))
    for act in (opened.list_folder, opened.list_two_levels):
        with pytest.raises(WorkspaceError, match=case.words) as caught:
            act("analysis")
        assert caught.value.path == "analysis"
    assert len(stub.asked) == 2 * case.attempts


@pytest.mark.parametrize("case", CASES[:-1], ids=[case.code for case in CASES[:-1]])
def test_a_refused_get_says_the_same_and_is_no_missing_file(
    opened: Workspace, stub: Stub, case: Case
) -> None:
    stub.answer = lambda _: Answer(case.status, refusal(case.code))
    words = case.words.replace("list", "read")
    for read in (opened.read_bytes, lambda path: opened.read_head(path, 10)):
        for run in BOTH:
            stub.asked.clear()
            with pytest.raises(WorkspaceError, match=words) as caught:
                run(read, "a.csv")
            assert caught.value.path == "a.csv"
            assert case.attempts <= len(stub.asked) <= ATTEMPTS


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("PreconditionFailed", 412, ConflictError),
        ("ConditionalRequestConflict", 409, ConflictError),
        ("NoSuchKey", 404, ConflictError),
        ("NoSuchBucket", 404, WorkspaceError),
        ("AccessDenied", 403, WorkspaceError),
        ("NotImplemented", 501, WorkspaceError),
    ],
)
def test_a_refused_replacement_is_a_conflict_only_where_it_is_one(
    opened: Workspace, stub: Stub, code: str, status: int, kind: type[Exception]
) -> None:
    stub.answer = lambda _: Answer(status, refusal(code))
    for expected in (None, "abc"):
        with pytest.raises(kind) as caught:
            opened.replace_bytes(b"1", "a.json", expected=expected)
        assert type(caught.value) is kind
    assert len(stub.asked) == 2


def test_a_server_that_hangs_up_is_asked_a_few_times(opened: Workspace, stub: Stub) -> None:
    stub.answer = lambda _: Answer(0)
    for act in (
        opened.list_folder,
        opened.read_bytes,
        opened.stat,
        lambda path: opened.publish_bytes(b"1", path),
    ):
        for run in BOTH:
            stub.asked.clear()
            with pytest.raises(WorkspaceError, match=r"broke off|cannot be reached"):
                run(act, "a")
            assert 1 < len(stub.asked) <= ATTEMPTS


def test_a_server_that_never_answers_is_given_up(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 0.1)
    workspace = open_workspace("s3://lab/w")
    stub.asked.clear()

    def slow(_: Asked) -> Answer:
        time.sleep(0.3)
        return Answer(0)

    stub.answer = slow
    reading = workspace.read_bytes
    for run, act in ((BOTH[0], workspace.list_folder), (BOTH[0], reading), (BOTH[1], reading)):
        stub.asked.clear()
        with pytest.raises(WorkspaceError, match="did not answer in time") as caught:
            run(act, "a")
        assert "endpoint_url" in (caught.value.remedy or "")
        assert 1 < len(stub.asked) <= ATTEMPTS


def test_an_answer_cut_off_in_the_middle_is_no_shorter_file(opened: Workspace, stub: Stub) -> None:
    stub.answer = lambda _: Answer(
        200, b"half", {"Content-Length": "8", "ETag": '"a"', "Last-Modified": _DATE}
    )
    for run in BOTH:
        stub.asked.clear()
        with pytest.raises(WorkspaceError):
            run(opened.read_bytes, "a.csv")
        assert len(stub.asked) <= ATTEMPTS + 1


_DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def test_nobody_listening_and_an_unknown_host_are_told_apart_from_a_missing_bucket(
    stub: Stub,
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        with pytest.raises(WorkspaceError, match="cannot be reached") as caught:
            open_workspace(f"s3://lab/w?endpoint_url={url}")
        assert url in caught.value.what
        assert "endpoint_url" in (caught.value.remedy or "")


def test_a_web_server_that_is_no_s3_server_says_so(stub: Stub) -> None:
    for status, words in ((404, "does not answer as an S3"), (200, "out of order")):
        stub.answer = lambda _, status=status: Answer(status, b"<html>hello")
        with pytest.raises(WorkspaceError, match=words) as caught:
            open_workspace("s3://lab/w")
        assert "endpoint_url" in (caught.value.remedy or "")


def test_no_credentials_are_told_with_every_way_to_give_some(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(WorkspaceError, match="no AWS credentials") as caught:
        open_workspace("s3://lab/w")
    for way in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "profile=NAME", "anonymous=true"):
        assert way in (caught.value.remedy or "")
    assert stub.asked == []


def test_a_profile_that_is_not_configured_is_named(stub: Stub) -> None:
    with pytest.raises(WorkspaceError, match=r"profile is not configured.*lab-x"):
        open_workspace("s3://lab/w?profile=lab-x")


def test_credentials_that_expire_between_two_reads_say_so(opened: Workspace, stub: Stub) -> None:
    stub.answer = lambda _: Answer(400, refusal("ExpiredToken"))
    for run in BOTH:
        with pytest.raises(WorkspaceError, match="have expired"):
            run(opened.read_bytes, "a")
    stub.answer = lambda _: Answer(400, b"")
    with pytest.raises(WorkspaceError, match="expired credentials or a wrong region"):
        opened.stat("a")


def test_a_bucket_in_another_region_is_followed_by_both_clients(stub: Stub) -> None:
    def abroad(asked: Asked) -> Answer:
        if "/eu-west-3/s3/" not in asked.headers.get("authorization", ""):
            return Answer(
                400,
                refusal("AuthorizationHeaderMalformed", Region="eu-west-3"),
                {"x-amz-bucket-region": "eu-west-3"},
            )
        body = b"1" if asked.path.endswith("/a") else Answer().body
        headers = {"x-amz-bucket-region": "eu-west-3", "ETag": '"a"', "Last-Modified": _DATE}
        return Answer(200, body, headers)

    stub.answer = abroad
    workspace = open_workspace("s3://lab/w")
    assert [run(workspace.read_bytes, "a") for run in BOTH] == [b"1", b"1"]


def test_a_listing_that_breaks_off_in_the_middle_is_an_error(opened: Workspace, stub: Stub) -> None:
    page = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>w/a</Key><Size>1</Size>"
        b'<ETag>"x"</ETag><LastModified>2024-01-01T00:00:00Z</LastModified></Contents>'
        b"<NextContinuationToken>n</NextContinuationToken></ListBucketResult>"
    )
    stub.answer = lambda asked: (
        Answer(403, refusal("AccessDenied"))
        if "continuation-token" in asked.path
        else Answer(200, page)
    )
    with pytest.raises(WorkspaceError, match="may not list"):
        opened.list_folder("")
    stub.answer = lambda _: Answer(200, page)
    with pytest.raises(WorkspaceError, match="broke its listing off"):
        opened.list_folder("")


def test_an_unwritable_scratch_place_is_an_error_with_a_remedy(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path / "file"))
    workspace = open_workspace("s3://lab/w")
    with pytest.raises(WorkspaceError, match="cannot be written"), workspace.scratch("x"):
        pass
    (tmp_path / f"profiling_assets-{os.getuid()}").symlink_to("/tmp")
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path))
    workspace = open_workspace("s3://lab/w")
    with pytest.raises(WorkspaceError, match="someone else"), workspace.scratch("x"):
        pass


def test_a_missing_object_is_a_missing_input(opened: Workspace, stub: Stub) -> None:
    stub.answer = lambda _: Answer(404, refusal("NoSuchKey"))
    for run in BOTH:
        with pytest.raises(MissingInputError):
            run(opened.read_bytes, "a")
    stub.answer = lambda _: Answer(404, b"")
    assert opened.stat("a") is None


@pytest.mark.parametrize(
    "body",
    [b"<html><body>hello</body></html>", b"<?xml version='1.0'?><Listing/>"],
    ids=["web page", "other xml"],
)
def test_a_page_that_is_no_listing_is_never_an_empty_one(
    opened: Workspace, stub: Stub, body: bytes
) -> None:
    stub.answer = lambda _: Answer(200, body)
    with pytest.raises(WorkspaceError, match="does not answer as an S3 server does"):
        opened.list_folder("analysis")
    with pytest.raises(WorkspaceError, match="does not answer as an S3 server does"):
        open_workspace(f"s3://lab/ws?endpoint_url={stub.endpoint}")


def test_a_plate_whose_listing_fails_is_not_taken_for_gone(opened: Workspace, stub: Stub) -> None:
    stub.answer = lambda asked: (
        Answer(503, refusal("SlowDown")) if "backend" in asked.path else Answer()
    )
    with pytest.raises(WorkspaceError, match="busy"):
        scan_workspace(opened)


def test_a_password_in_the_endpoint_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="user name or a password") as refused:
        open_workspace("s3://lab/ws?endpoint_url=http://me:secret@127.0.0.1:1")
    assert "secret" not in str(refused.value)
