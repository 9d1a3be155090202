"""What S3 refuses, in the user's words, whichever client said it.

Put here: reading the errors of boto3 and obstore; which class of ours they become.
Do not put here: the sentences (`workspace.storage.s3.sentences`), errors of the local disk (`workspace.storage.os_errors`).
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import obstore.exceptions
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from profiling_assets.errors import MissingInputError, ProfilingError, WorkspaceError
from profiling_assets.workspace.storage.os_errors import ABSENT, ABSENT_REMEDY
from profiling_assets.workspace.storage.s3.address import S3Address
from profiling_assets.workspace.storage.s3.connection import Connection
from profiling_assets.workspace.storage.s3.sentences import Act, Refusal, sentence

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

    Parameters
    ----------
    connection : Connection
        Which bucket, reached how.
    path : str
        Path below the root, for the message; `''` is the root.
    act : {'list', 'read', 'write'}
        What is tried.

    Yields
    ------
    None
        Once; the body talks to S3.

    Raises
    ------
    MissingInputError
        Where an object is read that is not there.
    WorkspaceError
        Where S3 cannot be reached, refuses or fails.
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

    Parameters
    ----------
    error : Exception
        Of boto3 or obstore.

    Returns
    -------
    Refusal
        With S3's code, or our word for what went wrong before S3 could answer.
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
