"""Making a data repository: its files, and the first commit.

Put here: which folder may become one, writing what is absent, committing that alone.
Do not put here: the files' text (`publish.data_repository`), publishing (`publish.publish`).
"""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.config.template import render_config
from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish import commit
from profiling_assets.publish.clone import lacks_identity, open_clone
from profiling_assets.publish.data_repository import (
    PINS,
    is_pinned,
    pinned_version,
    repository_files,
)
from profiling_assets.publish.git import find_git
from profiling_assets.workspace.storage.folder import FolderWorkspace

_LIBRARIES = ("numpy", "pandas", "pycytominer")
_GIT = ".git"
# what a code host puts into a new repository
_HARMLESS = ("readme", "license", "licence", "citation", ".gitignore")


@dataclass(frozen=True)
class DataRepository:
    """What was made.

    Attributes
    ----------
    folder : Path
        Its top folder.
    written : tuple of str
        Files that were absent, sorted.
    commit : str or None
        The new commit; None where nothing was to be committed, or without git.
    notes : tuple of str
        What a person should know besides.
    """

    folder: Path
    written: tuple[str, ...]
    commit: str | None
    notes: tuple[str, ...]


def make_data_repository(path: str, version: str, *, lfs: bool = True) -> DataRepository:
    """Make a data repository, or complete one; what is there is never changed.

    Parameters
    ----------
    path : str
        The folder: absent, empty, a new clone, or a data repository.
    version : str
        Version of this package, to be pinned.
    lfs : bool
        Whether large results go by Git LFS.

    Returns
    -------
    DataRepository
        A second call writes nothing and commits nothing.

    Raises
    ------
    DataRepositoryError
        Where the folder holds something else, or git does not know whose commit it is.
    """
    folder = Path(path).expanduser().resolve()
    _check_folder(folder)
    nearest = next(place for place in (folder, *folder.parents) if place.is_dir())
    git = find_git(nearest)
    if git is not None and lacks_identity(git):
        raise DataRepositoryError(
            "git does not know whose commits these are",
            path=path,
            remedy='run `git config --global user.name "YOUR NAME"` and `git config --global '
            "user.email YOUR@ADDRESS`, then run again",
        )
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    config = render_config({}, pipeline="profiling", negcon=True)
    files = repository_files(version, libraries, config, lfs=lfs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataRepositoryError(
            f"the folder cannot be made: {error.strerror}",
            path=path,
            remedy="name a folder that this user may write",
        ) from error
    place = FolderWorkspace(str(folder))
    written = [name for name in sorted(files) if place.stat(name) is None]
    for name in written:
        place.publish_bytes(files[name].encode(), name)
    commit = None if git is None else _committed(folder, place, files, version)
    return DataRepository(
        folder, tuple(written), commit, _notes(folder, version, with_git=git is not None)
    )


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        return
    remedy = "name a new folder, an empty one, a new clone, or a data repository"
    if not folder.is_dir():
        raise DataRepositoryError("it is no folder", path=str(folder), remedy=remedy)
    names = {entry.name for entry in folder.iterdir()}
    pins = folder / PINS
    if pins.is_file() and is_pinned(pins.read_text("utf-8", "replace")):
        return
    others = sorted(name for name in names - {_GIT} if not name.lower().startswith(_HARMLESS))
    if others or (names and _GIT not in names):
        first = others[0] if others else min(names)
        raise DataRepositoryError(
            f"the folder is not empty ({first}) and is no data repository of profiling_assets",
            path=str(folder),
            remedy=remedy,
        )


def _committed(
    folder: Path, place: FolderWorkspace, files: dict[str, str], version: str
) -> str | None:
    git = find_git(folder)
    if git is not None and not (folder / _GIT).exists():
        chosen = git.try_("config", "--get", "init.defaultBranch").text
        git.run("init", "--quiet", f"--initial-branch={chosen or 'main'}")
    clone = open_clone(str(folder))
    committed = clone.committed()
    ours = [
        name
        for name, text in files.items()
        if name not in committed and place.read_bytes(name) == text.encode()
    ]
    if not ours:
        return None
    commit.add(clone, ours)
    return commit.commit(clone, ours, f"Make a data repository\n\nprofiling_assets {version}\n")


def _notes(folder: Path, version: str, *, with_git: bool) -> tuple[str, ...]:
    if not with_git:
        return ("git is not installed: the files are there, and nothing was committed",)
    notes: list[str] = []
    pinned = pinned_version((folder / PINS).read_text("utf-8", "replace"))
    if pinned not in {None, version}:
        notes.append(f"{PINS} pins profiling_assets {pinned}, and this is {version}")
    clone = open_clone(str(folder))
    problem = clone.lfs_problem() if clone.by_lfs(["profiles/B/P/P.csv.gz"]) else None
    if problem is not None:
        notes.append(f"{problem[0]}: {problem[1]}")
    return tuple(notes)
