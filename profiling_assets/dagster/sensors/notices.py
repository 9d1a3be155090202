"""What S3 says of new objects: event notifications as they arrive through a queue.

Put here: reading a message's text, and which plates it names.
Do not put here: the queue (`profiling_assets.dagster.sensors.queue`), what follows from it (`dagster.sensors.turns`).
The format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import unquote_plus

from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.layout import ANALYSIS, LOAD_DATA
from profiling_assets.workspace.names import PlateKey

_AREAS = (ANALYSIS, LOAD_DATA)
_SCHEME = "s3://"


def plates_named(messages: Iterable[str], roots: Iterable[str]) -> frozenset[PlateKey]:
    """Say which plates of a workspace some messages name.

    A message only brings the look at a plate forward. So whatever cannot be understood (a test
    event, another bucket's object, no JSON at all) names nothing, and nothing is raised.

    Parameters
    ----------
    messages : iterable of str
        The messages' texts: S3 event notifications, straight or wrapped by SNS, repeated or not.
    roots : iterable of str
        The workspace's roots as `s3://BUCKET/PREFIX`; others have no notifications.

    Returns
    -------
    frozenset of PlateKey
        Plates with an object below `analysis` or `load_data_csv`.
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
