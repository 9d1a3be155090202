"""Which file of `backend/BATCH/PLATE/` holds the cells of a plate.

Put here: decisions on the names of files.
Do not put here: what is in a file (`collate`, `profiles`), the order of sources (`steps.sources`),
which folders are plates (`plates`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from profiling_assets.errors import BackendError, listed
from profiling_assets.workspace.site_folder import IMAGE

DATABASES = (".sqlite", ".sqlite3", ".db")
PARQUET = ".parquet"
# what stands in place of a file: its pointer, or the file packed. It is refused by what it is
STAND_INS = (".dvc", ".gz", ".zip", ".xz", ".bz2", ".zst")
_OF_WINDOWS = frozenset({"thumbs.db", "ehthumbs.db"})  # pictures of a folder's files


@dataclass(frozen=True)
class CellsFiles:
    """The files of a plate that may hold its cells, in the order in which they are taken."""

    databases: tuple[str, ...]
    parquet: tuple[str, ...]
    plate: str

    @property
    def first(self) -> str | None:
        """The one that is taken; None where there is none.

        Raises `BackendError` where several might be meant.
        """
        for names, kind in ((self.databases, "database"), (self.parquet, "Parquet file")):
            if len(names) > 1 and not names[0].startswith(f"{self.plate}."):
                raise BackendError(
                    f"there are several {kind}s, and none is named after the plate: "
                    f"{listed(names)}",
                    remedy=f"name the one that holds the plate's cells {self.plate}"
                    f"{DATABASES[0] if kind == 'database' else PARQUET}",
                )
            if names:
                return names[0]
        return None

    @property
    def unused(self) -> tuple[str, ...]:
        """Those that are not taken."""
        return (*self.databases, *self.parquet)[1:]


def cells_files(plate: str, files: Iterable[str]) -> CellsFiles:
    """Find what may hold the cells of a plate among the files of its folder in `backend`.

    Files that are named after the plate come first. The tables of our own Parquet backend are not
    among them.
    """
    there = frozenset(files)
    names = [name for name in there if not name.startswith(".") and _is_first_hand(name, there)]
    databases = [
        n for n in names if _stem(n, DATABASES) is not None and n.lower() not in _OF_WINDOWS
    ]
    parquet = [n for n in names if _stem(n, (PARQUET,)) is not None]
    if f"{plate}_{IMAGE}{PARQUET}" in there:
        parquet = [name for name in parquet if not name.startswith(f"{plate}_")]
    named = [f"{plate}{suffix}" for suffix in (*DATABASES, PARQUET)]

    def order(name: str) -> tuple[int, str]:
        bare = without_stand_in(name)
        return (named.index(bare) if bare in named else len(named), name)

    return CellsFiles(tuple(sorted(databases, key=order)), tuple(sorted(parquet, key=order)), plate)


def without_stand_in(name: str) -> str:
    """Return the name of the file that another one stands for."""
    suffix = next((s for s in STAND_INS if name.endswith(s)), "")
    return name.removesuffix(suffix)


def _is_first_hand(name: str, there: Collection[str]) -> bool:
    bare = without_stand_in(name)
    return bare == name or bare not in there


def _stem(name: str, suffixes: tuple[str, ...]) -> str | None:
    bare = without_stand_in(name).lower()
    return next((bare.removesuffix(s) for s in suffixes if bare.endswith(s)), None)
