"""What of a workspace goes into a data repository, where it lies there, and what stays.

Put here: the list of what may be published, limits of size, and the decisions made from them.
Do not put here: git (`publish.clone`), copying (`copying`), the text of the commit
(`publish.words`), files that appear whole or not at all (`workspace.storage.atomic_write`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.workspace.copying import (
    Direction,
    Transfer,
    batch_of,
    transfer_plan,
)
from profiling_assets.workspace.layout import (
    BACKEND,
    CONFIGS,
    GCT,
    LOAD_DATA,
    METADATA,
    PROFILES,
    QUALITY_CONTROL,
)
from profiling_assets.workspace.names import PlateKey, name_problem

# The one list of what is published: folder of the workspace to the endings of names.
PUBLISHED: Mapping[str, tuple[str, ...]] = {
    BACKEND: (".tsv", ".json"),  # the ledgers of sites and wells, and what they were made from
    CONFIGS: (".yml", ".yaml", ".tsv", ".txt", ".csv"),  # a frozen list of features too
    GCT: (".gct", ".csv.gz", ".csv", ".parquet", ".h5ad", ".tsv", ".json"),
    LOAD_DATA: (".csv.gz", ".csv", ".parquet"),  # CSVs are compressed on the way
    METADATA: (".csv", ".tsv", ".txt"),
    PROFILES: (".csv.gz", ".csv", ".parquet", ".h5ad", ".tsv", ".json", ".html"),
    QUALITY_CONTROL: (".tsv", ".csv", ".png", ".json", ".html"),
}

_INPUTS = (LOAD_DATA, METADATA)
_CELLPROFILER = frozenset({"image", "cells", "cytoplasm", "nuclei", "object", "experiment"})
_DATABASES = (".sqlite", ".sqlite3", ".db", ".sqlite.gz")
_MEGABYTE = 1_000_000


class Stays(StrEnum):
    """Why a file of a published folder is not published."""

    DATABASE = "SQLite backends are too large for git"
    CELLPROFILER = "CellProfiler's own tables stay in the workspace"
    BACKEND = "of backend/ only the ledgers are published; profiles/ has the aggregate"
    KIND = "no kind of file that is published"
    NAME = "its name has a control character"
    SUPERSEDED = "another file goes to its place"
    EXCLUDED = "its plate is excluded"


@dataclass(frozen=True)
class Staying:
    """A file that is not published, its size in bytes, and why."""

    path: str
    size: int
    why: Stays


@dataclass(frozen=True)
class PublicationPlan:
    """What is to be published, sorted by target, and what stays, sorted by path."""

    transfers: tuple[Transfer, ...]
    staying: tuple[Staying, ...]


@dataclass(frozen=True)
class Limits:
    """How large a file may be that does not go by Git LFS, in bytes."""

    # larger files are refused. GitHub refuses a push with a file above 100 MB
    refused: int = 100 * _MEGABYTE
    warned: int = 50 * _MEGABYTE  # larger files are named. GitHub warns above 50 MB


@dataclass(frozen=True)
class Sized:
    """A file of the data repository and its bytes."""

    path: str
    size: int


def publication_plan(
    files: Mapping[str, int],
    batches: Collection[str] = (),
    excluded: Collection[PlateKey] = (),
) -> PublicationPlan:
    """Say which of a workspace's files are published, and where they lie in the data repository.

    Paths are those of the workspace, with two changes that the handbook makes by hand: load data is
    compressed, and `metadata/BATCH` lies in `metadata/platemaps/BATCH`. Hidden files and
    `README.md` are passed over.

    `files`: path below the workspace's root to size in bytes. `batches`: only files of these, and
    of no batch; none means all. `excluded`: plates that were taken out, whose files are no longer
    brought up to date.
    """
    asked = [
        path
        for path in files
        if path.partition("/")[0] in PUBLISHED
        and not _is_passed_over(path)
        and (not batches or batch_of(path) in {None, *batches})
    ]
    why = {path: _why_it_stays(path, excluded) for path in asked}
    going = [path for path, reason in why.items() if reason is None]
    inputs = [path for path in going if path.partition("/")[0] in _INPUTS]
    plan = transfer_plan(inputs, Direction.PULL)
    moved = {one.source for one in plan.transfers} | {pair.source for pair in plan.superseded}
    made = [Transfer(path, path) for path in going if path not in moved]
    staying = [Staying(path, files[path], reason) for path, reason in why.items() if reason]
    staying += [
        Staying(pair.source, files[pair.source], Stays.SUPERSEDED) for pair in plan.superseded
    ]
    return PublicationPlan(
        tuple(sorted([*plan.transfers, *made], key=lambda one: one.target)),
        tuple(sorted(staying, key=lambda one: one.path)),
    )


def _is_passed_over(path: str) -> bool:
    parts = path.split("/")
    return any(part.startswith(".") for part in parts) or parts[-1] == "README.md"


def _why_it_stays(path: str, excluded: Collection[PlateKey]) -> Stays | None:
    name = path.rpartition("/")[2].lower()
    folder = path.partition("/")[0]
    if not path.isprintable():
        return Stays.NAME
    if name.endswith(_DATABASES):
        return Stays.DATABASE
    if name.removesuffix(".gz").removesuffix(".csv") in _CELLPROFILER and ".csv" in name:
        return Stays.CELLPROFILER
    if not name.endswith(PUBLISHED[folder]):
        return Stays.BACKEND if folder == BACKEND else Stays.KIND
    if plate_of(path) in excluded:
        return Stays.EXCLUDED
    return None


def plate_of(path: str) -> PlateKey | None:
    """Return the plate that a file belongs to; None for what belongs to a batch, or to none."""
    batch = batch_of(path)
    parts = path.split("/")
    if batch is None or parts[0] in {METADATA, GCT}:
        return None
    rest = parts[3 if parts[0] == QUALITY_CONTROL else 2 :]
    if len(rest) < 2 or name_problem(batch) or name_problem(rest[0]):
        return None
    return PlateKey(batch, rest[0])


def over(limit: int, files: Iterable[Sized], by_lfs: Collection[str]) -> tuple[Sized, ...]:
    """Name the files that are larger than a limit and do not go by Git LFS, the largest first.

    `limit`: in bytes. `by_lfs`: paths that `.gitattributes` gives to Git LFS.
    """
    found = [one for one in files if one.size > limit and one.path not in by_lfs]
    return tuple(sorted(found, key=lambda one: (-one.size, one.path)))


def no_longer(
    tracked: Iterable[str], targets: Collection[str], batches: Collection[str] = ()
) -> tuple[str, ...]:
    """Name what was published and is not among what would be published now, sorted by path.

    It is kept: a file that is gone from one workspace may have come from another, and taking a
    published result back is a decision of a person. Named are only files of the kinds that are
    published, and no configs, as a data repository may have its own. `tracked`: paths of all files
    that git tracks there.
    """
    results = [path for path in tracked if not path.startswith(f"{CONFIGS}/")]
    plan = publication_plan(dict.fromkeys(results, 0), batches)
    return tuple(sorted({one.target for one in plan.transfers} - set(targets)))
