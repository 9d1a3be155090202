"""No plate was found: what lies there instead, and the command that leads on.

Put here: the message where a root is a level off, a plain CellProfiler output folder, or nothing.
Do not put here: finding plates (`scan_workspace`), making a workspace of a folder (`laying_out`).
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from profiling_assets.errors import ProfilingError, WorkspaceError, listed, printable
from profiling_assets.workspace.layout import ANALYSIS, BACKEND, LOAD_DATA, METADATA, PROFILES
from profiling_assets.workspace.plates import IgnoredEntry, holds_sites
from profiling_assets.workspace.storage.interface import Listing, Workspace
from profiling_assets.workspace.unread import reasons

EXPECTED = (
    "plates are expected in analysis/BATCH/PLATE/analysis/PLATE-WELL-SITE/, backend/BATCH/PLATE/ "
    "or profiles/BATCH/PLATE/"
)
_AREAS = (ANALYSIS, BACKEND, PROFILES)
_ROOMS = {*_AREAS, LOAD_DATA, METADATA}
_DEEPEST = 3  # levels below the root in which a workspace is looked for
_MOST_FOLDERS = 64  # that are listed for it
_SHOWN = 3


def no_plates(workspace: Workspace, ignored: Sequence[IgnoredEntry] = ()) -> WorkspaceError:
    """Say what lies at a root in which no plate was found, and what to do.

    `ignored`: what the scan left out. Looks at names below the root, and at the root's own.
    """
    try:
        what, remedy = next(_explanations(workspace, ignored))
    except ProfilingError:  # the look is a courtesy
        what, remedy = "", EXPECTED
    return WorkspaceError(
        f"no plates found{'; ' if what else ''}{what}", path=workspace.root, remedy=remedy
    )


def _explanations(
    workspace: Workspace, ignored: Sequence[IgnoredEntry]
) -> Iterator[tuple[str, str]]:
    root = workspace.root
    top = workspace.list_folder("")
    rooms = [name for name in top.folders if name in _ROOMS]
    above = _workspace_above(root)
    if above and (not rooms or rooms == [ANALYSIS]):
        yield f"this lies within the workspace {above}", f"name that: {_command('scan', above)}"
    if not rooms:
        yield from _output(root, top)
        yield from _below(workspace, top)
    told = [*reasons(entry for entry in ignored if entry.unread)]
    told = told or [f"{entry.path} ({entry.reason})" for entry in ignored]
    if told:
        yield f"left out: {listed(told, shown=_SHOWN, between='; ')}", EXPECTED
    names = [*(f"{name}/" for name in top.folders), *(_name(file.path) for file in top.files)]
    there = [printable(name) for name in names if not name.startswith(".")]
    yield f"there is {listed(there, shown=_SHOWN)}" if there else "the folder is empty", EXPECTED


def _workspace_above(root: str) -> str:
    """Return the workspace that a root seems to be a part of, by the names above it."""
    parts = root.rstrip("/").split("/")
    # from the top: a plate's own folder `analysis` is not the area
    first = 3 if "://" in root else 1  # after the bucket
    for at in range(max(len(parts) - 5, first), len(parts)):
        above = "/".join(parts[:at])
        if parts[at] in _ROOMS and ("://" in root or _has_other_rooms(above, parts[at])):
            return above
    return ""


def _has_other_rooms(folder: str, room: str) -> bool:
    return any(Path(folder, name).is_dir() for name in _ROOMS - {room})


def _output(root: str, top: Listing) -> Iterator[tuple[str, str]]:
    files = [_name(file.path) for file in top.files]
    if holds_sites(top.folders, files, _name(root.rstrip("/"))):
        yield (
            "this is a plain folder of CellProfiler output, and no workspace",
            f"make one of it: {init_command(root)}",
        )


def _below(workspace: Workspace, top: Listing) -> Iterator[tuple[str, str]]:
    """Look for workspaces and for CellProfiler output in the folders below."""
    at = {name: None for name in top.folders if not name.startswith(".")}
    outputs: list[str] = []
    looked = 0
    for _ in range(_DEEPEST):
        looked += len(at)
        if looked > _MOST_FOLDERS:
            break
        listings = {path: workspace.list_folder(path) for path in at}
        found = [path for path, listing in listings.items() if set(listing.folders) & {*_AREAS}]
        if found:
            roots = [f"{workspace.root}/{path}" for path in found]
            several = "workspaces lie" if len(roots) > 1 else "a workspace lies"
            yield (
                f"{several} below it: {listed(map(printable, roots), shown=_SHOWN)}",
                f"name {'one' if len(roots) > 1 else 'it'}: {_command('scan', roots[0])}",
            )
        outputs += [
            path
            for path, listing in listings.items()
            if holds_sites(listing.folders, [_name(f.path) for f in listing.files], _name(path))
        ]
        at = {
            f"{path}/{name}": None
            for path, listing in listings.items()
            if path not in outputs
            for name in listing.folders
            if not name.startswith(".")
        }
    if outputs:
        first = f"{workspace.root}/{outputs[0]}"
        several = "folders below it hold" if len(outputs) > 1 else "folder below it holds"
        named = listed(map(printable, outputs), shown=_SHOWN)
        what = f"{len(outputs)} {several} plain CellProfiler output: {named}"
        yield what, f"make a workspace, plate by plate: {init_command(first)}"


def init_command(folder: str) -> str:
    """Return the command that makes a workspace of a folder of CellProfiler output."""
    plate = _name(folder.rstrip("/")) or "PLATE"
    return _command("init-workspace", folder, "--batch", "BATCH", "--plate", plate)


def _command(*words: str) -> str:
    return f"`{shlex.join(('profiling-assets', *map(printable, words)))}`"


def _name(path: str) -> str:
    return path.rpartition("/")[2]
