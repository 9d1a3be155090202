"""`profiling-assets init-config`: a config file with the batches and plates found.

Put here: the command.
Do not put here: what the file says (`config.template`).
"""

from pathlib import Path

import click

from profiling_assets.cli.common import input_option
from profiling_assets.config.template import render_config
from profiling_assets.errors import ConfigError, MissingInputError
from profiling_assets.quality.preflight.finding import counted
from profiling_assets.settings import WORKSPACE_VARIABLE
from profiling_assets.workspace.layout import CONFIGS
from profiling_assets.workspace.off_root import no_plates
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.opening import open_workspace


@click.command("init-config")
@click.argument("workspace", metavar="WORKSPACE", envvar=WORKSPACE_VARIABLE)
@input_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option("--name", default="config", show_default=True, help="Name of the config file.")
@click.option(
    "--negcon/--no-negcon",
    default=True,
    show_default=True,
    help="Whether to make the profiles normalized to negative controls too.",
)
@click.option("--force", is_flag=True, help="Overwrite a config file of this name.")
def command(
    workspace: str,
    inputs: str | None,
    batches: tuple[str, ...],
    name: str,
    *,
    negcon: bool,
    force: bool,
) -> int:
    """Write config_files/NAME.yml in WORKSPACE, with the batches and plates found there."""
    opened = open_workspace(workspace, inputs=inputs)
    found: dict[str, list[str]] = {}
    scan = scan_workspace(opened)
    if not scan.plates:
        raise no_plates(opened, scan.ignored)
    for plate in scan.plates:
        if not batches or plate.key.batch in batches:
            found.setdefault(plate.key.batch, []).append(plate.key.plate)
    absent = sorted(set(batches) - set(found))
    if absent:
        raise MissingInputError(
            f"no plates of batch {', '.join(absent)} found",
            path=opened.location("analysis"),
            remedy="plates are expected in analysis/BATCH/PLATE/analysis/PLATE-WELL-SITE/",
        )
    path = f"{CONFIGS}/{Path(name).stem}.yml"
    if opened.stat(path) is not None and not force:
        raise ConfigError(
            "there is a config file of this name already",
            path=opened.location(path),
            remedy="choose another --name, or pass --force",
        )
    text = render_config(found, pipeline=Path(name).stem, negcon=negcon)
    opened.publish_bytes(text.encode(), path)
    plates = sum(map(len, found.values()))
    click.echo(
        f"{opened.location(path)}: {counted(len(found), 'batch')}, {counted(plates, 'plate')}"
    )
    return 0
