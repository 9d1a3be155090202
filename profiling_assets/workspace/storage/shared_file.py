"""A file that several processes change: one writer at a time, and no change is lost.

Put here: reading, changing and writing under the condition that nobody wrote meanwhile.
Do not put here: what is in such a file (`workspace.registry`, `steps.plate_sites`).
"""

import random
import time
from collections.abc import Callable

from profiling_assets.errors import ConflictError, WorkspaceError
from profiling_assets.workspace.storage.interface import Workspace

_ATTEMPTS = 200
_LONGEST_WAIT_SECONDS = 0.2


def update_file(workspace: Workspace, path: str, change: Callable[[bytes | None], bytes]) -> bytes:
    """Change a file, whoever else changes it at the same time, and return what stands now.

    `change` makes the new content of the one that stands (None where none does). It may be called
    several times, and must leave content alone that it has changed already: where the answer of S3
    to a write was lost, the write is repeated and refused, and the change is made once more on what
    it wrote. What else it reads of the workspace, it reads after the file's version. Nothing is
    written where the change changes nothing. Raises `WorkspaceError` where others change the file
    all the time.
    """
    for attempt in range(_ATTEMPTS):
        # The version before the content: what is changed between the two is noticed as a conflict.
        info = workspace.stat(path)
        content = None if info is None else workspace.read_bytes(path)
        changed = change(content)
        if changed == content:
            return changed
        try:
            workspace.replace_bytes(changed, path, expected=None if info is None else info.version)
        except ConflictError:
            # not all at once again; this chance needs no secrecy
            longest = min(_LONGEST_WAIT_SECONDS, 0.002 * 2**attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311
        else:
            return changed
    raise WorkspaceError(
        f"other processes changed it {_ATTEMPTS} times meanwhile",
        path=path,
        remedy="run again when they are done",
    )
