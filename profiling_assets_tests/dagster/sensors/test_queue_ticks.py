"""The queue of event notifications, on a real SQS server."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from profiling_assets.dagster.sensors.queue import MessageQueue
from profiling_assets_tests.s3_servers import S3Server


@pytest.fixture
def sqs(s3: S3Server) -> Iterator[Any]:
    if s3.kind != "moto":
        pytest.skip(f"{s3.kind} has no SQS")
    client = boto3.client("sqs", endpoint_url=s3.endpoint)
    yield client
    client.close()


@pytest.fixture
def url(sqs: Any, request: pytest.FixtureRequest) -> str:
    return sqs.create_queue(QueueName=f"news-{abs(hash(request.node.name))}")["QueueUrl"]


def test_messages_are_taken_without_waiting_and_removed(sqs: Any, url: str) -> None:
    queue = MessageQueue(url)
    assert queue.take().texts == ()
    wanted = [json.dumps({"number": number}) for number in range(23)]
    for text in wanted:
        sqs.send_message(QueueUrl=url, MessageBody=text)
    messages = queue.take()
    assert sorted(messages.texts) == sorted(wanted)
    assert messages.problem == ""
    queue.remove(messages.receipts)
    left = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert set(left.values()) == {"0"}


def test_a_queue_that_is_not_there_is_a_warning(url: str) -> None:
    messages = MessageQueue(f"{url}-gone").take()
    assert messages.texts == ()
    assert "cannot be asked for news" in messages.problem
    assert "found by listing" in messages.problem


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/1/queue", "no url", "http://", ""])
def test_a_queue_that_cannot_be_reached_is_a_warning(s3: S3Server, url: str) -> None:
    queue = MessageQueue(url)
    assert "cannot be asked for news" in queue.take().problem
    queue.remove(["receipt"])


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/1/q", "eu-central-1"),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1"),
        ("https://queue.amazonaws.com/1/q", "us-east-1"),
        ("http://127.0.0.1:5000/1/q", "us-east-1"),
    ],
)
def test_the_region_is_that_of_the_url_else_the_environments(
    s3: S3Server, url: str, region: str
) -> None:
    assert MessageQueue(url)._client.meta.region_name == region
