"""The SQS queue of a bucket's event notifications: taking messages, and removing them afterwards.

Put here: talking to SQS.
Do not put here: what the messages say (`dagster.sensors.notices`).
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from profiling_assets.printable import bearable

_AT_ONCE = 10  # SQS takes no more in one request
_MOST = 200  # messages a tick
_REGION = re.compile(
    r"(?:^|\.)(?:sqs|queue)[.-]([a-z0-9-]+)\.amazonaws\.com|^([a-z0-9-]+)\.queue\."
)


@dataclass(frozen=True)
class Messages:
    """What was taken from the queue.

    Attributes
    ----------
    texts : tuple of str
        The messages.
    receipts : tuple of str
        By which they are removed.
    problem : str
        Why no more could be taken; empty where nothing went wrong.
    """

    texts: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    problem: str = ""


class MessageQueue:
    """A queue by its URL, with the credentials of the standard chain.

    Parameters
    ----------
    url : str
        `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, or that of another server.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        address = urlsplit(self._url)
        region = _REGION.search(address.hostname or "")
        return boto3.session.Session().client(
            "sqs",
            endpoint_url=f"{address.scheme}://{address.netloc}",
            region_name=next(filter(None, region.groups())) if region else None,
            config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1}),
        )

    def take(self) -> Messages:
        """Take what is in the queue now, without waiting for more.

        Returns
        -------
        Messages
            At most 200; with the problem where the queue cannot be asked.
        """
        from botocore.exceptions import BotoCoreError, ClientError

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
        except (BotoCoreError, ClientError, ValueError) as error:
            problem = (
                f"the queue {self._url} cannot be asked for news ({error}); plates are found by "
                "listing"
            )
            return Messages(tuple(texts), tuple(receipts), bearable(problem))
        return Messages(tuple(texts), tuple(receipts))

    def remove(self, receipts: Sequence[str]) -> None:
        """Remove messages; those that stay come again and are looked at again.

        Parameters
        ----------
        receipts : sequence of str
            What `take` returned.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        for begin in range(0, len(receipts), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[begin : begin + _AT_ONCE])
            ]
            with suppress(BotoCoreError, ClientError, ValueError):
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
