"""`profiling-assets scan`: which plates there are, what they lack, which may be started.

Put here: the command and its table.
Do not put here: finding plates (`workspace.scan_workspace`), whether one is complete and ready
(`workspace.completeness`).
"""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table

from profiling_assets.cli.common import chosen_batches, config_option, input_option
from profiling_assets.config.model import Config
from profiling_assets.errors import ProfilingError, WorkspaceError, printable
from profiling_assets.settings import WORKSPACE_VARIABLE
from profiling_assets.steps.catalog import read_config
from profiling_assets.workspace.completeness import PlateCompleteness, readiness
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.off_root import no_plates
from profiling_assets.workspace.plates import IgnoredEntry, PlateFound, Source
from profiling_assets.workspace.registry import (
    PlateEntry,
    Registry,
    RegistryFacts,
    load_registry,
    registered,
    update_registry,
)
from profiling_assets.workspace.scan_many import PlateGlance, expect_many, look_at_plates
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.unread import reasons, unread_beside

_MAX_SITES = 20
_MAX_IGNORED = 20
_PIPED_WIDTH = 1000  # a pipe has no width; nothing is to be folded there
_WHOLE_NAME = 24  # characters of a name that stay on one line
_NUMBERS = ("expected", "found")
_BY_NAMES = "not told by names"
_COLUMNS = ("batch", "plate", "starts at", *_NUMBERS, "state", "last change (UTC)", "ready")


@click.command("scan")
@click.argument("workspace", metavar="WORKSPACE", envvar=WORKSPACE_VARIABLE)
@input_option
@config_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option(
    "--csv-dir",
    metavar="NAME",
    help="Folder of the site folders below a plate's folder; else what the config says (analysis).",
)
@click.option(
    "--quick",
    is_flag=True,
    help="By the names of site folders only: on S3 a tenth of the requests or less, and not told "
    "which files they lack, when they changed and which plates are ready.",
)
@click.option("--sites", is_flag=True, help="List sites that are missing, unexpected or defective.")
def command(
    workspace: str,
    inputs: str | None,
    config: str | None,
    batches: tuple[str, ...],
    csv_dir: str | None,
    *,
    quick: bool,
    sites: bool,
) -> int:
    """Show the plates of WORKSPACE: sites expected and found, what they lack, which are ready.

    Readiness follows the config's section arrival.
    """
    opened = open_workspace(workspace, inputs=inputs)
    rules = read_config(config, opened)
    folder = rules.collate.csv_dir if csv_dir is None else csv_dir
    expect_many()
    with Console(stderr=True).status("listing plates"):
        scan = scan_workspace(opened, folder)
        if not scan.plates:
            raise no_plates(opened, scan.ignored)
        looks = _looks(opened, chosen_batches(scan.plates, batches), folder, quick=quick)
    registry = _registered(opened, scan.plates, looks)
    shown = {
        key: entry for key, entry in registry.plates.items() if not batches or key.batch in batches
    }
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    console = Console(width=width, soft_wrap=True, highlight=False, markup=False)
    console.print(_table(shown, looks, rules, time.time()))
    if sites:
        for key, look in looks.items():
            if isinstance(look, PlateGlance):
                for line in _site_lines(look.completeness):
                    console.print(printable(f"{key}: {line}"))
    chosen = {key.batch for key in shown}
    beside = unread_beside(opened, registry.plates, chosen)
    for line in _ignored_lines((*scan.ignored, *beside), looks):
        console.print(line)
    return 0


def _looks(
    workspace: Workspace, plates: Iterable[PlateFound], csv_dir: str, *, quick: bool
) -> dict[PlateKey, PlateGlance | ProfilingError]:
    """Look at the plates with CSVs; one that cannot be read leaves its error."""
    found = list(plates)
    keys = [plate.key for plate in found if Source.CSVS in plate.sources]
    seen = look_at_plates(workspace, keys, csv_dir, quick=quick)
    errors = [look for look in seen if isinstance(look, WorkspaceError)]
    if errors and len(errors) == len(found):  # not the plates are at fault
        raise errors[0]
    return dict(zip(keys, seen, strict=True))


def _registered(
    workspace: Workspace, plates: Iterable[PlateFound], looks: Mapping[PlateKey, object]
) -> Registry:
    found = list(plates)
    facts = {
        key: RegistryFacts(look.completeness.expected, look.completeness.found, look.fingerprint)
        for key, look in looks.items()
        if isinstance(look, PlateGlance) and look.folders and look.fingerprint is not None
    }
    try:
        return update_registry(workspace, lambda known: registered(known, found, facts))
    except WorkspaceError as error:  # a read-only workspace can be looked at
        click.echo(f"the plate registry was not updated: {error}", err=True)
        return registered(load_registry(workspace), found, facts)


@dataclass(frozen=True)
class _Row:
    """What the table says of a plate beside its name and sources."""

    expected: str = ""
    found: str = ""
    state: str = ""
    changed: str = ""
    ready: str = ""


def _table(
    plates: Mapping[PlateKey, PlateEntry],
    looks: Mapping[PlateKey, object],
    config: Config,
    now: float,
) -> Table:
    table = Table(box=None, pad_edge=False)
    # on a narrow terminal sentences are folded, and names where they are very long
    names = {"batch": [key.batch for key in plates], "plate": [key.plate for key in plates]}
    for name in _COLUMNS:
        justify = "right" if name in _NUMBERS else "left"
        longest = max(map(len, map(printable, names.get(name, ()))), default=0)
        width = min(longest, _WHOLE_NAME)
        table.add_column(name, justify=justify, overflow="fold", min_width=width)
    for key, entry in plates.items():
        row = _row(key, entry, looks.get(key), config, now)
        excluded = None if entry.excluded is None else f"excluded: {entry.excluded}"
        cells = (
            key.batch,
            key.plate,
            ", ".join(sorted(source.value for source in entry.sources)),
            row.expected,
            row.found,
            row.state,
            row.changed,
            excluded or row.ready,
        )
        table.add_row(*map(printable, cells))
    return table


def _row(key: PlateKey, entry: PlateEntry, look: object, config: Config, now: float) -> _Row:
    if isinstance(look, ProfilingError):
        where = "" if look.path is None else f"{look.path}: "
        return _Row(state="not told", ready=f"no: {where}{look.what}")
    # in the order in which they are taken
    others = [s.value for s in Source if s in entry.sources and s is not Source.CSVS]
    later = f"yes: starts at {others[0]}" if others else ""
    if not isinstance(look, PlateGlance):
        return _Row(ready=later)
    seen = look.completeness
    if others and len(seen.without_image) == look.folders and not look.unusable:
        return _Row(state="its CSVs are gone", ready=later)
    rules = config.arrival.rules(key.batch)
    ready = readiness(seen, last_change=look.last_change, rules=rules, now=now)
    reason = "input lies there and none of it can be used" if look.unusable else ready.reason
    by_names = look.fingerprint is None and ready.again_at is not None
    return _Row(
        expected="" if seen.expected is None else str(seen.expected),
        found="" if seen.found is None else str(seen.found),
        state=": ".join(filter(None, [seen.state.value, ", ".join(_counts(seen))])),
        changed="" if look.last_change is None else _minutes(look.last_change),
        ready=_BY_NAMES if by_names else f"{'yes' if ready.ready else 'no'}: {reason}",
    )


def _ignored_lines(
    entries: Iterable[IgnoredEntry], looks: Mapping[PlateKey, object]
) -> Iterator[str]:
    """Yield a line for each entry; of what lies among the sites of one plate, not all.

    What looks like input comes first, that of one reason together.
    """
    told = set(entries)
    yield from (f"not used: {line}" for line in reasons(e for e in sorted(told) if e.unread))
    yield from (f"ignored: {e.path} ({e.reason})" for e in sorted(told) if not e.unread)
    for key, look in looks.items():
        if isinstance(look, PlateGlance):
            new = sorted(set(look.ignored) - told)
            yield from (f"not used: {line}" for line in reasons(e for e in new if e.unread))
            more = [entry for entry in new if not entry.unread]
            for entry in more[:_MAX_IGNORED]:
                yield f"ignored: {entry.path} ({entry.reason})"
            if len(more) > _MAX_IGNORED:
                yield f"ignored: {len(more) - _MAX_IGNORED} more of plate {printable(str(key))}"


def _minutes(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _counts(look: PlateCompleteness) -> list[str]:
    counted = (
        (len(look.missing), "missing"),
        (len(look.unexpected), "unexpected"),
        (len(look.without_image), "without Image.csv"),
        (len(look.lacking), "lacking files"),
        (len(look.empty), "empty files"),
        (len(look.repeated), "repeated"),
    )
    return [f"{count} {what}" for count, what in counted if count]


def _site_lines(look: PlateCompleteness) -> list[str]:
    named = {
        "missing": [f"well {site.well}, site {site.site}" for site in look.missing],
        "unexpected": look.unexpected,
        "without Image.csv": look.without_image,
        "lacking files": look.lacking,
        "empty file": look.empty,
        "repeated": look.repeated,
    }
    lines: list[str] = []
    for what, names in named.items():
        lines += [f"{what}: {name}" for name in names[:_MAX_SITES]]
        if len(names) > _MAX_SITES:
            lines.append(f"{what}: {len(names) - _MAX_SITES} more")
    return lines
