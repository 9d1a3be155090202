"""Opening workspaces: from the text that names a root to something that lists, reads and writes.

Put here: which kind of workspace a root means.
Do not put here: what each kind does (`storage`), which roots a code location has (`settings`).
"""

import os
import re
import tempfile
from pathlib import Path

from profiling_assets.errors import WorkspaceError
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.overlay import OverlayWorkspace

SCRATCH_VARIABLE = "PROFILING_ASSETS_SCRATCH"

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def open_workspace(root: str, *, inputs: str | None = None, patient: bool = False) -> Workspace:
    """Open the workspace at a root.

    `inputs`: a second root that is read and never written: what is not below `root` is looked for
    there. `patient`: whether a server that cannot be reached is tried as often as in all other
    requests, instead of three times: nobody waits for the answer. Raises `ConfigError` where an
    address has an option that is not known or cannot be. Raises `WorkspaceError` where the folder
    is absent, is not a folder or cannot be read; where the bucket is not there or not reached;
    where the root is an address of a kind that is not known.
    """
    if inputs is not None:
        if _SCHEME.match(root) is None:
            make_output_folder(root)
        return OverlayWorkspace(
            inputs=_open(inputs, patient=patient), outputs=_open(root, patient=patient)
        )
    return _open(root, patient=patient)


def make_output_folder(root: str) -> None:
    """Make the folder that results go to, where inputs lie elsewhere and it is not there yet.

    Raises `WorkspaceError` where it cannot be made.
    """
    try:
        Path(root).expanduser().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"the folder for results cannot be made: {error.strerror}",
            path=root,
            remedy="name a folder that this user may write",
        ) from error


def _open(root: str, *, patient: bool) -> Workspace:
    scheme = _SCHEME.match(root)
    if scheme is None:
        return FolderWorkspace(root)
    if scheme.group(1).lower() != "s3":
        raise WorkspaceError(
            f"{scheme.group(1)}:// addresses are not known",
            path=root,
            remedy="name a folder, or s3://BUCKET/PREFIX",
        )
    return _open_s3(root, patient=patient)


def _open_s3(root: str, *, patient: bool) -> Workspace:
    # here and not above: who works on a folder does not wait for them
    from profiling_assets.workspace.storage.s3.address import parse_address
    from profiling_assets.workspace.storage.s3.session import S3Connector
    from profiling_assets.workspace.storage.s3.workspace import S3Workspace

    address = parse_address(root)
    scratch = Path(os.environ.get(SCRATCH_VARIABLE) or tempfile.gettempdir())
    workspace = S3Workspace(address, S3Connector(address), scratch)
    workspace.check(patient=patient)
    return workspace
