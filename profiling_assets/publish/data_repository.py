"""A new data repository: its folders, its pinned versions, its README, and its first commit.

Put here: the text of each file, what tells a data repository from another folder, making one.
Do not put here: how git is run (`git`), what is published there (`workspace.public_files`).
The folders are those of the profiling-recipe's `create_dirs.sh`, and `backend` for the ledgers.
"""

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.config.template import render_config
from profiling_assets.errors import DataRepositoryError
from profiling_assets.publish import commit
from profiling_assets.publish.clone import lacks_identity, open_clone
from profiling_assets.publish.git import find_git
from profiling_assets.workspace.storage.folder import FolderWorkspace

PINS = "requirements.txt"
ATTRIBUTES = ".gitattributes"
_FOLDERS = {
    "audit": "Audits: yours, profiling_assets writes nothing here.",
    "backend": "Ledgers of sites and wells, a folder a plate. Backends stay in the workspace.",
    "batchfiles": "Batch files of CellProfiler: yours, profiling_assets writes nothing here.",
    "config_files": "Config files of the profiling pipeline.",
    "gct": "Stacked profiles of each batch, for Morpheus.",
    "load_data_csv": "LoadData CSVs, compressed: one row for each site that was imaged.",
    "log": "Logs: yours, profiling_assets writes nothing here.",
    "metadata": "Plate maps (`platemaps/BATCH`) and external metadata (`external_metadata`).",
    "pipelines": "Pipelines of CellProfiler: yours, profiling_assets writes nothing here.",
    "profiles": "Profiles, one folder a plate, and the list of selected features of each batch.",
    "quality_control": "Summary, heatmaps and reports.",
    "single_cell": "Single-cell data: yours, profiling_assets writes nothing here.",
}
_IGNORED = """\
# never published: raw tables, backends, what a running program leaves
*.sqlite
*.sqlite-journal
.profiling_assets/
*.part
"""
_VERBATIM = """\
# Results are bytes, not texts: no line end is changed.
* -text
"""
_LFS = """\
# Large and compressed results go by Git LFS (https://git-lfs.com).
*.csv.gz filter=lfs diff=lfs merge=lfs -text
*.gct filter=lfs diff=lfs merge=lfs -text
*.h5ad filter=lfs diff=lfs merge=lfs -text
*.parquet filter=lfs diff=lfs merge=lfs -text
*.png filter=lfs diff=lfs merge=lfs -text
"""
_README = """\
# Profiles of this project

Image-based profiles, and what they were made from: configs, plate maps, load data, ledgers.
`profiling_assets` publishes them here. `requirements.txt` pins its version, and each commit names
the version and the config that it was made with.

## Take the data

```
{lfs_install}git clone URL
```

Profiles lie in `profiles/BATCH/PLATE/`; `config_files/` has the choices they were made with.

## Add a batch

1. Install the pinned version: `pip install -r requirements.txt`. Where no package index has
   `profiling_assets`, install its own repository at that version first.
2. In a workspace with the new CellProfiler output and plate maps:

   ```
   profiling-assets run --workspace WORKSPACE --config CLONE/config_files/config.yml
   profiling-assets publish CLONE --workspace WORKSPACE --dry-run
   profiling-assets publish CLONE --workspace WORKSPACE
   ```

`publish` commits and pushes files of the kinds listed in its documentation, and only those that
changed. Nothing is deleted by it. Files of your own may lie beside them.

## Use a newer version

Change the pin in `requirements.txt`, commit it, and run the batches again that are to be made anew.
"""
_PIN = re.compile(
    r"^\s*profiling[-_.]assets(?![\w.-])\s*(?:==\s*([^\s;#]+))?", re.IGNORECASE | re.MULTILINE
)
_LIBRARIES = ("numpy", "pandas", "pycytominer")
_GIT = ".git"
# what a code host puts into a new repository
_HARMLESS = ("readme", "license", "licence", "citation", ".gitignore")


@dataclass(frozen=True)
class DataRepository:
    """What was made."""

    folder: Path  # its top folder
    written: tuple[str, ...]  # files that were absent, sorted
    commit: str | None  # the new commit; None where nothing was to be committed, or without git
    notes: tuple[str, ...]  # what a person should know besides


def make_data_repository(path: str, version: str, *, lfs: bool = True) -> DataRepository:
    """Make a data repository, or complete one; what is there is never changed.

    `path`: the folder: absent, empty, a new clone, or a data repository. Raises
    `DataRepositoryError` where the folder holds something else, or git does not know whose commit
    it is.
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


def repository_files(
    version: str, libraries: Mapping[str, str], config: str, *, lfs: bool
) -> dict[str, str]:
    """Return the files of a new data repository."""
    pins = "".join(f"{name}=={number}\n" for name, number in sorted(libraries.items()))
    return {
        ATTRIBUTES: _VERBATIM + (_LFS if lfs else ""),
        ".gitignore": _IGNORED,
        "README.md": _README.format(lfs_install="git lfs install\n" if lfs else ""),
        PINS: "# the versions that the results here are made with\n"
        f"profiling_assets=={version}\n{pins}",
        "config_files/config.yml": config,
        **{f"{folder}/README.md": f"# {folder}\n\n{text}\n" for folder, text in _FOLDERS.items()},
    }


def is_pinned(requirements: str) -> bool:
    """Say whether requirements name this package: then the folder is a data repository."""
    return _PIN.search(requirements) is not None


def pinned_version(requirements: str) -> str | None:
    """Return the version of this package that requirements pin; None where they pin none."""
    found = _PIN.search(requirements)
    return None if found is None else found.group(1)
