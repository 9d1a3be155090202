"""One tick of the sensor on new output: scan, look at plates, say what is to be reported.

Put here: what a tick does, in terms of workspace and event log.
Do not put here: the sensor itself and reloading (`new_output`), which plates are looked at and why
(`turns`), one look (`look`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from profiling_assets.dagster.sensors.events import (
    adoptions,
    frozen_news,
    known_plates,
    news_of,
    plates_met,
)
from profiling_assets.dagster.sensors.look import Look, look_at, look_of
from profiling_assets.dagster.sensors.turns import (
    REPORTED_AT_ONCE,
    Pending,
    WatchState,
    remembered,
    turn,
)
from profiling_assets.errors import ProfilingError, WorkspaceError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.plan import Planner
from profiling_assets.steps.results import CSVS
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import (
    Registry,
    load_registry,
    looked_at,
    registered,
    update_registry,
)
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_FOR_PENDING = 0.75  # of a tick's time; the rest is left for plates that were reported before


@dataclass(frozen=True)
class Tick:
    """What a tick found."""

    events: tuple[dg.AssetMaterialization, ...]  # to be reported, in this order
    state: WatchState  # what the next tick must know
    # plates and frozen lists of features that could not be looked at, and why
    warnings: tuple[str, ...]
    looked: int  # plates looked at


def register_plates(catalog: Catalog) -> Registry:
    """Scan the workspace, bring its registry up to date, and return it as it is stored now.

    Raises `ProfilingError` where something cannot be listed, or where all plates are gone at once,
    as from a disk that is not mounted. The registry is as before then.
    """
    workspace = catalog.workspace
    former = load_registry(workspace).plates
    known = [key for key, entry in former.items() if Source.CSVS in entry.sources]
    scan = scan_workspace(workspace, catalog.config.collate.csv_dir, known=known)
    if not scan.plates and catalog.asked_for.plates:
        raise WorkspaceError(
            f"the workspace has no plate any more, and had {len(catalog.asked_for.plates)}",
            path=workspace.root,
            remedy="see whether it is mounted and its address is right; nothing was changed",
        )
    if not scan.plates and not former:
        return Registry({})  # nothing is to be left in what may be no workspace
    return update_registry(
        workspace,
        lambda registry: registered(registry, scan.plates, unreadable=scan.unreadable),
    )


def look_around(
    catalog: Catalog,
    registry: Registry,
    instance: dg.DagsterInstance,
    state: WatchState,
    *,
    hinted: Collection[PlateKey],
    clock: Callable[[], float],
    seconds: float,
) -> Tick:
    """Look at as many plates as there is time for.

    Only of plates that the catalog serves is anything reported. `hinted` are plates to be looked at
    first, `clock` gives the time in seconds since 1970, and `seconds` is how long to look.
    """
    plates = sorted(set(catalog.asked_for.plates) & set(catalog.asked_for_of(registry).plates))
    known = known_plates(catalog, instance)
    order = turn(state, plates, known, hinted)
    begun = clock()
    rounds = _Rounds(catalog, registry, state, clock)
    rounds.look(order.pending, until=begun + _FOR_PENDING * seconds)
    rotated = rounds.look(order.settled, until=begun + seconds)
    looks = [look for look in rounds.looks if look.source is not None]
    facts = {look.key: look.facts for look in looks if look.facts is not None}
    if facts:
        update_registry(catalog.workspace, lambda now: looked_at(now, facts))
    events, unchanged = news_of(catalog, instance, looks)
    first = [look.key for look in looks if look.key not in known]
    try:
        events += frozen_news(catalog, instance)
    except ProfilingError as error:  # the lists' alone; what is new of the plates is reported
        rounds.warnings.append(f"the frozen lists of features were skipped: {error}")
    events += adoptions(catalog, registry, instance, first)
    pending = {key: plate for key, plate in rounds.pending.items() if key not in unchanged}
    met = known | plates_met(events)
    # a plate of which nothing can be said takes its turn like those that are not ready
    idle = [key for key in first if key not in met and key not in pending]
    pending |= {key: Pending(clock(), listed=clock()) for key in idle}
    return Tick(
        events=tuple(events),
        state=remembered(state, pending, plates, rotated[-1] if rotated else None),
        warnings=tuple(rounds.warnings),
        looked=len(rounds.looks),
    )


def ready_plates(
    catalog: Catalog, planner: Planner, plates: Iterable[PlateKey], now: float
) -> list[PlateKey]:
    """Return those of the plates, in their order, that may be started, from one look at them.

    `now` is the time in seconds since 1970.
    """
    keys = list(plates)
    planner.external_fingerprints(CSVS, keys)  # looks at all of them, several at a time
    return [
        key
        for key in keys
        if look_of(
            planner.source(key), catalog.config, key, catalog.registry.plates[key], None, now
        ).readiness.ready
    ]


class _Rounds:
    """Looks at plates, several at a time, and remembers what is not ready."""

    def __init__(
        self, catalog: Catalog, registry: Registry, state: WatchState, clock: Callable[[], float]
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._clock = clock
        self.pending: dict[PlateKey, Pending] = dict(state.pending)
        self.looks: list[Look] = []
        self.warnings: list[str] = []

    def look(self, keys: Sequence[PlateKey], *, until: float) -> list[PlateKey]:
        """Look at plates in order until the time is over, or enough are ready; return them."""
        at_once = max(1, self._catalog.workspace.at_once // 4)  # a look sends several itself
        done: list[PlateKey] = []
        ready = 0
        for begin in range(0, len(keys), at_once):
            if self._clock() >= until or ready >= REPORTED_AT_ONCE:
                break
            some = keys[begin : begin + at_once]
            for key, found in zip(
                some, map_at_once(self._look_at, some, at_once=at_once), strict=True
            ):
                self._note(key, found)
                ready += key not in self.pending
                done.append(key)
        return done

    def _look_at(self, key: PlateKey) -> Look | str:
        old, entry = self.pending.get(key), self._registry.plates[key]
        try:
            return look_at(
                self._catalog.workspace, self._catalog.config, key, entry, old, self._clock()
            )
        except ProfilingError as error:  # this plate's alone; the others go on
            return str(error)

    def _note(self, key: PlateKey, found: Look | str) -> None:
        if isinstance(found, str):
            self.warnings.append(f"{key} was skipped: {found}")
            old = self.pending.get(key, Pending(0.0))
            self.pending[key] = replace(old, checked=self._clock())
            return
        self.looks.append(found)
        if found.pending is None:
            self.pending.pop(key, None)
        else:
            self.pending[key] = found.pending
