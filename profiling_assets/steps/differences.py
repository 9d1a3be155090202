"""Which files of two results belong together, and what differs between them.

Put here: finding the files of a plate, a batch or a workspace, pairing and reading them.
Do not put here: comparing two tables (`quality.table_differences`), what is printed (`cli.diff`).
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from profiling_assets.errors import InvalidInputError, MissingInputError
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.quality.table_differences import (
    LinesDifference,
    TableDifference,
    lines_difference,
    table_difference,
)
from profiling_assets.steps.provenance import Origin, parse_provenance
from profiling_assets.workspace.copying import list_files
from profiling_assets.workspace.layout import GCT, PROFILES
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace

_TABLES = (".csv.gz", ".csv")
_LINES = (".tsv",)
_PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Side:
    """One of the two results that are compared."""

    shown: str  # as the user named it
    workspace: Workspace
    # name by which the other side's file is found to the path below the folder
    files: Mapping[str, str]

    @cached_property
    def _folders(self) -> dict[str, dict[str, Origin]]:
        return {}

    def origin(self, path: str) -> Origin | None:
        """Return from what a file was made, where a provenance file beside it says so."""
        folder, name = posixpath.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._known(folder)
        return self._folders[folder].get(name)

    def _known(self, folder: str) -> dict[str, Origin]:
        listed = self.workspace.list_folder(folder).files
        found: dict[str, Origin] = {}
        for path in (f.path for f in listed if f.path.endswith(_PROVENANCE)):
            try:
                origins = parse_provenance(self.workspace.read_bytes(path), path=path)
            except InvalidInputError:
                continue  # the results can be compared without it
            found |= {posixpath.basename(name): origin for name, origin in origins.items()}
        return found


@dataclass(frozen=True)
class FileDifference:
    """What differs between two files."""

    name: str  # what both are, as `PLATE_normalized`
    found: TableDifference | LinesDifference
    # what they were made from that differs: code, config, versions, inputs
    origins: tuple[str, ...]


def open_side(root: str) -> Side:
    """Find the files of one of the results that are compared.

    `root`: a file, or a folder (a plate's or a batch's below `profiles`, or a whole workspace, of
    which `profiles` and `gct` are compared), on this machine or as `s3://BUCKET/PREFIX`. A folder's
    own name at the beginning of a file's is left out of the name by which files are paired, so that
    a plate can be compared with another one. Raises `MissingInputError` where there is nothing to
    compare, and `WorkspaceError` where the folder or bucket cannot be read.
    """
    plain, mark, options = root.partition("?") if "://" in root else (root, "", "")
    folder, name = posixpath.split(plain.rstrip("/"))
    if _may_be_a_file(plain, name):
        parent = open_workspace((folder or ".") + mark + options)
        if parent.stat(name) is not None:
            return Side(root, parent, {"": name})
    workspace = open_workspace(root)
    top = workspace.list_folder("")
    ours = [name for name in top.folders if name in {PROFILES, GCT}]
    below = ours or [name for name in top.folders if not name.startswith(".")]
    listed = list_files(workspace, below)
    if not ours:
        listed = {file.path: file for file in top.files} | listed
    paths = [path for path in listed if path.endswith((*_TABLES, *_LINES))]
    if not paths:
        raise MissingInputError(
            "there is no profile to compare",
            path=root,
            remedy="name a profile, or the folder of a plate, of a batch or of a workspace",
        )
    return Side(root, workspace, {_paired_name(path, name): path for path in sorted(paths)})


def _may_be_a_file(plain: str, name: str) -> bool:
    return name.endswith((*_TABLES, *_LINES)) and not (
        "://" not in plain and Path(plain).expanduser().is_dir()
    )


def _paired_name(path: str, own: str) -> str:
    folder, name = posixpath.split(path)
    for suffix in _TABLES:  # a plain table is compared with a gzipped one
        name = name.removesuffix(suffix)
    if not folder and own and name.startswith(own):
        name = f"PLATE{name.removeprefix(own)}"
    return posixpath.join(folder, name)


def differences(a: Side, b: Side, *, tolerance: float, largest: int) -> Iterator[FileDifference]:
    """Yield what differs, also where that is nothing, of each file that both sides have, by name.

    `tolerance`: largest difference over the larger magnitude that counts as close. `largest`: how
    many changes of a table are named. Raises `InvalidInputError` where a table cannot be read.
    """
    for name in sorted(a.files.keys() & b.files.keys()):
        paths = a.files[name], b.files[name]
        contents = [side.workspace.read_bytes(p) for side, p in zip((a, b), paths, strict=True)]
        if paths[0].endswith(_LINES):
            lines = [text.decode("utf-8-sig", "replace").splitlines() for text in contents]
            found = lines_difference(lines[0], lines[1])
        else:
            frames = [
                read_profiles(data, path=side.workspace.location(path))
                for side, path, data in zip((a, b), paths, contents, strict=True)
            ]
            found = table_difference(frames[0], frames[1], tolerance=tolerance, largest=largest)
        shown = name or posixpath.basename(paths[0])
        yield FileDifference(shown, found, _origins(a.origin(paths[0]), b.origin(paths[1])))


def _origins(a: Origin | None, b: Origin | None) -> tuple[str, ...]:
    if a is None or b is None:
        return ()
    said = [
        f"{what}: {before} in A, {after} in B"
        for what, before, after in (
            ("version of the step's code", a.code, b.code),
            ("hash of the step's config", a.config, b.config),
            *(
                (f"version of {name}", a.versions.get(name, "none"), b.versions.get(name, "none"))
                for name in sorted({*a.versions, *b.versions})
            ),
        )
        if before != after
    ]
    inputs = sorted({*a.inputs, *b.inputs})
    other = [name for name in inputs if a.inputs.get(name) != b.inputs.get(name)]
    return (*said, *(f"input: {name} is another one" for name in other))
