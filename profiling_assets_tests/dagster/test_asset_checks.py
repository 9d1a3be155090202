"""Asset checks in the graph: a wrong result is not published, a verdict is kept for each plate."""

import gzip
from collections.abc import Callable

import dagster as dg
import pytest

from profiling_assets.dagster.asset_checks import CHECK
from profiling_assets.quality.preflight.rule_names import RULE_NAMES
from profiling_assets_tests.dagster.desk import BATCH1, P1, P2, Desk, failure_text

LISTED, NORMALIZED = "selected_features_batch", "normalized_profiles"
TABLE = f"profiles/{P2}/PL-01-x_normalized.csv.gz"
Edit = Callable[[list[str], list[list[str]]], list[list[str]]]


def last_check(desk: Desk, asset: str) -> dg.AssetCheckEvaluation:
    with desk.instance() as instance:
        (record,) = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(asset), CHECK), limit=1
        )
    assert record.event is not None
    return record.event.get_dagster_event().asset_check_evaluation_data


def verdicts(value: dg.MetadataValue) -> dict[str, str]:
    assert isinstance(value, dg.TableMetadataValue)
    return {str(row.data["check"]): str(row.data["verdict"]) for row in value.records}


def edited_table(desk: Desk, path: str, edit: Edit) -> None:
    """Put another table in the place of one of ours; no cell of it is quoted."""
    file = desk.file(path)
    lines = [line.split(",") for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
    rows = edit(lines[0], lines[1:])
    file.write_bytes(gzip.compress("".join(",".join(row) + "\n" for row in rows).encode()))


def test_each_plates_verdict_is_in_its_own_materialization(built: Desk) -> None:
    for plate in (P1, P2):
        metadata = built.metadata("annotated_profiles", plate)
        assert metadata["checks_not_passed"].value == 1
        assert verdicts(metadata["checks"]) == {
            "rows_conserved": "passed",
            "one_plate_only": "passed",
            "no_well_twice": "passed",
            "only_measurements": "passed",
            "no_unflagged_inf": "passed",
            "share_of_nan": "passed",
            "negative_controls_present": "warning",  # a tiny plate has four
        }
    told = last_check(built, "annotated_profiles")
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert "only 4 negative control wells" in (told.description or "")


@pytest.mark.parametrize(
    "asset",
    ["sqlite_backend", "aggregated_profiles", NORMALIZED, LISTED, "feature_selected_profiles"],
)
def test_a_sound_result_passes_its_check(built: Desk, asset: str) -> None:
    told = last_check(built, asset)
    assert told.passed
    assert set(verdicts(told.metadata["checks"]).values()) == {"passed"}
    assert str(told.metadata["partition"].value) in (told.description or "")


def test_two_plates_in_one_file_are_not_published(desk: Desk) -> None:
    for site in (1, 2):
        image = desk.file(f"analysis/{P1}/analysis/000123-A01-{site}/Image.csv")
        header, row = image.read_text().splitlines()
        cells = row.split(",")
        cells[header.split(",").index("Metadata_Plate")] = "000124"
        image.write_text(f"{header}\n{','.join(cells)}\n")
    names = (f"backend/{P1}/000123.sqlite", f"profiles/{P1}/000123.csv.gz")
    before = [desk.file(name).read_bytes() for name in names]
    result = desk.materialize(["sqlite_backend", "aggregated_profiles", "annotated_profiles"], P1)
    assert not result.success
    text = failure_text(result)
    assert f"profiles/{P1}/000123.csv.gz: aggregated_profiles of {P1} is not published" in text
    assert "2 plates: 000123, 000124 (one_plate_only)" in text
    assert "Remedy: set collate.split_plates: true" in text
    assert [desk.file(name).read_bytes() for name in names] == before
    told = last_check(desk, "aggregated_profiles")
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert told.metadata["partition"].value == P1
    assert verdicts(told.metadata["checks"])["one_plate_only"] == "failed"


def test_a_plate_of_another_pipeline_does_not_vote(desk: Desk) -> None:
    def other_features(header: list[str], rows: list[list[str]]) -> list[list[str]]:
        new = [name if name.startswith("Metadata_") else f"{name}_new" for name in header]
        return [new, *rows]

    edited_table(desk, TABLE, other_features)
    text = failure_text(desk.materialize([LISTED], BATCH1))
    assert "same_features_on_all_plates" in text
    assert f"{P2} lacks" in text
    assert "profiling-assets exclude" in text


def test_a_plate_that_lacks_a_feature_votes_and_is_told(desk: Desk) -> None:
    def without_last(header: list[str], rows: list[list[str]]) -> list[list[str]]:
        return [header[:-1], *(row[:-1] for row in rows)]

    edited_table(desk, TABLE, without_last)
    assert desk.materialize([LISTED], BATCH1).success
    told = last_check(desk, LISTED)
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"{P2} lacks 1 features" in (told.description or "")


def test_a_standing_table_with_inf_is_kept_and_warned_of(desk: Desk) -> None:
    def with_inf(header: list[str], rows: list[list[str]]) -> list[list[str]]:
        at = next(n for n, name in enumerate(header) if name.startswith("Cells_"))
        return [header, *([*row[:at], "inf", *row[at + 1 :]] for row in rows)]

    edited_table(desk, TABLE, with_inf)
    before = desk.file(TABLE).read_bytes()
    assert desk.materialize([NORMALIZED], P2).success
    assert desk.file(TABLE).read_bytes() == before
    told = last_check(desk, NORMALIZED)
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert verdicts(told.metadata["checks"])["no_unflagged_inf"] == "warning"


def test_preflight_is_a_check_a_rule_on_what_the_lab_put_there(fresh: Desk) -> None:
    plate_map = fresh.file(f"metadata/platemaps/{BATCH1}/platemap/TINY-MAP-1.txt")
    plate_map.write_text(plate_map.read_text().replace("\tA02", "\tA1"))
    definitions = fresh.definitions()
    keys = [dg.AssetCheckKey(dg.AssetKey(rule.asset), rule.name) for rule in RULE_NAMES]
    job = dg.define_asset_job("checks", selection=dg.AssetSelection.checks(*keys))
    resolved = dg.Definitions(
        assets=definitions.assets,
        asset_checks=definitions.asset_checks,
        resources=definitions.resources,
        jobs=[job],
    ).resolve_job_def("checks")
    with fresh.instance() as instance:
        done = resolved.execute_in_process(instance=instance)
    found = {told.check_name: told for told in done.get_asset_check_evaluations()}
    assert set(found) == {rule.name for rule in RULE_NAMES}
    assert {name for name, told in found.items() if not told.passed} == {"plate_map", "controls"}
    wrong = found["plate_map"]
    assert wrong.asset_key == dg.AssetKey("plate_map")
    assert wrong.severity is dg.AssetCheckSeverity.ERROR
    table = wrong.metadata["findings"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [row.data["of"] for row in table.records] == [P1, P2]
    assert all("A01 in lines 2, 3" in str(row.data["what"]) for row in table.records)
