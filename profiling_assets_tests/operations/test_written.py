"""What a deployment lacks by its files: everything at once, each with a remedy; nothing shipped."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from dagster import Field, Shape
from dagster._config import validate_config  # noqa: TID251 -- Dagster's own check
from dagster._core.instance.config import (  # noqa: TID251 -- Dagster's own check of dagster.yaml
    dagster_instance_config_schema,
)

from profiling_assets.cli.check_deployment import command
from profiling_assets.operations.deployment.machine import look_at_deployment
from profiling_assets.operations.deployment.written import RunPlace, kind_of, written_lacks
from profiling_assets.quality.preflight.finding import Severity

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KINDS = {
    "local": RunPlace.ONE_MACHINE,
    "postgres": RunPlace.ONE_MACHINE,
    "celery": RunPlace.CELERY,
    "ecs": RunPlace.ECS,
}
COMPLETE = {
    "PROFILING_ASSETS_WORKSPACE": "s3://bucket/project",
    "PROFILING_ASSETS_CONFIG": "s3://bucket/project/config_files/config.yml",
    "PROFILING_ASSETS_SCRATCH": "/scratch",
}


def _config(folder: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / folder / "dagster.yaml").read_text(encoding="utf-8"))


def _installed(name: str) -> str | None:
    del name
    return None


def _taken(config: dict[str, Any]) -> set[str]:
    return set(re.findall(r"'env': '(\w+)'", str(config)))


@pytest.mark.parametrize("folder", KINDS)
def test_a_shipped_deployment_lacks_nothing_once_its_variables_are_set(folder: str) -> None:
    config = _config(folder)
    assert kind_of(config) is KINDS[folder]
    assert written_lacks(config, COMPLETE | dict.fromkeys(_taken(config), "1"), _installed) == []


@pytest.mark.parametrize("folder", KINDS)
def test_dagster_accepts_every_shipped_file(folder: str) -> None:
    schema = Shape(
        {
            name: Field(field.config_type, is_required=False)
            for name, field in dagster_instance_config_schema().items()
        }
    )
    result = validate_config(schema, _config(folder))
    assert result.success, result.errors


@pytest.mark.parametrize("folder", ["local", "postgres", "celery"])
def test_the_settings_file_names_every_variable_that_is_needed(folder: str) -> None:
    text = (DEPLOY / folder / "profiling-assets.env").read_text(encoding="utf-8")
    named = set(re.findall(r"^(\w+)=", text, re.MULTILINE))
    units = "".join(file.read_text() for file in (DEPLOY / "systemd").glob("*.service"))
    if folder != "celery":
        units = units.replace("${PROFILING_ASSETS_CONCURRENCY}", "")
    assert named >= _taken(_config(folder)) | set(COMPLETE) | set(re.findall(r"\$\{(\w+)\}", units))


@pytest.mark.parametrize("folder", ["postgres", "celery", "ecs"])
def test_everything_that_is_missing_is_named_at_once(folder: str) -> None:
    config = _config(folder)
    lacks = written_lacks(config, {}, lambda name: name)
    named = {lack.where for lack in lacks}
    assert named >= _taken(config) | {"PROFILING_ASSETS_WORKSPACE"}
    assert "dagster.yaml: storage.postgres" in named
    assert all(lack.remedy for lack in lacks)
    assert all(lack.severity is Severity.ERROR for lack in lacks)


def _broken(config: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    keys = path.split(".")
    inner = config
    for key in keys[:-1]:
        inner = inner[key]
    if value is None:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "severity"),
    [
        ("run_monitoring.enabled", False, Severity.ERROR),
        ("run_monitoring.max_resume_run_attempts", 2, Severity.ERROR),
        ("run_monitoring.free_slots_after_run_end_seconds", None, Severity.WARNING),
        ("run_retries", None, Severity.WARNING),
        ("run_retries.retry_on_asset_or_op_failure", None, Severity.WARNING),
        ("run_launcher.class", "CeleryRunLauncher", Severity.ERROR),
        ("compute_logs", None, Severity.WARNING),
        ("storage", None, Severity.ERROR),
        ("storage.postgres.postgres_db.scheme", None, Severity.ERROR),
    ],
)
def test_what_loses_runs_on_several_machines_is_found(
    path: str, value: object, severity: Severity
) -> None:
    config = _config("celery")
    environment = COMPLETE | dict.fromkeys(_taken(config), "1")
    (lack,) = written_lacks(_broken(config, path, value), environment, _installed)
    assert lack.where.removeprefix("dagster.yaml: ") in (path, path.rpartition(".")[0])
    assert lack.severity is severity
    assert lack.remedy


def test_a_folder_is_no_workspace_of_several_machines() -> None:
    config = _config("celery")
    environment = COMPLETE | dict.fromkeys(_taken(config), "1")
    environment["PROFILING_ASSETS_WORKSPACE"] = "/data/workspace"
    (lack,) = written_lacks(config, environment, _installed)
    assert lack.where == "PROFILING_ASSETS_WORKSPACE"
    assert "other machines" in lack.what


def test_a_missing_package_is_named_with_its_extra() -> None:
    config = _config("celery")
    environment = COMPLETE | dict.fromkeys(_taken(config), "1")
    lacks = written_lacks(
        config, environment, {"profiling_assets.dagster.launchers.celery": "celery"}.get
    )
    assert [lack.remedy for lack in lacks] == ["pip install 'profiling_assets[celery]'"]


def test_a_machine_without_a_home_or_with_a_damaged_file_hears_of_the_rest_too(
    tmp_path: Path,
) -> None:
    look = look_at_deployment({})
    assert [lack.where for lack in look.lacks] == ["DAGSTER_HOME", "PROFILING_ASSETS_WORKSPACE"]
    (tmp_path / "dagster.yaml").write_text("storage: [", encoding="utf-8")
    look = look_at_deployment({"DAGSTER_HOME": str(tmp_path)})
    assert "cannot be read" in look.lacks[0].what
    assert not look.works


def test_the_command_tells_all_of_it_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text(
        (DEPLOY / "postgres" / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    for name in (*COMPLETE, *_taken(_config("postgres"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PGHOST", "db.example.org")
    done = CliRunner().invoke(command, standalone_mode=False)
    assert done.return_value == 1
    assert "PGPASSWORD: is not set; dagster.yaml takes storage.postgres.postgres_db.password" in (
        done.stderr
    )
    assert "PGHOST" not in done.stderr
    assert done.stdout.startswith("runs on one machine: ")
