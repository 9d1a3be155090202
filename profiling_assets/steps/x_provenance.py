"""Provenance files in a workspace: who writes them, and where.

Put here: entering what was made, forgetting what was replaced, versions of packages.
Do not put here: what an entry says (`steps.provenance`).
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from profiling_assets import __version__
from profiling_assets.steps.provenance import (
    FileMark,
    Origin,
    changed_provenance,
    file_mark,
    parse_provenance,
)
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scopes import BATCH, PLATE
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.shared_file import update_file

# those whose code decides on the values and on how they are written
_PACKAGES = ("numpy", "pandas", "pycytominer")
_HASHED = (".csv", ".csv.gz", ".tsv", ".gct", ".png", ".html")


@cache
def package_versions() -> Mapping[str, str]:
    """Return the versions of this package and of those whose code decides on the values."""
    found = {"profiling_assets": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def provenance_path(level: str, partition: str) -> str:
    """Return the path of the provenance of a plate's, a batch's or all batches' results.

    Parameters
    ----------
    level : str
        `plate`, `batch` or `all`.
    partition : str
        `BATCH/PLATE`, `BATCH` or `all`.

    Returns
    -------
    str
        The workspace path.
    """
    if level == PLATE:
        return layout.provenance(PlateKey.parse(partition))
    return layout.provenance(partition if level == BATCH else None)


def is_told_of(path: str) -> bool:
    """Say whether a result's origin is kept: hidden files are no results."""
    return not path.startswith(f"{layout.STATE_FOLDER}/")


def tell_origin(
    workspace: Workspace, level: str, partition: str, made: Mapping[str, Origin]
) -> None:
    """Enter results into their provenance file, whoever else enters his at the same time.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    level, partition : str
        What the results are of.
    made : mapping of str to Origin
        Workspace path to origin.
    """
    update_file(
        workspace,
        provenance_path(level, partition),
        lambda content: changed_provenance(content, made),
    )


def tell_foreign(workspace: Workspace, level: str, partition: str, paths: Collection[str]) -> None:
    """Take out the entries of results in whose place another file was found.

    Parameters
    ----------
    workspace : Workspace
        The workspace; nothing is written where it has no provenance, or where that is still true.
    level, partition : str
        What the results are of.
    paths : collection of str
        Workspace paths of the files that were found.
    """
    path = provenance_path(level, partition)
    if workspace.stat(path) is None:
        return
    foreign = [(one, mark) for one in paths if (mark := _standing_mark(workspace, one))]
    update_file(workspace, path, lambda content: changed_provenance(content, {}, foreign))


def _standing_mark(workspace: Workspace, path: str) -> FileMark | None:
    info = workspace.stat(path)
    if info is None:
        return None
    hashed = path.endswith(_HASHED)
    return file_mark(workspace.read_bytes(path)) if hashed else FileMark(info.size)


def read_provenance(workspace: Workspace, level: str, partition: str) -> dict[str, Origin]:
    """Read from what the results of a plate, a batch or all batches were made.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    level, partition : str
        What the results are of.

    Returns
    -------
    dict of str to Origin
        Workspace path to origin; empty where nothing is known.

    Raises
    ------
    InvalidInputError
        Where the file cannot be understood.
    """
    path = provenance_path(level, partition)
    if workspace.stat(path) is None:
        return {}
    return parse_provenance(workspace.read_bytes(path), path=path)
