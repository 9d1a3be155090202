"""Answers to ListObjectsV2, read without botocore's general XML parser.

Put here: taking keys and common prefixes out of an answer.
Do not put here: asking for pages, and what keys mean (`listing`).

botocore takes 30 to 100 ms of CPU a page of 1,000 keys, of which a tenth is needed
(docs/decisions/s3-clients.md). So the keys are taken out of the answer before botocore parses what
is left: signing, repetition, redirection and errors stay botocore's.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = "ProfilingAssetsPage"
# With a wildcard for the service it goes before botocore's own handlers of `before-parse.s3.*`,
# the first of which parses the whole answer to see whether it is an error.
EVENT = "before-parse.*.ListObjectsV2"

# key as in the bucket, size in bytes, ETag, seconds since 1970; a plain tuple, as there are
# millions of them
Entry: TypeAlias = tuple[str, int, str, float]

# What S3 and the servers like it write, in the order in which they do. Keys are percent-encoded
# ASCII. Whatever is written otherwise is left to the XML parser.
_TEXT = rb"[ -%'-;=?-~]*"
_GAP = rb"[ \t\r\n]*"
_CONTENTS = re.compile(
    rb"<Contents>%(gap)s<Key>(%(text)s)</Key>%(gap)s"
    rb"<LastModified>([0-9TZ:.+-]+)</LastModified>%(gap)s"
    rb"<ETag>(?:&quot;|\")?([0-9A-Za-z-]*)(?:&quot;|\")?</ETag>%(gap)s"
    rb"(?:<ChecksumAlgorithm>%(text)s</ChecksumAlgorithm>%(gap)s)*"
    rb"(?:<ChecksumType>%(text)s</ChecksumType>%(gap)s)?"
    rb"<Size>([0-9]{1,18})</Size>%(gap)s"
    rb"(?:<Owner>%(gap)s<ID>%(text)s</ID>%(gap)s"
    rb"(?:<DisplayName>%(text)s</DisplayName>%(gap)s)?</Owner>%(gap)s)?"
    rb"(?:<StorageClass>%(text)s</StorageClass>%(gap)s)?</Contents>%(gap)s"
    % {b"text": _TEXT, b"gap": _GAP}
)
_PREFIXES = re.compile(
    rb"<CommonPrefixes>%(gap)s<Prefix>(%(text)s)</Prefix>%(gap)s</CommonPrefixes>%(gap)s"
    % {b"text": _TEXT, b"gap": _GAP}
)
_MARK = "ProfilingAssetsTaken"


@dataclass(frozen=True)
class Page:
    """The keys and the common prefixes of one answer."""

    entries: tuple[Entry, ...]
    prefixes: tuple[str, ...]


def read_pages_faster(client: "S3Client") -> None:
    """Make a client take the keys out of listings before it parses them."""
    client.meta.events.register_first(EVENT, _take_out, unique_id=PAGE)


def page_of(body: bytes) -> tuple[Page, bytes] | None:
    """Take the keys and common prefixes out of an answer.

    Returned are the page, and the answer without what the page has; None where it is no page as S3
    writes it.
    """
    try:
        return _by_pattern(body) or _by_parser(body)
    except (ET.ParseError, KeyError, ValueError):
        return None


def _take_out(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Read the page if it is one, and leave the rest of the answer to botocore."""
    if response_dict.get("status_code") != 200:
        return
    taken = page_of(response_dict["body"])
    if taken is not None:  # else it is another server's, or cut: botocore says what is wrong
        customized_response_dict[PAGE], response_dict["body"] = taken


def _by_pattern(body: bytes) -> tuple[Page, bytes] | None:
    """Read an answer that is written as S3 writes it; None for any other."""
    if b"<!" in body or body.count(b"<?") > 1:  # comments and the like may hide anything
        return None
    before, *taken = _CONTENTS.split(body)
    rest, marks = before, 0
    if taken:
        if any(taken[4:-1:5]):  # something stands between the keys
            return None
        rest, marks = before + f"<{_MARK}/>".encode() + taken[-1], 1
    before, *prefixes = _PREFIXES.split(rest)
    if prefixes:
        if any(prefixes[1:-1:2]):
            return None
        rest, marks = before + f"<{_MARK}/>".encode() + prefixes[-1], marks + 1
    if b"<Contents" in rest or b"<CommonPrefixes" in rest:
        return None
    root = ET.fromstring(rest)  # noqa: S314  # botocore would do the same
    space = _space(root)
    others = [item for item in root if item.tag != f"{space}{_MARK}"]
    if (
        root.tag != f"{space}ListBucketResult"
        or len(root) - len(others) != marks  # what was taken out was not the page's own
        or any(item.tag.rpartition("}")[2] in {"Contents", "CommonPrefixes"} for item in others)
    ):
        return None
    quoted = root.findtext(f"{space}EncodingType") == "url"
    root[:] = others
    entries = zip(
        _texts(taken[0:-1:5], quoted=quoted),
        map(int, taken[3:-1:5]),
        _ascii(taken[2:-1:5]),
        map(_seconds, _ascii(taken[1:-1:5])),
        strict=True,
    )
    return Page(tuple(entries), tuple(_texts(prefixes[0:-1:2], quoted=quoted))), ET.tostring(root)


def _by_parser(body: bytes) -> tuple[Page, bytes] | None:
    """Read any answer that is a page."""
    root = ET.fromstring(body)  # noqa: S314  # botocore would do the same
    space = _space(root)
    if root.tag != f"{space}ListBucketResult":
        return None
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
            text = _text(told[key], quoted=quoted)
            changed = _seconds(told[modified])
            entries.append((text, int(told[size]), told.get(tag, "").strip('"'), changed))
        elif item.tag == common:
            prefixes.append(_text(item.findtext(f"{space}Prefix", ""), quoted=quoted))
        else:
            rest.append(item)
    root[:] = rest
    return Page(tuple(entries), tuple(prefixes)), ET.tostring(root)


def _space(root: ET.Element) -> str:
    return root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""


@lru_cache(maxsize=4096)  # the files of a site are written in the same seconds
def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _ascii(parts: list[bytes]) -> list[str]:
    """Decode many short texts at once; none holds a line break."""
    return b"\n".join(parts).decode("ascii").split("\n") if parts else []


def _texts(parts: list[bytes], *, quoted: bool) -> list[str]:
    texts = _ascii(parts)
    return [_text(text, quoted=quoted) for text in texts] if quoted else texts


def _text(text: str, *, quoted: bool) -> str:
    return unquote_plus(text) if quoted else text
