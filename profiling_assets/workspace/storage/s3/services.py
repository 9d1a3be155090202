"""Clients of the AWS services beside the bucket: the queue of its notifications, topics of alerts.

Put here: how such a client is made, what its requests raise.
Do not put here: S3 itself (`session`), what is asked of a service (`dagster.sensors.queue`,
`operations.alerts`).

Without dagster-aws, which `session` imports: a sensor's tick has no second of CPU to give away.
"""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# what a request raises where the service cannot be asked; ValueError for an address that is none
SERVICE_ERRORS = (BotoCoreError, ClientError, ValueError)


def service_client(
    name: str,
    *,
    connect_seconds: float,
    read_seconds: float,
    attempts: int,
    endpoint: str | None = None,
    region: str | None = None,
) -> Any:
    """Return a client with the credentials of the standard chain.

    `name`: as boto3 calls the service. `attempts`: how often a request is sent, the first time
    included. Endpoint and region come from where the AWS tools take them, unless they are given.
    """
    return boto3.Session().client(
        name,  # pyright: ignore[reportCallIssue, reportArgumentType] -- the stubs know two services
        endpoint_url=endpoint,
        region_name=region,
        config=Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"total_max_attempts": attempts},
        ),
    )
