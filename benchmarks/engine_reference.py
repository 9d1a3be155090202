"""The reference's collate of one plate: pycytominer's own command, as the handbook calls it.

Run by `collate.py` in the peer's environment (`peer`), a process a measurement:
engine_reference.py WORKSPACE BATCH PLATE OUTPUT. Imports nothing of ours but the counters.
"""

import runpy
import shutil
import sqlite3
import sys
import warnings
from contextlib import closing
from pathlib import Path

warnings.simplefilter("ignore")  # collate calls itself deprecated

import cytominer_database.ingest  # noqa: E402, F401
import cytominer_database.munge  # noqa: E402, F401
import pycytominer.cyto_utils.cells  # noqa: E402
from meter import Meter  # noqa: E402
from peer import COMMAND, CONFIG, collate_options  # noqa: E402


def main(workspace: str, batch: str, plate: str, output: Path) -> None:
    """Collate the plate into OUTPUT: backend.sqlite, aggregate.csv, measured.json."""
    base = output / "base"
    base.mkdir()
    (base / "analysis").symlink_to(Path(workspace, "analysis").resolve())
    arguments = collate_options(batch, plate, str(base), str(output / "scratch"))
    packages = Path(pycytominer.__path__[0]).parent
    meter = Meter()
    sys.argv = [COMMAND, arguments[0], str(packages / CONFIG), *arguments[2:]]
    runpy.run_module(COMMAND, run_name="__main__")
    made = base / "backend" / batch / plate
    with closing(sqlite3.connect(made / f"{plate}.sqlite")) as connection:
        count = connection.execute("SELECT COUNT(*) FROM Cells").fetchone()[0]
    meter.write(output / "measured.json", cells=count)
    shutil.move(made / f"{plate}.sqlite", output / "backend.sqlite")
    shutil.move(made / f"{plate}.csv", output / "aggregate.csv")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
