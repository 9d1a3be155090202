"""Objects that appear whole or not at all, and are known to hold what was sent.

Put here: single PUTs, multipart uploads, aborting them, and which checksum proves what.
Do not put here: reading (`reads`), notes of uploads under way (`begun_uploads`).

Every request carries a CRC-32 that S3 checks before it stores anything. Its answer is compared too:
the checksum or, where the server knows none, the MD5 in the ETag. Then a HEAD must show the same
object (ETag) with the size and the checksum of the whole. Where a server proves nothing of that,
the object is read back once and its CRC-32 compared.
"""

import base64
import contextlib
import hashlib
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore import exceptions as aws

from profiling_assets.errors import ConflictError, WorkspaceError
from profiling_assets.workspace.storage.interface import ObjectInfo
from profiling_assets.workspace.storage.s3.begun_uploads import noted
from profiling_assets.workspace.storage.s3.connection import Connection, whole_body
from profiling_assets.workspace.storage.s3.refusals import is_conflict, talking

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


class Sent:
    """Checksums of what is sent, part by part, in order."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[int] = []
        self.part_tags: dict[int, str] = {}
        self._whole = 0

    def add(self, part: bytes) -> str:
        """Count a part in; return its CRC-32 as S3 writes it."""
        own = zlib.crc32(part)
        self.size += len(part)
        self._whole = zlib.crc32(part, self._whole)
        self.parts.append(own)
        return text_of(own)

    @property
    def whole(self) -> str:
        """CRC-32 of everything."""
        return text_of(self._whole)

    @property
    def composite(self) -> str:
        """CRC-32 of the parts' CRC-32s, and their number."""
        joined = b"".join(part.to_bytes(4, "big") for part in self.parts)
        return f"{text_of(zlib.crc32(joined))}-{len(self.parts)}"

    @property
    def composite_tag(self) -> str:
        """ETag of the whole where the parts' ETags are their MD5s."""
        joined = b"".join(bytes.fromhex(tag) for _, tag in sorted(self.part_tags.items()))
        return f"{md5(joined)}-{len(self.part_tags)}"


def text_of(checksum: int) -> str:
    """Write a CRC-32 as S3 does."""
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def md5(data: bytes) -> str:
    """Return the MD5 in hexadecimal, as in ETags; no secret hangs on it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tag_of(answer: Mapping[str, Any]) -> str:
    """Return an answer's ETag without quotes; `''` where it has none."""
    return str(answer.get("ETag") or "").strip('"')


def proven(answer: Mapping[str, Any], checksums: Iterable[str], tags: Iterable[str]) -> bool | None:
    """Tell whether an answer proves that the server has the same bytes.

    `checksums`: CRC-32s that the content may be described by. `tags`: ETags that it may have where
    they are MD5s. True: they are equal. False: a checksum differs. None: the answer tells nothing,
    as ETags are no MD5s under KMS encryption and on some servers.
    """
    told = answer.get("ChecksumCRC32")
    if told:
        return told in set(checksums)
    return True if tag_of(answer) in set(tags) else None


PART_BYTES = 16 * 1024 * 1024
_MAX_PARTS = 10_000
_PARTS_AT_ONCE = 4
_READ_BACK_BYTES = 8 * 1024 * 1024
_LEFTOVER_AGE = timedelta(days=1)
_REMEDY = "check the network, then run again"


@dataclass(frozen=True)
class _Part:
    number: int
    tag: str
    crc: str
    proven: bool | None

    @property
    def told(self) -> "CompletedPartTypeDef":
        return {"PartNumber": self.number, "ETag": self.tag, "ChecksumCRC32": self.crc}


@dataclass(frozen=True)
class Uploader:
    """Writes the objects of one address."""

    connection: Connection
    # size of the parts of large files; smaller files are one PUT. At most five parts are in memory
    part_bytes: int = PART_BYTES
    # where uploads under way are noted, for the next start after a kill; None: nowhere
    scratch: Path | None = None

    def put(self, data: bytes, path: str) -> ObjectInfo:
        """Write bytes in one request and verify them; others' objects are overwritten."""
        sent = Sent()
        crc = sent.add(data)
        with talking(self.connection, path, "write"):
            answer = self._put(data, path, crc)
        return self._verified(path, tag_of(answer), sent, tags={md5(data)})

    def replace(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        """Write bytes on condition that the object is still the expected one.

        `expected`: the version; None: there must be no object. What was written is not looked at
        again: another writer may have come since. Raises `ConflictError` where it is another
        one, or another write is under way. Raises `WorkspaceError` where the answer has another
        checksum than what was sent.
        """
        crc = text_of(zlib.crc32(data))
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": f'"{expected}"'}
        with talking(self.connection, path, "write"):
            try:
                answer = self._put(data, path, crc, **condition)
            except aws.ClientError as error:
                if is_conflict(error):
                    raise ConflictError(
                        "someone else changed it meanwhile", path=path, remedy="read it again"
                    ) from error
                raise
        if proven(answer, {crc}, {md5(data)}) is False:
            raise self._differs(path)
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return ObjectInfo(path, len(data), tag_of(answer), _seconds(date))

    def put_file(self, local: Path, path: str) -> ObjectInfo:
        """Write a local file, in parts where it is large, and verify it."""
        size = local.stat().st_size
        if size <= self.part_bytes:
            return self.put(local.read_bytes(), path)
        part_bytes = max(self.part_bytes, -(-size // _MAX_PARTS))
        self._abort_leftovers(path)
        sent = Sent()
        with self._upload(path) as upload:
            parts = self._send_parts(local, part_bytes, upload, sent)
            if sent.size != size:
                raise WorkspaceError(
                    f"the file changed from {size:,} to {sent.size:,} bytes while it was sent",
                    path=path,
                    remedy="run again",
                )
            answer = self.connection.client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}
            )
        tags = {sent.composite_tag} if sent.part_tags else set[str]()
        return self._verified(path, tag_of(answer), sent, tags=tags)

    def _put(self, data: bytes, path: str, crc: str, **condition: str) -> dict[str, Any]:
        key = self.connection.address.key(path)
        asked: dict[str, Any] = {**self.connection.writing, **condition, "ChecksumCRC32": crc}
        return {**self.connection.client.put_object(Key=key, Body=data, **asked)}

    @contextmanager
    def _upload(self, path: str) -> Generator[dict[str, Any]]:
        """Begin a multipart upload, and abort it where the body fails."""
        client, key = self.connection.client, self.connection.address.key(path)
        with (
            noted(self.connection, self.scratch, key) as tell,
            talking(self.connection, path, "write"),
        ):
            begun = client.create_multipart_upload(
                **self.connection.writing,
                Key=key,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )
            tell(begun["UploadId"])
            upload: dict[str, Any] = {
                **self.connection.common,
                "Key": key,
                "UploadId": begun["UploadId"],
            }
            try:
                yield upload
            except BaseException:
                with contextlib.suppress(aws.BotoCoreError, aws.ClientError):
                    client.abort_multipart_upload(**upload)
                raise

    def _send_parts(
        self, local: Path, part_bytes: int, upload: dict[str, Any], sent: Sent
    ) -> "list[CompletedPartTypeDef]":
        parts: dict[int, _Part] = {}
        waiting: set[Future[_Part]] = set()
        workers = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="upload")
        try:
            for number, part in enumerate(_pieces(local, part_bytes), 1):
                crc = sent.add(part)
                waiting.add(workers.submit(self._send_part, upload, number, part, crc))
                if len(waiting) >= _PARTS_AT_ONCE:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    parts.update((call.result().number, call.result()) for call in done)
            parts.update((call.result().number, call.result()) for call in waiting)
        finally:
            workers.shutdown(wait=True, cancel_futures=True)
        if all(part.proven for part in parts.values()):
            sent.part_tags = {number: part.tag.strip('"') for number, part in parts.items()}
        return [parts[number].told for number in sorted(parts)]

    def _send_part(self, upload: dict[str, Any], number: int, data: bytes, crc: str) -> _Part:
        answer = self.connection.client.upload_part(
            **upload, PartNumber=number, Body=data, ChecksumCRC32=crc
        )
        verdict = proven(answer, {crc}, ())
        if verdict is None:
            verdict = proven(answer, (), {md5(data)})
        return _Part(number, answer["ETag"], crc, verdict)

    def _verified(self, path: str, tag: str, sent: Sent, tags: set[str]) -> ObjectInfo:
        address, key = self.connection.address, self.connection.address.key(path)
        with talking(self.connection, path, "write"):
            head = self.connection.client.head_object(
                **self.connection.common, Key=key, ChecksumMode="ENABLED"
            )
        if tag and tag_of(head) != tag:
            raise ConflictError(
                f"someone else wrote {address.location(path)} at the same time",
                path=path,
                remedy="let one run at a time write it, then run again",
            )
        verdict = proven(head, {sent.whole, sent.composite}, tags)
        if verdict is None:
            verdict = self._read_back(path, tag_of(head)) == sent.whole
        if head["ContentLength"] != sent.size or not verdict:
            raise self._differs(path)
        return ObjectInfo(path, sent.size, tag_of(head), head["LastModified"].timestamp())

    def _read_back(self, path: str, tag: str) -> str:
        client, key = self.connection.client, self.connection.address.key(path)
        with talking(self.connection, path, "read"):
            crc = whole_body(
                lambda: client.get_object(**self.connection.common, Key=key, IfMatch=f'"{tag}"')[
                    "Body"
                ],
                _checksum,
            )
        return text_of(crc)

    def _differs(self, path: str) -> WorkspaceError:
        return WorkspaceError(
            f"what stands at {self.connection.address.location(path)} is not what was sent",
            path=path,
            remedy=_REMEDY,
        )

    def _abort_leftovers(self, path: str) -> None:
        """Abort old uploads of the same key, of processes that died on other machines."""
        client, key = self.connection.client, self.connection.address.key(path)
        # who may write may not be allowed to list uploads: then they stay for the bucket's rules
        with contextlib.suppress(aws.BotoCoreError, aws.ClientError):
            answer = cast(
                "dict[str, Any]",
                client.list_multipart_uploads(**self.connection.common, Prefix=key),
            )
            for upload in answer.get("Uploads", ()):
                old = datetime.now(UTC) - upload["Initiated"] > _LEFTOVER_AGE
                if old and upload["Key"] == key:
                    client.abort_multipart_upload(
                        **self.connection.common, Key=key, UploadId=upload["UploadId"]
                    )


def _pieces(local: Path, size: int) -> Iterator[bytes]:
    with local.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _checksum(body: "StreamingBody") -> int:
    crc = 0
    for chunk in body.iter_chunks(_READ_BACK_BYTES):
        crc = zlib.crc32(chunk, crc)
    return crc


def _seconds(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return datetime.now(UTC).timestamp()
