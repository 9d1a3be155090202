"""Listings of a bucket: pages of keys made into folders and files.

Put here: what of the keys is addressable below the root.
Do not put here: asking for pages (`pages`), what the folders mean (`storage.scan`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from profiling_assets.storage.s3.connection import Connection
from profiling_assets.storage.s3.failures import talking
from profiling_assets.storage.s3.pages import Entry, check_is_listing, pages
from profiling_assets.storage.workspace import Listing, ObjectInfo, TwoLevels

_NO_NAMES = frozenset({"", ".", ".."})


def list_folder(connection: Connection, path: str) -> Listing:
    """List one level below the root, in as many requests as it has pages."""
    base = _Base.of(connection, path)
    folders: set[str] = set()
    files: list[ObjectInfo] = []
    for page in pages(connection, path, base.key, delimiter="/"):
        for prefix in page.prefixes:
            name = prefix[len(base.key) : -1]
            if name not in _NO_NAMES:
                folders.add(name)
        for entry in page.entries:
            name = entry.key[len(base.key) :]
            if name not in _NO_NAMES and "/" not in name:
                files.append(_info(base.path + name, entry))
    return _listing(folders, files)


def list_two_levels(connection: Connection, path: str) -> TwoLevels:
    """List a folder and its folders from one flat listing of everything below."""
    base = _Base.of(connection, path)
    files: list[ObjectInfo] = []
    folders: dict[str, _Level] = {}
    for page in pages(connection, path, base.key):
        for entry in page.entries:
            name, slash, rest = entry.key[len(base.key) :].partition("/")
            if name in _NO_NAMES:
                continue
            if not slash:
                files.append(_info(base.path + name, entry))
                continue
            level = folders.setdefault(name, _Level())
            below, deeper, _ = rest.partition("/")
            if below in _NO_NAMES:
                continue
            if deeper:
                level.folders.add(below)
            else:
                level.files.append(_info(f"{base.path}{name}/{below}", entry))
    return TwoLevels(
        _listing(folders, files),
        {name: _listing(folders[name].folders, folders[name].files) for name in sorted(folders)},
    )


def probe(connection: Connection) -> str | None:
    """Ask for one key below the root, so that what is wrong is told at once.

    Parameters
    ----------
    connection : Connection
        The clients.

    Returns
    -------
    str or None
        The bucket's region, where the answer names it.
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


@dataclass
class _Level:
    folders: set[str] = field(default_factory=set[str])
    files: list[ObjectInfo] = field(default_factory=list[ObjectInfo])


def _listing(folders: Iterable[str], files: list[ObjectInfo]) -> Listing:
    return Listing(tuple(sorted(folders)), tuple(sorted(files, key=lambda file: file.path)))


def _info(path: str, entry: Entry) -> ObjectInfo:
    return ObjectInfo(path, entry.size, entry.tag, entry.modified)
