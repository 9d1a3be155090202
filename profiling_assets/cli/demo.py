"""`profiling-assets demo`: a small made-up workspace, and every command a user would type on it.

Put here: the commands, in order.
Do not put here: what is in the workspace (`demo`), anything that only a demo could do.
"""

import shlex
from pathlib import Path

import click

from profiling_assets.cli.main import cli
from profiling_assets.demo.from_spec import ground_truth
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import demo_spec
from profiling_assets.demo.truth import describe
from profiling_assets.errors import WorkspaceError


@click.command("demo")
@click.argument("folder", metavar="[DIR]", default="demo")
def command(folder: str) -> int:
    """Make a small workspace in DIR (default: demo) and run everything on it.

    2 batches, 4 plates, planted phenotypes and planted defects. A workspace that stands in DIR
    from an earlier demo is used again.
    """
    if "://" in folder:
        raise WorkspaceError(
            "the demo is made in a folder",
            path=folder,
            remedy="name a folder; copy its workspace to S3 to try that",
        )
    root = Path(folder) / "workspace"
    spec = demo_spec()
    if (root / "analysis").exists():
        click.echo(f"{root} stands from an earlier demo")
        truth = ground_truth(root, spec)
    else:
        truth = make_workspace(root, spec)
    click.echo(f"A made-up workspace in {root}:")
    for line in describe(truth):
        click.echo(f"  {line}")
    config = root / "config_files" / "demo.yml"
    if not config.exists():
        _type("init-config", str(root), "--name", "demo")
    _type("scan", str(root))
    status = _type("run", "--workspace", str(root), "--config", str(config))
    click.echo(f"\nResults are in backend, profiles, gct and quality_control below {root}.")
    click.echo("Open the graph in the web UI with `make ui`, or")
    shown = ["profiling-assets", "ui", "--workspace", str(root), "--config", str(config)]
    click.echo(f"  {shlex.join(shown)}")
    return status


def _type(*words: str) -> int:
    click.echo(f"\n$ {shlex.join(['profiling-assets', *words])}")
    status = cli.main(list(words), prog_name="profiling-assets", standalone_mode=False)
    return status if isinstance(status, int) else 0
