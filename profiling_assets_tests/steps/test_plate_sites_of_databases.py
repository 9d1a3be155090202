"""Wells and sites of a plate that starts at a database are counted, whatever its tables are."""

import shutil
from pathlib import Path

from profiling_assets.config.load import parse_config
from profiling_assets.steps.plate_sites import plate_sites
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import shared_data

KEY = PlateKey("B1", "NF1")


def test_the_sites_of_a_database_of_export_to_database_are_counted(tmp_path: Path):
    folder = tmp_path / "backend" / "B1" / "NF1"
    folder.mkdir(parents=True)
    source = shared_data("sqlite", "nf1_ExportToDatabase_all_cellprofiler.sqlite")
    shutil.copy(source, folder / "NF1.sqlite")
    workspace, config = open_workspace(str(tmp_path)), parse_config("pipeline: p\n", path="c.yml")
    line = plate_sites(workspace, config, KEY, plate_source(workspace, config, KEY))
    assert line.facts["wells"] == 8
    assert line.facts["sites_per_well_median"] == 4
