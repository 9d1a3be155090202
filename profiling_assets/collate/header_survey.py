"""Reading the headers of a plate: of every folder, of a sample, or as a pass goes along.

Put here: which headers are read, and the survey that follows from them.
Do not put here: the order of columns (`collate.columns`), values (`collate.object_csv`, `collate.image_csv`).
On a disk the beginning of every file is read first. On S3 that would be a second request for each
of 14,000 files: there a pass begins with the headers of a sample, and adds what it meets.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from profiling_assets.collate.columns import Survey, is_usable, lay_out
from profiling_assets.collate.header import (
    IMAGE_NUMBER,
    OBJECT_NUMBER,
    Header,
    read_header,
)
from profiling_assets.collate.munge import compartment_headers
from profiling_assets.workspace.site_folder import (
    CANONICAL,
    IMAGE,
    SiteFiles,
    SiteFolder,
    site_files,
)

SAMPLE = 16  # folders: at most 80 requests more for a plate of 14,000 files
_Names = tuple[str, ...]
_FolderHeaders = tuple[frozenset[str], Mapping[str, _Names]]


class HeaderTally:
    """The headers of the folders seen so far, and what they tell.

    Parameters
    ----------
    munge : bool
        Whether `object.csv` is to be split into compartments.
    """

    def __init__(self, *, munge: bool) -> None:
        self._munge = munge
        self._headers: dict[str, set[_Names]] = {}
        self._present: dict[frozenset[str], int] = {}
        self._unusable: dict[str, tuple[str, str]] = {}
        self._first: dict[tuple[str, _Names], SiteFolder] = {}

    def add(self, folder: SiteFolder) -> dict[str, _Names]:
        """Read the headers of a folder.

        Parameters
        ----------
        folder : SiteFolder
            The folder.

        Returns
        -------
        dict of str to tuple of str
            Table to its header, where no folder before had that one.
        """
        return self.take(folder, read_headers(folder, munge=self._munge))

    def take(self, folder: SiteFolder, headers: _FolderHeaders) -> dict[str, _Names]:
        """Take note of the headers of a folder, as `read_headers` returned them."""
        tables, found = headers
        self._present[tables] = self._present.get(tables, 0) + 1
        new: dict[str, _Names] = {}
        for table, names in found.items():
            if is_usable(table, names):
                first = self._first.get((table, names))
                if first is None or folder.name < first.name:
                    self._first[table, names] = folder
                known = self._headers.setdefault(table, set())
                if names not in known:
                    known.add(names)
                    new[table] = names
            elif table != IMAGE:
                file = site_files(folder).tables.get(table, table)
                first = min(self._unusable.get(table, (folder.name, file)), (folder.name, file))
                self._unusable[table] = first
        return new

    def survey(self, *, sampled: bool = False) -> Survey:
        """Return what the headers tell."""
        layouts = lay_out(self._headers)
        warnings = tuple(
            f"{folder}/{file} is no object table (a column {IMAGE_NUMBER} or {OBJECT_NUMBER} is "
            "absent) or its name cannot be a table: not read"
            for table, (folder, file) in sorted(self._unusable.items())
            if table not in layouts
        )
        frozen = {table: frozenset(names) for table, names in self._headers.items()}
        required = _required(self._present, layouts)
        return Survey(layouts, required, frozen, warnings, sampled, self._named())

    def _named(self) -> dict[tuple[str, _Names], str]:
        found: dict[tuple[str, _Names], str] = {}
        for (table, names), folder in self._first.items():
            files = site_files(folder)
            name = files.image if table == IMAGE else files.tables.get(table, files.merged)
            found[table, names] = f"{folder.name}/{name or table}"
        return found


def survey_headers(
    folders: Sequence[SiteFolder], *, munge: bool = False, at_once: int = 1
) -> Survey:
    """Read the header of every file of a plate, and nothing else.

    Parameters
    ----------
    folders : sequence of SiteFolder
        The site folders, in any order.
    munge : bool
        Whether `object.csv` is to be split into compartments.
    at_once : int
        Folders to be read at the same time.

    Returns
    -------
    Survey
        The same for any order and any names of the folders, `warnings` aside (which name some).
    """
    tally = HeaderTally(munge=munge)
    for folder, headers in zip(folders, _all_headers(folders, at_once, munge=munge), strict=True):
        tally.take(folder, headers)
    return tally.survey()


def survey_sample(
    folders: Sequence[SiteFolder], *, munge: bool = False, at_once: int = 1, size: int = SAMPLE
) -> Survey:
    """Read the headers of some folders, those that are likely to be the fullest among them.

    Parameters
    ----------
    folders : sequence of SiteFolder
        The site folders, in any order.
    munge : bool
        Whether `object.csv` is to be split into compartments.
    at_once : int
        Folders to be read at the same time.
    size : int
        Folders to be read, about; at least one for each object table that a listing names.

    Returns
    -------
    Survey
        What the sample tells; which tables a site must have is known from all listings, except
        where `object.csv` holds them. A pass that is given it looks at every header it meets.
    """
    chosen = sample(folders, size)
    if len(chosen) == len(folders):
        return survey_headers(folders, munge=munge, at_once=at_once)
    tally = HeaderTally(munge=munge)
    for folder, headers in zip(chosen, _all_headers(chosen, at_once, munge=munge), strict=True):
        tally.take(folder, headers)
    names = {folder.name for folder in chosen}
    for folder in folders:
        if folder.name not in names:
            tally.take(folder, (_listed_tables(site_files(folder), munge=munge), {}))
    return tally.survey(sampled=True)


def sample(folders: Sequence[SiteFolder], size: int) -> list[SiteFolder]:
    """Choose the folders whose headers are read first.

    Parameters
    ----------
    folders : sequence of SiteFolder
        The site folders, in any order.
    size : int
        About how many.

    Returns
    -------
    list of SiteFolder
        By name: those with the largest `Image.csv` (a short one is that of an image that failed
        quality control), one for each object table, and others evenly spread.
    """
    ordered = sorted(folders, key=lambda folder: folder.name)
    files = [site_files(folder) for folder in ordered]
    by_size = sorted(range(len(ordered)), key=lambda at: -_image_bytes(ordered[at], files[at]))
    chosen = dict.fromkeys(by_size[: (size + 1) // 2])
    tables = {table for at in chosen for table in files[at].tables}
    for at in by_size:
        if not tables.issuperset(files[at].tables):
            tables.update(files[at].tables)
            chosen[at] = None
    others = [at for at in range(len(ordered)) if at not in chosen]
    spread = min(size // 2, len(others))
    chosen.update(dict.fromkeys(others[len(others) * n // spread] for n in range(spread)))
    return [ordered[at] for at in sorted(chosen)]


def read_headers(folder: SiteFolder, *, munge: bool) -> _FolderHeaders:
    """Read the headers of one folder.

    Parameters
    ----------
    folder : SiteFolder
        The folder.
    munge : bool
        Whether `object.csv` is to be split.

    Returns
    -------
    tables : frozenset of str
        Its object tables.
    headers : mapping of str to tuple of str
        Table to header, for those of its tables that have a whole one.
    """
    files = site_files(folder)
    found: dict[str, _Names] = {}
    if files.image is not None:
        _add(found, IMAGE, read_header(folder.head(files.image)))
    if munge and files.merged is not None:
        header = read_header(folder.head(files.merged), rows=2)
        tables = dict[str, _Names]()
        if header is not None and header.ended and not header.repeated():
            tables = compartment_headers(header)
        found.update(tables)
        return frozenset(tables), found
    for table, file in files.tables.items():
        _add(found, table, read_header(folder.head(file)))
    return frozenset(files.tables), found


def _all_headers(
    folders: Sequence[SiteFolder], at_once: int, *, munge: bool
) -> Iterable[_FolderHeaders]:
    read = partial(read_headers, munge=munge)
    if at_once <= 1:
        return map(read, folders)
    with ThreadPoolExecutor(at_once, thread_name_prefix="headers") as workers:
        return list(workers.map(read, folders))


def _listed_tables(files: SiteFiles, *, munge: bool) -> frozenset[str]:
    return frozenset() if munge and files.merged is not None else frozenset(files.tables)


def _image_bytes(folder: SiteFolder, files: SiteFiles) -> int:
    return -1 if files.image is None else folder.files[files.image]


def _add(found: dict[str, _Names], table: str, header: Header | None) -> None:
    # A header that was cut, or has a name twice, must not shape the table.
    if header is not None and header.ended and not header.repeated():
        found[table] = header.names


def _required(present: Mapping[frozenset[str], int], tables: Iterable[str]) -> frozenset[str]:
    """Return the canonical tables that any site has, and others that more than half have."""
    counts: dict[frozenset[str], int] = {}
    for found, folders in present.items():
        usable = found.intersection(tables)
        if usable:
            counts[usable] = counts.get(usable, 0) + folders
    return frozenset(
        table
        for table in frozenset[str]().union(*counts)
        if table in CANONICAL
        or 2 * sum(n for found, n in counts.items() if table in found) > sum(counts.values())
    )
