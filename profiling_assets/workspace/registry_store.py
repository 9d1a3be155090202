"""The plate registry in the workspace: one file, changed by one writer at a time.

Put here: reading it, and changing it so that no other writer's change is lost.
Do not put here: what a change does (`workspace.registry`).
"""

from collections.abc import Callable

from profiling_assets.workspace.layout import REGISTRY
from profiling_assets.workspace.registry import Registry
from profiling_assets.workspace.registry_json import parse_registry, registry_json
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.shared_file import update_file


def load_registry(workspace: Workspace) -> Registry:
    """Read the plate registry; an absent file is an empty registry."""
    standing = workspace.stat(REGISTRY) is not None
    return _parsed(workspace.read_bytes(REGISTRY) if standing else None)


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
    """
    changed = Registry()

    def rewritten(content: bytes | None) -> bytes:
        nonlocal changed
        known = _parsed(content)
        changed = change(known)
        return content if content is not None and changed == known else registry_json(changed)

    update_file(workspace, REGISTRY, rewritten)
    return changed


def _parsed(content: bytes | None) -> Registry:
    return Registry() if content is None else parse_registry(content, path=REGISTRY)
