"""The whole look at a deployment: files, then services.

Put here: reading `dagster.yaml`, and the order.
Do not put here: the rules (`written`), the services (`reached`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from profiling_assets.operations.deployment.lack import Lack, error
from profiling_assets.operations.deployment.written import RunPlace, kind_of, written_lacks
from profiling_assets.quality.preflight.finding import Severity

HOME_VARIABLE = "DAGSTER_HOME"
_FOLDERS = {RunPlace.ONE_MACHINE: "local", RunPlace.CELERY: "celery", RunPlace.ECS: "ecs"}


@dataclass(frozen=True)
class DeploymentLook:
    """What was found."""

    kind: RunPlace | None  # where runs are carried out; None where no `dagster.yaml` could be read
    lacks: tuple[Lack, ...]  # errors first

    @property
    def works(self) -> bool:
        """Whether no error was found."""
        return all(lack.severity is not Severity.ERROR for lack in self.lacks)


def look_at_deployment(environment: Mapping[str, str], *, services: bool = True) -> DeploymentLook:
    """Look at a machine's settings, and at the services that they name.

    Services are looked at where the files are without errors, and not without `services`.
    """
    home = environment.get(HOME_VARIABLE)
    if not home:
        lack = error(
            HOME_VARIABLE, "is not set", "set it to the folder with this machine's dagster.yaml"
        )
        return DeploymentLook(None, (lack, *written_lacks({}, environment, _missing_module)))
    file = Path(home) / "dagster.yaml"
    try:
        config: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as problem:
        lack = error(
            str(file),
            f"cannot be read ({str(problem).splitlines()[0]})",
            f"copy it from deploy/{'|'.join(_FOLDERS.values())} into {HOME_VARIABLE}",
        )
        return DeploymentLook(None, (lack, *written_lacks({}, environment, _missing_module)))
    lacks = written_lacks(config, environment, _missing_module)
    if services and all(lack.severity is not Severity.ERROR for lack in lacks):
        from profiling_assets.operations.deployment.reached import reached_lacks

        logging.disable(logging.WARNING)  # Dagster's own words about each attempt
        try:
            lacks += reached_lacks(Path(home))
        finally:
            logging.disable(logging.NOTSET)
    lacks.sort(key=lambda lack: lack.severity is not Severity.ERROR)
    return DeploymentLook(kind_of(config), tuple(lacks))


def _missing_module(name: str) -> str | None:
    try:
        import_module(name)
    except ImportError as problem:
        return problem.name or name
    return None
