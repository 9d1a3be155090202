"""`profiling-assets check`: what is wrong, before anything is computed.

Put here: the command.
Do not put here: the rules (`quality.preflight`), what they look at (`steps.preflight`).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console

from profiling_assets.cli.common import (
    applied_settings,
    check_plates,
    chosen_plates,
    config_option,
    input_option,
    workspace_option,
)
from profiling_assets.cli.findings import counts, grouped_lines
from profiling_assets.errors import listed
from profiling_assets.quality.preflight.finding import Finding, Severity, counted
from profiling_assets.steps.catalog import scanned_catalog

if TYPE_CHECKING:  # pandas takes a second to import
    from collections.abc import Iterator

    from profiling_assets.quality.preflight.facts import WorkspaceFacts


@click.command("check")
@workspace_option
@input_option
@config_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option("--plate", "plates", metavar="P", multiple=True, help="Only this plate; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of the findings.")
def command(
    workspace: str,
    inputs: str | None,
    config: str | None,
    batches: tuple[str, ...],
    plates: tuple[str, ...],
    *,
    as_json: bool,
) -> int:
    """Say what is wrong with workspace, config and plate maps, before anything is computed.

    Looks at names, sizes, plate maps and a few headers, and writes nothing but a probe that it
    removes. `run` begins with it. Exit code 1 where an error is found; warnings are no errors.
    """
    from profiling_assets.steps.preflight import everything, preflight

    began = time.monotonic()
    with Console(stderr=True).status("looking"):
        catalog = scanned_catalog(applied_settings(workspace, config, inputs))
        check_plates(catalog)
        chosen = chosen_plates(catalog.asked_for.plates, batches, plates)
        wanted = dict.fromkeys(chosen, everything(catalog))
        look = preflight(catalog, wanted, whole=not (batches or plates))
    failed = any(finding.severity is Severity.ERROR for finding in look.findings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in look.findings], indent=2))
        return int(failed)
    click.echo(_looked_at(look.facts))
    for key, reason in catalog.asked_for.excluded.items():
        click.echo(f"{key}: excluded: {reason}")
    for line in _taken(look.facts):
        click.echo(line)
    click.echo()
    for line in grouped_lines(look.findings):
        click.echo(line)
    seconds = time.monotonic() - began
    click.echo(f"{_verdict(look.findings, failed=failed)}; looked for {seconds:.1f} s")
    return int(failed)


def _looked_at(facts: WorkspaceFacts) -> str:
    looks = [plate.completeness for plate in facts.plates if plate.completeness is not None]
    batches = {plate.key.batch for plate in facts.plates}
    parts = [f"{counted(len(facts.plates), 'plate')} of {counted(len(batches), 'batch')}"]
    expected = [look for look in looks if look.expected is not None]
    if expected:
        there = sum((look.expected or 0) - len(look.missing) for look in expected)
        parts.append(f"{there} of {sum(look.expected or 0 for look in expected)} expected sites")
    silent = len(looks) - len(expected)
    if silent:
        parts.append(
            f"{counted(silent, 'plate')} without load data, so that missing sites are not told"
        )
    later = len(facts.plates) - len(looks)
    if later:
        parts.append(f"{counted(later, 'plate')} without CSVs")
    return "; ".join(parts)


def _taken(facts: WorkspaceFacts) -> Iterator[str]:
    """Yield how many wells of each plate the config's queries take; alike plates in one line."""
    from profiling_assets.quality.preflight.query_rules import wells_taken

    plates: dict[tuple[str, str, str], list[str]] = {}
    for plate in facts.plates:
        for told in wells_taken(plate):
            plates.setdefault(told, []).append(plate.scope)
    for (key, query, told), scopes in plates.items():
        yield f"{key}: {query}: {told} ({listed(scopes, shown=4)})"


def _verdict(findings: tuple[Finding, ...], *, failed: bool) -> str:
    if not findings:
        return "nothing to mend"
    return f"{counts(findings)}{'' if failed else '; nothing keeps it from being run'}"
