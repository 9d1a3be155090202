"""The reference's collate of one plate: cytominer-database, indices, pycytominer's SingleCells.

Run by `collate.py`, a process a measurement: engine_reference.py WORKSPACE BATCH PLATE OUTPUT.
The calls are those of `pycytominer.cyto_utils.collate.collate`, without its download and upload.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import cytominer_database.ingest
from meter import Meter
from pycytominer.cyto_utils.cells import SingleCells

INI = Path(cytominer_database.__path__[0], "config", "config_cellpainting.ini")
CATEGORIES = ["Granularity", "Texture", "ImageQuality", "Threshold"]


def main(workspace: str, batch: str, plate: str, output: Path) -> None:
    """Collate the plate into OUTPUT: backend.sqlite, aggregate.csv, measured.json."""
    meter = Meter()
    source = Path(workspace, "analysis", batch, plate, "analysis")
    backend = output / "backend.sqlite"
    cytominer_database.ingest.seed(str(source), f"sqlite:///{backend}", str(INI))
    with closing(sqlite3.connect(backend, isolation_level=None)) as connection:
        connection.execute("CREATE INDEX table_image_idx ON Image(TableNumber, ImageNumber)")
        for table in ("Cells", "Cytoplasm", "Nuclei"):
            connection.execute(
                f"CREATE INDEX table_image_object_{table.lower()}_idx "
                f"ON {table}(TableNumber, ImageNumber, ObjectNumber)"
            )
        connection.execute(
            "CREATE INDEX plate_well_image_idx ON Image(Metadata_Plate, Metadata_Well)"
        )
    cells = SingleCells(
        f"sqlite:///{backend}",
        aggregation_operation="mean",
        add_image_features=True,
        image_feature_categories=CATEGORIES,
    )
    try:
        cells.aggregate_profiles(output_file=str(output / "aggregate.csv"))
    finally:
        cells.conn.close()
        cells.engine.dispose()
    with closing(sqlite3.connect(backend)) as connection:
        count = connection.execute("SELECT COUNT(*) FROM Cells").fetchone()[0]
    meter.write(output / "measured.json", cells=count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
