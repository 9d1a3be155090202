"""Folders of a Dagster instance as a user writes them: the shipped settings, another storage."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

AT_ONCE = 4  # runs


def write_home(home: Path, postgres_url: str | None = None) -> Path:
    """Write `dagster.yaml`: on SQLite in the folder, or on a PostgreSQL server."""
    shipped = resources.files("profiling_assets.dagster").joinpath("dagster.yaml")
    settings: dict[str, Any] = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    settings["concurrency"]["runs"]["max_concurrent_runs"] = AT_ONCE
    if postgres_url is not None:
        settings["storage"] = {"postgres": {"postgres_url": postgres_url}}
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return home
