"""Where a batch's plate maps lie.

Put here: finding `barcode_platemap.csv` and the plate map files in the folders they are seen in.
Do not put here: reading or joining them (`profiles`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from profiling_assets.errors import MissingInputError, listed
from profiling_assets.workspace.layout import platemap_folders
from profiling_assets.workspace.names import checked_name
from profiling_assets.workspace.storage.interface import Workspace

BARCODE = "barcode_platemap.csv"
MAPS = "platemap"
SUFFIXES = (".txt", ".csv", ".tsv")  # the usual one first; it wins where a name has several


@dataclass(frozen=True)
class PlatemapFiles:
    """The plate map files of a batch."""

    batch: str
    barcode: str | None  # path of `barcode_platemap.csv`; None where there is none
    # plate map name (file name without `.txt`, `.csv` or `.tsv`) to path
    maps: Mapping[str, str] = field(default_factory=dict[str, str])
    looked: tuple[str, ...] = ()  # folders that were looked at
    # paths that are not used, because a usual place has a file of that name
    shadowed: tuple[str, ...] = ()

    def barcode_path(self) -> str:
        """Return the path of `barcode_platemap.csv`.

        Raises `MissingInputError` where there is none; the message names all places looked at.
        """
        if self.barcode is None:
            places = [f"{folder}/{BARCODE}" for folder in self.looked]
            raise MissingInputError(
                f"batch {self.batch} has no {BARCODE}; looked for {' and '.join(places)}",
                path=places[0] if places else None,
                remedy="put it there, with the columns Assay_Plate_Barcode and Plate_Map_Name",
            )
        return self.barcode

    def map_path(self, name: str) -> str:
        """Return the path of a plate map.

        `name`: as `Plate_Map_Name` has it; a suffix `.txt`, `.csv` or `.tsv` may be part of it.
        Raises `MissingInputError` where there is none; the message names all places looked at.
        """
        for candidate in (name, _stem(name)):
            if candidate in self.maps:
                return self.maps[candidate]
        places = [f"{folder}/{MAPS}" for folder in self.looked]
        known = listed(sorted(self.maps)) or "none"
        raise MissingInputError(
            f"batch {self.batch} has no plate map {name} (.txt, .csv or .tsv); "
            f"looked in {' and '.join(places)}; plate maps there: {known}",
            path=f"{places[0]}/{name}.txt" if places else None,
            remedy=f"put the plate map there, or correct Plate_Map_Name in {BARCODE}",
        )


def find_platemap_files(workspace: Workspace, batch: str) -> PlatemapFiles:
    """Find the plate map files of a batch in `metadata/platemaps/BATCH` and `metadata/BATCH`.

    Where both hold a file of one name, the first is used. Plate maps lie in `platemap` below
    either.
    """
    looked = platemap_folders(checked_name(batch, "batch"))
    barcode: str | None = None
    maps: dict[str, str] = {}
    shadowed: list[str] = []
    for folder in looked:
        path = f"{folder}/{BARCODE}"
        if workspace.stat(path) is not None:
            if barcode is None:
                barcode = path
            else:
                shadowed.append(path)
        names = [
            file.path.rpartition("/")[2] for file in workspace.list_folder(f"{folder}/{MAPS}").files
        ]
        for name in sorted(names, key=_rank):
            if name.startswith(".") or _stem(name) == name:
                continue
            path = f"{folder}/{MAPS}/{name}"
            if maps.setdefault(_stem(name), path) != path:
                shadowed.append(path)
    return PlatemapFiles(batch, barcode, dict(sorted(maps.items())), looked, tuple(shadowed))


def _stem(name: str) -> str:
    """Strip a known suffix, in any case of letters; names of plate maps may hold dots."""
    return name[:-4] if name.lower().endswith(SUFFIXES) else name


def _rank(name: str) -> tuple[int, str]:
    suffix = name[-4:].lower()
    return (SUFFIXES.index(suffix) if suffix in SUFFIXES else len(SUFFIXES), name)
