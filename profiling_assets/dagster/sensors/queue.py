"""The SQS queue of a bucket's event notifications, and the plates that its messages name.

Put here: taking messages, removing them afterwards, what they say.
Do not put here: what becomes of a plate that is named (`tick`), how the client is made
(`workspace.storage.s3.services`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote_plus, urlsplit

from profiling_assets.errors import InvalidNameError, bearable
from profiling_assets.workspace.layout import ANALYSIS, LOAD_DATA
from profiling_assets.workspace.names import PlateKey

_AREAS = (ANALYSIS, LOAD_DATA)
_SCHEME = "s3://"
_AT_ONCE = 10  # SQS takes no more in one request
_MOST = 200  # messages a tick
_REGION = re.compile(
    r"(?:^|\.)(?:sqs|queue)[.-]([a-z0-9-]+)\.amazonaws\.com|^([a-z0-9-]+)\.queue\."
)


@dataclass(frozen=True)
class Messages:
    """What was taken from the queue."""

    texts: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()  # by which they are removed
    problem: str = ""  # why no more could be taken; empty where nothing went wrong


class MessageQueue:
    """A queue by its URL, with the credentials of the standard chain."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> Any:
        from profiling_assets.workspace.storage.s3.services import service_client

        address = urlsplit(self._url)
        region = _REGION.search(address.hostname or "")
        return service_client(
            "sqs",
            connect_seconds=3,
            read_seconds=5,
            attempts=1,
            endpoint=f"{address.scheme}://{address.netloc}",
            region=next(filter(None, region.groups())) if region else None,
        )

    def take(self) -> Messages:
        """Take what is in the queue now, without waiting for more.

        Some 200 at most; where the queue cannot be asked, that is the `problem`.
        """
        from profiling_assets.workspace.storage.s3.services import SERVICE_ERRORS

        texts: list[str] = []
        receipts: list[str] = []
        try:
            while len(texts) < _MOST:
                answer = self._client.receive_message(
                    QueueUrl=self._url, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=0
                )
                found = answer.get("Messages", [])
                if not found:
                    break
                texts += [message.get("Body", "") for message in found]
                receipts += [message["ReceiptHandle"] for message in found]
        except SERVICE_ERRORS as error:
            problem = (
                f"the queue {self._url} cannot be asked for news ({error}); plates are found by "
                "listing"
            )
            return Messages(tuple(texts), tuple(receipts), bearable(problem))
        return Messages(tuple(texts), tuple(receipts))

    def remove(self, receipts: Sequence[str]) -> None:
        """Remove messages; those that stay come again and are looked at again."""
        from profiling_assets.workspace.storage.s3.services import SERVICE_ERRORS

        for begin in range(0, len(receipts), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[begin : begin + _AT_ONCE])
            ]
            with suppress(*SERVICE_ERRORS):
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)


def plates_named(messages: Iterable[str], roots: Iterable[str]) -> frozenset[PlateKey]:
    """Say which plates of a workspace some messages name.

    A message only brings the look at a plate forward. So whatever cannot be understood (a test
    event, another bucket's object, no JSON at all) names nothing, and nothing is raised.

    The messages are S3 event notifications, straight or wrapped by SNS, repeated or not. Of a plate
    they name objects below `analysis` or `load_data_csv`; roots that are not on S3 have none.
    """
    prefixes = [_split(root) for root in roots if root.startswith(_SCHEME)]
    found = set[PlateKey]()
    for message in messages:
        for bucket, key in _objects(_parsed(message)):
            for root_bucket, prefix in prefixes:
                if bucket == root_bucket and key.startswith(prefix):
                    found.update(_plate(key.removeprefix(prefix)))
    return frozenset(found)


def _split(root: str) -> tuple[str, str]:
    """Return bucket and key prefix of a root; the prefix ends with a slash or is empty."""
    bucket, _, prefix = root.removeprefix(_SCHEME).partition("/")
    prefix = prefix.strip("/")
    return bucket, f"{prefix}/" if prefix else ""


def _parsed(text: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    message = cast("dict[str, object]", value)
    inner = message.get("Message")
    # SNS puts the notification as text into an envelope of its own
    if isinstance(inner, str) and message.get("Type") == "Notification":
        return _parsed(inner)
    return message


def _objects(message: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of each object that a notification names."""
    records = message.get("Records")
    for record in cast("list[object]", records) if isinstance(records, list) else ():
        bucket = _at(record, "s3", "bucket", "name")
        key = _at(record, "s3", "object", "key")
        if isinstance(bucket, str) and isinstance(key, str):
            yield bucket, unquote_plus(key, errors="replace")


def _at(value: object, *names: str) -> object:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, object]", value).get(name)
    return value


def _plate(path: str) -> Iterator[PlateKey]:
    parts = path.split("/")
    if len(parts) > 3 and parts[0] in _AREAS:  # AREA/BATCH/PLATE/what is in it
        try:
            yield PlateKey(parts[1], parts[2])
        except InvalidNameError:
            return
