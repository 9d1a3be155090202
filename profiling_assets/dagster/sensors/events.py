"""What the sensor reports of the plates it looked at, and of plates it meets for the first time.

Put here: from looks to events, against what the event log says already.
Do not put here: looking (`look`), the order of looks (`turns`), what a tick does (`tick`).
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial

import dagster as dg

from profiling_assets.dagster.event_log import external_event, latest_records, records_in
from profiling_assets.dagster.runs.adopt import adoption_events
from profiling_assets.dagster.sensors.look import Look
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.frozen_lists import FROZEN, frozen_marks
from profiling_assets.steps.plan import Planner
from profiling_assets.steps.plate_maps import plate_map_fingerprint
from profiling_assets.steps.results import AGGREGATED, ALL, CSVS, PLATE, PLATE_MAP, result_path
from profiling_assets.steps.sources import is_moved_away
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import Registry
from profiling_assets.workspace.storage.snapshot import snapshot

_NO_MEETING = {dg.AssetKey(name) for name in (PLATE_MAP, *FROZEN)}
_MADE = {Source.SQLITE, Source.PARQUET, Source.AGGREGATE, Source.PROFILES}


def known_plates(catalog: Catalog, instance: dg.DagsterInstance) -> set[PlateKey]:
    """Return the plates of which anything was ever reported or made.

    The others are met for the first time.
    """
    names = [CSVS, *(name for name, result in catalog.results.items() if result.level == PLATE)]
    partitions = set[str]().union(
        *(instance.get_materialized_partitions(dg.AssetKey(name)) for name in names)
    )
    return {key for key in catalog.asked_for.plates if str(key) in partitions}


def plates_met(events: Iterable[dg.AssetMaterialization]) -> set[PlateKey]:
    """Return the plates of which some events say more than what is put beside its measurements."""
    return {
        PlateKey.parse(event.partition)
        for event in events
        if event.partition and "/" in event.partition and event.asset_key not in _NO_MEETING
    }


def news_of(
    catalog: Catalog, instance: dg.DagsterInstance, looks: Iterable[Look]
) -> tuple[list[dg.AssetMaterialization], set[PlateKey]]:
    """Say what is new of some plates.

    There are none where what is there is what was last reported. The second value are the plates of
    which there is nothing to report, however incomplete they are.
    """
    by_key = {str(look.key): look for look in looks}
    reported = latest_records(instance, CSVS, by_key)
    mapped = latest_records(instance, PLATE_MAP, by_key)
    aggregated = latest_records(
        instance, AGGREGATED, by_key, partial(result_path, catalog.results[AGGREGATED].template)
    )
    view = snapshot(catalog.workspace)
    events: list[dg.AssetMaterialization] = []
    unchanged: set[PlateKey] = set()
    for name, look in by_key.items():
        source, record = look.source, aggregated.get(name)
        moved = (
            source is not None and record is not None and is_moved_away(record.source, source.kind)
        )
        now = "" if source is None or moved else source.fingerprint
        if not now or (name in reported and reported[name].fingerprint == now):
            # nothing to report of it, however incomplete it is
            unchanged |= {look.key} if now or moved or look.readiness.ready else set()
        elif look.readiness.ready:
            events.append(external_event(CSVS, name, now, arrival_metadata(look)))
        plate_map = plate_map_fingerprint(view, catalog.config, look.key)
        if plate_map and (name not in mapped or mapped[name].fingerprint != plate_map):
            events.append(external_event(PLATE_MAP, name, plate_map))
    return events, unchanged


def frozen_news(catalog: Catalog, instance: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    """Say which frozen lists of features came or changed.

    There is one event for each selection that a list takes the place of.
    """
    served = (catalog.workspace, catalog.config, catalog.results, catalog.asked_for.plates)
    events: list[dg.AssetMaterialization] = []
    for name, marks in frozen_marks(*served).items():
        known = latest_records(instance, name, marks)
        events += [
            external_event(name, partition, now)
            for partition, now in marks.items()
            if partition not in known or known[partition].fingerprint != now
        ]
    return events


def adoptions(
    catalog: Catalog,
    registry: Registry,
    instance: dg.DagsterInstance,
    first: Collection[PlateKey],
) -> list[dg.AssetMaterialization]:
    """Record what stands of plates that are met for the first time.

    The events follow those of the inputs in one tick: automation takes the later one, so that
    what stands is not made again. Upstream before downstream.
    """
    with_results = [key for key in first if registry.plates[key].sources & _MADE]
    if not with_results:
        return []
    part = _batches_of(catalog, with_results)
    plan = Planner(part, records_in(instance), force=False).plan(with_results)
    return list(adoption_events(part, plan.adopt))


def _batches_of(catalog: Catalog, plates: Collection[PlateKey]) -> Catalog:
    # the plan looks at every plate that shares a list of features with those asked for
    if any(result.level == ALL for result in catalog.results.values()):
        return catalog
    batches = {key.batch for key in plates}
    chosen = {key: e for key, e in catalog.registry.plates.items() if key.batch in batches}
    return replace(catalog, registry=Registry(chosen))


def arrival_metadata(look: Look) -> dict[str, dg.MetadataValue]:
    """Say why a plate was reported as new, and for one with CSVs its sites and last change."""
    shown: dict[str, dg.MetadataValue] = {"reason": dg.MetadataValue.text(look.readiness.reason)}
    if look.listing is None:
        return shown
    sites = look.listing.completeness
    counts = {"sites_expected": sites.expected, "sites_found": sites.found}
    shown |= {name: dg.MetadataValue.int(n) for name, n in counts.items() if n is not None}
    if look.listing.last_change is not None:
        shown["last_change"] = dg.MetadataValue.timestamp(look.listing.last_change)
    return shown
