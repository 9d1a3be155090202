"""Failed runs are told: to real servers of HTTP, SMTP, SNS, by the sensor on real runs."""

import email
import io
import json
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import dagster as dg
import pytest

from profiling_assets.dagster.sensors.failed_runs import failure_sensor
from profiling_assets.errors import ConfigError
from profiling_assets.operations.alerts import (
    Alert,
    Failed,
    LogLine,
    Mail,
    Service,
    Topic,
    Webhook,
    targets_of,
    tell_all,
)
from profiling_assets.settings import AlertSettings, Settings
from profiling_assets_tests.dagster.desk import P1, P2, Desk
from profiling_assets_tests.s3_servers import S3Server

ALERT = Alert(
    "s3://b/p", "Bätch/000123", "r1", "", (Failed("collate", "it is empty", "remove it"),)
)
TOKEN = "T0KEN-in-the-address"


class _Posts(BaseHTTPRequestHandler):
    posts: list[tuple[str, Any]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, json.loads(body)))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(TOKEN.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its own name
        """Print nothing."""


class _Mails(socketserver.StreamRequestHandler):
    """As much of SMTP as a client that sends a mail speaks."""

    mails: list[Message]

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self._say("354 go on")
                lines: list[bytes] = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part)
                self.mails.append(email.message_from_bytes(b"".join(lines)))
            if word == "AUTH":
                self._say(f"535 not with {line}")
                continue
            if word == "EHLO":
                self._say("250-here\r\n250-AUTH PLAIN\r\n250 SMTPUTF8")
                continue
            if word == "RCPT" and "unknown@" in line:
                self._say("550 nobody of that name")
                continue
            self._say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: socketserver.TCPServer) -> Generator[int]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hook() -> Generator[tuple[str, list[tuple[str, Any]]]]:
    handler = type("Posts", (_Posts,), {"posts": []})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}/{TOKEN}", handler.posts


@pytest.fixture
def post_office() -> Generator[tuple[str, list[Message]]]:
    handler = type("Mails", (_Mails,), {"mails": []})
    with serving(socketserver.TCPServer(("127.0.0.1", 0), handler)) as port:
        yield f"smtp://127.0.0.1:{port}", handler.mails


@pytest.fixture
def root_log() -> Generator[io.StringIO]:
    """Give what a daemon writes that logs all libraries from level INFO on."""
    root, text = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def settings(**variables: str) -> AlertSettings:
    return AlertSettings.from_environment(
        {f"PROFILING_ASSETS_ALERT_{name}": text for name, text in variables.items()}
    )


def test_a_webhook_gets_the_alert_as_json(hook: tuple[str, list[tuple[str, Any]]]) -> None:
    url, posts = hook
    assert tell_all([Webhook(url)], ALERT).problems == []
    assert posts == [(f"/{TOKEN}", json.loads(json.dumps(ALERT.payload())))]


def test_a_mail_reaches_all_readers(post_office: tuple[str, list[Message]]) -> None:
    smtp, mails = post_office
    chosen = settings(SMTP=smtp, MAIL="a@lab.example b@lab.example", FROM="us@lab.example")
    assert tell_all([Mail(chosen)], ALERT).problems == []
    (mail,) = mails
    assert (mail["To"], mail["From"]) == ("a@lab.example, b@lab.example", "us@lab.example")
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().replace("\r\n", "\n").strip() == ALERT.text()


def test_a_topic_of_sns_hands_it_to_its_subscribers(s3: S3Server) -> None:
    if s3.kind != "moto":
        pytest.skip(f"{s3.kind} has no SNS")
    sns: Any = boto3.client("sns")
    sqs: Any = boto3.client("sqs")
    topic = sns.create_topic(Name="failures")["TopicArn"]
    queue = sqs.create_queue(QueueName="failures")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    log: list[str] = []
    assert tell_all(targets_of(settings(SNS=topic), log.append), ALERT).problems == []
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == ALERT.text()
    assert log == [ALERT.text().replace("\n", " | ")]
    gone = f"{topic}-gone"
    assert gone in tell_all(targets_of(settings(SNS=gone), log.append), ALERT).problems[0]


def test_a_topic_that_does_not_answer_is_not_asked_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its own name
            """Print nothing."""

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Busy)) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{port}")
        (problem,) = tell_all([Topic("arn:aws:sns:eu-central-1:123456789012:t")], ALERT).problems
    assert "did not reach topic" in problem
    assert len(asked) == 2


def test_a_target_that_fails_is_told_without_its_secrets_and_the_others_get_the_alert(
    hook: tuple[str, list[tuple[str, Any]]], post_office: tuple[str, list[Message]]
) -> None:
    url, posts = hook
    mail = settings(
        SMTP=post_office[0],
        MAIL="a@lab.example",
        FROM="us@lab.example",
        SMTP_USER="me",
        SMTP_PASSWORD="pa55word",
    )
    dead = f"http://127.0.0.1:1/{TOKEN}"
    problems = tell_all([Webhook(dead), Mail(mail), Webhook(url)], ALERT).problems
    assert len(problems) == 2
    assert len(posts) == 1
    assert "webhook at 127.0.0.1" in problems[0]
    assert "535" in problems[1]
    told = "".join(problems) + repr(mail) + repr(Webhook(url))
    for secret in (TOKEN, "pa55word", "AHBhNTV3b3Jk"):  # the last one as SMTP encodes it
        assert secret not in told


def test_a_mail_that_a_server_takes_for_some_readers_alone_is_told_without_their_names(
    post_office: tuple[str, list[Message]],
) -> None:
    server, mails = post_office
    both = settings(SMTP=server, MAIL="a@lab.example unknown@lab.example", FROM="us@lab.example")
    (problem,) = tell_all([Mail(both)], ALERT).problems
    assert len(mails) == 1
    assert "refused for 1 of 2 readers" in problem
    assert "unknown" not in problem


def test_a_webhook_that_refuses_is_told_by_its_status(
    hook: tuple[str, list[tuple[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Posts, "status", 403)
    (problem,) = tell_all([Webhook(hook[0])], ALERT).problems
    assert "403" in problem
    assert TOKEN not in problem


def test_a_service_that_apprise_knows_gets_subject_and_facts(
    hook: tuple[str, list[tuple[str, Any]]],
) -> None:
    url, posts = hook
    address = url.replace("http://", "json://")
    log: list[str] = []
    done = tell_all(targets_of(settings(APPRISE=f"{address} {address}"), log.append), ALERT)
    assert (done.reached, done.problems) == (3, [])
    assert [path for path, _ in posts] == [f"/{TOKEN}", f"/{TOKEN}"]
    _, told = posts[0]
    assert f"{told['title']}\n{told['message']}" == ALERT.text()
    assert told["type"] == "failure"


def test_a_service_that_is_not_told_is_a_problem_without_its_secrets(
    hook: tuple[str, list[tuple[str, Any]]],
    root_log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Posts, "status", 403)
    refusing = Service(hook[0].replace("http://", "json://"))
    nobody = Service(f"json://127.0.0.1:1/{TOKEN}")
    wrong = Service(f"slack://{TOKEN}")
    assert [refusing.usable, nobody.usable, wrong.usable] == [True, True, False]
    done = tell_all([refusing, nobody, wrong], ALERT)
    assert done.reached == 0
    unreached = "the alert of Bätch/000123 did not reach"
    refused = "it refused, or no connection came about"
    assert done.problems == [
        f"{unreached} json (apprise): {refused}",
        f"{unreached} json (apprise): {refused}",
        f"{unreached} slack (apprise): its address cannot be used",
    ]
    assert TOKEN not in root_log.getvalue() + repr([refusing, nobody, wrong])


def test_a_service_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("profiling_assets.operations.alerts._SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        (problem,) = tell_all([Service(f"json://127.0.0.1:{port}/{TOKEN}")], ALERT).problems
        assert time.monotonic() - begun < 3
    assert "no answer within" in problem


@pytest.mark.parametrize(
    "variables",
    [
        {"APPRISE": f"chat.example/{TOKEN}"},
        {"WEBHOOK": f"file:///{TOKEN}"},
        {"MAIL": "a@lab.example"},
        {"MAIL": "a@lab.example", "SMTP": "smtp://host:25"},
        {"MAIL": "a@lab.example", "SMTP": "host:25", "FROM": "us@lab.example"},
        {"MAIL": "a@lab.example", "SMTP": "smtp://host:mail", "FROM": "us@lab.example"},
        {"MAIL": "a@lab.example", "SMTP": "smtp://[host:25", "FROM": "us@lab.example"},
        {"WEBHOOK": f"https://[half/{TOKEN}"},
        {"WEBHOOK": f"https://host:port/{TOKEN}"},
    ],
)
def test_settings_that_cannot_be_used_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(**variables)
    assert TOKEN not in str(caught.value)


def test_nobody_is_told_unless_the_settings_say_so() -> None:
    assert not settings().on
    (only,) = targets_of(settings(), print)
    assert isinstance(only, LogLine)


def _tick(
    desk: Desk, sensor: dg.SensorDefinition, run: dg.DagsterRun, event: dg.DagsterEvent
) -> object:
    with desk.instance() as instance:
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event,
        ).for_run_failure()
        return sensor(context)


def test_the_sensor_tells_of_a_real_run_that_failed_and_of_those_alike_once(
    fresh: Desk, hook: tuple[str, list[tuple[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, posts = hook
    chosen = settings(WEBHOOK=f"{url} http://127.0.0.1:1/x", LINK="http://ui:3000/")
    sensor = failure_sensor(Settings(str(fresh.root), alerts=chosen))
    answers: list[object] = []
    for partition in (P1, P2):
        # the plates' backends were not made
        done = fresh.materialize(["annotated_profiles"], partition)
        failed = next(e for e in done.all_events if e.event_type_value == "PIPELINE_FAILURE")
        answers.append(_tick(fresh, sensor, done.dagster_run, failed))
    ((_, told),) = posts
    batch, _, plate = P1.partition("/")
    assert (told["workspace"], told["batch"], told["plate"]) == (str(fresh.root), batch, plate)
    assert told["link"] == f"http://ui:3000/runs/{told['run_id']}"
    (step,) = told["failed"]
    assert step["step"] == "annotated_profiles"
    assert plate in step["cause"]
    assert step["remedy"]
    assert answers[0] is None
    assert isinstance(answers[1], dg.SkipReason)


@pytest.mark.parametrize(
    ("readers", "again"),
    [("unknown@lab.example", True), ("a@lab.example unknown@lab.example", False)],
)
def test_an_alert_that_reached_nobody_does_not_keep_the_next_one_back_for_ten_minutes(
    fresh: Desk,
    post_office: tuple[str, list[Message]],
    monkeypatch: pytest.MonkeyPatch,
    readers: str,
    again: bool,
) -> None:
    chosen = settings(SMTP=post_office[0], MAIL=readers, FROM="us@lab.example")
    sensor = failure_sensor(Settings(str(fresh.root), alerts=chosen))
    answers: list[object] = []
    for partition, seconds in ((P1, 0.0), (P2, 61.0)):
        clock = SimpleNamespace(monotonic=lambda seconds=seconds: seconds)
        monkeypatch.setattr("profiling_assets.dagster.sensors.failed_runs.time", clock)
        done = fresh.materialize(["annotated_profiles"], partition)
        failed = next(e for e in done.all_events if e.event_type_value == "PIPELINE_FAILURE")
        answers.append(_tick(fresh, sensor, done.dagster_run, failed))
    assert answers[0] is None
    assert (answers[1] is None) is again


def test_a_run_that_is_started_again_is_not_told(
    fresh: Desk, hook: tuple[str, list[tuple[str, Any]]]
) -> None:
    sensor = failure_sensor(Settings(str(fresh.root), alerts=settings(WEBHOOK=hook[0])))
    done = fresh.materialize(["annotated_profiles"], P1)
    failed = next(e for e in done.all_events if e.event_type_value == "PIPELINE_FAILURE")
    run = done.dagster_run.with_tags({**done.dagster_run.tags, "dagster/will_retry": "true"})
    assert isinstance(_tick(fresh, sensor, run, failed), dg.SkipReason)
    assert hook[1] == []


def test_the_sensor_is_on_where_somebody_is_to_be_told() -> None:
    on, off = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
    assert failure_sensor(Settings()).default_status is off
    for chosen in (settings(WEBHOOK="https://chat.example/x"), settings(APPRISE="ntfy://topic")):
        assert failure_sensor(Settings(alerts=chosen)).default_status is on
