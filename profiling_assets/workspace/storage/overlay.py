"""Two workspaces seen as one: results go to one root, what it lacks is read from another.

Put here: which of the two roots answers, and how their listings become one.
Do not put here: how a root lists or reads (`folder`, `s3`), which roots there are (`settings`).
The root of the inputs, such as a public bucket, is never written, not even by a removal.
"""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from profiling_assets.errors import ConflictError, MissingInputError, WorkspaceError
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels, Workspace


class OverlayWorkspace:
    """A workspace whose files are those of two roots; of equal paths, the output's file.

    `inputs`: what is read where the output has nothing; never written. `outputs`: what is read
    first, and where everything is written.
    """

    def __init__(self, inputs: Workspace, outputs: Workspace) -> None:
        self._inputs = inputs
        self._outputs = outputs

    def __repr__(self) -> str:
        return f"OverlayWorkspace({self._inputs!r}, {self._outputs!r})"

    @property
    def inputs(self) -> Workspace:
        """The workspace that is never written."""
        return self._inputs

    @property
    def outputs(self) -> Workspace:
        """The workspace that is written."""
        return self._outputs

    @property
    def root(self) -> str:
        return self._outputs.root

    @property
    def identity(self) -> str:
        # other inputs make another history of results
        return f"{self._outputs.identity} over {self._inputs.identity}"

    @property
    def at_once(self) -> int:
        # the larger of the two, as most of what is read lies in one of them
        return max(self._outputs.at_once, self._inputs.at_once)

    def list_folder(self, path: str) -> Listing:
        return _merged(self._outputs.list_folder(path), self._inputs.list_folder(path))

    def list_two_levels(self, path: str) -> TwoLevels:
        # the input holds the folders that only it has: asking the output first for each of their
        # thousands of files would double the requests
        above, below = self._outputs.list_two_levels(path), self._inputs.list_two_levels(path)
        level = _merged(above.level, below.level)
        folders = {
            name: _merged(_folder(above.folders, name), _folder(below.folders, name))
            for name in level.folders
        }
        holders = {
            name: below.holders.get(name, self._inputs)
            for name in folders
            if name not in above.folders
        }
        return TwoLevels(level, folders, holders)

    def stat(self, path: str) -> ObjectInfo | None:
        found = self._outputs.stat(path)
        return found if found is not None else self._inputs.stat(path)

    def read_bytes(self, path: str) -> bytes:
        try:
            return self._outputs.read_bytes(path)
        except MissingInputError:
            return self._inputs.read_bytes(path)

    def read_head(self, path: str, size: int) -> bytes:
        try:
            return self._outputs.read_head(path, size)
        except MissingInputError:
            return self._inputs.read_head(path, size)

    def read_range(self, path: str, start: int, size: int) -> bytes:
        try:
            return self._outputs.read_range(path, start, size)
        except MissingInputError:
            return self._inputs.read_range(path, start, size)

    @contextmanager
    def local_file(self, path: str) -> Generator[Path]:
        holder = self._inputs if self._outputs.stat(path) is None else self._outputs
        with holder.local_file(path) as local:
            yield local

    def publish_file(self, local: Path, path: str) -> ObjectInfo:
        return self._outputs.publish_file(local, path)

    def publish_bytes(self, data: bytes, path: str) -> ObjectInfo:
        return self._outputs.publish_bytes(data, path)

    def replace_bytes(self, data: bytes, path: str, *, expected: str | None) -> ObjectInfo:
        # A file that only the input has is seen with the input's version; with that, the first
        # write to the output succeeds once, whoever else tries. From then on the output's file
        # counts, and later changes of the input's are not seen.
        if self._outputs.stat(path) is not None:
            return self._outputs.replace_bytes(data, path, expected=expected)
        below = self._inputs.stat(path)
        if (None if below is None else below.version) != expected:
            raise ConflictError(
                "someone else changed it meanwhile", path=path, remedy="read it again"
            )
        return self._outputs.replace_bytes(data, path, expected=None)

    def remove(self, path: str) -> None:
        if self._inputs.stat(path) is not None:
            raise WorkspaceError(
                f"it cannot be removed: {self._inputs.location(path)} would be read in its place",
                path=path,
                remedy="remove it from the input root, or work without that root",
            )
        self._outputs.remove(path)

    def scratch(self, label: str) -> AbstractContextManager[Path]:
        return self._outputs.scratch(label)

    def remove_leftovers(self) -> None:
        self._outputs.remove_leftovers()

    def location(self, path: str) -> str:
        # where the output has it, for folders and for what neither has
        try:
            only_input = self._outputs.stat(path) is None and self._inputs.stat(path) is not None
        except WorkspaceError:  # it is asked for in messages on such errors, too
            only_input = False
        return (self._inputs if only_input else self._outputs).location(path)


def _folder(folders: Mapping[str, Listing], name: str) -> Listing:
    return folders.get(name, Listing((), ()))


def _merged(above: Listing, below: Listing) -> Listing:
    files = {file.path: file for file in (*below.files, *above.files)}
    return Listing(
        tuple(sorted({*above.folders, *below.folders})),
        tuple(files[path] for path in sorted(files)),
        tuple(sorted({*above.no_paths, *below.no_paths})),
    )
