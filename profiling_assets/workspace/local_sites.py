"""Site folders as files on this machine, for programs that read nothing else.

Put here: where a site's files are on a disk, or how they get there.
Do not put here: the program that reads them (`collate.cytominer_database`).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once


@contextmanager
def local_sites(
    workspace: Workspace, path: str, folders: Sequence[WorkspaceSiteFolder], scratch: Path
) -> Generator[Path]:
    """Lend a local folder of site folders.

    Parameters
    ----------
    workspace : Workspace
        Where they lie.
    path : str
        The folder of site folders in the workspace.
    folders : sequence of WorkspaceSiteFolder
        The site folders.
    scratch : Path
        Where copies may lie.

    Yields
    ------
    Path
        The workspace's own folder where every CSV is in it; else a folder in scratch space with
        links to the files that are on a disk and copies of the others, under their names. It is
        removed at exit.
    """
    own = Path(workspace.location(path))
    if all(Path(own, folder.name, file).is_file() for folder in folders for file in _csvs(folder)):
        yield own
        return
    with TemporaryDirectory(prefix="sites-", dir=scratch) as made:
        copies = [
            (folder, file, Path(made, folder.name, file))
            for folder in folders
            for file in _csvs(folder)
        ]
        for folder in folders:
            Path(made, folder.name).mkdir()
        map_at_once(_fetch, copies, at_once=workspace.at_once)
        yield Path(made)


def bytes_to_copy(folders: Sequence[WorkspaceSiteFolder]) -> int:
    """Return the bytes of the CSVs that are no files on this machine."""
    return sum(
        folder.files[file]
        for folder in folders
        for file in _csvs(folder)
        if _on_disk(folder, file) is None
    )


def _fetch(copy: tuple[WorkspaceSiteFolder, str, Path]) -> None:
    folder, file, target = copy
    own = _on_disk(folder, file)
    if own is None:
        target.write_bytes(folder.read(file))
    else:
        target.symlink_to(own)


def _on_disk(folder: WorkspaceSiteFolder, file: str) -> Path | None:
    own = Path(folder.workspace.location(f"{folder.path}/{file}"))
    return own.resolve() if own.is_file() else None


def _csvs(folder: WorkspaceSiteFolder) -> list[str]:
    return [file for file in folder.files if file.endswith(".csv")]
