"""The S3 session: dagster-aws's resource with what S3 workspaces need beside it.

Put here: how clients are made from the options of an address.
Do not put here: what is done with them (`workspace.storage.s3`), what an address may say
(`address`).

Importing this costs a second of CPU (dagster-aws): only who opens an S3 address does.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from dagster_aws.s3 import S3Resource
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store
from pydantic import Field

from profiling_assets.workspace.storage.s3 import connection
from profiling_assets.workspace.storage.s3.address import S3Address

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig, S3Config, S3Credential

_CONNECTIONS = 32
_CREDENTIALS_TTL = timedelta(minutes=5)  # boto3 renews them; obstore asks it this often


class WorkspaceS3Resource(S3Resource):
    """An S3 session whose client tries as `attempts` says, and reaches buckets as the address says.

    Credentials, profile, region and endpoint come from where the AWS tools take them, unless they
    are given.
    """

    max_attempts: int = Field(
        default=connection.ATTEMPTS, description="How often a request is tried."
    )
    path_style: bool | None = Field(
        default=None,
        description="Whether the bucket stands in the path of requests instead of the host name.",
    )
    requester_pays: bool = Field(default=False, description="Whether to pay for requests.")
    acl: str | None = Field(default=None, description="Canned ACL of what is written.")
    sse: str | None = Field(default=None, description="Encryption of what is written.")
    sse_kms_key_id: str | None = Field(default=None, description="KMS key of what is written.")

    def get_session(self) -> boto3.Session:
        """Return a new session; ProfileNotFound where the profile is not configured."""
        core = botocore.session.Session(profile=self.profile_name)
        core.get_scoped_config()  # an unknown profile is told here
        return boto3.Session(
            botocore_session=core,
            region_name=self.region_name,
            aws_access_key_id=self.aws_access_key_id,
            aws_secret_access_key=self.aws_secret_access_key,
            aws_session_token=self.aws_session_token,
        )

    def get_client(self) -> "S3Client":
        """Return a new client of a new session."""
        return self.client_of(self.get_session())

    def client_of(self, session: boto3.Session) -> "S3Client":
        """Return a new client of a session."""
        settings: dict[str, Any] = {
            "retries": {"mode": "standard", "total_max_attempts": self.max_attempts},
            "connect_timeout": connection.CONNECT_SECONDS,
            "read_timeout": connection.READ_SECONDS,
            "max_pool_connections": _CONNECTIONS,
        }
        if self.use_unsigned_session:
            settings["signature_version"] = UNSIGNED
        client = self._client(session, settings)
        style = self._style(client)
        if style != _configured_style(client):
            settings["s3"] = {"addressing_style": style}
            client = self._client(session, settings)
        return client

    def _client(self, session: boto3.Session, settings: dict[str, Any]) -> "S3Client":
        return session.client(
            "s3",
            endpoint_url=self.endpoint_url,
            use_ssl=self.use_ssl,
            verify=self.verify,
            config=Config(**settings),
        )

    def _style(self, client: "S3Client") -> str:
        if self.path_style is not None:
            return "path" if self.path_style else "virtual"
        configured = _configured_style(client)
        if configured == "auto" and not _is_aws(client):
            return "path"  # what other servers always understand
        return configured


@dataclass(frozen=True)
class S3Connector:
    """Makes sessions for one address."""

    address: S3Address

    def session(self) -> "S3Session":
        """Begin a session as the options describe it."""
        options = self.address.options
        resource = WorkspaceS3Resource(
            profile_name=options.profile,
            region_name=options.region,
            endpoint_url=options.endpoint_url,
            use_unsigned_session=options.anonymous,
            path_style=options.path_style,
            requester_pays=options.requester_pays,
            acl=options.acl,
            sse=options.sse,
            sse_kms_key_id=options.sse_kms_key_id,
        )
        return S3Session(self.address.bucket, resource)


class S3Session:
    """Both clients of a bucket, with the same credentials."""

    def __init__(self, bucket: str, resource: WorkspaceS3Resource) -> None:
        self._bucket = bucket
        self._resource = resource
        self._session = resource.get_session()
        self._client = resource.client_of(self._session)

    @property
    def client(self) -> "S3Client":
        """The boto3 client."""
        return self._client

    def store(self, region: str | None) -> S3Store:
        """Make an obstore client that goes where the boto3 client goes.

        `region`: the bucket's own region, where S3 told it. obstore's environment variables
        do not count where boto3 says otherwise.
        """
        client, bucket, resource = self._client, self._bucket, self._resource
        endpoint = client.meta.endpoint_url.rstrip("/")
        if region and region != client.meta.region_name and _is_aws(client):
            endpoint = endpoint.replace(f".{client.meta.region_name}.", f".{region}.")
            # where no region is configured the client goes to the global address, which sends
            # requests for younger regions away
            endpoint = endpoint.replace("://s3.amazonaws.com", f"://s3.{region}.amazonaws.com")
        virtual = _is_virtual(client, bucket)
        if virtual:
            endpoint = endpoint.replace("://", f"://{bucket}.", 1)
        config: S3Config = {
            "endpoint": endpoint,
            "aws_endpoint_url_s3": endpoint,
            "region": region or client.meta.region_name or "us-east-1",
            "virtual_hosted_style_request": virtual,
            "request_payer": resource.requester_pays,
            "skip_signature": resource.use_unsigned_session,
        }
        options: ClientConfig = {
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=connection.CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=connection.READ_SECONDS),
            "timeout": timedelta(hours=1),
            "pool_max_idle_per_host": str(_CONNECTIONS),
        }
        if resource.verify is False:
            options["allow_invalid_certificates"] = True
        if bundle := os.environ.get("AWS_CA_BUNDLE"):
            options["root_certificate"] = Path(bundle).read_bytes()
        return S3Store(
            bucket,
            config=config,
            client_options=options,
            retry_config={
                "max_retries": resource.max_attempts - 1,
                "backoff": {
                    "init_backoff": timedelta(seconds=connection.FIRST_PAUSE_SECONDS),
                    "max_backoff": timedelta(seconds=connection.LONGEST_PAUSE_SECONDS),
                },
                "retry_timeout": timedelta(seconds=connection.READ_SECONDS * resource.max_attempts),
            },
            credential_provider=None
            if resource.use_unsigned_session
            else _Credentials(self._session),
        )


class _Credentials(Boto3CredentialProvider):
    """The session's credentials, without the empty token that AWS_SESSION_TOKEN='' gives."""

    def __init__(self, session: boto3.Session) -> None:
        super().__init__(session, ttl=_CREDENTIALS_TTL)

    def __call__(self) -> "S3Credential":
        credential = super().__call__()
        return {**credential, "token": credential.get("token") or None}


def _configured_style(client: "S3Client") -> str:
    # botocore's stubs do not know the settings that its Config takes
    s3 = cast("dict[str, str]", getattr(client.meta.config, "s3", None) or {})
    return s3.get("addressing_style") or "auto"


def _is_aws(client: "S3Client") -> bool:
    return ".amazonaws.com" in client.meta.endpoint_url


def _is_virtual(client: "S3Client", bucket: str) -> bool:
    style = _configured_style(client)
    return style == "virtual" or (style == "auto" and "." not in bucket and bucket.islower())
