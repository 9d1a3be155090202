"""The intents of runs, as they lie in a workspace: one small file a run, gone when it is recorded.

Put here: where they lie, reading them, and whether a standing file is one of them.
Do not put here: what an intent says (`steps.journal`), when one is written or done with
(`dagster.journal`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from profiling_assets.errors import MissingInputError
from profiling_assets.steps.journal import Intent, parse_intents
from profiling_assets.workspace.layout import INTENTS
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace

_SUFFIX = ".json"
_SEPARATOR = "."  # ids of runs have dashes


@dataclass(frozen=True)
class Announced:
    """A file of intents.

    Attributes
    ----------
    file : ObjectInfo
        The file itself.
    run_id : str
        The run that wrote it.
    intents : tuple of Intent
        What the run was about to publish.
    """

    file: ObjectInfo
    run_id: str
    intents: tuple[Intent, ...]


def intents_path(run_id: str, writer: str) -> str:
    """Return the path of the intents of a run.

    Parameters
    ----------
    run_id : str
        The run.
    writer : str
        Which of the run's writers: each has a file of its own, so that none waits for another.

    Returns
    -------
    str
        The workspace path.
    """
    return f"{INTENTS}/{run_id}{_SEPARATOR}{writer}{_SUFFIX}"


def announced_files(workspace: Workspace) -> list[tuple[str, ObjectInfo]]:
    """List the intents of all runs: those under way, and those that died before they recorded.

    Parameters
    ----------
    workspace : Workspace
        The workspace.

    Returns
    -------
    list of tuple of str and ObjectInfo
        Runs and their files. Mostly empty: one listing then is all that it costs.
    """
    return [
        (file.path.rpartition("/")[2].partition(_SEPARATOR)[0], file)
        for file in workspace.list_folder(INTENTS).files
        if file.path.endswith(_SUFFIX)
    ]


def read_announced(workspace: Workspace) -> list[Announced]:
    """Read the intents of all runs.

    Parameters
    ----------
    workspace : Workspace
        The workspace.

    Returns
    -------
    list of Announced
        As they are listed.
    """
    files = announced_files(workspace)
    return [Announced(file, run, read_intents(workspace, file.path)) for run, file in files]


def read_intents(workspace: Workspace, path: str) -> tuple[Intent, ...]:
    """Read one file of intents.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    path : str
        Its path.

    Returns
    -------
    tuple of Intent
        None where its run is done with it since it was listed.
    """
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

    Parameters
    ----------
    workspace : Workspace
        Where it stands.
    path : str
        Workspace path.
    intents : mapping of str to list of Intent
        What runs were about to publish, by path.

    Returns
    -------
    bool
        False where no run meant to publish anything there, which costs nothing to say, and for a
        file that somebody else put there since. Of a backend the beginning is read.
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
    """Return `is_announced` of a workspace; intents are read when it is first asked.

    Parameters
    ----------
    workspace : Workspace
        The workspace.

    Returns
    -------
    callable
        Takes a workspace path.
    """
    known: list[Mapping[str, list[Intent]]] = []

    def is_ours(path: str) -> bool:
        if not known:
            known.append(intents_of(read_announced(workspace)))
        return is_announced(workspace, path, known[0])

    return is_ours
