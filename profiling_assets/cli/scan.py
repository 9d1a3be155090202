"""`profiling-assets scan`: which plates there are, and what they have of what is expected.

Put here: the command and its table.
Do not put here: finding plates (`storage.scan`), completeness (`core.completeness`).
"""

import sys

import click
from rich.console import Console
from rich.table import Table

from profiling_assets.core.errors import WorkspaceError
from profiling_assets.core.registry import PlateFacts, Registry, registered
from profiling_assets.opening import open_workspace
from profiling_assets.storage.registry_store import load_registry, update_registry
from profiling_assets.storage.scan import PlateListing, scan_plate, scan_workspace

_MAX_SITES = 20
_PIPED_WIDTH = 1000  # a pipe has no width; nothing is to be folded there


@click.command("scan")
@click.argument("workspace", metavar="WORKSPACE")
@click.option(
    "--csv-dir", default="analysis", show_default=True, help="Folder of the site folders."
)
@click.option("--sites", is_flag=True, help="List missing and unexpected sites by name.")
def command(workspace: str, csv_dir: str, *, sites: bool) -> int:
    """Show the plates of WORKSPACE: sites found and expected, states, exclusions."""
    opened = open_workspace(workspace)
    scan = scan_workspace(opened, csv_dir)
    if not scan.plates:
        raise WorkspaceError(
            "no plates found",
            path=opened.root,
            remedy="plates are expected in analysis/BATCH/PLATE/analysis/PLATE-WELL-SITE/, "
            "backend/BATCH/PLATE/ or profiles/BATCH/PLATE/",
        )
    listings = {plate.key: scan_plate(opened, plate.key, csv_dir) for plate in scan.plates}
    facts = {
        key: PlateFacts(
            listing.completeness.expected, listing.completeness.found, listing.fingerprint
        )
        for key, listing in listings.items()
        if listing.folders
    }
    try:
        registry = update_registry(opened, lambda known: registered(known, scan.plates, facts))
    except WorkspaceError as error:  # a read-only workspace can be looked at
        click.echo(f"the plate registry was not updated: {error}", err=True)
        registry = registered(load_registry(opened), scan.plates, facts)
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    console = Console(width=width, soft_wrap=True, highlight=False, markup=False)
    console.print(_table(registry, listings))
    if sites:
        for key, listing in listings.items():
            for line in _site_lines(listing):
                console.print(f"{key}: {line}")
    for entry in scan.ignored:
        console.print(f"ignored: {entry.path} ({entry.reason})")
    return 0


def _table(registry: Registry, listings: dict) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("batch", "plate", "starts at", "sites found", "expected", "state", "note"):
        right = name in ("sites found", "expected")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for key, entry in registry.plates.items():
        listing = listings.get(key)
        look = listing.completeness if listing is not None and listing.folders else None
        table.add_row(
            key.batch,
            key.plate,
            ", ".join(sorted(source.value for source in entry.sources)),
            "" if look is None else str(look.found),
            "" if look is None or look.expected is None else str(look.expected),
            "" if look is None else look.state.value,
            f"excluded: {entry.excluded}" if entry.excluded is not None else _note(listing),
        )
    return table


def _note(listing: PlateListing | None) -> str:
    if listing is None or not listing.folders:
        return ""
    look = listing.completeness
    notes = [f"{len(look.missing)} missing"] if look.missing else []
    notes += [f"{len(look.unexpected)} unexpected"] if look.unexpected else []
    return ", ".join(notes)


def _site_lines(listing: PlateListing) -> list[str]:
    look = listing.completeness
    lines = [f"missing: well {site.well}, site {site.site}" for site in look.missing[:_MAX_SITES]]
    lines += [f"unexpected: {folder}" for folder in look.unexpected[:_MAX_SITES]]
    return lines
