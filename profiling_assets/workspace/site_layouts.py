"""Where the sites of a plate lie: a folder each, nested, a folder a well or plate, all in one.

Put here: which folders below a plate's folder are site folders, and what among them is left out.
Do not put here: which file is which table (`site_folder`), load data and completeness
(`scan_workspace`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import (
    CSV_DIR,
    IgnoredEntry,
    csv_folder,
    holds_sites,
    no_path_entries,
    printable,
    site_folder_problem,
    site_name_problem,
)
from profiling_assets.workspace.site_folder import SiteFiles, files_of, site_sets
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.sites import is_site_name, parse_site_folder
from profiling_assets.workspace.storage.interface import Listing, ObjectInfo, TwoLevels, Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_DEEPEST = 5  # levels of folders below the first
_MOST_FOLDERS = 64  # that are listed in search of site folders which do not lie where they should
_DIVIDERS = "-_. "  # between the name of a site and that of a table


@dataclass(frozen=True)
class SiteFolders:
    """What lies in the folder of a plate's site folders."""

    base: str  # the folder
    folders: tuple[WorkspaceSiteFolder, ...]  # sorted by name
    inputs: tuple[ObjectInfo, ...]  # the files in them that collate reads
    ignored: tuple[IgnoredEntry, ...]
    keys: int = 0  # files that were listed

    @property
    def imaged(self) -> bool:
        """Whether any folder has a table of images."""
        return any(files_of(folder.files).image is not None for folder in self.folders)


def plate_site_folders(workspace: Workspace, key: PlateKey, csv_dir: str) -> SiteFolders:
    """List the site folders of a plate, wherever in its folder they lie.

    `csv_dir`: folder of the site folders below the plate's folder. Where it is the usual one and
    holds none, another that does is taken in its place if it is the only one; else those that do
    are among the ignored. On S3 a plate as usual costs nothing more than its own listing.
    """
    own = csv_folder(key, csv_dir)
    sites = list_site_folders(workspace, own, key.plate)
    if sites.imaged:
        return sites
    elsewhere = [path for path in folders_with_sites(workspace, key) if path != own]
    if len(elsewhere) == 1 and PurePosixPath(csv_dir).as_posix() == CSV_DIR:
        found = list_site_folders(workspace, elsewhere[0], key.plate)
        if found.imaged or not sites.folders:
            return found
    plate = csv_folder(key, "")
    return SiteFolders(
        own,
        sites.folders,
        sites.inputs,
        (
            *sites.ignored,
            *(
                IgnoredEntry(
                    printable(path),
                    "site folders lie in it, and collate.csv_dir is "
                    f"{csv_dir!r}: set it to {path[len(plate) + 1 :] or '.'!r}",
                    unread=True,
                )
                for path in elsewhere
            ),
        ),
        sites.keys,
    )


@dataclass(frozen=True)
class SiteNames:
    """The names of a plate's site folders, and nothing of what is in them."""

    base: str  # the folder that they lie in
    names: tuple[str, ...]
    no_paths: tuple[str, ...] = ()


def plate_site_names(workspace: Workspace, key: PlateKey, csv_dir: str) -> SiteNames:
    """List the names that are likely to be those of a plate's site folders.

    On S3 that is four requests for 3,456 sites. `csv_dir`: as in `plate_site_folders`.
    """
    base = csv_folder(key, csv_dir)
    level = workspace.list_folder(base)
    if not level.folders and not level.files and PurePosixPath(csv_dir).as_posix() == CSV_DIR:
        elsewhere = folders_with_sites(workspace, key)
        if len(elsewhere) == 1:
            base = elsewhere[0]
            level = workspace.list_folder(base)
    files = [_name(file.path) for file in level.files]
    names = level.folders
    if not names and files_of(files).image is not None:
        names = tuple(map(_site_of, site_sets(files))) or (_name(base),)
    return SiteNames(base, names, level.no_paths)


def _site_of(prefix: str) -> str:
    return prefix.strip(_DIVIDERS)


def folders_with_sites(
    workspace: Workspace, key: PlateKey, level: Listing | None = None
) -> tuple[str, ...]:
    """Find the folders of a plate that hold site folders or CSVs, by names alone.

    `level`: the plate's own folder, where it is listed already. The levels nearest to the plate's
    folder that have any are taken; a request for each folder that has to be looked into.
    """
    plate = csv_folder(key, "")
    looked = 0
    at: dict[str, Listing] = {plate: workspace.list_folder(plate) if level is None else level}
    for _ in range(_DEEPEST):
        found = [path for path, listing in at.items() if _holds_sites(listing, key.plate)]
        inner = [
            f"{path}/{name}"
            for path, listing in at.items()
            for name in listing.folders
            if site_name_problem(name) is None
        ]
        looked += len(inner)
        if found or not inner or looked > _MOST_FOLDERS:
            return tuple(found)
        listings = map_at_once(workspace.list_folder, inner, at_once=workspace.at_once)
        at = dict(zip(inner, listings, strict=True))
    return ()


def _holds_sites(listing: Listing, plate: str) -> bool:
    return holds_sites(listing.folders, [_name(file.path) for file in listing.files], plate)


def list_site_folders(workspace: Workspace, base: str, plate: str) -> SiteFolders:
    """List the site folders in a folder and in folders within it, and the files in each.

    `base`: any folder below the root. Where CSVs lie directly in it, it is the only site folder;
    or holds many, told apart by what the names of their files begin with.
    """
    found = _Found(workspace, plate)
    found.look_into([(base, "")])
    for _ in range(_DEEPEST):
        if found.imaged or not found.closed:
            break
        # Of those named as sites one tells whether there is something in the others.
        closed, found.closed = found.closed, []
        named = [place for place in closed if is_site_name(_name(place[0]), plate)]
        found.look_into([*named[:1], *(place for place in closed if place not in named)])
        if found.imaged or found.closed:
            found.look_into(named[1:])
    found.settle(base)
    return SiteFolders(
        base,
        tuple(sorted(found.folders, key=lambda folder: folder.name)),
        tuple(found.inputs),
        tuple(found.ignored.values()),
        found.keys,
    )


_Place = tuple[str, str]  # the path of a folder, and its name below the first


@dataclass
class _Found:
    """What was found so far."""

    workspace: Workspace
    plate: str
    folders: list[WorkspaceSiteFolder] = field(default_factory=list[WorkspaceSiteFolder])
    inputs: list[ObjectInfo] = field(default_factory=list[ObjectInfo])
    ignored: dict[str, IgnoredEntry] = field(default_factory=dict[str, IgnoredEntry])
    closed: list[_Place] = field(default_factory=list[_Place])  # with folders, not looked into
    keys: int = 0
    imaged: bool = False
    _top: Listing = field(default_factory=lambda: Listing((), ()))
    _opened: set[str] = field(default_factory=set[str])

    def look_into(self, places: Sequence[_Place]) -> None:
        """Take the folders within these, and look into those that nest."""
        for depth in range(_DEEPEST):
            paths = [path for path, _ in places]
            listed = map_at_once(
                self.workspace.list_two_levels, paths, at_once=self.workspace.at_once
            )
            nested: list[_Place] = []
            for (path, name), two in zip(places, listed, strict=True):
                if not name and not depth:
                    self._top = two.level
                self.keys += len(two.level.files)
                self._note(no_path_entries(two.level.no_paths))
                nested += self._within(path, name, two)
            if not nested:
                return
            places = nested

    def _within(self, path: str, name: str, two: TwoLevels) -> Iterator[_Place]:
        for inner in two.level.folders:
            listing = two.folders[inner]
            at, called = f"{path}/{inner}", f"{name}/{inner}" if name else inner
            self.keys += len(listing.files)
            self._note(no_path_entries(listing.no_paths))
            sizes = _sizes(at, listing)
            files = files_of(sizes)
            named = site_name_problem(inner)
            if named is not None:
                self.ignored[printable(at)] = IgnoredEntry(printable(at), named)
            elif files.inputs:
                self._open(path, name)
                holder = two.holders.get(inner, self.workspace)
                self._take(at, called, listing, sizes, files, holder)
            elif any(is_site_name(folder, self.plate) for folder in listing.folders):
                yield at, called
            else:
                if listing.folders:
                    self.closed.append((at, called))
                problem = site_folder_problem(inner, (), self.plate)
                if problem is not None and not (name and is_site_name(inner, self.plate)):
                    self.ignored[printable(at)] = IgnoredEntry(printable(at), problem)
                else:
                    self._add(at, called, sizes, files, self.workspace)
                self._note(_unread(at, files))

    def settle(self, base: str) -> None:
        """Take what lies in the first folder itself, or leave it out."""
        sizes = _sizes(base, self._top)
        files = files_of(sizes)
        if not self.imaged and files.image is not None:
            self._take(base, "", self._top, sizes, files, self.workspace)
            return
        tables = {*files.inputs, *files.unread}
        self._note(
            IgnoredEntry(
                printable(f"{base}/{file}"),
                "it is a file where site folders lie",
                unread=file in tables,
            )
            for file in sizes
        )

    def _take(
        self,
        path: str,
        name: str,
        listing: Listing,
        sizes: Mapping[str, int],
        files: SiteFiles,
        holder: Workspace,
    ) -> None:
        """Take a folder with tables, of one site or many."""
        cut = len(path) + 1
        if files.many:
            sets = site_sets(sizes)
            names = [*map(_site_of, sets)]
            told = len({*names} - {""}) == len(names)
            of_set = {file for members in sets.values() for file in members}
            for prefix, called, members in zip(sets, names, sets.values(), strict=True):
                one = called if told else prefix
                of_one = files_of(members)
                inside = {file: sizes[file] for file in members}
                self._add(path, f"{name}/{one}" if name else one, inside, of_one, holder)
                self._note(_unread(path, of_one))
            others = files_of(set(sizes) - of_set)
            used = {file for members in sets.values() for file in files_of(members).inputs}
            left = {*others.inputs, *others.unread}
            self._note(
                IgnoredEntry(
                    printable(f"{path}/{file}"), "its name is that of no site there", unread=True
                )
                for file in sorted(left)
            )
        else:
            self._add(path, name or _name(path), sizes, files, holder)
            used = set(files.inputs)
            self._note(_unread(path, files))
        self.inputs += [file for file in listing.files if file.path[cut:] in used]
        if name:
            self._note(
                IgnoredEntry(
                    printable(f"{path}/{inner}"),
                    "it is named as a site and lies within a site folder",
                    unread=True,
                )
                for inner in listing.folders
                if is_site_name(inner, self.plate)
            )

    def _add(
        self,
        path: str,
        name: str,
        sizes: Mapping[str, int],
        files: SiteFiles,
        holder: Workspace,
    ) -> None:
        site = parse_site_folder(name, self.plate)
        self.imaged = self.imaged or files.image is not None
        self.folders.append(WorkspaceSiteFolder(holder, path, name, site, sizes))

    def _open(self, path: str, name: str) -> None:
        """Take back what was said of folders in which sites were found after all."""
        while name and printable(path) not in self._opened:
            self._opened.add(printable(path))
            self.ignored.pop(printable(path), None)
            self.folders = [folder for folder in self.folders if folder.name != name]
            path, name = path.rpartition("/")[0], name.rpartition("/")[0]

    def _note(self, entries: Iterable[IgnoredEntry]) -> None:
        for entry in entries:
            self.ignored.setdefault(entry.path, entry)


def _unread(path: str, files: SiteFiles) -> Iterator[IgnoredEntry]:
    for file, reason in files.unread.items():
        yield IgnoredEntry(printable(f"{path}/{file}"), reason, unread=True)


def _sizes(path: str, listing: Listing) -> dict[str, int]:
    cut = len(path) + 1
    return {file.path[cut:]: file.size for file in listing.files}


def _name(path: str) -> str:
    return path.rpartition("/")[2]
