"""What a plate starts from, and the fingerprints of what lies outside the graph.

Put here: the order in which sources are tried, plate by plate, and why.
Do not put here: reading cells (`core.collate`), joining plate maps (`core.annotate`).
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.core import layout
from profiling_assets.core.config.model import Config
from profiling_assets.core.currency import fingerprint
from profiling_assets.core.discovery import csv_folder
from profiling_assets.core.errors import MissingInputError
from profiling_assets.core.names import PlateKey
from profiling_assets.storage.scan import PlateListing, scan_plate
from profiling_assets.storage.workspace import Workspace


class SourceKind(StrEnum):
    """What the aggregated profiles of a plate are made from."""

    CSVS = "csvs"
    SQLITE = "sqlite"
    PROFILES = "profiles"
    NONE = "none"


@dataclass(frozen=True)
class PlateSource:
    """The source chosen for one plate.

    Attributes
    ----------
    kind : SourceKind
        What was found first, in the order of `plate_source`.
    path : str
        Workspace path of the analysis folder or of the file; empty where there is none.
    fingerprint : str
        Changes when the source changes.
    listing : PlateListing or None
        The site folders, where the source is the CSVs.
    looked_for : tuple of str
        The paths that were tried, for the message where none was found.
    """

    kind: SourceKind
    path: str
    fingerprint: str
    listing: PlateListing | None
    looked_for: tuple[str, ...]

    def required(self, key: PlateKey) -> "PlateSource":
        """Return the source itself, or refuse a plate that has none.

        Parameters
        ----------
        key : PlateKey
            The plate, for the message.

        Returns
        -------
        PlateSource
            The same source.

        Raises
        ------
        MissingInputError
            Where nothing was found, naming the paths that were looked for.
        """
        if self.kind is SourceKind.NONE:
            raise MissingInputError(
                f"plate {key} has nothing to aggregate; looked for {', '.join(self.looked_for)}",
                path=self.looked_for[0],
                remedy="put the plate's CellProfiler output there, or take the plate out with "
                f"`profiling-assets exclude {key} --reason ...`",
            )
        return self


def plate_source(workspace: Workspace, config: Config, key: PlateKey) -> PlateSource:
    """Choose what a plate's aggregated profiles are made from.

    The CSVs where the plate's analysis folder holds site folders; else a standing SQLite backend;
    else a standing `PLATE.csv[.gz]`. With `collate.aggregate_only`, the SQLite backend alone.

    Parameters
    ----------
    workspace : Workspace
        Where the plate is.
    config : Config
        Says the analysis folder's name and `aggregate_only`.
    key : PlateKey
        The plate.

    Returns
    -------
    PlateSource
        The first source found, or kind `none`.
    """
    folder = csv_folder(key, config.collate.csv_dir)
    sqlite = layout.sqlite_backend(key)
    tables = aggregate_candidates(key)
    if not config.collate.aggregate_only:
        listing = scan_plate(workspace, key, config.collate.csv_dir)
        if listing.folders:
            mark = fingerprint(
                "csvs",
                {
                    "csvs": listing.fingerprint,
                    "load_data": listing.load_data_fingerprint or "",
                },
            )
            return PlateSource(SourceKind.CSVS, folder, mark, listing, (folder,))
    looked_for = (sqlite,) if config.collate.aggregate_only else (folder, sqlite, *tables)
    info = workspace.stat(sqlite)
    if info is not None:
        mark = fingerprint("sqlite", {"size": str(info.size), "version": info.version})
        return PlateSource(SourceKind.SQLITE, sqlite, mark, None, looked_for)
    for path in () if config.collate.aggregate_only else tables:
        if workspace.stat(path) is not None:
            mark = content_fingerprint(workspace, path)
            return PlateSource(SourceKind.PROFILES, path, mark, None, looked_for)
    return PlateSource(SourceKind.NONE, "", "", None, looked_for)


def aggregate_candidates(key: PlateKey) -> tuple[str, ...]:
    """Return the places where a plate's aggregated profiles may stand already.

    Parameters
    ----------
    key : PlateKey
        The plate.

    Returns
    -------
    tuple of str
        Workspace paths, the first to be taken first.
    """
    backend = layout.backend_aggregate(key)
    return (
        layout.profile(key),
        layout.profile(key, suffix=".csv"),
        f"{backend}.gz",
        backend,
    )


def content_fingerprint(workspace: Workspace, path: str) -> str:
    """Return the fingerprint of a small file's content.

    Parameters
    ----------
    workspace : Workspace
        Where the file is.
    path : str
        Workspace path.

    Returns
    -------
    str
        32 hexadecimal digits, or `absent`.
    """
    if workspace.stat(path) is None:
        return "absent"
    return hashlib.sha256(workspace.read_bytes(path)).hexdigest()[:32]
