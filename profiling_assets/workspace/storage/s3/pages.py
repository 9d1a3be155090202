"""Pages of a listing: up to 1,000 keys a request.

Put here: asking for pages until the last.
Do not put here: reading an answer (`workspace.storage.s3.page_xml`), what keys mean as folders and files (`workspace.storage.s3.listing`).
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage.s3.connection import Connection
from profiling_assets.workspace.storage.s3.errors import talking
from profiling_assets.workspace.storage.s3.page_xml import PAGE, Page
from profiling_assets.workspace.storage.s3.sentences import Refusal, sentence

if TYPE_CHECKING:
    from datetime import datetime


def pages(connection: Connection, path: str, prefix: str, *, delimiter: str = "") -> Iterator[Page]:
    """List the keys that begin with a prefix.

    Parameters
    ----------
    connection : Connection
        The clients.
    path : str
        What is listed, for messages.
    prefix : str
        What the keys begin with.
    delimiter : str
        What ends a common prefix; `''` for all keys.

    Yields
    ------
    Page
        One an answer.

    Raises
    ------
    WorkspaceError
        Where the listing cannot be had to its end.
    """
    asked: dict[str, Any] = {**connection.common, "Prefix": prefix}
    if delimiter:
        asked["Delimiter"] = delimiter
    while True:
        with talking(connection, path, "list"):
            answer = cast("dict[str, Any]", connection.client.list_objects_v2(**asked))
        check_is_listing(connection, path, answer)
        yield answer.get(PAGE) or _of_answer(answer)
        if not answer.get("IsTruncated"):
            return
        token = answer.get("NextContinuationToken")
        if not token or token == asked.get("ContinuationToken"):
            raise WorkspaceError(
                "the server broke its listing off in the middle",
                path=path or connection.address.root,
                remedy="run again; tell who runs the server",
            )
        asked["ContinuationToken"] = token


def check_is_listing(connection: Connection, path: str, answer: Mapping[str, object]) -> None:
    """Refuse the answer of a server that is not an S3 server: it is not an empty listing.

    Parameters
    ----------
    connection : Connection
        The clients.
    path : str
        What was listed, for the message.
    answer : mapping
        As boto3 gives it.

    Raises
    ------
    WorkspaceError
        Where it says nothing that a listing says.
    """
    if "IsTruncated" in answer or "KeyCount" in answer:
        return
    refusal = Refusal("not S3", 200, "its answer is no listing")
    what, remedy = sentence(refusal, connection.address, "list")
    raise WorkspaceError(what, path=path or connection.address.root, remedy=remedy)


def _of_answer(answer: dict[str, Any]) -> Page:
    return Page(
        tuple(
            (
                str(item["Key"]),
                int(item["Size"]),
                str(item["ETag"]).strip('"'),
                cast("datetime", item["LastModified"]).timestamp(),
            )
            for item in answer.get("Contents", ())
        ),
        tuple(str(item["Prefix"]) for item in answer.get("CommonPrefixes", ())),
    )
