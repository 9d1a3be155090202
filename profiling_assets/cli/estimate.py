"""`profiling-assets estimate`: what a workspace will need, before anything is computed.

Put here: the command, its tables and its JSON.
Do not put here: the model (`operations.estimate`), listing (`operations.estimate.weights`).
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from profiling_assets.cli.common import chosen_batches, config_option, input_option
from profiling_assets.errors import ConfigError, printable
from profiling_assets.operations.estimate.batches import (
    Estimate,
    Machine,
    estimate_workspace,
    machine_for,
    machines,
)
from profiling_assets.operations.estimate.cost import Cost, Prices, cost_of, parse_prices
from profiling_assets.operations.estimate.rates import Range
from profiling_assets.operations.estimate.weights import weigh_plates
from profiling_assets.operations.fargate import FargateSize
from profiling_assets.settings import WORKSPACE_VARIABLE
from profiling_assets.steps.catalog import read_config
from profiling_assets.workspace.off_root import no_plates
from profiling_assets.workspace.scan_many import expect_many
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.opening import open_workspace

_GB = 1e9
_HOUR = 3600.0
_PIPED_WIDTH = 1000  # a pipe has no width; nothing is to be folded there


@click.command("estimate")
@click.argument("workspace", metavar="WORKSPACE", envvar=WORKSPACE_VARIABLE)
@input_option
@config_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option("--prices", metavar="FILE", help="Your prices (YAML, docs/prices-example.yml).")
@click.option(
    "--plates-at-once",
    "at_once",
    metavar="N",
    type=click.IntRange(min=1),
    help="Show the machine for so many plates at once; else for 1, 4, 16 and so on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    workspace: str,
    inputs: str | None,
    config: str | None,
    batches: tuple[str, ...],
    prices: str | None,
    at_once: int | None,
    *,
    as_json: bool,
) -> int:
    """Say what building all plates of WORKSPACE will take, from names and sizes of its files.

    No file of the workspace is opened, and nothing is written. All results are counted, also those
    that stand already. The rates were measured: docs/estimate.md says how, and how far off they
    were.
    """
    paid = None if prices is None else _prices(prices)
    opened = open_workspace(workspace, inputs=inputs)
    folder = read_config(config, opened).collate.csv_dir
    expect_many()
    with Console(stderr=True).status("listing plates"):
        scan = scan_workspace(opened, folder)
        if not scan.plates:
            raise no_plates(opened, scan.ignored)
        chosen = chosen_batches(scan.plates, batches)
        estimate = estimate_workspace(weigh_plates(opened, chosen, folder))
    sizes = machines(estimate) if at_once is None else (machine_for(estimate, at_once),)
    cost = None if paid is None else cost_of(estimate, paid, at_once=at_once)
    if as_json:
        click.echo(json.dumps(_json(estimate, sizes, cost), indent=1))
        return 0
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    console = Console(width=width, soft_wrap=True, highlight=False, markup=False)
    console.print(_plates(estimate))
    console.print(_machines(sizes))
    for line in _cost_lines(cost):
        console.print(line)
    return 0


def _prices(path: str) -> Prices:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the prices file cannot be read ({error})",
            path=path,
            remedy="write one after docs/prices-example.yml",
        ) from error
    return parse_prices(text, path=path)


def _plates(estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for name in ("batch", "plate"):
        table.add_column(name, no_wrap=True)
    for name in (
        *("sites", "wells", "GB in", "SQLite GB", "CPU h", "memory GB", "scratch GB"),
        "Fargate task",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for one in estimate.plates:
        weight = one.weight
        table.add_row(
            printable(weight.key.batch),
            printable(weight.key.plate),
            str(weight.sites),
            "not told" if weight.wells is None else str(weight.wells),
            _number(weight.bytes_in / _GB),
            _number(one.sqlite_bytes.expected / _GB),
            _number(one.cpu_seconds.expected / _HOUR),
            _number(one.memory_bytes / _GB),
            _number(one.scratch_bytes / _GB),
            _task(one.task),
        )
    for batch in estimate.batches:
        table.add_row(
            printable(batch.batch),
            f"(the batch, {batch.plates} plates)",
            "",
            str(batch.wells),
            "",
            "",
            _number(batch.cpu_seconds.expected / _HOUR),
            _number(batch.memory_bytes / _GB),
            "",
            _task(batch.task),
        )
    table.add_row(
        "all",
        f"{len(estimate.plates)} plates",
        str(sum(one.weight.sites for one in estimate.plates)),
        str(sum(one.weight.counted_wells for one in estimate.plates)),
        _number(estimate.bytes_in / _GB),
        _spread(estimate.sqlite_bytes, _GB),
        _spread(estimate.cpu_seconds, _HOUR),
        _number(estimate.memory_bytes / _GB),
        "",
        "",
    )
    return table


def _machines(sizes: tuple[Machine, ...]) -> Table:
    table = Table(box=None, pad_edge=False, title="\none machine", title_justify="left")
    for name in ("plates at once", "cores", "memory GB", "scratch GB", "hours"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in sizes:
        table.add_row(
            str(one.at_once),
            str(one.cores),
            _number(one.memory_bytes / _GB),
            _number(one.scratch_bytes / _GB),
            _spread(one.seconds, _HOUR),
        )
    return table


def _cost_lines(cost: Cost | None) -> list[str]:
    if cost is None:
        return []
    lines = [
        f"\ncost, for your prices in {printable(cost.currency)}",
        f"  one task a run: {_number(cost.tasks)}"
        + (f" ({cost.unpriced} are larger than any task)" if cost.unpriced else ""),
        f"  requests to S3: {_number(cost.requests)}",
        f"  storage of the results, a month: {_number(cost.storage_month)}",
    ]
    for machine in cost.machines:
        name = printable(machine.name)
        if machine.at_once == 0:
            lines.append(f"  machine {name}: too small for a plate or a batch")
        else:
            lines.append(
                f"  machine {name}: {_number(machine.cost)} ({machine.at_once} plates at once, "
                f"{_number(machine.hours)} hours)"
            )
    return lines


def _task(task: FargateSize | None) -> str:
    if task is None:
        return "none is large enough"
    return f"{task.cpu / 1024:g} vCPU, {task.memory / 1024:g} GiB, {task.storage} GiB disk"


def _number(value: float) -> str:
    """Three digits that count; no more are known."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _spread(figure: Range, unit: float) -> str:
    low, high = _number(figure.low / unit), _number(figure.high / unit)
    return f"{_number(figure.expected / unit)} ({low} to {high})"


def _json(estimate: Estimate, sizes: tuple[Machine, ...], cost: Cost | None) -> dict[str, Any]:
    return {
        "plates": [asdict(one) for one in estimate.plates],
        "batches": [asdict(one) for one in estimate.batches],
        "all": {
            "bytes_in": estimate.bytes_in,
            "sqlite_bytes": asdict(estimate.sqlite_bytes),
            "result_bytes": asdict(estimate.result_bytes),
            "cpu_seconds": asdict(estimate.cpu_seconds),
            "requests": asdict(estimate.requests),
        },
        "machines": [asdict(one) for one in sizes],
        "cost": None if cost is None else asdict(cost),
    }
