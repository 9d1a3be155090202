"""What a deployment names is looked at, and told without its secrets."""

from pathlib import Path

import pytest

from profiling_assets.operations.deployment.reached import reached_lacks

TOKEN = "T0KEN"


def test_an_address_that_apprise_does_not_understand_is_told_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}", encoding="utf-8")
    monkeypatch.setenv("PROFILING_ASSETS_ALERT_APPRISE", f"ntfy://{TOKEN} slack://{TOKEN}")
    (lack,) = reached_lacks(tmp_path)
    assert lack.where == "PROFILING_ASSETS_ALERT_APPRISE"
    assert "number 2" in lack.what
    assert TOKEN not in f"{lack.what}{lack.remedy}"
