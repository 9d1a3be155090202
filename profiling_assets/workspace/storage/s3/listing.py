"""Listings of a bucket: pages of keys made into folders and files.

Put here: asking for pages, and what of their keys is addressable below the root.
Do not put here: reading an answer (`page_xml`), what the folders mean (`workspace.scan_workspace`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels
from profiling_assets.workspace.storage.s3.connection import Connection
from profiling_assets.workspace.storage.s3.page_xml import PAGE, Page
from profiling_assets.workspace.storage.s3.refusals import Refusal, sentence, talking

if TYPE_CHECKING:
    from datetime import datetime


def pages(connection: Connection, path: str, prefix: str, *, delimiter: str = "") -> Iterator[Page]:
    """List the keys that begin with a prefix, a page an answer.

    `path`: what is listed, for messages. `delimiter`: what ends a common prefix; `''` for all keys.
    Raises `WorkspaceError` where the listing cannot be had to its end.
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

    Raises `WorkspaceError` where it says nothing that a listing says.
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


_NO_NAMES = frozenset({"", ".", ".."})
_path = attrgetter("path")


def list_folder(connection: Connection, path: str) -> Listing:
    """List one level below the root, in as many requests as it has pages."""
    base = _Base.of(connection, path)
    level, cut = _Level(), len(base.key)
    for page in pages(connection, path, base.key, delimiter="/"):
        for prefix in page.prefixes:
            level.add_folder(base.path, prefix[cut:-1])
        for key, size, tag, modified in page.entries:
            level.add_file(base.path, key[cut:], size, tag, modified)
    return level.listing()


def list_two_levels(connection: Connection, path: str) -> TwoLevels:
    """List a folder and its folders from one flat listing of everything below."""
    base = _Base.of(connection, path)
    top, cut = _Level(), len(base.key)
    levels: dict[str, _Level] = {}
    for page in pages(connection, path, base.key):
        for key, size, tag, modified in page.entries:
            name, slash, rest = key[cut:].partition("/")
            if not slash:
                top.add_file(base.path, name, size, tag, modified)
                continue
            level = levels.get(name)
            if level is None:
                if not top.add_folder(base.path, name):
                    continue
                level = levels[name] = _Level()
            below, deeper, _ = rest.partition("/")
            if deeper:
                level.add_folder(f"{base.path}{name}/", below)
            else:
                level.add_file(f"{base.path}{name}/", below, size, tag, modified)
    return TwoLevels(top.listing(), {name: levels[name].listing() for name in sorted(levels)})


def probe(connection: Connection) -> str | None:
    """Ask for one key below the root, so that what is wrong is told at once.

    Returned is the bucket's region, where the answer names it.
    """
    address = connection.address
    with talking(connection, "", "list"):
        answer = connection.client.list_objects_v2(
            **connection.common, Prefix=address.folder_key(""), MaxKeys=1
        )
    check_is_listing(connection, "", answer)
    return answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")


@dataclass(frozen=True)
class _Base:
    key: str
    path: str

    @classmethod
    def of(cls, connection: Connection, path: str) -> "_Base":
        return cls(connection.address.folder_key(path), f"{path}/" if path else "")


@dataclass(slots=True)
class _Level:
    folders: set[str] = field(default_factory=set[str])
    files: list[ObjectInfo] = field(default_factory=list[ObjectInfo])
    no_paths: set[str] = field(default_factory=set[str])

    def add_folder(self, base: str, name: str) -> bool:
        """Note a folder; False where its name cannot be part of a path."""
        if _is_no_name(name):
            self.no_paths.add(f"{base}{name}/")
            return False
        self.folders.add(name)
        return True

    def add_file(self, base: str, name: str, size: int, tag: str, modified: float) -> None:
        if not _is_no_name(name):
            self.files.append(ObjectInfo(base + name, size, tag, modified))
        elif name or size:  # else the marker of the folder itself
            self.no_paths.add(base + name)

    def listing(self) -> Listing:
        return Listing(
            tuple(sorted(self.folders)),
            tuple(sorted(self.files, key=_path)),
            tuple(sorted(self.no_paths)),
        )


def _is_no_name(name: str) -> bool:
    return name in _NO_NAMES or "\0" in name
