"""Whether results can be written, tried with a file that is removed again.

Put here: the probe.
Do not put here: what follows from it (`core.preflight`).
"""

import uuid
from collections.abc import Collection
from pathlib import Path

from profiling_assets.errors import ProfilingError, WorkspaceError
from profiling_assets.workspace import layout
from profiling_assets.workspace.storage.interface import Workspace

NAME = ".profiling_assets_probe"
_OUTPUTS = (layout.BACKEND, layout.PROFILES, layout.GCT)


def write_error(workspace: Workspace, batches: Collection[str]) -> ProfilingError | None:
    """Write a small file where results go, read it back and remove it.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    batches : collection of str
        Batches whose folders, where they are there already, are tried too.

    Returns
    -------
    ProfilingError or None
        Why results cannot be written.
    """
    root = Path(workspace.location(""))
    folders = [""]
    if root.is_dir():  # on S3 there are no folders, and no rights of them
        tried = [f"{area}/{batch}" for area in _OUTPUTS for batch in sorted(batches)]
        folders += [folder for folder in (*_OUTPUTS, *tried) if (root / folder).exists()]
    for folder in folders:
        try:
            _probe(workspace, f"{folder}/" if folder else "")
        except ProfilingError as error:
            return error
    return None


def _probe(workspace: Workspace, prefix: str) -> None:
    path, text = f"{prefix}{NAME}_{uuid.uuid4().hex}", b"can be removed\n"
    try:
        workspace.publish_bytes(text, path)
        if workspace.read_bytes(path) != text:
            raise WorkspaceError(
                "what was written there is not what is read from it",
                path=path,
                remedy="see whether another disk or bucket lies behind it",
            )
    finally:
        workspace.remove(path)
