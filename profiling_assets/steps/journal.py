"""What a run is about to publish, said before it does: by it a file is known that nobody recorded.

Put here: what is said of a file, how it is written and read, whether a file is the one spoken of.
Do not put here: where such notes lie (`steps.intents`), when they are written (`dagster.journal`).
Why: docs/decisions/published-and-not-recorded.md
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, cast

SCHEMA = 1
HEAD_BYTES = 1024 * 1024  # of a backend, which is too large to be read for it


@dataclass(frozen=True)
class Intent:
    """A file that a run is about to publish.

    Attributes
    ----------
    asset, partition : str
        The result that it is, or that it is written with.
    main : str
        Workspace path of that result.
    path : str
        Its own workspace path.
    size : int
        Its bytes.
    head : int
        How many of its first bytes are hashed.
    sha256 : str
        Their hash.
    """

    asset: str
    partition: str
    main: str
    path: str
    size: int
    head: int
    sha256: str

    def speaks_of(self, size: int, head: bytes) -> bool:
        """Say whether a file is the one that was to be published.

        Parameters
        ----------
        size : int
            Bytes of the file that stands.
        head : bytes
            Its first bytes, as many as are hashed.

        Returns
        -------
        bool
            True for the same size and the same hash.
        """
        return size == self.size and hashlib.sha256(head).hexdigest() == self.sha256


def intent_of(
    asset: str, partition: str, path: str, head: bytes, *, size: int | None = None, main: str = ""
) -> Intent:
    """Return the intent to publish a file.

    Parameters
    ----------
    asset, partition : str
        The result.
    path : str
        Workspace path.
    head : bytes
        The content, or of a large file its first bytes.
    size : int, optional
        Bytes of the whole file, where that is more.
    main : str
        Workspace path of the result that the file is written with; by default it is that itself.

    Returns
    -------
    Intent
        What is to be written down before the file is published.
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


def intents_json(intents: Iterable[Intent]) -> bytes:
    """Write intents down.

    Parameters
    ----------
    intents : iterable of Intent
        Those of one run.

    Returns
    -------
    bytes
        What `parse_intents` reads.
    """
    document = {"schema_version": SCHEMA, "files": [asdict(intent) for intent in intents]}
    return (json.dumps(document, indent=1) + "\n").encode()


def parse_intents(content: bytes) -> tuple[Intent, ...]:
    """Read what `intents_json` wrote.

    Parameters
    ----------
    content : bytes
        A file of intents.

    Returns
    -------
    tuple of Intent
        Empty where it cannot be understood: then it says nothing of any file.
    """
    try:
        document: object = json.loads(content)
        entries = cast("dict[str, Any]", document)["files"]
        return tuple(_intent(entry) for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return ()


def _intent(entry: dict[str, Any]) -> Intent:
    size, head = int(entry["size"]), int(entry["head"])
    if not 0 <= head <= size:
        message = f"{head} of {size} bytes"
        raise ValueError(message)
    return Intent(
        asset=str(entry["asset"]),
        partition=str(entry["partition"]),
        main=str(entry["main"]),
        path=str(entry["path"]),
        size=size,
        head=head,
        sha256=str(entry["sha256"]),
    )
