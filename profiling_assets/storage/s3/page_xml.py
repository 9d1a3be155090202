"""Answers to ListObjectsV2, read without botocore's general XML parser.

Put here: taking keys and common prefixes out of an answer.
Do not put here: asking for pages (`pages`), what keys mean (`listing`).

botocore takes 70 to 100 ms of CPU a page of 1,000 keys, of which a tenth is needed
(docs/decisions/s3-clients.md). So the keys are taken out of the answer before botocore parses what
is left: signing, repetition, redirection and errors stay botocore's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = "ProfilingAssetsPage"
_EVENT = "before-parse.s3.ListObjectsV2"


class Entry(NamedTuple):
    """A key of a page: as in the bucket, with size in bytes, ETag, seconds since 1970."""

    key: str
    size: int
    tag: str
    modified: float


@dataclass(frozen=True)
class Page:
    """The keys and the common prefixes of one answer."""

    entries: tuple[Entry, ...]
    prefixes: tuple[str, ...]


def read_pages_faster(client: "S3Client") -> None:
    """Make a client take the keys out of listings before it parses them."""
    # first: botocore's own handlers of this event parse the whole answer once more
    client.meta.events.register_first(_EVENT, _take_out, unique_id=PAGE)


def _take_out(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Read the page if it is one, and leave the rest of the answer to botocore."""
    if response_dict.get("status_code") != 200:
        return
    try:
        root = ET.fromstring(response_dict["body"])  # noqa: S314  # botocore would do the same
        if root.tag.rpartition("}")[2] != "ListBucketResult":
            return  # some other server's page
        page = _of_xml(root)
    except (ET.ParseError, KeyError, ValueError):
        return  # not as S3 writes it: botocore says what is wrong
    customized_response_dict[PAGE] = page
    response_dict["body"] = ET.tostring(root)


def _of_xml(root: ET.Element) -> Page:
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    quoted = root.findtext(f"{space}EncodingType") == "url"
    contents, common = f"{space}Contents", f"{space}CommonPrefixes"
    key, size, tag, modified = (
        f"{space}{name}" for name in ("Key", "Size", "ETag", "LastModified")
    )
    entries: list[Entry] = []
    prefixes: list[str] = []
    rest: list[ET.Element] = []
    for item in root:
        if item.tag == contents:
            told = {part.tag: part.text or "" for part in item}
            changed = datetime.fromisoformat(told[modified]).timestamp()
            text = _text(told[key], quoted=quoted)
            entries.append(Entry(text, int(told[size]), told.get(tag, "").strip('"'), changed))
        elif item.tag == common:
            prefixes.append(_text(item.findtext(f"{space}Prefix", ""), quoted=quoted))
        else:
            rest.append(item)
    root[:] = rest
    return Page(tuple(entries), tuple(prefixes))


def _text(text: str, *, quoted: bool) -> str:
    return unquote_plus(text) if quoted else text
