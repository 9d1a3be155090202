"""What a report takes from ledgers and tables."""

import numpy as np
import pandas as pd

from profiling_assets.profiles.feature_list import selection_from_table
from profiling_assets.profiles.tables import ledger_tsv, read_tsv
from profiling_assets.quality.report.contents import (
    Ledger,
    Normalization,
    Rows,
    Selection,
    Share,
    cells_of,
    ledger_part,
    normalization,
    objects_of,
    selection,
    site_share,
    well_share,
)
from profiling_assets.workspace.ledger import (
    SiteRecord,
    SiteState,
    WellRecord,
    WellState,
    site_ledger_frame,
    well_ledger_frame,
)

SITES = [
    SiteRecord("P-A01-1", "A01", "1", SiteState.COMPLETE, "", 1, 1, {"Cells": 5}, {"Cells": 5}),
    SiteRecord("P-A01-2", "A01", "2", SiteState.ZERO_CELLS, "no cell", 1, 1, {"Cells": 0}),
    SiteRecord("P-A02-1", "A02", "1", SiteState.TRUNCATED, "cut <off>", 1, 1, {"Cells": 3}),
    SiteRecord("P-A02-9", "A02", "9", SiteState.UNEXPECTED, "not named", 1, 1),
    SiteRecord("", "A02", "2", SiteState.MISSING, "no folder has it"),
]
WELLS = [
    WellRecord("A01", WellState.PROFILE, "", 2, 5),
    WellRecord("A02", WellState.NO_OBJECTS, "no object in Cells", 2, 7),
]


def stored(frame: pd.DataFrame) -> pd.DataFrame:
    return read_tsv(ledger_tsv(frame), path="ledger.tsv")


def test_sites_are_whole_of_expected_as_in_the_picture() -> None:
    ledger = stored(site_ledger_frame(SITES))
    states = {"complete": 1, "missing": 1, "truncated": 1, "unexpected": 1, "zero_cells": 1}
    assert site_share(ledger) == Share(2, 4, states)
    assert objects_of(ledger) == {"Cells": Rows(8, 5)}


def test_the_lines_that_are_not_fine_keep_their_order_and_reason() -> None:
    part = ledger_part("Sites", "s.tsv", stored(site_ledger_frame(SITES)))
    assert part.fine == 1
    assert part.columns == ("folder", "well", "site", "state", "reason")
    assert part.rows[1] == ("P-A02-1", "A02", "1", "truncated", "cut <off>")
    assert len(part.rows) == 4


def test_cells_are_those_of_the_wells_with_a_profile() -> None:
    ledger = stored(well_ledger_frame(WELLS))
    assert well_share(ledger) == Share(1, 2, {"no_objects": 1, "profile": 1})
    assert cells_of(ledger) == 5
    assert cells_of(ledger.drop(columns="cells")) is None
    assert cells_of(ledger.assign(cells="many")) is None
    row = ("A02", "no_objects", "no object in Cells", "7")
    columns = ("well", "state", "reason", "cells")
    assert ledger_part("Wells", "w.tsv", ledger) == Ledger("Wells", "w.tsv", 1, columns, (row,))


def test_a_feature_without_spread_is_one_value_or_none() -> None:
    frame = pd.DataFrame(
        {
            "Metadata_Well": ["A01", "A02"],
            "Cells_a": [1.0, 2.0],
            "Cells_same": [3.0, 3.0],
            "Cells_one": [np.nan, 3.0],
            "Cells_none": [np.nan, np.nan],
            "Cells_inf": [np.inf, -np.inf],
        }
    )
    found = normalization(frame, reference="all wells", path="p.csv.gz")
    assert found == Normalization("all wells", "p.csv.gz", 2, 5, 4, 0.3, 2)
    empty = normalization(frame.iloc[:0], reference="r", path="p")
    assert (empty.wells, empty.nan_share) == (0, 0)


def test_dropped_features_are_counted_by_operation() -> None:
    rows = [
        ("Metadata_Well", "metadata", "kept", "", ""),
        ("Cells_a", "feature", "kept", "", ""),
        ("Cells_b", "feature", "dropped", "variance_threshold", "no value"),
        ("Cells_c", "feature", "dropped", "blocklist", "on the list"),
        ("Cells_d", "feature", "dropped", "variance_threshold", "no value"),
    ]
    table = pd.DataFrame(rows, columns=["column", "kind", "outcome", "operation", "reason"])
    found = selection(selection_from_table(table), reference="r", level="batch", path="l.tsv")
    dropped = {"blocklist": 1, "variance_threshold": 2}
    assert found == Selection("r", "batch", "l.tsv", 1, dropped)
    assert found.total == 4
