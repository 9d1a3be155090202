"""Opening workspaces: from the text that names a root to something that lists, reads and writes.

Put here: which kind of workspace a root means.
Do not put here: what each kind does (`storage`), which roots a code location has (`settings`).
"""

import re

from profiling_assets.core.errors import WorkspaceError
from profiling_assets.storage.folder import FolderWorkspace
from profiling_assets.storage.workspace import Workspace

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def open_workspace(root: str, *, inputs: str | None = None) -> Workspace:
    """Open the workspace at a root.

    Parameters
    ----------
    root : str
        A folder, absolute or relative to the current one; `~` is the home folder.
    inputs : str, optional
        A second root that is read and never written: what is not below `root` is looked for there.

    Returns
    -------
    Workspace
        The workspace; its root is absolute from here on.

    Raises
    ------
    WorkspaceError
        Where the folder is absent, is not a folder or cannot be read, or the root is an address of
        a kind that is not known.
    """
    scheme = _SCHEME.match(root)
    if scheme is not None:
        raise WorkspaceError(
            f"this version reads folders only, not {scheme.group(1)}:// addresses",
            path=root,
            remedy="copy or mount the workspace as a folder and name that",
        )
    return FolderWorkspace(root)
