"""Which files go from one workspace to another, and to which path.

Put here: the handbook's transfers (5.6.4, 5.6.10, 5.6.11, 5.6.16) as decisions on paths.
Do not put here: listing, comparing and copying (`workspace.sync`).
Pulled is what profiling starts from without the CSVs of CellProfiler; pushed is what it makes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.workspace.layout import (
    BACKEND,
    CONFIGS,
    EXCLUSIONS,
    EXTERNAL_METADATA,
    GCT,
    LOAD_DATA,
    PROFILES,
)

METADATA = "metadata"
_PLATEMAPS = f"{METADATA}/platemaps"
_HEATMAPS = "quality_control/heatmap"
_REPORTS = "quality_control/report"
_BACKEND_SUFFIXES = (".csv", ".csv.gz", ".tsv")  # not the SQLite files; the ledgers are `.tsv`


class Direction(StrEnum):
    """Towards where one works, or back to where the project's data are."""

    PULL = "pull"
    PUSH = "push"


FOLDERS = {
    Direction.PULL: (BACKEND, LOAD_DATA, METADATA),
    Direction.PUSH: (CONFIGS, GCT, PROFILES, "quality_control"),
}


@dataclass(frozen=True, order=True)
class Transfer:
    """A file and where it goes; `zipped` where it is compressed on the way."""

    source: str
    target: str
    zipped: bool = False


@dataclass(frozen=True)
class Superseded:
    """A file that is not copied, and the one that goes to its place."""

    source: str
    by: str


@dataclass(frozen=True)
class TransferPlan:
    """What is to be compared and copied, sorted by target, and what is not."""

    transfers: tuple[Transfer, ...]
    superseded: tuple[Superseded, ...] = ()


def transfer(path: str, direction: Direction) -> Transfer | None:
    """Say where a file goes.

    Parameters
    ----------
    path : str
        Path of the file below the source's root.
    direction : Direction
        Pull or push.

    Returns
    -------
    Transfer or None
        None for a file that stays: a hidden one, one of another folder, a SQLite backend.
    """
    parts = path.split("/")
    if parts[0] not in FOLDERS[direction] or any(part.startswith(".") for part in parts):
        return None
    if direction is Direction.PUSH:
        return Transfer(path, path)
    if parts[0] == BACKEND:
        return Transfer(path, path) if path.endswith(_BACKEND_SUFFIXES) else None
    if parts[0] == LOAD_DATA:
        plain = path.endswith(".csv")
        return Transfer(path, f"{path}.gz" if plain else path, zipped=plain)
    if path.startswith((f"{_PLATEMAPS}/", f"{EXTERNAL_METADATA}/")):
        return Transfer(path, path)
    if path == EXCLUSIONS:
        return Transfer(path, path)
    if len(parts) < 3:  # beside the batches
        return None
    return Transfer(path, f"{_PLATEMAPS}{path.removeprefix(METADATA)}")


def batch_of(path: str) -> str | None:
    """Return the batch that a file belongs to.

    Parameters
    ----------
    path : str
        Path of a file in one of `FOLDERS`, below the root.

    Returns
    -------
    str or None
        None for what belongs to no batch, as configs and the summary of quality control.
    """
    parts = path.split("/")
    if path.startswith((f"{_PLATEMAPS}/", f"{_HEATMAPS}/", f"{_REPORTS}/")):
        at = 2
    elif parts[0] in {BACKEND, LOAD_DATA, PROFILES, GCT, METADATA}:
        at = 1
    else:
        return None
    if path.startswith(f"{EXTERNAL_METADATA}/") or len(parts) < at + 2:
        return None
    return parts[at]


def is_entered(folder: str, batches: Collection[str]) -> bool:
    """Say whether a folder may hold files of the chosen batches (none: of all).

    Parameters
    ----------
    folder : str
        Path of the folder below the root.
    batches : collection of str
        Names of batches.

    Returns
    -------
    bool
        False for hidden folders too.
    """
    if any(part.startswith(".") for part in folder.split("/")):
        return False
    batch = batch_of(f"{folder}/-")
    return not batches or batch is None or batch in batches


def transfer_plan(
    paths: Iterable[str], direction: Direction, batches: Collection[str] = ()
) -> TransferPlan:
    """Say which of a workspace's files go where.

    Parameters
    ----------
    paths : iterable of str
        Paths below the source's root.
    direction : Direction
        Pull or push.
    batches : collection of str, optional
        Only files of these, and of no batch; none means all.

    Returns
    -------
    TransferPlan
        Each target once. `metadata/platemaps/BATCH` goes before `metadata/BATCH`, and
        `load_data.csv` before a `load_data.csv.gz` beside it, in the order in which we read them.
    """
    chosen: dict[str, Transfer] = {}
    superseded: list[Superseded] = []
    found = (
        transfer(path, direction)
        for path in paths
        if not batches or batch_of(path) in {None, *batches}
    )
    for one in sorted(filter(None, found), key=_rank):
        first = chosen.setdefault(one.target, one)
        if first is not one:
            superseded.append(Superseded(one.source, first.source))
    return TransferPlan(
        tuple(chosen[target] for target in sorted(chosen)),
        tuple(sorted(superseded, key=lambda pair: pair.source)),
    )


def _rank(one: Transfer) -> tuple[bool, bool, str]:
    moved = one.source != one.target and not one.zipped
    return (moved, not one.zipped, one.source)
