"""The plate registry in the workspace: one file, changed by one writer at a time.

Put here: reading it, and changing it so that no other writer's change is lost.
Do not put here: what a change does (`core.registry`).
"""

import random
import time
from collections.abc import Callable

from profiling_assets.core.errors import ConflictError, WorkspaceError
from profiling_assets.core.layout import REGISTRY
from profiling_assets.core.registry import Registry
from profiling_assets.core.registry_json import parse_registry, registry_json
from profiling_assets.storage.workspace import Workspace

_ATTEMPTS = 200
_LONGEST_WAIT_SECONDS = 0.2


def load_registry(workspace: Workspace) -> Registry:
    """Read the plate registry; an absent file is an empty registry."""
    return _load(workspace)[0]


def update_registry(workspace: Workspace, change: Callable[[Registry], Registry]) -> Registry:
    """Change the plate registry, whoever else changes it at the same time.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    change : callable
        Makes the new registry of the one that is stored; it may be called several times.

    Returns
    -------
    Registry
        The registry as it is stored now. Nothing is written where the change changes nothing.

    Raises
    ------
    WorkspaceError
        Where others change it all the time.
    """
    for attempt in range(_ATTEMPTS):
        registry, version = _load(workspace)
        changed = change(registry)
        if changed == registry and version is not None:
            return registry
        try:
            workspace.replace_bytes(registry_json(changed), REGISTRY, expected=version)
        except ConflictError:
            # not all at once again; this chance needs no secrecy
            longest = min(_LONGEST_WAIT_SECONDS, 0.002 * 2**attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311
        else:
            return changed
    raise WorkspaceError(
        f"other processes changed it {_ATTEMPTS} times meanwhile",
        path=REGISTRY,
        remedy="run again when they are done",
    )


def _load(workspace: Workspace) -> tuple[Registry, str | None]:
    # The version before the content: what is changed between the two is noticed as a conflict.
    info = workspace.stat(REGISTRY)
    if info is None:
        return Registry(), None
    return parse_registry(workspace.read_bytes(REGISTRY), path=REGISTRY), info.version
