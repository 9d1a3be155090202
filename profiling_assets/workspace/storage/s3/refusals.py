"""What S3 refuses, in the user's words, whichever client said it.

Put here: reading the errors of boto3 and obstore, which class of ours they become, and what is said
of each.
Do not put here: errors of the local disk (`workspace.storage.os_errors`).
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

import obstore.exceptions
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from profiling_assets.errors import MissingInputError, ProfilingError, WorkspaceError
from profiling_assets.workspace.storage.os_errors import ABSENT, ABSENT_REMEDY
from profiling_assets.workspace.storage.s3.address import S3Address
from profiling_assets.workspace.storage.s3.connection import Connection

Act = Literal["list", "read", "write"]

_RIGHTS = {"list": "s3:ListBucket", "read": "s3:GetObject", "write": "s3:PutObject"}
_KINDS = {
    "NoSuchBucket": "no bucket",
    "InvalidBucketName": "no bucket",
    "ExpiredToken": "expired",
    "ExpiredTokenException": "expired",
    "RequestExpired": "expired",
    "TokenRefreshRequired": "expired",
    "InvalidAccessKeyId": "bad credentials",
    "SignatureDoesNotMatch": "bad credentials",
    "InvalidToken": "bad credentials",
    "InvalidSecurity": "bad credentials",
    "401": "bad credentials",
    "RequestTimeTooSkewed": "clock",
    "PermanentRedirect": "region",
    "TemporaryRedirect": "region",
    "AuthorizationHeaderMalformed": "region",
    "IllegalLocationConstraintException": "region",
    "301": "region",
    "307": "region",
    "400": "bare 400",
    "404": "not S3",
    "not S3": "not S3",
    "405": "not S3",
    "InvalidObjectState": "archived",
    "AccessControlListNotSupported": "acl",
    "BadDigest": "damaged",
    "XAmzContentChecksumMismatch": "damaged",
    "InvalidDigest": "damaged",
    "KeyTooLongError": "long",
    "NotImplemented": "not implemented",
    "501": "not implemented",
    "SlowDown": "busy",
    "Throttling": "busy",
    "RequestLimitExceeded": "busy",
    "RequestTimeout": "timeout",
}
_WHERE = "`endpoint_url` in the address, or AWS_ENDPOINT_URL"
_CREDENTIALS = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add `?profile=NAME` to the"
    " address"
)
_AGAIN = "then run again; nothing half-written was left"


@dataclass(frozen=True)
class Refusal:
    """What a request ran into."""

    code: str  # S3's code (the status where it gave none), or a word for what came before an answer
    status: int | None  # HTTP status; None where there was no answer
    message: str = ""  # what the server or the client said
    region: str | None = None  # the bucket's region where the answer told it


def sentence(refusal: Refusal, address: S3Address, act: Act) -> tuple[str, str]:
    """Say what is wrong and what to do about it: the sentence, and the remedy."""
    kind = _kind(refusal)
    server = address.server or address.options.endpoint_url or "the S3 server"
    said = f": {refusal.message}" if refusal.message else ""
    found = _found(kind, refusal, address, server, said)
    if found is not None:
        return found
    if kind == "denied":
        return _denied(refusal, address, act)
    return (
        f"S3 refuses to {act} ({refusal.code}){said}",
        "look the code up in the documentation of S3, or ask who runs the server",
    )


def _kind(refusal: Refusal) -> str:
    known = _KINDS.get(refusal.code)
    if known is not None:
        return known
    if refusal.code.startswith("KMS."):
        return "kms"
    if refusal.status == 403:
        return "denied"
    if refusal.status is not None and (refusal.status >= 500 or refusal.status == 429):
        return "busy"
    return refusal.code


def _denied(refusal: Refusal, address: S3Address, act: Act) -> tuple[str, str]:
    options, below = address.options, f"{address.prefix}/*" if address.prefix else "*"
    who = "anonymous requests" if options.anonymous else "these credentials"
    target = address.bucket if act == "list" else f"{address.bucket}/{below}"
    others = "AWS_PROFILE or `profile=NAME` in the address"
    ways = [f"allow {_RIGHTS[act]} on {target} and s3:ListBucket on {address.bucket}"]
    ways.append(
        f"use other credentials ({others}{', without anonymous=true' if options.anonymous else ''})"
    )
    if not options.requester_pays and not options.anonymous:
        ways.append("add requester_pays=true where the bucket asks for it")
        if act != "write":
            ways.append("add anonymous=true for a public bucket")
    return f"{who} may not {act} there ({refusal.code})", ", or ".join(ways)


def _found(
    kind: str, refusal: Refusal, address: S3Address, server: str, said: str
) -> tuple[str, str] | None:
    bucket, options = address.bucket, address.options
    region = f": it is in {refusal.region}" if refusal.region else ""
    profile = f" of the profile {options.profile}" if options.profile else ""
    sentences = {
        "no profile": (
            f"the AWS profile is not configured{said}",
            "name a profile of ~/.aws/config in AWS_PROFILE or as `profile=NAME` in the address",
        ),
        "no credentials": (
            f"no AWS credentials were found{said}",
            f"{_CREDENTIALS} (`?anonymous=true` for a public bucket)",
        ),
        "expired": (
            f"the credentials{profile} have expired",
            "renew them (`aws sso login`, or a new AWS_SESSION_TOKEN), then run again",
        ),
        "bad credentials": (
            f"the server does not know the credentials{profile} ({refusal.code}){said}",
            f"check the access key or the profile; for a server that is not AWS's set {_WHERE}",
        ),
        "clock": ("the clock of this machine is wrong", "set it, then run again"),
        "no bucket": (
            f"there is no bucket {bucket!r} at {server}",
            f"check the bucket's name; where it is on a server that is not AWS's, set {_WHERE}",
        ),
        "region": (
            f"the bucket {bucket!r} is not in the region asked for ({refusal.code}){region}",
            f"set AWS_REGION or `region={refusal.region or 'NAME'}` in the address",
        ),
        "bad region": (f"the region is not known{said}", "set AWS_REGION or `region=NAME`"),
        "bare 400": (
            "S3 refuses the request without a reason (400): expired credentials or a wrong region",
            "renew the credentials, and check AWS_REGION or `region=NAME` in the address",
        ),
        "unreachable": (
            f"{server} cannot be reached{said}",
            f"check the network and {_WHERE} and AWS_REGION",
        ),
        "broken": (
            f"the connection to {server} broke off{said}",
            f"check the network and {_WHERE}, {_AGAIN}",
        ),
        "timeout": (
            f"{server} did not answer in time{said}",
            f"check the network and {_WHERE}, {_AGAIN}",
        ),
        "tls": (
            f"the certificate of {server} is not trusted, or it speaks no TLS{said}",
            f"set AWS_CA_BUNDLE to the certificate's authority, or check {_WHERE}",
        ),
        "not S3": (f"{server} does not answer as an S3 server does{said}", f"check {_WHERE}"),
        "busy": (
            f"S3 is busy or out of order ({refusal.code}), several attempts failed{said}",
            f"wait a while, {_AGAIN}; if it stays so, check {_WHERE}",
        ),
        "archived": ("it is archived and cannot be read now", "restore it from the archive class"),
        "long": ("the server takes no name as long as this", "use shorter names"),
        "acl": ("the bucket takes no ACLs", "remove acl= from the address"),
        "kms": (f"the KMS key cannot be used ({refusal.code}){said}", "check sse_kms_key_id"),
        "damaged": ("what arrived there is not what was sent", f"check the network, {_AGAIN}"),
        "not implemented": (
            f"{server} cannot do what is asked ({refusal.code}){said}",
            "use a server with conditional writes, multipart uploads and ListObjectsV2",
        ),
    }
    return sentences.get(kind)


_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]+)</Message>")
_BOTO_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (aws.ProfileNotFound, "no profile"),
    (aws.NoCredentialsError, "no credentials"),
    (aws.PartialCredentialsError, "no credentials"),
    (aws.SSOError, "expired"),
    (aws.TokenRetrievalError, "expired"),
    (aws.LoginError, "expired"),
    (aws.CredentialRetrievalError, "no credentials"),
    (aws.ConnectTimeoutError, "timeout"),
    (aws.ReadTimeoutError, "timeout"),
    (aws.SSLError, "tls"),
    (aws.ProxyConnectionError, "unreachable"),
    (aws.EndpointConnectionError, "unreachable"),
    (aws.HTTPClientError, "broken"),
    (aws.IncompleteReadError, "broken"),
    (aws.ResponseStreamingError, "broken"),
    (aws.InvalidRegionError, "bad region"),
    (ResponseParserError, "not S3"),
)
_OBSTORE_KINDS = (
    ("timed out", "timeout"),
    ("TimedOut", "timeout"),
    ("kind: Timeout", "timeout"),
    ("redirect without LOCATION", "PermanentRedirect"),
    ("certificate", "tls"),
    ("kind: Connect", "unreachable"),
    ("kind: Request", "broken"),
    ("kind: Interrupted", "broken"),
    ("HTTP error", "broken"),
)
_CLIENT_ERRORS = (
    aws.BotoCoreError,
    aws.ClientError,
    ResponseParserError,
    obstore.exceptions.BaseError,
)


@contextmanager
def talking(connection: Connection, path: str, act: Act) -> Generator[None]:
    """Translate what goes wrong in requests.

    Raises `MissingInputError` where an object is read that is not there. Raises `WorkspaceError`
    where S3 cannot be reached, refuses or fails.
    """
    try:
        yield
    except (*_CLIENT_ERRORS, FileNotFoundError) as error:
        raise translated(error, connection.address, path, act) from error


def translated(error: Exception, address: S3Address, path: str, act: Act) -> ProfilingError:
    """Return our error for one of a client's."""
    refusal = refusal_of(error)
    if act == "read" and path and refusal.code in _ABSENT:
        return MissingInputError(ABSENT, path=path, remedy=ABSENT_REMEDY)
    what, remedy = sentence(refusal, address, act)
    return WorkspaceError(what, path=path or address.root, remedy=remedy)


def refusal_of(error: Exception) -> Refusal:
    """Return what an error of either client says.

    It has S3's code, or our word for what went wrong before S3 could answer.
    """
    if isinstance(error, aws.ClientError):
        return _of_response(error)
    if isinstance(error, obstore.exceptions.BaseError | FileNotFoundError):
        return _of_text(error)
    for kind, word in _BOTO_KINDS:
        if isinstance(error, kind):
            return Refusal(word, None, _short(str(error)))
    return Refusal("other", None, _short(str(error)))


def is_absent(error: aws.ClientError) -> bool:
    """Whether an error says that there is no such object; a missing bucket is something else."""
    return _of_response(error).code in _ABSENT


def is_conflict(error: aws.ClientError) -> bool:
    """Whether a conditional write found another object than expected, or none."""
    refusal = _of_response(error)
    return refusal.status in {409, 412} or refusal.code in _ABSENT


def _of_response(error: aws.ClientError) -> Refusal:
    response = cast("dict[str, dict[str, object]]", error.response)
    told, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = cast("dict[str, str]", meta.get("HTTPHeaders") or {})
    region = told.get("Region") or headers.get("x-amz-bucket-region")
    return Refusal(
        str(told.get("Code") or "other"),
        cast("int | None", meta.get("HTTPStatusCode")),
        _short(str(told.get("Message") or "")),
        None if region is None else str(region),
    )


def _of_text(error: Exception) -> Refusal:
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    message = _MESSAGE.search(text)
    number = None if status is None else int(status.group(1))
    if number is None and isinstance(error, FileNotFoundError):
        number = 404
    word = next((word for part, word in _OBSTORE_KINDS if part in text), "other")
    return Refusal(
        code.group(1) if code else str(number) if number else word,
        number,
        _short(message.group(1) if message else text.partition("\n")[0]),
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
