"""What a run says of wells and sites, and which wells end it with exit code 1."""

from pathlib import Path

import pandas as pd

from profiling_assets.cli.summary import ledger_lines, lost_wells
from profiling_assets.profiles.tables import ledger_tsv
from profiling_assets.quality.checks.rows import no_well_lost
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import (
    SiteRecord,
    SiteState,
    WellRecord,
    WellState,
    site_ledger_frame,
    well_ledger_frame,
)
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace

KEY = PlateKey("B1", "P1")
WELLS = (
    *(WellRecord(f"A{n:02d}", WellState.PROFILE, "", 2, 9) for n in range(1, 4)),
    WellRecord("B01", WellState.NO_OBJECTS, "no object in Cells, Nuclei", 2),
    WellRecord("B02", WellState.NO_OBJECTS, "no object in Cells, Nuclei", 2),
    WellRecord("C01", WellState.INCOMPLETE, "objects in Cells, and no object in Nuclei", 2, 7),
)
SITES = (
    SiteRecord("P1-A01-1", "A01", "1", SiteState.ZERO_CELLS, "the object CSVs have a header only"),
    SiteRecord("P1-A02-1", "A02", "1", SiteState.COUNT_DIFFERS, "Cells has 7 rows, counts 11", 1, 1,
               {"Cells": 7}, {"Cells": 7}),
    SiteRecord("P1-A03-1", "A03", "1", SiteState.COMPLETE),
)  # fmt: skip


def written(root: Path) -> Workspace:
    def put(path: str, frame: pd.DataFrame) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(ledger_tsv(frame))

    put(layout.aggregated_well_ledger(KEY), well_ledger_frame(WELLS))
    put(layout.site_ledger(KEY), site_ledger_frame(SITES))
    return open_workspace(str(root))


def test_what_a_plate_tells_begins_with_its_wells_and_why_others_have_no_profile(tmp_path: Path):
    assert ledger_lines(written(tmp_path), KEY) == [
        (
            "B1/P1: 3 of 6 wells have a profile (incomplete: 1, no objects: 2); "
            "2 of 3 sites kept whole, 7 of 7 objects"
        ),
        "  well C01: incomplete: objects in Cells, and no object in Nuclei",
        "  wells B01, B02: no_objects: no object in Cells, Nuclei",
        "  P1-A02-1: count_differs: Cells has 7 rows, counts 11",
        "  P1-A01-1: zero_cells: the object CSVs have a header only",
    ]


def test_a_well_with_cells_and_no_profile_is_lost_until_it_is_taken_out(tmp_path: Path):
    workspace = written(tmp_path)
    assert lost_wells(workspace, KEY) == ["C01"]
    exclusions = tmp_path / layout.EXCLUSIONS
    exclusions.parent.mkdir(parents=True)
    exclusions.write_text("batch\tplate\twell\treason\nB1\tP1\tC1\tno stain\n")
    assert lost_wells(workspace, KEY) == []


def test_a_lost_well_fails_the_check_by_name_and_the_others_are_published():
    check = no_well_lost(WELLS)
    assert (check.verdict, check.blocking) == ("failed", False)
    assert check.what == (
        "1 well has cells and no profile: C01 (objects in Cells, and no object in Nuclei)"
    )
    assert no_well_lost(WELLS[:-1]).verdict == "passed"
