"""Is a result current, and what is to be done about it: the decision, without its data sources.

Put here: the marks of a result and the choice between keep, adopt and build.
Do not put here: looking at event logs and workspaces (`judge`), running anything.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# stands in a fingerprint for an input that is not there; plans and steps must say the same
UNRECORDED = "unrecorded"


class Action(StrEnum):
    """What is to be done about one result."""

    CURRENT = "current"  # made (or adopted) from these inputs by this code
    ADOPT = "adopt"  # stands in the workspace and was not made by us: record it, leave it
    BUILD = "build"  # absent, or made from other inputs, or asked for by force


@dataclass(frozen=True)
class Standing:
    """The file under a result's final name."""

    size: int  # in bytes
    # changes when the content does, and at times when it does not; empty where unknown
    version: str = ""


@dataclass(frozen=True)
class Fingerprints:
    """What a result would be made from now."""

    # of code, config and inputs: equal ones mean that building again gives the same result
    fingerprint: str
    inputs: str  # of the inputs alone, by which a file that was not made here is judged
    # name of each input to its fingerprint, where a step is to tell; plans do without
    made_from: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)


@dataclass(frozen=True)
class Recorded:
    """What the event log says of a result's latest materialization."""

    fingerprint: str  # the fingerprint it was made from, or adopted with
    size: int | None  # size in bytes that its file had then
    adopted: bool = False  # whether it was found in the workspace instead of made
    # what it was made from, where a step can choose (`csvs`, `sqlite`, `profiles`)
    source: str = ""
    # why the SQLite backend made in the same pass was withheld; empty where it was not
    withheld: str = ""
    inputs: str = ""  # the fingerprint of its inputs alone
    version: str = ""  # version that its file had then
    content: str = ""  # hash of the file's content; empty for files too large to be read for it
    code_version: str = ""  # version of code and config that made it; empty where it was adopted
    # hash of the copy at full precision written beside it; empty where there is none
    full_precision: str = ""

    @property
    def identity(self) -> str:
        """What stands for this result in the fingerprints of the results made from it."""
        return identity_of_foreign(self.content) if self.adopted else self.fingerprint


def fingerprint(code_version: str, inputs: Mapping[str, str]) -> str:
    """Return the fingerprint of a result from its code and its inputs: 32 hexadecimal digits.

    Equal fingerprints mean that building again gives the same result. `code_version`: of the step's
    code and of the part of the config that rules it. `inputs`: name of each input to its
    fingerprint; the order does not matter.
    """
    text = json.dumps([code_version, sorted(inputs.items())], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprints(code_version: str, inputs: Mapping[str, str]) -> Fingerprints:
    """Return the fingerprints of what a result would be made from now."""
    return Fingerprints(fingerprint(code_version, inputs), fingerprint("inputs", inputs))


def identity_of_foreign(content: str) -> str:
    """Return what stands for a file that was not made here in the fingerprints of what follows.

    Its inputs do not tell what is in it, so its content does: another file in its place is another
    input of what follows.
    """
    return fingerprint("adopted", {"content": content})


def is_replaced(standing: Standing, recorded: Recorded, content: Callable[[], str]) -> bool:
    """Say whether the standing file is another one than the recorded one, as far as can be told.

    `content`: gives the hash of the standing file's content; called only where size and version
    leave it open, because a file that was copied back is the same file.
    """
    if recorded.size is None:
        return False
    if recorded.size != standing.size:
        return True
    if not recorded.content or recorded.version in {"", standing.version}:
        return False
    return recorded.content != content()


def decide(
    standing: Standing | None,
    recorded: Recorded | None,
    wanted: Fingerprints,
    *,
    force: bool,
    overwrite: bool = False,
    content: Callable[[], str] = str,
    announced: Callable[[], bool] = bool,
) -> Action:
    """Choose what is to be done about one result.

    A file that was not made here is judged by its inputs alone: neither a newer version of this
    package nor an edit of the config builds over it.

    Returns `BUILD` where there is no file, where force was asked for, where the inputs changed, or
    where the file is one of ours that nobody recorded; `ADOPT` where the file is another one than
    was recorded; else `CURRENT`.

    `overwrite`: whether a file that was not made here is built over instead of adopted. `content`:
    as in `is_replaced`. `announced`: says whether the standing file is one that a run was about to
    publish, and was killed before it recorded it; called only for a file that is not the recorded
    one.
    """
    if standing is None or force:
        return Action.BUILD
    replaced = recorded is None or is_replaced(standing, recorded, content)
    if recorded is not None and not replaced and not recorded.adopted:
        return Action.CURRENT if recorded.fingerprint == wanted.fingerprint else Action.BUILD
    if overwrite or (recorded is not None and recorded.inputs != wanted.inputs):
        return Action.BUILD
    if not replaced:
        return Action.CURRENT
    return Action.BUILD if announced() else Action.ADOPT
