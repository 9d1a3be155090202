"""`profiling-assets check-deployment`: what this machine's deployment lacks, all at once.

Put here: the command.
Do not put here: the rules (`operations.deployment`).
"""

import json
import os
from dataclasses import asdict

import click

from profiling_assets.operations.deployment.machine import DeploymentLook, look_at_deployment
from profiling_assets.quality.preflight.finding import Severity, counted


@click.command("check-deployment")
@click.option("--files", is_flag=True, help="Only what is written; look at no service.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of what is missing.")
def command(*, files: bool, as_json: bool) -> int:
    """Say what a deployment lacks on this machine, all of it, each with its remedy.

    Looks at the environment and DAGSTER_HOME/dagster.yaml, then at database, workspace, config,
    broker, workers and the bucket for logs. The units and images of deploy/ start with it. Exit
    code 1 where something is missing; warnings are no errors.
    """
    look = look_at_deployment(os.environ, services=not files)
    if as_json:
        click.echo(json.dumps([asdict(lack) for lack in look.lacks], indent=2))
    else:
        _tell(look)
    return 0 if look.works else 1


def _tell(look: DeploymentLook) -> None:
    for lack in look.lacks:
        failed = lack.severity is Severity.ERROR
        text = f"{lack.severity.value}: {lack.where}: {lack.what}\n  Remedy: {lack.remedy}"
        click.echo(text, err=failed)
    errors = sum(lack.severity is Severity.ERROR for lack in look.lacks)
    kind = f"runs on {look.kind}" if look.kind is not None else "no dagster.yaml"
    warnings = counted(len(look.lacks) - errors, "warning")
    click.echo(f"{kind}: {counted(errors, 'error')}, {warnings}")
