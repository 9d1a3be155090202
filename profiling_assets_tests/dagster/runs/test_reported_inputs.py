"""What is reported of the external inputs, so that the UI shows it and automation acts on it."""

import dagster as dg
import pytest

from profiling_assets.steps.results import CSVS, PLATE_MAP
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    P1,
    P2,
    P3,
    PLATES,
    Desk,
    replaced,
    touch_later,
)

KEYS = [PlateKey.parse(plate) for plate in PLATES]


def _reported(desk: Desk, name: str) -> list[str]:
    with desk.instance() as instance:
        page = instance.fetch_materializations(dg.AssetKey(name), limit=100)
    events = [record.asset_materialization for record in page.records]
    return sorted(str(event.partition) for event in events if event is not None)


def test_every_plate_reports_its_csvs_and_its_plate_map_once(desk: Desk) -> None:
    desk.run()  # again: nothing is new
    assert _reported(desk, CSVS) == sorted(PLATES)
    assert _reported(desk, PLATE_MAP) == sorted(PLATES)


def test_a_redelivered_plate_and_its_corrected_map_are_reported_again(desk: Desk) -> None:
    touch_later(min(desk.file(f"analysis/{P3}").rglob("Cells.csv")))
    replaced(
        desk.file(f"metadata/platemaps/{BATCH1}/platemap/TINY-MAP-1.txt"), "\tCPD-1\t", "\tCPD-9\t"
    )
    desk.run(names=["sqlite_backend"])
    assert _reported(desk, CSVS) == sorted([*PLATES, P3])
    assert _reported(desk, PLATE_MAP) == sorted([*PLATES, P1, P2])


@pytest.mark.parametrize("found", ["no entry", "no file", "no folder"])
def test_a_plate_without_a_plate_map_reports_none(fresh: Desk, found: str) -> None:
    folder = fresh.file(f"metadata/platemaps/{BATCH1}")
    if found == "no entry":
        replaced(folder / "barcode_platemap.csv", "PL-01-x,", "PL-02-y,")
    elif found == "no file":
        replaced(folder / "barcode_platemap.csv", "PL-01-x,TINY-MAP-1", "PL-01-x,LOST")
    else:
        folder.rename(folder.with_name("elsewhere"))
    reported = fresh.planner().external_fingerprints(PLATE_MAP, KEYS)
    assert set(reported) == ({P3} if found == "no folder" else {P1, P3})


def test_archived_csvs_are_no_new_input(desk: Desk) -> None:
    desk.file("analysis").rename(desk.root.parent / "archive")
    desk.run()
    assert _reported(desk, CSVS) == sorted(PLATES)
    # but they are, where nothing was made of them before
    other = desk.without_records()
    other.file(f"profiles/{P1}/000123.csv.gz").unlink()
    assert P1 in other.planner().external_fingerprints(CSVS, KEYS)


def test_a_plate_that_starts_at_its_backend_reports_that(desk: Desk) -> None:
    desk.file(f"analysis/{P1}").rename(desk.root.parent / "archive")
    other = desk.without_records()
    before = other.planner().external_fingerprints(CSVS, KEYS)
    touch_later(other.file(f"backend/{P1}/000123.sqlite"))
    after = other.planner().external_fingerprints(CSVS, KEYS)
    assert {key for key in before if before[key] != after[key]} == {P1}
