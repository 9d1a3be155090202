"""What is left out of a workspace, and why.

Put here: names that cannot be used, the records of what is ignored.
Do not put here: which plates there are (`workspace.plates`), names that somebody chose (`workspace.names`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from profiling_assets.printable import printable
from profiling_assets.workspace.names import name_problem
from profiling_assets.workspace.sites import is_input_csv, parse_site_folder

_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, order=True)
class IgnoredEntry:
    """A file or folder that was left out, and why."""

    path: str
    reason: str


def no_path_entries(paths: Iterable[str]) -> Iterator[IgnoredEntry]:
    """Yield what has a key that is no path.

    Parameters
    ----------
    paths : iterable of str
        As a listing has them (`analysis//`).

    Yields
    ------
    IgnoredEntry
        One each.
    """
    for path in paths:
        yield IgnoredEntry(
            printable(path),
            "its key cannot be a path: a part of it is empty, '.' or '..', or has a NUL",
        )


def entry_problem(name: str) -> str | None:
    """Say why a file or folder name found on disk cannot be used.

    Parameters
    ----------
    name : str
        The name as the file system gives it.

    Returns
    -------
    str or None
        The reason, or None.
    """
    return _text_problem(name) or name_problem(name)


def site_folder_problem(name: str, files: Iterable[str], plate: str) -> str | None:
    """Say why a folder among the site folders is none.

    A folder with a CSV file is a site folder whatever its name; a folder named as a site is one
    even if it is empty, as a failed CellProfiler job leaves it.

    Parameters
    ----------
    name : str
        The folder's name.
    files : iterable of str
        Names of its files.
    plate : str
        The plate's name.

    Returns
    -------
    str or None
        The reason, or None where it is a site folder.
    """
    problem = site_name_problem(name)
    if problem is not None:
        return problem
    if any(map(is_input_csv, files)) or parse_site_folder(name, plate).well is not None:
        return None
    return "it is not named as a site and holds no CSV file"


def site_name_problem(name: str) -> str | None:
    """Say why a folder of this name is no site folder, whatever it holds.

    Parameters
    ----------
    name : str
        The folder's name.

    Returns
    -------
    str or None
        The reason, or None where its files tell.
    """
    return "its name begins with a dot" if name.startswith(".") else _text_problem(name)


def _text_problem(name: str) -> str | None:
    if not name.isascii() and _SURROGATE.search(name):
        return "its name is not UTF-8 text"
    return None
