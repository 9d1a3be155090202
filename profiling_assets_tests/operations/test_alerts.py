"""What is told of a failed run, and which of many alike."""

import json
from dataclasses import replace

from profiling_assets.errors import MissingInputError
from profiling_assets.operations.alerts import Alert, Quiet, failed_step

ERROR = MissingInputError(
    "there is no line of 000123",
    path="metadata/platemaps/B1/barcode_platemap.csv",
    remedy="add a line",
)


def alert(plate: str = "000123", error: Exception = ERROR) -> Alert:
    failed = (failed_step("annotated_profiles", str(error)),)
    return Alert("s3://bucket/project", f"B1/{plate}", "run-1", "http://ui/runs/run-1", failed)


def test_a_message_names_workspace_batch_plate_step_cause_remedy_and_link() -> None:
    assert alert().text().splitlines() == [
        "profiling_assets: B1/000123 failed in annotated_profiles",
        "workspace: s3://bucket/project",
        "batch: B1",
        "plate: 000123",
        "step: annotated_profiles",
        "cause: metadata/platemaps/B1/barcode_platemap.csv: there is no line of 000123",
        "remedy: add a line",
        "run: http://ui/runs/run-1",
    ]


def test_the_payload_is_json_with_a_text_that_chat_programs_show() -> None:
    told = json.loads(json.dumps(alert().payload()))
    assert told["text"] == alert().text()
    assert (told["batch"], told["plate"]) == ("B1", "000123")
    assert told["failed"][0]["remedy"] == "add a line"


def test_a_run_of_a_batch_has_no_plate_and_a_run_without_partition_neither() -> None:
    one = replace(alert(), partition="B1", link="")
    assert (one.batch, one.plate) == ("B1", "")
    assert "plate: -\n" in one.text()
    assert one.text().endswith("run: run-1")
    assert "a run failed" in replace(one, partition="").subject()


def test_passwords_in_addresses_are_not_told_and_long_causes_are_cut() -> None:
    failed = failed_step("collate", f"https://me:secret@host/x: {'much ' * 1000}")
    assert "secret" not in failed.cause
    assert len(failed.cause) < 700
    many = replace(alert(), failed=(failed,) * 40)
    assert len(many.text()) < 5000
    assert "35 more steps" in many.text()


def test_of_plates_that_fail_alike_one_is_told_and_the_others_are_counted() -> None:
    quiet = Quiet(seconds=600)

    def same(plate: str) -> Alert:
        wrong = MissingInputError(f"there is no {plate}", path=f"analysis/B1/{plate}", remedy="x")
        return alert(plate, wrong)

    assert quiet.others(same("P1"), 0.0) == 0
    assert [quiet.others(same(f"P{number}"), 1.0) for number in range(2, 40)] == [None] * 38
    assert quiet.others(alert("P1"), 2.0) == 0, "another cause is told at once"
    assert quiet.others(same("P50"), 601.0) == 38
    assert quiet.others(same("P51"), 1300.0) == 0
    assert "38 more runs" in replace(same("P50"), others=38).text()


def test_an_alert_that_reached_nobody_does_not_keep_the_next_one_back_and_is_counted() -> None:
    quiet = Quiet(seconds=600)
    assert quiet.others(alert("P1"), 0.0) == 0
    quiet.not_told(alert("P1"), 0.0)
    assert quiet.others(alert("P2"), 1.0) is None, "who does not answer is not asked at once"
    assert quiet.others(alert("P3"), 61.0) == 2
    quiet.not_told(replace(alert("P3"), others=2), 61.0)
    assert quiet.others(alert("P4"), 122.0) == 3
    assert quiet.others(alert("P5"), 190.0) is None
