"""What is said of credentials (nothing), and the policy of the guide; the rest: `long_exposure`."""

import json
import re
from pathlib import Path

import pytest

import profiling_assets
from profiling_assets.cli.main import main
from profiling_assets.cli.ui import command as ui
from profiling_assets.dagster.sensors.queue import MessageQueue
from profiling_assets.errors import without_passwords

PREFIX = "projects/PROJECT/workspace"
SECRET = "CANARYsecretkey7d1f"
TOKEN = "CANARYtoken93bb"
QUEUE = "CANARYqueue4c07"
ENDPOINT = "CANARYendpoint51e2"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
ACTIONS = {
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "complete_multipart_upload": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "head_bucket": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject",
    "upload_part": "s3:PutObject",
}


def policy() -> dict[str, set[str]]:
    """Resource to actions, of the policy in the guide."""
    (text,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return {one["Resource"]: set(one["Action"]) for one in json.loads(text)["Statement"]}


def allowed() -> set[str]:
    return set().union(*policy().values())


def test_the_policy_of_the_guide_names_the_calls_of_the_code_and_no_other() -> None:
    source = Path(profiling_assets.__file__).parent
    called: set[str] = set()
    for module in (source / "workspace" / "storage" / "s3").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        called |= {name for name in ACTIONS if re.search(rf"\b{name}\b(?!=)", text)}
    assert {ACTIONS[name] for name in called} == allowed()
    unknown = [
        name
        for module in source.rglob("*.py")
        for name in re.findall(r"\bclient\.([a-z_]+)\(", module.read_text(encoding="utf-8"))
        if name not in ACTIONS
    ]
    # Dagster's, and SNS's where alerts go there (docs/operations.md)
    assert set(unknown) == {"reload_repository_location", "publish"}


@pytest.mark.parametrize("url", [f"http://u:{QUEUE}@127.0.0.1:1/1/q", f"sqs://{QUEUE}@x/1/q"])
def test_the_password_of_a_queue_is_not_in_what_is_said_of_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    problem = MessageQueue(url).take().problem
    assert "cannot be asked" in problem
    assert QUEUE not in problem


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pw@host/x", "https://***@host/x"),
        ("https://token@host/x", "https://***@host/x"),
        (
            "s3://b/x?endpoint_url=http%3A%2F%2Fu%3Apw%40h",
            "s3://b/x?endpoint_url=http%3A%2F%2F***@h",
        ),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("analysis//a b@c and s3://bucket/a@b", "analysis//a b@c and s3://bucket/a@b"),
    ],
)
def test_user_names_and_passwords_of_addresses_are_not_shown(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


@pytest.mark.parametrize(
    "root",
    [
        f"s3://lab/x?endpoint_url=http://u:{ENDPOINT}@127.0.0.1:1",
        f"s3://lab/x?endpoint_url=http://u:{ENDPOINT}@127.0.0.1:1&acl=wrong",
        f"s3://lab/x?acl=private&endpoint_url=http://u:{ENDPOINT}@127.0.0.1:1&region=",
        f"s3://lab/x?secret_access_key={SECRET}",
        f"s3://lab/x?token={TOKEN}",
        f"s3://AKIA:{SECRET}@lab/x",
        f"http://u:{ENDPOINT}@127.0.0.1/x",
    ],
)
def test_an_address_with_credentials_is_refused_without_repeating_them(
    root: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scan", root])
    said = "".join(capsys.readouterr())
    assert caught.value.code == 1
    assert said.startswith("error: ")
    assert "CANARY" not in said


def test_the_web_ui_listens_on_this_machine_unless_told_otherwise() -> None:
    # that its processes do is looked at where it runs: `cli.test_at_once`
    (host,) = (option.default for option in ui.params if option.name == "host")
    assert host == "127.0.0.1"
