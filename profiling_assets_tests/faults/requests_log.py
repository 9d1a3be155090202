"""What an S3 server was asked, from its log, in the words of an IAM policy.

Put here: from a line of moto's log to the action, the bucket and the key or prefix.
Do not put here: tests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_LINE = re.compile(r'"([A-Z]+) (\S+) HTTP/1\.[01]"')


@dataclass(frozen=True)
class Permission:
    """What a request needs: an action, and on what (a key, or the prefix that is listed)."""

    action: str
    bucket: str
    key: str


def permissions(log: Path) -> Iterator[Permission]:
    """Yield what each request of a server's log needs."""
    for method, target in _LINE.findall(log.read_text(errors="replace")):
        address = urlsplit(target)
        bucket, _, key = unquote(address.path).removeprefix("/").partition("/")
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        if bucket:
            yield _permission(method, bucket, key, query)


def _permission(method: str, bucket: str, key: str, query: dict[str, str]) -> Permission:
    if not key:
        known = {
            ("GET", False): "s3:ListBucket",
            ("GET", True): "s3:ListBucketMultipartUploads",
            ("HEAD", False): "s3:ListBucket",
        }
        action = known.get((method, "uploads" in query), f"{method} of a bucket {sorted(query)}")
        return Permission(action, bucket, query.get("prefix", ""))
    if method == "DELETE":
        ends = "uploadId" in query
        return Permission("s3:AbortMultipartUpload" if ends else "s3:DeleteObject", bucket, key)
    known = {"GET": "s3:GetObject", "HEAD": "s3:GetObject"}
    writes = {"PUT": "s3:PutObject", "POST": "s3:PutObject"}
    return Permission({**known, **writes}.get(method, method), bucket, key)
