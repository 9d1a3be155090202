"""The logs of real runs as JSON: every line says whose it is."""

import json
import logging
import logging.handlers
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from profiling_assets.dagster.build import build_defs
from profiling_assets.dagster.log_lines import JsonLines
from profiling_assets_tests.dagster.desk import P1, Desk

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def documented_settings(file: Path) -> dict[str, Any]:
    """The block of the documentation that switches it on, writing to a file of the test."""
    text = OPERATIONS.read_text(encoding="utf-8")
    block = next(part for part in text.split("```") if "dagster_handler_config" in part)
    said = yaml.safe_load(block.partition("\n")[2])
    (handler,) = said["python_logs"]["dagster_handler_config"]["handlers"].values()
    handler["filename"] = str(file)
    return said


@pytest.fixture
def closed_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what `python_logs` opened: Dagster leaves that to the end of its process."""
    opened: list[logging.Handler] = []

    class Kept(logging.handlers.WatchedFileHandler):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(logging.handlers, "WatchedFileHandler", Kept)
    yield
    assert opened
    for handler in opened:
        handler.close()


@pytest.mark.usefixtures("closed_afterwards")
@pytest.mark.filterwarnings("ignore:.*yaml-defined logging:dagster.BetaWarning")
def test_every_line_of_a_run_has_batch_plate_step_and_run(fresh: Desk, tmp_path: Path) -> None:
    written = tmp_path / "runs.jsonl"
    home = tmp_path / "logged"
    home.mkdir()
    (home / "dagster.yaml").write_text(json.dumps(documented_settings(written)))
    fresh.catalog()
    job = build_defs(fresh.settings).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        done = job.execute_in_process(
            instance=instance,
            partition_key=P1,
            # the second one is not asked for with its inputs: it fails
            asset_selection=[dg.AssetKey("sqlite_backend"), dg.AssetKey("normalized_profiles")],
            raise_on_error=False,
        )
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    batch, _, plate = P1.partition("/")
    assert {(line["batch"], line["plate"], line["run_id"]) for line in lines} == {
        (batch, plate, done.run_id)
    }
    assert {"collate", "normalized_profiles"} <= {line["step"] for line in lines}
    assert any(line["message"].startswith("24 of 24 sites") for line in lines)
    failed = [line for line in lines if line["event"] == "STEP_FAILURE"]
    assert [line["step"] for line in failed] == ["normalized_profiles"]
    assert "Remedy" in failed[0]["error"]


def test_a_line_of_no_run_and_an_exception_are_lines_too() -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        int("https://me:secret@host/x is\nwrong")
    told = (raised.type, raised.value, raised.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "a %s", ("b\nc",), told)
    (line,) = JsonLines().format(record).splitlines()
    said = json.loads(line)
    assert (said["message"], said["batch"], said["level"]) == ("a b\nc", "", "ERROR")
    assert "ValueError" in said["error"]
    assert "secret" not in line
