"""Is a result current, and what is to be done about it: the decision, without its data sources.

Put here: the marks of a result and the choice between keep, adopt and build.
Do not put here: reading event logs or workspaces (`dagster.runs.plan`), running anything.
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
    """The file under a result's final name.

    Attributes
    ----------
    size : int
        Its size in bytes.
    version : str
        Changes when the content does, and at times when it does not; empty where unknown.
    """

    size: int
    version: str = ""


@dataclass(frozen=True)
class Marks:
    """What a result would be made from now.

    Attributes
    ----------
    fingerprint : str
        Of code, config and inputs: equal ones mean that building again gives the same result.
    inputs : str
        Of the inputs alone, by which a file that was not made here is judged.
    made_from : mapping of str to str
        Name of each input to its fingerprint, where a step is to tell; plans do without.
    """

    fingerprint: str
    inputs: str
    made_from: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)


@dataclass(frozen=True)
class Recorded:
    """What the event log says of a result's latest materialization.

    Attributes
    ----------
    fingerprint : str
        The fingerprint it was made from, or adopted with.
    size : int or None
        Size in bytes that its file had then.
    adopted : bool
        Whether it was found in the workspace instead of made.
    source : str
        What it was made from, where a step can choose (`csvs`, `sqlite`, `profiles`).
    withheld : str
        Why the SQLite backend made in the same pass was withheld; empty where it was not.
    inputs : str
        The fingerprint of its inputs alone.
    version : str
        Version that its file had then.
    content : str
        Hash of the file's content; empty for files too large to be read for it.
    code_version : str
        Version of code and config that made it; empty where it was adopted.
    full_precision : str
        Hash of the copy at full precision written beside it; empty where there is none.
    """

    fingerprint: str
    size: int | None
    adopted: bool = False
    source: str = ""
    withheld: str = ""
    inputs: str = ""
    version: str = ""
    content: str = ""
    code_version: str = ""
    full_precision: str = ""

    @property
    def identity(self) -> str:
        """What stands for this result in the fingerprints of the results made from it."""
        return identity_of_foreign(self.content) if self.adopted else self.fingerprint


def fingerprint(code_version: str, inputs: Mapping[str, str]) -> str:
    """Return the fingerprint of a result from its code and its inputs' fingerprints.

    Parameters
    ----------
    code_version : str
        Version of the step's code and of the part of the config that rules it.
    inputs : mapping of str to str
        Name of each input to its fingerprint; the order does not matter.

    Returns
    -------
    str
        32 hexadecimal digits. Equal fingerprints mean that building again gives the same result.
    """
    text = json.dumps([code_version, sorted(inputs.items())], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def marks(code_version: str, inputs: Mapping[str, str]) -> Marks:
    """Return what a result would be made from now.

    Parameters
    ----------
    code_version : str
        Version of the step's code and of the part of the config that rules it.
    inputs : mapping of str to str
        Name of each input to its fingerprint.

    Returns
    -------
    Marks
        With the code, and of the inputs alone.
    """
    return Marks(fingerprint(code_version, inputs), fingerprint("inputs", inputs))


def identity_of_foreign(content: str) -> str:
    """Return what stands for a file that was not made here in the fingerprints of what follows.

    Its inputs do not tell what is in it, so its content does: another file in its place is another
    input of what follows.

    Parameters
    ----------
    content : str
        Hash of its content.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return fingerprint("adopted", {"content": content})


def is_replaced(standing: Standing, recorded: Recorded, content: Callable[[], str]) -> bool:
    """Say whether the standing file is another one than the recorded one.

    Parameters
    ----------
    standing : Standing
        The file under its final name.
    recorded : Recorded
        Its latest materialization.
    content : callable
        Gives the hash of the standing file's content; called only where size and version leave it
        open, because a file that was copied back is the same file.

    Returns
    -------
    bool
        False where nothing says so.
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
    wanted: Marks,
    *,
    force: bool,
    overwrite: bool = False,
    content: Callable[[], str] = str,
    announced: Callable[[], bool] = bool,
) -> Action:
    """Choose what is to be done about one result.

    A file that was not made here is judged by its inputs alone: neither a newer version of this
    package nor an edit of the config builds over it.

    Parameters
    ----------
    standing : Standing or None
        The file under its final name, if there is one.
    recorded : Recorded or None
        Its latest materialization, if there is one.
    wanted : Marks
        What it would be made from now.
    force : bool
        Whether the user asked for a rebuild.
    overwrite : bool
        Whether a file that was not made here is built over instead of adopted.
    content : callable
        Gives the hash of the standing file's content.
    announced : callable
        Says whether the standing file is one that a run was about to publish; called only for a
        file that is not the recorded one. That run was killed before it recorded it.

    Returns
    -------
    Action
        `BUILD` where there is no file, where force was asked for, where the inputs changed, or
        where the file is one of ours that nobody recorded; `ADOPT` where the file is another one
        than was recorded; else `CURRENT`.
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
