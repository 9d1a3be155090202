"""What a plate's former site ledger knows and its CSVs no longer show.

Put here: sites that were in the backend before and have lost their folder.
Do not put here: sites that the load data names (`collate.expected`).
"""

import csv
import io
from collections.abc import Iterable

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import SiteRecord, SiteState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace

_GONE = "was in a former backend; its folder is gone"


def vanished_sites(
    workspace: Workspace, key: PlateKey, now: Iterable[SiteRecord]
) -> tuple[SiteRecord, ...]:
    """List the sites of the former ledger whose folders are gone.

    Parameters
    ----------
    workspace : Workspace
        Where the ledger stands.
    key : PlateKey
        The plate.
    now : iterable of SiteRecord
        The records of this build.

    Returns
    -------
    tuple of SiteRecord
        As missing, in the order of the former ledger; empty where there is none.

    Raises
    ------
    InvalidInputError
        Where the former ledger is no table.
    """
    path = layout.site_ledger(key)
    if workspace.stat(path) is None:
        return ()
    text = workspace.read_bytes(path).decode("utf-8", "replace")
    records = list(now)
    folders = {record.folder for record in records}
    places = {(record.well, record.site) for record in records}
    gone: list[SiteRecord] = []
    for row in _rows(text, path):
        folder, well, site = (row.get(name) or "" for name in ("folder", "well", "site"))
        was_there = row.get("image_rows_kept") not in (None, "", "0") or row.get("reason") == _GONE
        if folder and was_there and folder not in folders and (well, site) not in places:
            gone.append(SiteRecord(folder, well, site, SiteState.MISSING, _GONE))
    return tuple(gone)


def _rows(text: str, path: str) -> list[dict[str, str | None]]:
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except csv.Error as error:
        raise InvalidInputError(
            f"the ledger of the former backend cannot be read: {error}",
            path=path,
            remedy="restore it from a copy; or remove it: then sites whose folders have gone since "
            "are not named",
        ) from error
