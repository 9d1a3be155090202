"""Our collate of one plate, as the asset calls it: listing, one pass, SQLite file, aggregate.

Run by `collate.py`, a process a measurement: engine_ours.py WORKSPACE BATCH PLATE OUTPUT.
"""

import sys
from pathlib import Path

from meter import Meter

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.options import CollateOptions
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.profiles.tables import profiles_csv
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import csv_folder
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.storage.folder import FolderWorkspace

# the default of pycytominer's command
CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Count", "Threshold")


def main(workspace: str, batch: str, plate: str, output: Path) -> None:
    """Collate the plate into OUTPUT: backend.sqlite, aggregate.csv, measured.json."""
    meter = Meter()
    key = PlateKey(batch, plate)
    listing = scan_plate(FolderWorkspace(workspace), key)
    result = collate_plate(
        key,
        listing.folders,
        listing.expected,
        CollateOptions(),
        sqlite_file=output / "backend.sqlite",
        parquet_folder=None,
        aggregate=AggregateOptions("mean", image_feature_categories=CATEGORIES),
        path=csv_folder(key, "analysis"),
    )
    assert result.aggregate is not None
    aggregate = profiles_csv(result.aggregate, float_format=None, gzip=False)
    (output / "aggregate.csv").write_bytes(aggregate)
    meter.write(output / "measured.json", cells=result.cells, warnings=result.warnings)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
