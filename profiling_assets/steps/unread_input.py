"""Input that lies in the workspace and that no plate starts from, for `check` and `run`.

Put here: which entries of scans concern the plates that are asked for.
Do not put here: what looks like input (`workspace.unread`), the words
(`quality.preflight.unread_rules`).
"""

from collections.abc import Callable, Collection

from profiling_assets.quality.preflight.finding import Finding
from profiling_assets.quality.preflight.unread_rules import unread_findings
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.sources import PlateSource
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import IgnoredEntry
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.unread import unread_beside


def unread_entries(
    catalog: Catalog, look: Workspace, plates: Collection[PlateKey]
) -> tuple[IgnoredEntry, ...]:
    """List what is not used beside the CSVs of plates, where it concerns the batches of these."""
    batches = {key.batch for key in plates}
    others = {key.batch for key in catalog.registry.plates} - batches
    scanned = (
        entry
        for entry in catalog.ignored
        if entry.unread and entry.path.split("/")[1:2] not in [[batch] for batch in others]
    )
    return (*scanned, *unread_beside(look, catalog.registry.plates, batches))


def unread_of_run(
    catalog: Catalog, plates: Collection[PlateKey], source_of: Callable[[PlateKey], PlateSource]
) -> tuple[Finding, ...]:
    """Say what lies unread, of all plates of a run: of those too of which nothing is to be built.

    `source_of`: what a plate starts from.
    """
    found = list(unread_findings(unread_entries(catalog, catalog.workspace, plates)))
    for key in plates:
        source = source_of(key)
        if not source.unusable:  # its error says it
            found += unread_findings(source.unread, str(key))
    return tuple(found)
