"""`profiling-assets config`: check a config file, or print every key.

Put here: the command.
Do not put here: the keys (`config`).
"""

import click

from profiling_assets.cli.common import check_ready
from profiling_assets.config.reference import reference_text
from profiling_assets.quality.preflight.finding import counted
from profiling_assets.steps.catalog import read_config


@click.command("config")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--reference", is_flag=True, help="Print every key with type, default and meaning.")
def command(file: str | None, *, reference: bool) -> int:
    """Check FILE, and name everything that is wrong with it; or print the reference."""
    if reference:
        click.echo(reference_text())
        return 0
    if file is None:
        raise click.UsageError("give a config file, or --reference")
    config = read_config(file)
    check_ready(config)
    plates = sum(len(batch.plates) for batch in config.batches)
    click.echo(f"{file}: fine; {counted(len(config.batches), 'batch')}, {counted(plates, 'plate')}")
    return 0
