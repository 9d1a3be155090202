"""What a run is about to publish, said before it does: by it a file is known that nobody recorded.

Put here: what is said of a file, how it is written and read, where such notes lie, whether a file
is the one spoken of.
Do not put here: when they are written and forgotten (`dagster.announcer`).
Why: docs/decisions/published-and-not-recorded.md
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache

from pydantic import TypeAdapter

from profiling_assets.errors import MissingInputError
from profiling_assets.workspace.layout import INTENTS
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace

SCHEMA = 1
HEAD_BYTES = 1024 * 1024  # of a backend, which is too large to be read for it


@dataclass(frozen=True)
class Intent:
    """A file that a run is about to publish."""

    # the result that it is, or that it is written with
    asset: str
    partition: str
    main: str  # workspace path of that result
    path: str  # its own workspace path
    size: int  # its bytes
    head: int  # how many of its first bytes are hashed
    sha256: str  # their hash

    def speaks_of(self, size: int, head: bytes) -> bool:
        """Say whether a file is the one that was to be published: its size and its hash agree.

        `head`: its first bytes, as many as are hashed.
        """
        return size == self.size and hashlib.sha256(head).hexdigest() == self.sha256


def intent_of(
    asset: str, partition: str, path: str, head: bytes, *, size: int | None = None, main: str = ""
) -> Intent:
    """Return the intent to publish a file, to be written down before it is published.

    `head`: the content, or of a large file its first bytes. `size`: bytes of the whole file, where
    that is more. `main`: workspace path of the result that the file is written with; by default it
    is that itself.
    """
    return Intent(
        asset,
        partition,
        main or path,
        path,
        len(head) if size is None else size,
        len(head),
        hashlib.sha256(head).hexdigest(),
    )


@dataclass(frozen=True)
class _Journal:
    files: tuple[Intent, ...]


@cache
def _journal() -> TypeAdapter[_Journal]:
    return TypeAdapter(_Journal)


def intents_json(intents: Iterable[Intent]) -> bytes:
    """Write intents down."""
    document = {"schema_version": SCHEMA, "files": [asdict(intent) for intent in intents]}
    return (json.dumps(document, indent=1) + "\n").encode()


def parse_intents(content: bytes) -> tuple[Intent, ...]:
    """Read what `intents_json` wrote.

    Empty where it cannot be understood: then it says nothing of any file.
    """
    try:
        # pydantic's own reader refuses names with half a character, which files may have
        intents = _journal().validate_python(json.loads(content)).files
    except (ValueError, RecursionError):
        return ()
    return intents if all(0 <= intent.head <= intent.size for intent in intents) else ()


_SUFFIX = ".json"
_SEPARATOR = "."  # ids of runs have dashes


@dataclass(frozen=True)
class Announced:
    """A file of intents."""

    file: ObjectInfo
    run_id: str  # the run that wrote it
    intents: tuple[Intent, ...]


def intents_path(run_id: str, writer: str) -> str:
    """Return the path of the intents of a run.

    `writer`: which of the run's writers: each has a file of its own, so that none waits for
    another.
    """
    return f"{INTENTS}/{run_id}{_SEPARATOR}{writer}{_SUFFIX}"


def announced_files(workspace: Workspace) -> list[tuple[str, ObjectInfo]]:
    """List runs and their files: those under way, and those that died before they recorded.

    Mostly empty: one listing then is all that it costs.
    """
    return [
        (file.path.rpartition("/")[2].partition(_SEPARATOR)[0], file)
        for file in workspace.list_folder(INTENTS).files
        if file.path.endswith(_SUFFIX)
    ]


def read_announced(workspace: Workspace) -> list[Announced]:
    """Read the intents of all runs."""
    files = announced_files(workspace)
    return [Announced(file, run, read_intents(workspace, file.path)) for run, file in files]


def read_intents(workspace: Workspace, path: str) -> tuple[Intent, ...]:
    """Read one file of intents; empty where its run is done with it since it was listed."""
    try:
        return parse_intents(workspace.read_bytes(path))
    except MissingInputError:
        return ()


def intents_of(announced: Collection[Announced]) -> dict[str, list[Intent]]:
    """Return intents by workspace path."""
    found: dict[str, list[Intent]] = {}
    for one in announced:
        for intent in one.intents:
            found.setdefault(intent.path, []).append(intent)
    return found


def is_announced(workspace: Workspace, path: str, intents: Mapping[str, list[Intent]]) -> bool:
    """Say whether the file that stands is one that a run was about to publish.

    False where no run meant to publish anything there, which costs nothing to say, and for a file
    that somebody else put there since. Of a backend the beginning is read.
    """
    said = intents.get(path, ())
    info = workspace.stat(path) if said else None
    return info is not None and any(
        intent.size == info.size
        and intent.speaks_of(info.size, _head(workspace, path, intent.head))
        for intent in said
    )


def _head(workspace: Workspace, path: str, size: int) -> bytes:
    try:
        return workspace.read_head(path, size) if size else b""
    except MissingInputError:  # gone since it was looked up
        return b""


def announced_lookup(workspace: Workspace) -> Callable[[str], bool]:
    """Return `is_announced` of a workspace; intents are read when it is first asked."""
    known: list[Mapping[str, list[Intent]]] = []

    def is_ours(path: str) -> bool:
        if not known:
            known.append(intents_of(read_announced(workspace)))
        return is_announced(workspace, path, known[0])

    return is_ours
