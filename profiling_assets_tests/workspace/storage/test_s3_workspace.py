"""A workspace on S3: keys, listings, clients, sessions."""

import multiprocessing
import os
import pickle
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiling_assets.errors import ConflictError, InvalidNameError
from profiling_assets.workspace.storage.interface import Listing, Workspace, checked_path
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3 import reads
from profiling_assets.workspace.storage.s3.listing import pages
from profiling_assets.workspace.storage.s3.page_xml import EVENT, PAGE
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.s3_servers import S3Server
from profiling_assets_tests.workspace.s3_stub import Answer, Stub, stub_server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ODD_NAMES = [
    "a b",
    " a",
    "a ",
    "a#b",
    "a%20b",
    "a+b",
    "a?b=c&d",
    "[a](b){c}",
    "Zürich",
    "Zu\u0308rich",
    "日本",
    "😀",
    'it\'s "quoted"',
    "a\\b",
    "a:b;c,d=e@f$g!h~i*j|k^l`m<n>o",
    "...",
    ".hidden",
    "000123",
    "a\tb",
]


def in_thread(act: Callable[[str], object], path: str) -> object:
    """Call it where obstore gets objects; the main thread uses boto3."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act, path).result()


@pytest.fixture
def client(s3: S3Server) -> Iterator["S3Client"]:
    made = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    yield made
    made.close()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_keys_keep_every_character(
    s3_workspace: S3Workspace, client: "S3Client", bucket: str, name: str, s3: S3Server
) -> None:
    if "\\" in name and s3.kind == "seaweedfs":
        pytest.skip("SeaweedFS makes slashes of backslashes")
    path = f"analysis/{name}/{name}.csv"
    info = s3_workspace.publish_bytes(b"1,2", path)
    contents = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    (key,) = [item.get("Key") for item in contents]
    assert f"s3://{bucket}/{key}" == s3_workspace.location(path)
    assert s3_workspace.list_folder("analysis") == Listing((name,), ())
    assert s3_workspace.list_two_levels("analysis").folders == {name: Listing((), (info,))}
    assert s3_workspace.read_bytes(path) == in_thread(s3_workspace.read_bytes, path) == b"1,2"
    assert s3_workspace.read_head(path, 1) == b"1"
    assert in_thread(lambda path: s3_workspace.read_head(path, 1), path) == b"1"
    assert s3_workspace.stat(path) == info
    with s3_workspace.local_file(path) as local:
        assert local.read_bytes() == b"1,2"
    s3_workspace.remove(path)
    assert s3_workspace.list_folder(path.rpartition("/")[0]).files == ()
    assert s3_workspace.stat(path) is None


# no control characters: XML 1.0 cannot carry them, so that servers differ; no backslashes: above
_NAMES = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\\"),
    max_size=30,
)


@given(_NAMES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_name_is_written_is_read_and_listed(s3_workspace: S3Workspace, name: str) -> None:
    try:
        checked_path(name)
    except InvalidNameError:
        return
    if not name:
        return
    path = f"{secrets.token_hex(4)}/{name}"  # a folder of its own: servers may keep it for a while
    info = s3_workspace.publish_bytes(name.encode(), path)
    assert in_thread(s3_workspace.read_bytes, path) == name.encode()
    assert info in s3_workspace.list_folder(path.rpartition("/")[0]).files
    s3_workspace.remove(path)


def test_keys_that_are_no_paths_are_told_apart(
    s3_workspace: S3Workspace, client: "S3Client", bucket: str, s3: S3Server
) -> None:
    base = s3_workspace.root.removeprefix(f"s3://{bucket}/")
    if s3.kind == "seaweedfs":
        pytest.skip("SeaweedFS keeps objects as files of folders, and changes such keys")
    strange = ["/", "/a//x", "/a//y", "//x", "/a/", "/a/../x", "/./x", "/a/./y/z", "/a/..", "/."]
    for ending in [*strange, "/a/file", "/marked/"]:
        client.put_object(Bucket=bucket, Key=f"{base}{ending}", Body=b"")
    client.put_object(Bucket=bucket, Key=f"{base}beside/x", Body=b"")
    info = s3_workspace.stat("a/file")
    top, below = (".", "./", "/"), ("a/..", "a/../", "a/./", "a//")
    assert s3_workspace.list_folder("") == Listing(("a", "marked"), (), top)
    assert s3_workspace.list_folder("a") == Listing((), (info,) if info else (), below)
    assert s3_workspace.list_two_levels("").level == s3_workspace.list_folder("")
    assert s3_workspace.list_two_levels("").folders == {
        "a": s3_workspace.list_folder("a"),
        "marked": Listing((), ()),
    }
    client.put_object(Bucket=bucket, Key=f"{base}/marked/", Body=b"no mere marker")
    assert s3_workspace.list_folder("marked") == Listing((), (), ("marked/",))


def test_a_folder_of_more_than_one_page_is_listed_whole(s3_workspace: S3Workspace) -> None:
    paths = [f"analysis/{number % 3}/{number:04d}" for number in range(1005)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: s3_workspace.replace_bytes(b"", path, expected=None), paths))
    two = s3_workspace.list_two_levels("analysis")
    assert two.level == Listing(("0", "1", "2"), ())
    assert sum(len(folder.files) for folder in two.folders.values()) == 1005
    for path in paths[:3]:
        folder = path.rpartition("/")[0]
        assert s3_workspace.list_folder(folder) == two.folders[path[9]]


def test_an_empty_prefix_of_an_existing_bucket_is_an_empty_workspace(bucket: str) -> None:
    workspace = open_workspace(f"s3://{bucket}/not/there/yet")
    assert workspace.list_folder("") == Listing((), ())
    whole = open_workspace(f"s3://{bucket}")
    workspace.publish_bytes(b"1", "a")
    assert whole.read_bytes("not/there/yet/a") == b"1"
    assert whole.list_folder("").folders == ("not",)
    for act in (whole.read_bytes, whole.remove, lambda path: whole.publish_bytes(b"", path)):
        with pytest.raises(InvalidNameError):
            act("")
    assert whole.stat("") is None


def test_a_large_file_comes_in_pieces_of_one_version(
    s3_workspace: S3Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(100_001)
    s3_workspace.publish_bytes(data, "a/big.sqlite")
    monkeypatch.setattr(reads, "RANGE_BYTES", 10_000)
    with s3_workspace.local_file("a/big.sqlite") as local:
        assert local.name == "big.sqlite"
        assert local.read_bytes() == data
    assert not local.exists()
    old = s3_workspace.stat("a/big.sqlite")
    assert old is not None
    s3_workspace.publish_bytes(data[::-1], "a/big.sqlite")
    with pytest.raises(ConflictError, match="changed while it was read"):
        reads.download(s3_workspace._connection, old, local.parent.parent / "x")


def test_a_name_longer_than_a_file_system_takes_has_a_local_file_too(
    s3_workspace: S3Workspace, s3: S3Server
) -> None:
    if s3.kind == "seaweedfs":
        pytest.skip("SeaweedFS takes no names of more than 255 bytes")
    path = "a/" + "é" * 130 + ".csv"
    s3_workspace.publish_bytes(b"1", path)
    with s3_workspace.local_file(path) as local:
        assert local.read_bytes() == b"1"


def test_many_threads_share_a_workspace(s3_workspace: S3Workspace) -> None:
    fresh: Workspace = pickle.loads(pickle.dumps(s3_workspace))
    paths = [f"a/{number}" for number in range(48)]
    with ThreadPoolExecutor(s3_workspace.at_once) as pool:
        list(pool.map(lambda path: fresh.publish_bytes(path.encode(), path), paths))
        assert list(pool.map(fresh.read_bytes, paths)) == [path.encode() for path in paths]
    assert len(fresh.list_folder("a").files) == 48


def _read_in_child(workspace: S3Workspace, *, obstore: bool) -> None:
    for read in (workspace.read_bytes, lambda path: in_thread(workspace.read_bytes, path)):
        assert read("a") == b"1"
    assert workspace.list_folder("").files[0].path == "a"
    with workspace.local_file("a") as local:
        assert local.read_bytes() == b"1"
    store = in_thread(lambda _: workspace._connection.store, "")
    assert (store is not None) == obstore


FORK, SPAWN = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")


@pytest.mark.parametrize("method", [FORK, SPAWN], ids=["fork", "spawn"])
def test_a_workspace_that_was_used_is_used_on_in_child_processes(
    s3_workspace: S3Workspace, method: ForkContext | SpawnContext
) -> None:
    s3_workspace.publish_bytes(b"1", "a")
    assert in_thread(s3_workspace.read_bytes, "a") == b"1"
    child = method.Process(
        target=_read_in_child, args=(s3_workspace,), kwargs={"obstore": method is SPAWN}
    )
    child.start()
    child.join(60)
    if child.exitcode is None:
        child.kill()
    assert child.exitcode == 0
    assert in_thread(s3_workspace.read_bytes, "a") == b"1"


def test_processes_forked_after_the_main_thread_has_read_get_objects_by_obstore(
    s3_workspace: S3Workspace,
) -> None:
    s3_workspace.publish_bytes(b"1", "a")
    code = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from profiling_assets.workspace.storage.opening import open_workspace
workspace = open_workspace(sys.argv[1])
assert workspace.read_bytes("a") == b"1"
child = os.fork()
if child == 0:
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(workspace.read_bytes, "a").result()
        store = pool.submit(lambda: workspace._connection.store).result()
    os._exit(0 if read == b"1" and store is not None else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, s3_workspace.root], timeout=60, check=False)
    assert done.returncode == 0


def test_listings_are_read_as_botocore_reads_them(s3_workspace: S3Workspace) -> None:
    names = [name for name in ODD_NAMES if "\\" not in name]
    for number, name in enumerate(names):
        s3_workspace.publish_bytes(b"1" * number, f"{name}/{name}")
        s3_workspace.publish_bytes(b"", f"x {name}")
    connection = s3_workspace._connection
    ours = [
        list(pages(connection, "", s3_workspace._address.folder_key(""), delimiter=end))
        for end in ("", "/")
    ]
    connection.client.meta.events.unregister(EVENT, unique_id=PAGE)
    theirs = [
        list(pages(connection, "", s3_workspace._address.folder_key(""), delimiter=end))
        for end in ("", "/")
    ]
    assert ours == theirs
    assert len(ours[0][0].entries) == 2 * len(names)


def test_the_scratch_place_of_a_user_is_private(s3_workspace: S3Workspace) -> None:
    with s3_workspace.scratch("B/P") as folder:
        base = folder.parent
        assert base.parent == Path(os.environ["PROFILING_ASSETS_SCRATCH"])
        assert base.stat().st_mode & 0o077 == 0


def test_workspaces_of_two_servers_are_told_apart(
    s3_workspace: S3Workspace, s3: S3Server, bucket: str
) -> None:
    assert s3.endpoint in s3_workspace.identity
    same = open_workspace(f"{s3_workspace.root}/?endpoint_url={s3.endpoint}/")
    assert same.identity == s3_workspace.identity
    assert same.root == s3_workspace.root
    assert open_workspace(f"s3://{bucket}").identity != s3_workspace.identity


def test_a_workspace_knows_itself_without_asking(s3_workspace: S3Workspace) -> None:
    assert repr(s3_workspace) == f"S3Workspace({s3_workspace.root!r})"
    assert s3_workspace.at_once > 8


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with stub_server() as server:
        for name, value in S3Server("stub", server.endpoint).environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        server.answer = lambda _: Answer(
            200,
            headers={"ETag": '"a"', "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"},
        )
        yield server


def _ask_everything(workspace: Workspace) -> None:
    workspace.list_folder("")
    workspace.list_two_levels("")
    workspace.stat("a")
    workspace.read_bytes("a")
    in_thread(workspace.read_bytes, "a")
    workspace.replace_bytes(b"1", "a", expected="x")
    workspace.remove("a")


def test_who_agrees_to_pay_says_so_in_every_request(stub: Stub) -> None:
    _ask_everything(open_workspace("s3://lab/w?requester_pays=true"))
    assert len(stub.asked) == 8
    assert {asked.headers.get("x-amz-request-payer") for asked in stub.asked} == {"requester"}
    stub.asked.clear()
    _ask_everything(open_workspace("s3://lab/w"))
    assert {asked.headers.get("x-amz-request-payer") for asked in stub.asked} == {None}


def test_anonymous_requests_are_not_signed_and_need_no_credentials(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    _ask_everything(open_workspace("s3://lab/w?anonymous=true"))
    assert all("authorization" not in asked.headers for asked in stub.asked)


def test_a_profile_gives_credentials_region_and_endpoint_to_both_clients(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(
        f'[profile "my lab"]\nregion = eu-west-2\nendpoint_url = {stub.endpoint}\n'
        "aws_access_key_id = LABKEY\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for text in ("s3://lab/w?profile=my%20lab", "s3://lab/w"):
        stub.asked.clear()
        _ask_everything(open_workspace(text))
        for asked in stub.asked:
            assert "LABKEY/" in asked.headers["authorization"]
            assert "/eu-west-2/s3/" in asked.headers["authorization"]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_PROFILE", "my lab")


def test_the_option_of_an_address_goes_before_the_environment(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub_server() as other:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.setenv(name, other.endpoint)
        address = f"s3://lab/w?endpoint_url={stub.endpoint}&region=eu-north-1"
        _ask_everything(open_workspace(address))
        assert other.asked == []
    assert all("/eu-north-1/s3/" in asked.headers["authorization"] for asked in stub.asked)


def test_both_clients_put_the_bucket_where_the_address_says(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace("s3://lab/w")
    workspace.read_bytes("a")
    in_thread(workspace.read_bytes, "b")
    paths = [asked.path.partition("?")[0] for asked in stub.asked]
    assert paths == ["/lab", "/lab/w/a", "/lab/w/b"]
    stub.asked.clear()
    monkeypatch.setenv("http_proxy", stub.endpoint)  # the name needs not be known: a proxy is asked
    workspace = open_workspace("s3://lab/w?path_style=false&endpoint_url=http://storage.invalid")
    workspace.read_bytes("a")
    in_thread(workspace.read_bytes, "b")
    assert [asked.path.partition("?")[0] for asked in stub.asked] == [
        f"http://lab.storage.invalid/{path}" for path in ("", "w/a", "w/b")
    ]


def test_who_opens_a_folder_does_not_wait_for_aws(tmp_path: Path) -> None:
    code = (
        "import sys; from profiling_assets.workspace.storage.opening import open_workspace\n"
        f"open_workspace({str(tmp_path)!r})\n"
        "assert not {'boto3', 'botocore', 'obstore', 'dagster_aws'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
