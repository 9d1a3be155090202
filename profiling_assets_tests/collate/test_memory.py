"""Memory of collate: bounded by a few wells, whatever the size of the plate."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from profiling_assets_tests.collate.support import MadeFolder, csv_text, written

FEATURES = 200
CELLS = 60
# VmHWM is that of this program alone; ru_maxrss would count the parent's pages until exec.
PROGRAM = """
import sys
from pathlib import Path
from types import SimpleNamespace
from profiling_assets.collate.columns import survey_headers, survey_sample
from profiling_assets.collate.options import CollateOptions
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.workspace.site_reading import read_ahead
from profiling_assets_tests.collate.support import KEY, local_folders
root, out, at_once = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
folders = local_folders(root)
survey = (survey_headers if at_once == 1 else survey_sample)(folders)
with read_ahead(SimpleNamespace(at_once=at_once), folders, limit_bytes=4 * 2**20) as ahead:
    result = collate_plate(
        KEY, ahead, None, CollateOptions(), sqlite_file=out / "backend.sqlite",
        parquet_folder=None, aggregate=AggregateOptions("median"), path="x", survey=survey,
    )
print(result.cells)
status = Path("/proc/self/status")
print(status.read_text() if status.exists() else "")
"""


def plate(wells: int, sites: int) -> list[MadeFolder]:
    folders: list[MadeFolder] = []
    header = ["ImageNumber", "ObjectNumber", *(f"Texture_F{n}" for n in range(FEATURES))]
    # the numbers do not matter here, and random ones for each site would take longer than the test
    values = ",".join(f"0.{n:04d}123456789" for n in range(FEATURES))
    for well in range(wells):
        name = f"{chr(65 + well // 12)}{well % 12 + 1:02d}"
        for site in range(1, sites + 1):
            number = well * sites + site
            body = "".join(f"{number},{n},{values}\r\n" for n in range(1, CELLS + 1))
            data = (",".join(header) + "\r\n" + body).encode()
            image = csv_text(
                ["ImageNumber", "Metadata_Well", "Metadata_Site"], [[number, name, site]]
            )
            tables = dict.fromkeys(("Cells.csv", "Cytoplasm.csv", "Nuclei.csv"), data)
            folders.append(MadeFolder(f"P1-{name}-{site}", {"Image.csv": image.encode(), **tables}))
    return folders


def peak_megabytes(folders: list[MadeFolder], folder: Path, at_once: int) -> float:
    root = written(folders, folder / "sites")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), str(folder), str(at_once)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.splitlines()[0] == str(len(folders) * CELLS)
    found = re.search(r"VmHWM:\s+(\d+) kB", run.stdout)
    if found is None:
        pytest.skip("the peak memory of one program can be told on Linux only")
    return int(found.group(1)) / 1024


@pytest.mark.parametrize("at_once", [1, 8], ids=["as_on_a_folder", "as_on_s3"])
def test_a_plate_of_eight_times_the_sites_takes_no_more_than_a_third_more_memory(
    tmp_path: Path, at_once: int
):
    small = peak_megabytes(plate(8, 4), tmp_path / "small", at_once)
    large = peak_megabytes(plate(32, 8), tmp_path / "large", at_once)
    both = f"{small:.0f} MB at 8 wells x 4 sites, {large:.0f} MB at 32 x 8"
    sys.stdout.write(f"peak memory: {both}\n")  # shown by pytest -s
    assert large <= 1.3 * small, both
