"""Every check of what was made, each with the fault it is there for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from profiling_assets.errors import CheckError
from profiling_assets.quality.checks.files import rows_as_in_ledger
from profiling_assets.quality.checks.rows import (
    no_well_twice,
    one_plate_only,
    only_measurements,
    rows_conserved,
    rows_of,
    same_features,
    wells_accounted_for,
    wells_of,
)
from profiling_assets.quality.checks.values import (
    feature_cells,
    negative_controls_present,
    no_unflagged_inf,
    share_of_nan,
)
from profiling_assets.quality.checks.verdict import CheckResult, as_warnings, refuse_failed
from profiling_assets.workspace.ledger import SiteRecord, SiteState, WellRecord, WellState
from profiling_assets.workspace.names import PlateKey

KEY = PlateKey("B1", "000123")
WELLS = ("A01", "A02", "B01", "B02")


def table(**changes: object) -> pd.DataFrame:
    """A plate of four wells and three features, with some columns changed."""
    frame = pd.DataFrame(
        {
            "Metadata_Plate": "000123",
            "Metadata_Well": list(WELLS),
            "Metadata_control_type": ["negcon"] * 4,
            "Cells_a": [1.0, 2.0, 3.0, 4.0],
            "Cells_b": [4.0, 3.0, 2.0, 1.0],
            "Nuclei_c": [0.5, 0.25, 0.125, 1.0],
        }
    )
    return frame.assign(**changes)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[1]]], ignore_index=True)


def ledger(*states: WellState, reason: str = "no image row") -> list[WellRecord]:
    return [
        WellRecord(well, state, "" if state is WellState.PROFILE else reason)
        for well, state in zip(WELLS, states, strict=True)
    ]


def site(kept: int, reason: str = "") -> SiteRecord:
    state = SiteState.TRUNCATED if reason else SiteState.COMPLETE
    return SiteRecord(
        "000123-A01-1", "A01", "1", state, reason, 1, 1, {"Cells": 9}, {"Cells": kept}
    )


def infinite(*, blocking: bool, flagged: tuple[str, ...] = ()) -> CheckResult:
    cells = feature_cells(table(Cells_b=[1.0, np.inf, 2.0, -np.inf]))
    return no_unflagged_inf(cells, flagged, blocking=blocking)


def missing(**changes: object) -> CheckResult:
    return share_of_nan(feature_cells(table(**changes)), WELLS)


PROFILE, NO_SITES = WellState.PROFILE, WellState.NO_SITES
THREE = (PROFILE, PROFILE, PROFILE, NO_SITES)
FEATURES = ("Metadata_Well", "Cells_a", "Cells_b", "Nuclei_c")
NAN = float("nan")
P2, P3 = PlateKey("B1", "P2"), PlateKey("B1", "P3")


def columns(**lists: tuple[str, ...]) -> CheckResult:
    return same_features({PlateKey("B1", name): names for name, names in lists.items()})


# what is planted, the check's name, whether it blocks, words of the sentence and of the remedy
FAULTS: dict[str, tuple[Callable[[], CheckResult], str, bool, tuple[str, ...], str]] = {
    "a well of the ledger has no profile": (
        lambda: wells_accounted_for(wells_of(table().iloc[:3]), ledger(*[PROFILE] * 4)),
        "rows_conserved",
        True,
        ("lost", "B02"),
        "report",
    ),
    "a profile is of no well of the ledger": (
        lambda: wells_accounted_for(wells_of(table()), ledger(*THREE)),
        "rows_conserved",
        True,
        ("more often", "B02"),
        "report",
    ),
    "a well is left out without a reason": (
        lambda: wells_accounted_for(wells_of(table().iloc[:3]), ledger(*THREE, reason="")),
        "rows_conserved",
        True,
        ("without a profile and a reason", "B02"),
        "report",
    ),
    "a row is lost on the way": (
        lambda: rows_conserved(rows_of(table()), rows_of(table().iloc[1:])),
        "rows_conserved",
        True,
        ("lost", "A01"),
        "report",
    ),
    "a join makes two rows of one": (
        lambda: rows_conserved(rows_of(table()), rows_of(twice(table()))),
        "rows_conserved",
        True,
        ("more often", "A02"),
        "report",
    ),
    "the backend has other rows than the ledger": (
        lambda: rows_as_in_ledger({"Image": 1, "Cells": 9}, [site(8, "Cells.csv is cut")]),
        "rows_conserved",
        True,
        ("Cells has 9 rows", "ledger says 8"),
        "report",
    ),
    "rows of a site are dropped without a reason": (
        lambda: rows_as_in_ledger({"Image": 1, "Cells": 8}, [site(8)]),
        "rows_conserved",
        True,
        ("000123-A01-1",),
        "report",
    ),
    "two plates are in one file": (
        lambda: one_plate_only(table(Metadata_Plate=["000123"] * 3 + ["000124"]), "000123"),
        "one_plate_only",
        True,
        ("2 plates", "000123, 000124"),
        "Metadata_Plate",
    ),
    "the plate is called otherwise in its file": (
        lambda: one_plate_only(table(Metadata_Plate="123"), "000123"),
        "one_plate_only",
        False,
        ("says 123", "000123"),
        "Image.csv",
    ),
    "a well is there twice": (
        lambda: no_well_twice(rows_of(twice(table())), rows_of(table())),
        "no_well_twice",
        True,
        ("A02",),
        "one row for each well",
    ),
    "a column of the plate is among the features": (
        lambda: only_measurements(["Metadata_Well", "Cells_b", "Cytoplasm_Metadata_Col"]),
        "only_measurements",
        True,
        ("1 columns are no measurements", "Cytoplasm_Metadata_Col"),
        "report",
    ),
    "a table that was put there has a nameless column": (
        lambda: only_measurements(["Metadata_Well", "Cells_b", "", "Unnamed: 0"], None),
        "only_measurements",
        False,
        ("2 columns", "(no name)", "Unnamed: 0"),
        "no step takes them",
    ),
    "a well was there twice before": (
        lambda: no_well_twice(rows_of(twice(table())), rows_of(twice(table()))),
        "no_well_twice",
        False,
        ("A02",),
        "one row for each well",
    ),
    "a feature is infinite and nobody knows why": (
        lambda: infinite(blocking=True),
        "no_unflagged_inf",
        True,
        ("Cells_b",),
        "CSVs",
    ),
    "the measurements are infinite": (
        lambda: infinite(blocking=False),
        "no_unflagged_inf",
        False,
        ("Cells_b",),
        "CSVs",
    ),
    "no feature has a value": (
        lambda: missing(Cells_a=NAN, Cells_b=NAN, Nuclei_c=NAN),
        "share_of_nan",
        True,
        ("no feature of any well",),
        "step before",
    ),
    "much is missing": (
        lambda: missing(Cells_a=NAN),
        "share_of_nan",
        False,
        ("33%",),
        "drop_na_columns",
    ),
    "a well has no value": (
        lambda: missing(
            Cells_a=[1.0, 2.0, 3.0, NAN], Cells_b=[1, 2, 3, NAN], Nuclei_c=[1, 2, 3, NAN]
        ),
        "share_of_nan",
        False,
        ("without any value: B02",),
        "min_cells",
    ),
    "there is no negative control": (
        lambda: negative_controls_present(
            table(Metadata_control_type=""), plate_map_path="metadata/map.txt", key=KEY
        ),
        "negative_controls_present",
        False,
        ("metadata/map.txt", "0 wells"),
        "control_type",
    ),
    "there are few negative controls": (
        lambda: negative_controls_present(table(), plate_map_path="metadata/map.txt", key=KEY),
        "negative_controls_present",
        False,
        ("only 4 negative control wells",),
        "metadata/map.txt",
    ),
    "a plate lacks a feature": (
        lambda: columns(P1=FEATURES, P2=FEATURES[:-1], P3=FEATURES),
        "same_features_on_all_plates",
        False,
        ("B1/P2 lacks 1 features", "Nuclei_c"),
        "drop_na_columns",
    ),
    "a plate has a feature more": (
        lambda: columns(P1=FEATURES, P2=(*FEATURES, "Cells_d"), P3=FEATURES),
        "same_features_on_all_plates",
        False,
        ("B1/P2 has 1 that most plates lack", "Cells_d"),
        "drop_na_columns",
    ),
    "a plate was measured with another pipeline": (
        lambda: columns(P1=FEATURES, P2=("Cells_a", "Cells_x", "Cells_y"), P3=FEATURES),
        "same_features_on_all_plates",
        True,
        ("B1/P2 lacks 2 features", "Cells_b, Nuclei_c", "Cells_x"),
        "exclude B1/P2",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_told_with_what_it_concerns_and_what_to_do(fault: str) -> None:
    plant, name, blocking, words, remedy = FAULTS[fault]
    result = plant()
    assert (result.name, result.passed, result.blocking) == (name, False, blocking)
    assert all(word in result.what for word in words), result.what
    assert remedy in result.remedy
    if not blocking:
        refuse_failed([result], path="profiles/x.csv.gz", made="x of B1/000123")
        return
    with pytest.raises(CheckError) as refused:
        refuse_failed([result], path="profiles/x.csv.gz", made="x of B1/000123")
    told = str(refused.value)
    assert told.startswith("profiles/x.csv.gz: x of B1/000123 is not published")
    assert words[-1] in told
    assert result.remedy in told


def test_a_sound_plate_passes_every_check() -> None:
    frame = table()
    rows, cells = rows_of(frame), feature_cells(frame)
    results = [
        wells_accounted_for(wells_of(frame), ledger(*[PROFILE] * 4)),
        wells_accounted_for(wells_of(frame.iloc[:3]), ledger(*THREE)),
        rows_as_in_ledger({"Image": 1, "Cells": 8}, [site(8, "Cells.csv is cut")]),
        rows_conserved(rows, rows_of(frame.iloc[:3]), {rows[3]: "not in the plate map"}),
        one_plate_only(frame, "000123"),
        no_well_twice(rows, rows),
        only_measurements(list(frame.columns)),
        no_unflagged_inf(cells, (), blocking=True),
        infinite(blocking=True, flagged=("Cells_b",)),
        share_of_nan(cells, WELLS),
        columns(P1=FEATURES, P2=FEATURES),
        columns(P1=FEATURES, P2=("Metadata_other", *FEATURES)),  # plate maps may differ
    ]
    assert [result for result in results if not result.passed] == []


def test_a_row_a_site_is_no_well_twice() -> None:
    frame = pd.concat([table(Metadata_Site=1), table(Metadata_Site=2)], ignore_index=True)
    assert no_well_twice(rows_of(frame)).passed
    other = frame.rename(columns={"Metadata_Site": "Metadata_Field"})
    assert not no_well_twice(rows_of(other)).passed
    assert no_well_twice(rows_of(other, "Metadata_Well", "Metadata_Field")).passed


def test_wells_are_compared_as_they_are_joined() -> None:
    plain = table(Metadata_Well=["A1", "a2", "B01", "b02"])
    assert rows_conserved(rows_of(plain), rows_of(table())).passed


def test_a_plate_that_was_so_before_is_told_once() -> None:
    frame = table(Metadata_Plate="123")
    assert not one_plate_only(frame, "000123").passed
    assert one_plate_only(frame, "000123", ["123"]).passed


def test_what_stood_before_blocks_nothing() -> None:
    (told,) = as_warnings([missing(Cells_a=NAN, Cells_b=NAN, Nuclei_c=NAN)])
    assert told == replace(missing(Cells_a=NAN, Cells_b=NAN, Nuclei_c=NAN), blocking=False)
    assert told.verdict == "warning"
    refuse_failed([told], path="profiles/x.csv.gz", made="x")
