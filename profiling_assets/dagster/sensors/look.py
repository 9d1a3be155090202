"""One look at a plate that may be arriving: as cheap as will do, in full where it matters.

Put here: looking at one plate, and what the look says of it.
Do not put here: which plates are looked at (`turns`), reporting (`tick`).
"""

from dataclasses import dataclass, replace

from profiling_assets.config.model import Config
from profiling_assets.dagster.sensors.turns import Pending, counted, listed, needs_listing
from profiling_assets.steps.sources import PlateSource, SourceKind, plate_source
from profiling_assets.workspace.completeness import Readiness, readiness
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import PlateEntry, RegistryFacts
from profiling_assets.workspace.scan_workspace import PlateListing, site_folder_names
from profiling_assets.workspace.storage.interface import Workspace

_MARK = 12  # digits of a fingerprint that are remembered


@dataclass(frozen=True)
class Look:
    """What a look at a plate says."""

    key: PlateKey
    source: PlateSource | None  # what it starts from now; None where the look was a cheap one
    readiness: Readiness
    pending: Pending | None  # what is to be remembered of it; None where it is ready

    @property
    def listing(self) -> PlateListing | None:
        """The site folders, where they are what the plate starts from."""
        return None if self.source is None else self.source.listing

    @property
    def facts(self) -> RegistryFacts | None:
        """What the registry is to know; None where the look was a cheap one."""
        if self.listing is None:
            return None
        found = self.listing.completeness
        return RegistryFacts(found.expected, found.found, self.listing.fingerprint)


def look_at(
    workspace: Workspace,
    config: Config,
    key: PlateKey,
    entry: PlateEntry,
    old: Pending | None,
    now: float,
) -> Look:
    """Look at a plate.

    A plate that is remembered as not ready has its site folders counted first; the full listing,
    four times as many requests, follows where `dagster.sensors.turns.needs_listing` says so.

    `old` is what the last tick remembered of it, `now` the time in seconds since 1970. Raises
    `ProfilingError` where the plate cannot be listed, or its load data cannot be read.
    """
    if old is not None and Source.CSVS in entry.sources:
        folders = len(site_folder_names(workspace, key, config.collate.csv_dir))
        if not needs_listing(old, folders, entry.expected_sites, now):
            return Look(key, None, Readiness(ready=False, reason=""), counted(old, folders, now))
    source = plate_source(workspace, config, key)
    return look_of(source, config, key, entry, old, now)


def look_of(
    source: PlateSource,
    config: Config,
    key: PlateKey,
    entry: PlateEntry,
    old: Pending | None,
    now: float,
) -> Look:
    """Say whether a plate may be started from its source.

    A SQLite backend or a table of profiles appears whole, and may be started at once.

    `old` is what the last tick remembered of it, `now` the time of the look, in seconds since 1970.
    """
    listing = source.listing
    if source.kind is SourceKind.NONE and Source.CSVS in entry.sources:
        reason = "no site folder has an Image.csv yet"
        if source.error is not None:
            reason = source.error.what
        if config.collate.aggregate_only:
            reason = "collate.aggregate_only is true and there is no SQLite backend"
        pending = listed(old, folders=0, mark="none", modified=None, now=now)
        return Look(key, source, Readiness(ready=False, reason=reason), pending)
    if listing is None:
        return Look(key, source, Readiness(ready=True, reason=f"starts at {source.path}"), None)
    pending = listed(
        old,
        folders=len(listing.folders),
        mark=source.fingerprint[:_MARK],
        modified=listing.last_change,
        now=now,
    )
    found = readiness(
        listing.completeness,
        last_change=pending.changed,
        rules=config.arrival.rules(key.batch),
        now=now,
    )
    if found.ready:
        return Look(key, source, found, None)
    return Look(key, source, found, replace(pending, again=found.again_at))
