"""What a plate starts from, and the fingerprints of what lies outside the graph.

Put here: the order in which sources are tried, plate by plate, and why.
Do not put here: reading cells (`collate`), joining plate maps (`profiles.annotate`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from profiling_assets.collate.table_choice import TablePresence, counted
from profiling_assets.config.model import Config
from profiling_assets.errors import BackendError, MissingInputError, ProfilingError, listed
from profiling_assets.steps.current import fingerprint
from profiling_assets.workspace import layout
from profiling_assets.workspace.file_kind import HEAD_BYTES, foreign_kind, refuse_foreign
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import IgnoredEntry, csv_folder
from profiling_assets.workspace.scan_workspace import PlateListing, fingerprint_bytes, scan_plate
from profiling_assets.workspace.site_folder import SiteFolder, site_files
from profiling_assets.workspace.site_reading import WorkspaceSiteFolder
from profiling_assets.workspace.standing_files import cells_files
from profiling_assets.workspace.storage.disk_space import csv_bytes
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.unread import refused_source

if TYPE_CHECKING:  # the graph is loaded without pandas
    from profiling_assets.collate.columns import Survey

ABSENT = "absent"
_TABLES = (".csv", ".csv.gz", ".tsv", ".gct", ".html")


class SourceKind(StrEnum):
    """What the aggregated profiles of a plate are made from, the first to be taken first."""

    CSVS = "csvs"
    SQLITE = "sqlite"
    PARQUET = "parquet"
    PROFILES = "profiles"
    NONE = "none"


@dataclass(frozen=True)
class PlateShape:
    """What is kept of a plate's listing where thousands of plates are looked at."""

    # wells with an image, normalized and sorted; None where a folder's name does not tell
    wells: tuple[str, ...] | None
    # how many sites have each object table; None where `object.csv` holds them
    tables: TablePresence | None
    csv_bytes: int  # bytes of the files that a build reads
    folders: int  # how many site folders there are
    small: tuple[str, ...] = ()  # files as small as a pointer, that are not empty


@dataclass(frozen=True)
class PlateSource:
    """The source chosen for one plate."""

    kind: SourceKind  # what was found first, in the order of `plate_source`
    path: str  # workspace path of the analysis folder or of the file; empty where there is none
    fingerprint: str  # changes when the source changes
    listing: PlateListing | None  # the site folders, where the source is the CSVs
    looked_for: tuple[str, ...]  # the paths that were tried, for the message where none was found
    error: ProfilingError | None = None  # why there is none, where more is to be said
    # whether input lies there that cannot be used: then no older result is taken in its place
    unusable: bool = False
    unread: tuple[IgnoredEntry, ...] = ()  # what looks like input among its CSVs and is not used
    # what is known of a listing of which few folders are left (`slim`)
    shape: PlateShape | None = None
    # what is to be known of the choice: a file of another name, files that are not read
    notes: tuple[str, ...] = ()

    def required(self, key: PlateKey) -> PlateSource:
        """Return the source itself, or refuse a plate that has none.

        Raises `MissingInputError` where nothing was found, naming the paths that were looked for,
        or the error that a look at the plate ended with.
        """
        if self.error is not None:
            raise self.error
        if self.kind is SourceKind.NONE:
            raise MissingInputError(
                f"plate {key} has nothing to aggregate; looked for {', '.join(self.looked_for)}",
                path=self.looked_for[0] if self.looked_for else None,
                remedy="put the plate's CellProfiler output there, or take the plate out with "
                f"`profiling-assets exclude {key} --reason ... --workspace ...`",
            )
        return self


def plate_source(workspace: Workspace, config: Config, key: PlateKey) -> PlateSource:
    """Choose what a plate's aggregated profiles are made from.

    The CSVs where the plate's analysis folder holds site folders; else a standing database, else a
    Parquet file, with its cells; else, unless the section `aggregate` is on (which a finished table
    cannot follow), a standing `PLATE.csv[.gz]` or `PLATE.parquet`. With `collate.aggregate_only`,
    standing cells alone. Of kind `none` where there is nothing of it, or where tables lie there
    that cannot be used: an older source is never taken in place of them. What is packed away (an
    archive) is told, and may be the older source's. Raises `BackendError` where several databases
    might be meant.
    """
    folder = csv_folder(key, config.collate.csv_dir)
    sqlite = layout.sqlite_backend(key)
    finished = not (config.collate.aggregate_only or config.aggregate.perform)
    tables = aggregate_candidates(key, config) if finished else ()
    unread: tuple[IgnoredEntry, ...] = ()
    refused: ProfilingError | None = None
    if not config.collate.aggregate_only:
        listing = scan_plate(
            workspace,
            key,
            config.collate.csv_dir,
            well_column=config.aggregation.well_column,
        )
        folder = listing.base
        # folders that are left of archived CSVs are no source
        if len(listing.completeness.without_image) < len(listing.folders):
            mark = fingerprint(
                "csvs",
                {
                    "csvs": listing.fingerprint,
                    "load_data": listing.load_data_fingerprint or "",
                },
            )
            return PlateSource(
                SourceKind.CSVS, folder, mark, listing, (folder,), unread=listing.unread
            )
        unread = listing.unread
        if unread or listing.imageless:
            backend = "" if workspace.stat(sqlite) is None else sqlite
            refused = refused_source(folder, unread, listing.imageless, backend=backend)
        if listing.unusable:
            return PlateSource(SourceKind.NONE, folder, "", None, (folder,), refused, unusable=True)
    looked_for = (sqlite,) if config.collate.aggregate_only else (folder, sqlite, *tables)
    found = _standing_cells(workspace, key, looked_for)
    if found is not None:
        return replace(found, unread=unread)
    # a pointer stands for its file, where that is absent
    for path in (*tables, *(f"{table}.dvc" for table in tables)):
        if workspace.stat(path) is not None:
            mark = content_fingerprint(workspace, path)
            return PlateSource(SourceKind.PROFILES, path, mark, None, looked_for, unread=unread)
    return PlateSource(SourceKind.NONE, "", "", None, looked_for, refused, unread=unread)


def _standing_cells(
    workspace: Workspace, key: PlateKey, looked_for: tuple[str, ...]
) -> PlateSource | None:
    folder = layout.backend_folder(key)
    there = {file.path.rpartition("/")[2]: file for file in workspace.list_folder(folder).files}
    cells = cells_files(key.plate, there)
    try:
        name = cells.first
    except BackendError as error:
        raise BackendError(error.what, path=folder, remedy=error.remedy) from error
    if name is None:
        return None
    kind = SourceKind.SQLITE if cells.databases else SourceKind.PARQUET
    mark = fingerprint(kind.value, {"size": str(there[name].size), "version": there[name].version})
    notes = [f"its cells are read from {name}, which is not named after the plate"]
    if name.startswith(f"{key.plate}."):
        notes = []
    if cells.unused:
        notes.append(f"not read, as {name} is: {listed(cells.unused)}")
    return PlateSource(kind, there[name].path, mark, None, looked_for, notes=tuple(notes))


def is_moved_away(recorded: str, now: SourceKind) -> bool:
    """Say whether what a result was made from is gone, so that only a later source is left.

    `recorded`: the kind of source it was made from; empty where it has none. True for CSVs that
    were archived after the backend was made, or a backend after its profiles: nothing new came, so
    the result is as current as before.
    """
    order = list(SourceKind)
    return recorded in order and order.index(now) > order.index(SourceKind(recorded))


def aggregate_candidates(key: PlateKey, config: Config) -> tuple[str, ...]:
    """Return the places where a plate's aggregated profiles may stand already, best first.

    The place where ours are put comes last: once they are there, they are no new source. After it
    comes only a Parquet file that the config makes us write, as a copy of them.
    """
    backend = layout.backend_aggregate(key)
    plain, zipped = layout.profile(key, suffix=".csv"), layout.profile(key)
    own = (plain, zipped) if config.options.compression == "gzip" else (zipped, plain)
    parquet = layout.profile(key, suffix=".parquet")
    last = (own[1], parquet) if "parquet" in config.options.formats else (parquet, own[1])
    return (own[0], f"{backend}.gz", backend, *last)


def content_fingerprint(workspace: Workspace, path: str) -> str:
    """Return the fingerprint of a small file's content, or `ABSENT`."""
    if workspace.stat(path) is None:
        return ABSENT
    return content_hash(workspace.read_bytes(path))


def content_hash(content: bytes) -> str:
    """Return the hash by which files are told apart."""
    return fingerprint_bytes(content)[:32]


def table_hash(workspace: Workspace, path: str) -> str:
    """Return the hash of a result's file, where it is a table of profiles or a list.

    32 hexadecimal digits; empty for a backend, which is too large to be read for it.
    """
    return content_fingerprint(workspace, path) if path.endswith(_TABLES) else ""


_POINTER_BYTES = 300  # of a Git LFS pointer or DVC file; a header alone has more
_HEADERS = 3  # the largest Image.csv files: a site that failed QC has a short one


def slim(source: PlateSource) -> PlateSource:
    """Keep of a plate's source what preflight needs: a plan looks at thousands of plates.

    Kept are the few site folders whose Image.csv is largest, and the shape of all.
    """
    if source.listing is None:
        return source
    folders = _largest_folders(source)
    listing = replace(source.listing, folders=folders, expected=None)
    return replace(source, listing=listing, shape=_shape(source))


def few_headers(source: PlateSource, *, munge: bool) -> Survey:
    """Read the headers of the site folders whose Image.csv is largest.

    There are no tables for a plate that does not start at CSVs.
    """
    from profiling_assets.collate.columns import survey_headers

    return survey_headers(_largest_folders(source), munge=munge)


def refuse_foreign_images(source: PlateSource) -> None:
    """Refuse a plate whose largest image tables are none, as in a clone without its large files.

    Raises `InvalidInputError` which says what they are.
    """
    heads = [(folder, name, folder.head(name)) for folder, name in _largest_images(source)]
    if all(foreign_kind(head[:HEAD_BYTES]) is not None for *_, head in heads):
        for folder, name, head in heads:
            refuse_foreign(head, f"{folder.path}/{name}")


def _largest_folders(source: PlateSource) -> tuple[WorkspaceSiteFolder, ...]:
    return tuple({folder.name: folder for folder, _ in _largest_images(source)}.values())


def _shape(source: PlateSource) -> PlateShape:
    folders = () if source.listing is None else source.listing.folders
    files = [(folder, site_files(folder)) for folder in folders]
    imaged = [folder for folder, found in files if found.image is not None]
    wells = {folder.site.well for folder in imaged}
    named = tuple(sorted(well for well in wells if well is not None))
    merged = any(found.merged is not None for _, found in files)
    present = Counter(frozenset(found.tables) for _, found in files)
    first = {
        table: f"{folder.name}/{file}"
        for folder, found in reversed(files)
        for table, file in found.tables.items()
    }
    return PlateShape(
        wells=None if None in wells else named,
        tables=None if merged else counted(present, first, first),
        csv_bytes=csv_bytes(folders),
        folders=len(folders),
        small=tuple(
            f"{folder.path}/{file}"
            for folder, found in files
            for file in found.inputs
            if 0 < folder.files[file] <= _POINTER_BYTES
        ),
    )


def image_table_columns(source: PlateSource) -> set[str]:
    """Return the columns of a plate's image tables, from the headers of the largest few.

    Empty for a plate that does not start at CSVs.
    """
    return {column for image in _largest_images(source) for column in _columns(*image)}


def _largest_images(source: PlateSource) -> list[tuple[WorkspaceSiteFolder, str]]:
    if source.listing is None:
        return []
    images = sorted(
        (
            (folder.files[name], folder, name)
            for folder in source.listing.folders
            if (name := site_files(folder).image) is not None and folder.files[name] > 0
        ),
        key=lambda entry: (-entry[0], entry[1].name),
    )
    return [(folder, name) for _, folder, name in images[:_HEADERS]]


def _columns(folder: SiteFolder, name: str) -> tuple[str, ...]:
    from profiling_assets.collate.header import read_header

    header = read_header(folder.head(name))
    return () if header is None else header.names
