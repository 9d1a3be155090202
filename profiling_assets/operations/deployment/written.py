"""What a deployment's `dagster.yaml` and environment lack, by reading them alone.

Put here: rules about what is written.
Do not put here: whether a service answers (`reached`), opening files.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from profiling_assets.operations.deployment.lack import Lack, error, warning
from profiling_assets.settings import CONFIG_VARIABLE, INPUT_VARIABLE, WORKSPACE_VARIABLE
from profiling_assets.workspace.storage.opening import SCRATCH_VARIABLE

ENVIRONMENT_FILE = "profiling-assets.env"
_LAUNCHER = "run_launcher"
_EXTRAS = {"dagster_postgres": "postgres", "psycopg2": "postgres", "dagster_celery": "celery"}
_EXTRAS |= {"celery": "celery", "kombu": "celery", "redis": "celery"}


class RunPlace(StrEnum):
    """Where runs are carried out."""

    ONE_MACHINE = "one machine"
    CELERY = "Celery workers"
    ECS = "ECS tasks"


def kind_of(config: Mapping[str, Any]) -> RunPlace:
    """Say where runs are carried out, by the name of the run launcher's class."""
    name = str((config.get(_LAUNCHER) or {}).get("class", ""))
    if "Celery" in name:
        return RunPlace.CELERY
    return RunPlace.ECS if "Ecs" in name else RunPlace.ONE_MACHINE


def written_lacks(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    missing_module: Callable[[str], str | None],
) -> list[Lack]:
    """Look at what is written, all of it.

    Variables come first, then modules, then rules. `missing_module` tries to import a module and
    returns the name of the one that is missing, else None.
    """
    kind = kind_of(config)
    return [
        *_variables(config, environment),
        *_modules(config, missing_module),
        *_roots(kind, environment),
        *(() if kind is RunPlace.ONE_MACHINE else _several_machines(config)),
        *_postgres(config),
    ]


def _variables(config: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Lack]:
    takers: dict[str, list[str]] = {}
    for path, value in _walk(config):
        if set(value) == {"env"} and isinstance(value["env"], str):
            takers.setdefault(value["env"], []).append(path)
    for name, paths in takers.items():
        if not environment.get(name):
            yield error(
                name,
                f"is not set; dagster.yaml takes {' and '.join(paths)} from it",
                f"set it in {ENVIRONMENT_FILE}",
            )


def _modules(
    config: Mapping[str, Any], missing_module: Callable[[str], str | None]
) -> Iterator[Lack]:
    wanted = {
        str(value["module"]): path
        for path, value in _walk(config)
        if "module" in value and "class" in value
    }
    if "postgres" in (config.get("storage") or {}):
        wanted["dagster_postgres"] = "storage.postgres"
    for module, path in wanted.items():
        missing = missing_module(module)
        if missing is not None:
            extra = _EXTRAS.get(missing.partition(".")[0])
            yield error(
                f"dagster.yaml: {path}",
                f"needs {module}, and {missing} is not installed",
                f"pip install 'profiling_assets[{extra}]'"
                if extra
                else f"install {missing}, or correct the name",
            )


def _roots(kind: RunPlace, environment: Mapping[str, str]) -> Iterator[Lack]:
    if not environment.get(WORKSPACE_VARIABLE):
        yield error(
            WORKSPACE_VARIABLE,
            "is not set: no plate is shown",
            f"set it to a folder or s3://BUCKET/PREFIX in {ENVIRONMENT_FILE}",
        )
    for name in (WORKSPACE_VARIABLE, INPUT_VARIABLE, CONFIG_VARIABLE):
        value = environment.get(name)
        if value and "://" in value:
            continue
        if value and kind is not RunPlace.ONE_MACHINE:
            yield error(
                name,
                f"is {value}, which other machines do not have",
                "put it in the bucket and name it s3://BUCKET/...; a folder that all machines "
                "mount is not supported: its locks do not hold between machines",
            )
        elif value and not Path(value).is_absolute():
            yield error(
                name,
                f"is {value}, which each process takes from its own folder",
                "write it in full",
            )
    scratch = environment.get(SCRATCH_VARIABLE)
    if not scratch and "://" in (environment.get(WORKSPACE_VARIABLE) or ""):
        yield warning(
            SCRATCH_VARIABLE,
            "is not set: SQLite backends are written in the system's temporary folder",
            "set it to a folder on a local disk of 1.3 times the largest backend, for each run at "
            "once",
        )


def _several_machines(config: Mapping[str, Any]) -> Iterator[Lack]:
    if "postgres" not in (config.get("storage") or {}):
        yield error(
            "dagster.yaml: storage",
            "is not PostgreSQL: the event log is a file of this machine",
            "take `storage` from the dagster.yaml in deploy/",
        )
    if not (config.get("run_monitoring") or {}).get("enabled"):
        yield error(
            "dagster.yaml: run_monitoring.enabled",
            "is not true: a run whose worker is lost stays under way for ever",
            "take `run_monitoring` from the dagster.yaml in deploy/",
        )
    elif (config["run_monitoring"]).get("max_resume_run_attempts"):
        yield error(
            "dagster.yaml: run_monitoring.max_resume_run_attempts",
            "is not 0: a run is one process, and cannot be resumed in another",
            "set it to 0; run_retries starts it again",
        )
    elif not (config["run_monitoring"]).get("free_slots_after_run_end_seconds"):
        yield warning(
            "dagster.yaml: run_monitoring.free_slots_after_run_end_seconds",
            "is not set: a lost run keeps its places in the pools",
            "set it to 30",
        )
    retries = config.get("run_retries") or {}
    if not (retries.get("enabled") and retries.get("max_retries")):
        yield warning(
            "dagster.yaml: run_retries",
            "are off: a plate whose worker is lost waits for somebody",
            "set enabled: true and max_retries: 2",
        )
    elif retries.get("retry_on_asset_or_op_failure", True):
        yield warning(
            "dagster.yaml: run_retries.retry_on_asset_or_op_failure",
            "is not false: a bad plate is computed again and again",
            "set it to false",
        )
    launcher = config.get(_LAUNCHER) or {}
    if launcher.get("class") == "CeleryRunLauncher":
        yield error(
            "dagster.yaml: run_launcher",
            "is dagster-celery's own, which takes a run for running when its worker is dead",
            "take `run_launcher` from deploy/celery/dagster.yaml",
        )
    if not config.get("compute_logs"):
        yield warning(
            "dagster.yaml: compute_logs",
            "are files of each machine: the web UI does not show what a run printed elsewhere",
            "take `compute_logs` from the dagster.yaml in deploy/",
        )


def _postgres(config: Mapping[str, Any]) -> Iterator[Lack]:
    settings = (config.get("storage") or {}).get("postgres") or {}
    database = settings.get("postgres_db")
    if isinstance(database, Mapping) and "scheme" not in database:
        yield error(
            "dagster.yaml: storage.postgres.postgres_db.scheme",
            "is not set: SQLAlchemy 2.1 looks for psycopg 3, and psycopg2 is installed",
            "set scheme: postgresql+psycopg2",
        )


def _walk(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, path)
