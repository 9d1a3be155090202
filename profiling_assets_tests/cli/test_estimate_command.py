"""`estimate`: its table, its JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from profiling_assets.cli.main import cli
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.errors import ConfigError, MissingInputError, WorkspaceError

EXAMPLE = Path(__file__).parents[2] / "docs" / "prices-example.yml"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("estimated")
    make_workspace(root, tiny_spec())
    return root


def estimated(*words: str | Path) -> int:
    return cli.main(["estimate", *map(str, words)], standalone_mode=False)


def test_every_plate_and_batch_has_a_line_and_nothing_is_written(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(workspace.rglob("*"))
    assert estimated(workspace, "--prices", EXAMPLE) == 0
    told = capsys.readouterr().out
    lines = [line.split()[:2] for line in told.splitlines()]
    for batch, plate in (
        ("2026_03_02_Batch1", "000123"),
        ("2026_03_02_Batch1", "PL-01-x"),
        ("2026_03_02_Batch1", "(the"),
        ("2026_03_09_Batch2", "000123"),
        ("all", "3"),
    ):
        assert [batch, plate] in lines
    assert "cost, for your prices in EXAMPLE" in told
    assert "machine example-16" in told
    assert sorted(workspace.rglob("*")) == before


def test_the_json_has_plates_batches_machines_and_cost(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--json", "--batch", "2026_03_02_Batch1", "--plates-at-once", "2")
    assert estimated(workspace, *words, "--prices", EXAMPLE) == 0
    told = json.loads(capsys.readouterr().out)
    csvs = (workspace / "analysis" / "2026_03_02_Batch1").rglob("*.csv")
    size = sum(file.stat().st_size for file in csvs if file.name != "Experiment.csv")
    assert told["all"]["bytes_in"] == size
    names = [plate["weight"]["key"]["plate"] for plate in told["plates"]]
    assert names == ["000123", "PL-01-x"]
    assert [machine["at_once"] for machine in told["machines"]] == [2]
    assert told["plates"][0]["task"]["cpu"] == 1024
    assert told["cost"]["currency"] == "EXAMPLE"


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--batch", "2026_03_02_Batch"), MissingInputError, "nearest is 2026_03_02_Batch1"),
        (("--prices", "nowhere.yml"), ConfigError, "prices-example.yml"),
    ],
)
def test_a_wrong_word_is_refused(
    workspace: Path, words: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        estimated(workspace, *words)


def test_a_folder_without_plates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no plates"):
        estimated(tmp_path)
