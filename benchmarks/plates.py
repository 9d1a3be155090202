"""Made-up plates of an exact size, kept between runs.

Put here: sizes, where plates lie, when they are made and removed.
Do not put here: what is in them (`profiling_assets.demo`).
"""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import profiling_assets.demo
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.workspace.names import PlateKey

KEEP_BELOW = 10**9  # bytes of CSV; a larger plate is removed after use
_CSV_BYTES, _SQLITE_BYTES = 18, 10  # of a measurement, about
_COMPARTMENTS = 3


@dataclass(frozen=True)
class PlateSize:
    """Wells, sites of a well, cells of a site, columns of a table."""

    wells: int
    sites: int
    cells: int
    columns: int

    def __str__(self) -> str:
        return (
            f"{self.wells} wells x {self.sites} sites x {self.cells} cells, {self.columns} columns"
        )

    @property
    def measurements(self) -> int:
        """Measurements of all cells."""
        return self.wells * self.sites * self.cells * _COMPARTMENTS * self.columns

    @property
    def csv_bytes(self) -> int:
        """About how large the CSVs are."""
        return self.measurements * _CSV_BYTES


@contextmanager
def plate(size: PlateSize, folder: Path, *, engines: int, keep: bool) -> Generator[Path]:
    """Lend a workspace with one plate of the size; made where the folder has none yet."""
    workspace = folder / f"{size.wells}x{size.sites}x{size.cells}x{size.columns}-{_generator()}"
    made = workspace.exists()
    _check_space(folder, size, (0 if made else size.csv_bytes), engines)
    if not made:
        print(f"making {size} (about {size.csv_bytes / 1e9:.1f} GB of CSV)", flush=True)
        part = workspace.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        spec = plate_spec(size.wells, size.sites, size.cells, size.columns)
        make_workspace(part, spec, processes=os.cpu_count() or 1)
        part.rename(workspace)
    try:
        yield workspace
    finally:
        if not keep and size.csv_bytes > KEEP_BELOW:
            shutil.rmtree(workspace)


def plate_key(size: PlateSize) -> PlateKey:
    """Return batch and plate of a workspace that `plate` lends."""
    spec = plate_spec(size.wells, size.sites, size.cells, size.columns)
    return spec.plates[0]


def _generator() -> str:
    """Return a mark of the generator's code: a changed generator makes other plates."""
    digest = hashlib.sha256()
    for place in profiling_assets.demo.__path__:
        for file in sorted(Path(place).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _check_space(folder: Path, size: PlateSize, csv_bytes: int, engines: int) -> None:
    needed = csv_bytes + engines * size.measurements * _SQLITE_BYTES
    free = shutil.disk_usage(folder).free
    if free < 1.2 * needed:
        message = (
            f"{size} needs about {needed / 1e9:.1f} GB at {folder}, {free / 1e9:.1f} GB are free: "
            "name another folder with PLATES=, or fewer sizes with SIZES="
        )
        raise SystemExit(message)
