"""Which plates a workspace holds, where each can start, and what is left out.

Put here: decisions on names and sizes of files: is this folder a plate, is this file a source?
Do not put here: listing folders (`scan_workspace`), what is remembered of plates (`registry`), what
a name may look like (`names`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from profiling_assets.errors import ConfigError, listed, printable
from profiling_assets.workspace.layout import ANALYSIS, BACKEND, PROFILES, analysis_folder
from profiling_assets.workspace.names import PlateKey, name_problem
from profiling_assets.workspace.site_folder import files_of
from profiling_assets.workspace.sites import parse_site_folder
from profiling_assets.workspace.standing_files import cells_files

AREAS = (ANALYSIS, BACKEND, PROFILES)
_STEPS = ("_augmented", "_normalized")
_PARQUET = ".parquet"
_TABLE_SUFFIXES = (".csv.gz", ".csv", _PARQUET)
# of the profiles of wells; in `backend` a Parquet file is one of cells
_AGGREGATE_SUFFIXES = {BACKEND: (".csv.gz", ".csv"), PROFILES: _TABLE_SUFFIXES}
_SHOWN = 3  # names in a reason
_BACKENDS = (".sqlite", ".sqlite3", ".db", ".sqlite.gz", ".sqlite.zip", ".csv", ".csv.gz", ".dvc")
_SHEETS = (".tsv", ".parquet", ".xlsx", ".xls", ".ods")
_INPUTS = (*_BACKENDS, *_SHEETS, ".zip", ".tar.gz", ".h5")
CSV_DIR = "analysis"  # the usual folder of the site folders below a plate's folder
_SITE_OF_PLATE = re.compile(r"(?:(?P<plate>.+)[-_])?[A-Pa-p][0-2][0-9](?P<site>[-_]s?[0-9]+)?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Source(StrEnum):
    """Where a plate can start."""

    CSVS = "csvs"
    SQLITE = "sqlite"
    PARQUET = "parquet"
    AGGREGATE = "aggregate"
    PROFILES = "profiles"


@dataclass(frozen=True, order=True)
class IgnoredEntry:
    """A file or folder that was left out, and why."""

    path: str
    reason: str
    unread: bool = False  # whether it looks like input: then the user must know


@dataclass(frozen=True)
class FolderFacts:
    """One level of a folder: folder names, file names with their sizes in bytes, and odd keys."""

    folders: tuple[str, ...] = ()
    files: Mapping[str, int] = field(default_factory=dict[str, int])
    unreadable: bool = False
    no_paths: tuple[str, ...] = ()
    # of a plate without the usual folder of CSVs: whether other folders of it hold site folders
    sites_elsewhere: bool = False


@dataclass(frozen=True)
class AreaFacts:
    """What one area (`analysis`, `backend` or `profiles`) holds, two levels deep."""

    top: FolderFacts = FolderFacts()  # the area's own level; its folders are batches
    # each batch; its folders are plates
    batches: Mapping[str, FolderFacts] = field(default_factory=dict[str, FolderFacts])
    # each plate; in `analysis` the level that should hold the CSV folder
    plates: Mapping[PlateKey, FolderFacts] = field(default_factory=dict[PlateKey, FolderFacts])


@dataclass(frozen=True)
class PlateFound:
    """A plate of the workspace and where it can start."""

    key: PlateKey
    sources: frozenset[Source]


@dataclass(frozen=True)
class WorkspaceScan:
    """What a look at a whole workspace told."""

    plates: tuple[PlateFound, ...]  # sorted by key
    ignored: tuple[IgnoredEntry, ...]  # sorted by path
    # plates that have results in a folder which cannot be read: what they hold is not known
    unreadable: frozenset[PlateKey] = frozenset()


def find_plates(areas: Mapping[str, AreaFacts], csv_dir: str) -> WorkspaceScan:
    """Tell plates from foreign files and folders.

    `areas`: what `analysis`, `backend` and `profiles` hold; an absent area is empty. A plate has at
    least one source. A plate folder in `analysis` counts as soon as its CSV folder is there,
    complete or not.
    """
    sources: dict[PlateKey, set[Source]] = {}
    ignored: list[IgnoredEntry] = []
    idle: dict[PlateKey, IgnoredEntry] = {}
    unreadable: set[PlateKey] = set()
    for area, facts in areas.items():
        ignored.extend(_foreign(area, facts))
        inner = PurePosixPath(csv_dir).name
        misplaced = _sites_among_plates(facts.plates) if area == ANALYSIS and inner else {}
        for key, plate in facts.plates.items():
            path = printable(f"{area}/{key}")
            if key in misplaced:
                ignored.append(IgnoredEntry(path, misplaced[key], unread=True))
                continue
            found, reason = (
                _analysis_source(key, plate, csv_dir)
                if area == ANALYSIS
                else _made_sources(key, plate, area)
            )
            sources.setdefault(key, set()).update(found)
            ignored.extend(
                IgnoredEntry(printable(f"{path}/{file}"), "it is empty (0 bytes)")
                for file in _empty_sources(key, plate, area)
            )
            if area == BACKEND:
                from_csvs = Source.CSVS in sources[key]
                ignored.extend(_unread_backends(key, plate, from_csvs=from_csvs))
            elif area == ANALYSIS and found:
                ignored.extend(_beside_csvs(key, plate, csv_dir))
            if reason is None:
                continue
            unread = any(map(looks_like_input, plate.files)) or bool(plate.folders)
            entry = IgnoredEntry(path, reason, unread=unread and not plate.unreadable)
            if area != ANALYSIS and plate.unreadable:
                unreadable.add(key)
            if area == ANALYSIS or plate.unreadable:
                ignored.append(entry)
            else:
                # an area that holds nothing of a plate is worth a word only if no other does
                idle.setdefault(key, entry)
    plates = tuple(
        PlateFound(key, frozenset(found)) for key, found in sorted(sources.items()) if found
    )
    known = {plate.key for plate in plates}
    ignored.extend(entry for key, entry in idle.items() if key not in known)
    return WorkspaceScan(plates, tuple(sorted(set(ignored))), frozenset(unreadable))


def _foreign(area: str, facts: AreaFacts) -> Iterator[IgnoredEntry]:
    """Yield what lies among the batches and among the plates and is neither."""
    for level in (facts.top, *facts.batches.values(), *facts.plates.values()):
        yield from no_path_entries(level.no_paths)
    for path, level, kind in (
        (area, facts.top, "batch"),
        *((f"{area}/{batch}", level, "plate") for batch, level in facts.batches.items()),
    ):
        for name in level.folders:
            problem = entry_problem(name)
            if problem is not None:
                yield IgnoredEntry(printable(f"{path}/{name}"), f"it cannot be a {kind}: {problem}")
        for name in level.files:
            if not _is_of_several_plates(name):
                yield IgnoredEntry(
                    printable(f"{path}/{name}"),
                    f"it is a file where {kind} folders lie",
                    unread=area != PROFILES and looks_like_input(name),
                )
        if kind == "plate" and not level.folders:
            yield IgnoredEntry(printable(path), "it holds no plate folder")


def _sites_among_plates(plates: Mapping[PlateKey, FolderFacts]) -> dict[PlateKey, str]:
    """Return the folders that are sites of one plate and lie where plates do, with the reason.

    `PLATE-A01-1`, `PLATE-A01-2`: no plate is called so where another of the batch is a site too.
    """
    found: dict[tuple[str, str], list[PlateKey]] = {}
    certain: set[PlateKey] = set()  # no plate is called `A01-1`
    for key, facts in plates.items():
        named = _SITE_OF_PLATE.fullmatch(key.plate)
        if named is not None and files_of(facts.files).image is not None:
            found.setdefault((key.batch, named["plate"] or ""), []).append(key)
            if not named["plate"] and named["site"]:
                certain.add(key)
    return {
        key: "it is named as a site, and lies where plates do: put the sites of a plate into "
        f"{ANALYSIS}/BATCH/PLATE/{CSV_DIR}"
        for keys in found.values()
        for key in keys
        if len(keys) > 1 or key in certain
    }


def _is_of_several_plates(name: str) -> bool:
    """Say whether we write a file of this name beside plates or batches."""
    return "selected_features_" in name or f"_{name}".endswith("_provenance.json")


def _analysis_source(
    key: PlateKey, facts: FolderFacts, csv_dir: str
) -> tuple[set[Source], str | None]:
    if facts.unreadable:
        # it is a plate all the same; reading it will say what is wrong, and the others go on
        return {Source.CSVS}, "it cannot be read: give this user permission to read it"
    wanted = PurePosixPath(csv_dir).name
    if not wanted:
        direct = files_of(facts.files)
        if direct.image is not None or any(not name.startswith(".") for name in facts.folders):
            return {Source.CSVS}, None
        return set(), "it holds no site folder"
    if wanted in facts.folders:
        return {Source.CSVS}, None
    direct = holds_sites(facts.folders, facts.files, key.plate)
    if wanted == csv_dir.rstrip("/") == CSV_DIR and (direct or facts.sites_elsewhere):
        return {Source.CSVS}, None  # they are looked for there
    reason = f"it has no folder {csv_dir} (collate.csv_dir)"
    if direct:
        return set(), f"{reason}; its site folders lie directly in it: set collate.csv_dir to '.'"
    there = [*facts.folders, *filter(looks_like_input, facts.files)]
    if there:
        return set(), f"{reason}; it has {listed(map(printable, there), shown=_SHOWN)}"
    return set(), reason


def _made_sources(key: PlateKey, facts: FolderFacts, area: str) -> tuple[set[Source], str | None]:
    """Return the sources among a plate's files in `backend` or `profiles`.

    Those of a kind that is told by its content count also where they are empty or a pointer: that
    is for the plate to say.
    """
    if facts.unreadable:
        return set(), "it cannot be read: give this user permission to read it"
    plate = key.plate
    found: set[Source] = set()
    if area == BACKEND:
        cells = cells_files(plate, facts.files)
        found |= {Source.SQLITE} if cells.databases else set()
        found |= {Source.PARQUET} if cells.parquet else set()
    aggregates = {f"{plate}{suffix}" for suffix in _AGGREGATE_SUFFIXES[area]}
    for file, size in facts.files.items():
        name = file.removesuffix(".dvc")
        if name in aggregates and size:
            found.add(Source.AGGREGATE)
        elif (
            size
            and name.endswith(_TABLE_SUFFIXES)
            and name.startswith(tuple(plate + step for step in _STEPS))
        ):
            found.add(Source.PROFILES)
    if found:
        return found, None
    others = listed(sorted(map(printable, facts.files)), shown=_SHOWN)
    holds = f"; it has {others}" if others else ""
    return found, (
        f"it holds no file of cells, no {plate}.csv[.gz] or {plate}.parquet and no later "
        f"profiles{holds}"
    )


def _unread_backends(
    key: PlateKey, facts: FolderFacts, *, from_csvs: bool
) -> Iterator[IgnoredEntry]:
    """Yield what looks like a backend of the plate and is not read.

    `from_csvs`: whether the plate starts at its CSVs; then a backend under its own name is made of
    them.
    """
    cells = cells_files(key.plate, facts.files)
    first = (*cells.databases, *cells.parquet)[:1]
    for file in first:
        if from_csvs and not file.startswith(f"{key.plate}."):
            path = printable(f"{BACKEND}/{key}/{file}")
            yield IgnoredEntry(path, "the plate's cells are read from its CSVs", unread=True)
    for file in cells.unused:
        path = printable(f"{BACKEND}/{key}/{file}")
        reason = f"the plate's cells are read from {printable(first[0])}"
        yield IgnoredEntry(path, reason, unread=True)
    known = {*first, *cells.unused, f"{key.plate}.csv", f"{key.plate}.csv.gz"}
    for file, size in facts.files.items():
        if file not in known and size > 0 and file.lower().endswith(_BACKENDS):
            path = printable(f"{BACKEND}/{key}/{file}")
            name = printable(key.plate)
            reason = f"a backend is read as {name}.sqlite or {name}.csv[.gz]"
            yield IgnoredEntry(path, reason, unread=True)


def _beside_csvs(key: PlateKey, facts: FolderFacts, csv_dir: str) -> Iterator[IgnoredEntry]:
    """Yield tables, site folders and other analyses beside the folder of site folders."""
    wanted = PurePosixPath(csv_dir).name
    if not wanted or wanted not in facts.folders:
        return
    tables = files_of(facts.files)
    folders = [
        name
        for name in facts.folders
        if parse_site_folder(name, key.plate).well or name.lower().startswith(CSV_DIR)
    ]
    for name in (*tables.inputs, *tables.unread, *folders):
        if name != wanted:
            path = printable(f"{ANALYSIS}/{key}/{name}")
            yield IgnoredEntry(path, f"it lies beside {csv_dir}, which is read", unread=True)


def looks_like_input(name: str) -> bool:
    """Tell by its name whether a file may be meant as input: a table, a database, a packed one."""
    return not name.startswith((".", "~")) and name.lower().endswith(_INPUTS)


def _empty_sources(key: PlateKey, facts: FolderFacts, area: str) -> Iterator[str]:
    if area != ANALYSIS:
        for file, size in facts.files.items():
            if (
                size == 0
                and file.startswith(key.plate)
                and file.endswith((".sqlite", ".csv", ".gz"))
            ):
                yield file


def csv_folder(key: PlateKey, csv_dir: str) -> str:
    """Return the folder of a plate's site folders.

    `csv_dir`: folder below the plate's folder; empty or `.` for the plate's folder itself. Raises
    `ConfigError` where `csv_dir` leads out of the plate's folder.
    """
    below = PurePosixPath(csv_dir)
    if below.is_absolute() or ".." in below.parts or "\0" in csv_dir:
        raise ConfigError(
            f"collate.csv_dir is {csv_dir!r}, which leads out of the plate's folder",
            remedy="name a folder below analysis/BATCH/PLATE, without '..' and a leading slash",
        )
    return PurePosixPath(analysis_folder(key, csv_dir)).as_posix()


def holds_sites(folders: Iterable[str], files: Iterable[str], plate: str) -> bool:
    """Tell by names whether a folder holds site folders, or the CSVs themselves."""
    if files_of(files).image is not None:
        return True
    return any(parse_site_folder(name, plate).well is not None for name in folders)


def no_path_entries(paths: Iterable[str]) -> Iterator[IgnoredEntry]:
    """Yield what has a key that is no path, as a listing has it (`analysis//`)."""
    for path in paths:
        yield IgnoredEntry(
            printable(path),
            "its key cannot be a path: a part of it is empty, '.' or '..', or has a NUL",
        )


def entry_problem(name: str) -> str | None:
    """Say why a file or folder name found on disk cannot be used; None where it can."""
    return _text_problem(name) or name_problem(name)


def site_folder_problem(name: str, files: Iterable[str], plate: str) -> str | None:
    """Say why a folder among the site folders is none; None where it is one.

    A folder with a table is a site folder whatever its name; a folder named as a site is one even
    if it is empty, as a failed CellProfiler job leaves it.
    """
    problem = site_name_problem(name)
    if problem is not None:
        return problem
    if files_of(files).inputs or parse_site_folder(name, plate).well is not None:
        return None
    return "it is not named as a site and holds no CSV file"


def site_name_problem(name: str) -> str | None:
    """Say why a folder of this name is no site folder, whatever it holds.

    None where only its files tell.
    """
    return "its name begins with a dot" if name.startswith(".") else _text_problem(name)


def _text_problem(name: str) -> str | None:
    if not name.isascii() and _SURROGATE.search(name):
        return "its name is not UTF-8 text"
    return None
