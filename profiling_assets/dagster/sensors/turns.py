"""Which plates are looked at next, and what a look changes: the sensor's decisions.

Put here: the order of looks, when a plate is listed in full, what is remembered between ticks, in
the cursor too.
Do not put here: looking (`look`), whether a plate is ready (`workspace.completeness`).
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.names import PlateKey

# Plates that were reported are listed again in turns, so many at each tick: 1,000 plates of 3,456
# sites in an hour, by 16 requests each.
SETTLED_AT_ONCE = 8
# Plates reported in a tick: storing what is said of one, and of its results that stand already,
# takes a tenth of a second or more, and the daemon does that before the cursor is kept.
REPORTED_AT_ONCE = 200
# What is remembered of plates that are not ready; of those beyond, nothing: they are listed anew.
MOST_PENDING = 2000
_LONGEST_REST = 900.0  # seconds
_RELOAD_AGAIN = 600.0  # seconds


@dataclass(frozen=True)
class Pending:
    """What is remembered of a plate that is not ready; times in seconds since 1970."""

    checked: float  # the last look of either kind
    folders: int = 0  # site folders at that look
    listed: float = 0.0  # the last listing in full; 0 where there was none
    listed_folders: int = 0  # site folders at that listing
    mark: str = ""  # short hash of what the plate was at that listing
    changed: float = 0.0  # the last change, as far as both clocks tell (`last_change`)
    again: float | None = None  # when it would be ready if nothing changed any more


@dataclass(frozen=True)
class WatchState:
    """What the sensor remembers from tick to tick."""

    pending: Mapping[PlateKey, Pending] = field(default_factory=dict[PlateKey, Pending])
    rotation: PlateKey | None = None  # the settled plate that was listed last
    reloaded: str = ""  # short hash of the plates for which the code location was last reloaded
    reloaded_at: float = 0.0  # when that was, in seconds since 1970


@dataclass(frozen=True)
class Turn:
    """The plates to look at in one tick, in this order, as long as there is time."""

    pending: tuple[PlateKey, ...]
    settled: tuple[PlateKey, ...]


def turn(
    state: WatchState,
    plates: Collection[PlateKey],
    known: Collection[PlateKey],
    hinted: Collection[PlateKey] = (),
) -> Turn:
    """Choose the plates to look at.

    First the hinted plates, of which a message says that something is new; then those that are not
    ready or were never looked at, the oldest look first; then some settled ones, after the one that
    was listed last. `known` are the plates of which something was reported or made before.
    """
    first = sorted(set(hinted) & set(plates))
    settled = [key for key in sorted(plates) if key in known and key not in state.pending]
    waiting = sorted(
        (key for key in plates if key in state.pending or key not in known),
        key=lambda key: (state.pending[key].checked if key in state.pending else 0.0, key),
    )
    after = [key for key in settled if state.rotation is None or key > state.rotation]
    rotated = [*after, *settled[: len(settled) - len(after)]]
    done = set(first)
    return Turn(
        (*first, *(key for key in waiting if key not in done)),
        tuple(key for key in rotated if key not in done)[:SETTLED_AT_ONCE],
    )


def needs_listing(old: Pending | None, folders: int, expected: int | None, now: float) -> bool:
    """Say whether a plate is to be listed in full, after its site folders were counted.

    It is where nothing is remembered of it (`old` is None); where new folders make it look complete
    (`expected` sites, as far as they are known), or came and have stopped coming; where its quiet
    period is over; and from time to time, the later the longer ago it changed: files come into
    folders that are there.
    """
    if old is None or not old.listed:
        return True
    if folders != old.listed_folders:
        return folders == old.folders or (expected is not None and folders >= expected)
    if old.again is not None and now >= old.again:
        return True
    rest = min((old.listed - old.changed) / 4, _LONGEST_REST)
    return now - old.listed >= rest


def counted(old: Pending, folders: int, now: float) -> Pending:
    """Remember a look that only counted site folders."""
    return replace(old, checked=now, folders=folders)


def listed(
    old: Pending | None, *, folders: int, mark: str, modified: float | None, now: float
) -> Pending:
    """Remember a listing in full, with what the clocks tell of the last change.

    The storage's clock and ours need not agree. A change that this plate's last listing did not
    show yet happened after it, and every change happened before now, both by our clock; between
    the two the storage's time counts. Where nothing changed since, neither does the time.

    `modified` is its last change by the storage's clock; None where there is no file. `again` is
    left for the caller to set.
    """
    changed = now if modified is None else min(modified, now)
    if old is not None and old.listed:
        changed = old.changed if mark == old.mark else max(changed, min(old.listed, now))
    return Pending(
        checked=now,
        folders=folders,
        listed=now,
        listed_folders=folders,
        mark=mark,
        changed=changed,
    )


def remembered(
    state: WatchState,
    pending: Mapping[PlateKey, Pending],
    plates: Collection[PlateKey],
    rotation: PlateKey | None,
) -> WatchState:
    """Keep what the next tick needs, and no more.

    Of plates that are not ready at most `MOST_PENDING`, those with the oldest looks; plates that
    are no longer served are forgotten. `rotation` is the settled plate that was listed last; None
    where none was.
    """
    served = set(plates)
    oldest = sorted(
        (key for key in pending if key in served), key=lambda key: (pending[key].checked, key)
    )
    return replace(
        state,
        pending={key: pending[key] for key in sorted(oldest[:MOST_PENDING])},
        rotation=rotation or state.rotation,
    )


def may_reload(state: WatchState, plates: Collection[PlateKey], now: float) -> bool:
    """Say whether a reload can help to serve plates that should be served and are not.

    It cannot where the last one was for the same plates and is not long ago: a code server that
    does not run the code again serves the old ones for ever.
    """
    return state.reloaded != _set_mark(plates) or now - state.reloaded_at > _RELOAD_AGAIN


def reloaded(state: WatchState, plates: Collection[PlateKey], now: float) -> WatchState:
    """Remember a reload that worked, and for which plates it was."""
    return replace(state, reloaded=_set_mark(plates), reloaded_at=now)


def _set_mark(plates: Collection[PlateKey]) -> str:
    return hashlib.sha256("\n".join(sorted(map(str, plates))).encode()).hexdigest()[:12]


class _Cursor(BaseModel):
    """A state as the cursor holds it; times to the second, or the thousandth where they decide."""

    model_config = ConfigDict(strict=True, frozen=True)

    version: Literal[1]
    rotation: str | None
    reloaded: tuple[str, FiniteFloat]
    # checked, folders, listed, listed folders, mark, changed, again: about 100 bytes a plate
    pending: Mapping[
        str, tuple[FiniteFloat, int, FiniteFloat, int, str, FiniteFloat, FiniteFloat | None]
    ]


def watch_json(state: WatchState) -> str:
    """Write a state as a cursor."""
    plates = {
        str(key): (
            round(plate.checked),
            plate.folders,
            round(plate.listed),
            plate.listed_folders,
            plate.mark,
            round(plate.changed, 3),
            None if plate.again is None else round(plate.again, 3),
        )
        for key, plate in state.pending.items()
    }
    cursor = _Cursor(
        version=1,
        rotation=None if state.rotation is None else str(state.rotation),
        reloaded=(state.reloaded, round(state.reloaded_at)),
        pending=plates,
    )
    return cursor.model_dump_json()


def parse_watch_json(text: str | None) -> WatchState:
    """Read a cursor, of this or another version.

    The state is empty where there is none or it cannot be read: then every plate is listed anew.
    """
    try:
        cursor = _Cursor.model_validate_json(text or "{}")
        return WatchState(
            {PlateKey.parse(key): Pending(*plate) for key, plate in cursor.pending.items()},
            None if cursor.rotation is None else PlateKey.parse(cursor.rotation),
            *cursor.reloaded,
        )
    except (ValidationError, InvalidNameError):
        return WatchState()
