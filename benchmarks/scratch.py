"""Scratch space at its peak against the SQLite file that is made. `python benchmarks/scratch.py`.

Put here: the plates, what is counted, the table that is printed.
Do not put here: making plates (`plates`), CPU and memory (`collate`).
Settings are environment variables, see README.md: PLATES, KEEP.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from plates import PlateSize, plate, plate_key

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.options import CollateOptions
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.storage.disk_space import backend_bytes, csv_bytes
from profiling_assets.workspace.storage.folder import FolderWorkspace

HERE = Path(__file__).resolve().parent
SIZES = (PlateSize(12, 4, 100, 600), PlateSize(24, 9, 100, 600))
BOUND = 1.3
CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Threshold")
_OWN_FILES = Path("/proc/self/fd")
_SECONDS = 0.02


@dataclass
class Peak:
    """Bytes of a folder's files at their peak, those included that have no name any more."""

    folder: Path
    value: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(_SECONDS):
            self.look()

    def look(self) -> None:
        """Look once."""
        found = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        for link in _OWN_FILES.iterdir():
            try:
                place, status = str(link.readlink()), link.stat()
            except FileNotFoundError:  # closed meanwhile
                continue
            # SQLite calls its temporary files so, wherever it puts them
            ours = Path(place).is_relative_to(self.folder) or "etilqs" in place
            if place.endswith(" (deleted)") and ours:
                found += status.st_size
        self.value = max(self.value, found)


def main() -> int:
    """Measure each size, its folders in order and scattered; 1 where the bound is broken."""
    if not _OWN_FILES.is_dir():
        print("files without a name, as SQLite's temporary ones, can be counted on Linux only")
        return 2
    folder = Path(os.environ.get("PLATES", HERE / ".plates"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    keep = os.environ.get("KEEP", "") not in ("", "0")
    good = True
    for size in SIZES:
        with plate(size, folder, engines=2, keep=keep) as workspace:
            for order in ("in order", "scattered"):
                key = plate_key(size)
                # a process of its own: what one run left in memory is not the next one's
                run = subprocess.run(
                    [sys.executable, __file__, workspace, key.batch, key.plate, order, folder],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                measured: dict[str, int] = json.loads(run.stdout)
                sqlite, peak, estimate = (measured[n] for n in ("sqlite", "peak", "estimate"))
                print(f"{size}, sites of a well {order}")
                print(
                    f"  CSV {measured['csv'] / 1e6:.0f} MB, SQLite file {sqlite / 1e6:.0f} MB, "
                    f"scratch at its peak {peak / 1e6:.0f} MB: ratio {peak / sqlite:.2f}; "
                    f"asked for before the build {estimate / 1e6:.0f} MB"
                )
                good = good and peak <= BOUND * sqlite and peak <= estimate
    print(f"peak / SQLite file: {'at most' if good else 'MORE THAN'} {BOUND}, or than asked for")
    return 0 if good else 1


def measure(workspace: str, key: PlateKey, order: str, place: Path) -> dict[str, int]:
    """Collate a plate and return bytes: of its CSVs, the SQLite file, the peak, the estimate."""
    listing = scan_plate(FolderWorkspace(workspace), key)
    folders = listing.folders
    if order == "scattered":
        # names that tell no well, the sites of a well far from each other
        by_site = sorted(folders, key=lambda folder: (folder.site.site or "", folder.name))
        folders = tuple(replace(f, name=f"job{at:05d}") for at, f in enumerate(by_site))
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        peak = Peak(Path(scratch).resolve())
        watcher = threading.Thread(target=peak.watch)
        watcher.start()
        collate_plate(
            key,
            folders,
            listing.expected,
            CollateOptions(),
            sqlite_file=Path(scratch) / "backend.sqlite",
            parquet_folder=None,
            aggregate=AggregateOptions("mean", image_feature_categories=CATEGORIES),
            path=workspace,
            progress=lambda *_: peak.look(),
        )
        peak.ended.set()
        watcher.join()
        peak.look()
        size = Path(scratch, "backend.sqlite").stat().st_size
    csv = csv_bytes(folders)
    return {"csv": csv, "sqlite": size, "peak": peak.value, "estimate": backend_bytes(csv)}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    _, root, batch, name, sites, output = sys.argv
    print(json.dumps(measure(root, PlateKey(batch, name), sites, Path(output))))
