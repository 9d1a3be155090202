"""Is a result current, and what is to be done about it: the decision, without its data sources.

Put here: the fingerprint of a result and the choice between keep, adopt and build.
Do not put here: reading event logs or workspaces (`planning`), running anything.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
    """

    size: int


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
    """

    fingerprint: str
    size: int | None
    adopted: bool = False
    source: str = ""
    withheld: str = ""


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


def decide(
    standing: Standing | None,
    recorded: Recorded | None,
    wanted: str,
    *,
    force: bool,
    overwrite: bool = False,
) -> Action:
    """Choose what is to be done about one result.

    Parameters
    ----------
    standing : Standing or None
        The file under its final name, if there is one.
    recorded : Recorded or None
        Its latest materialization, if there is one.
    wanted : str
        The fingerprint it would have if built now.
    force : bool
        Whether the user asked for a rebuild.
    overwrite : bool
        Whether a file that was not made here is built over instead of adopted.

    Returns
    -------
    Action
        `BUILD` where there is no file, where force was asked for, or where the inputs changed;
        `ADOPT` where the file is not the one that was recorded; else `CURRENT`.
    """
    foreign = Action.BUILD if overwrite else Action.ADOPT
    if standing is None or force:
        return Action.BUILD
    if recorded is None:
        return foreign
    if recorded.fingerprint != wanted:
        return Action.BUILD
    if recorded.size is not None and recorded.size != standing.size:
        return foreign
    return Action.CURRENT
