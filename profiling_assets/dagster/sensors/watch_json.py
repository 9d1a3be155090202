"""The sensor's cursor: what it remembers between ticks, as one line of JSON.

Put here: writing and reading it.
Do not put here: what is remembered and why (`dagster.sensors.turns`).
"""

import json
import math
from typing import cast

from profiling_assets.dagster.sensors.turns import Pending, WatchState
from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.names import PlateKey

_VERSION = 1


def watch_json(state: WatchState) -> str:
    """Write a state as a cursor.

    Parameters
    ----------
    state : WatchState
        What is remembered.

    Returns
    -------
    str
        JSON; about 100 bytes a pending plate, times to the second.
    """
    plates = {
        str(key): [
            round(plate.checked),
            plate.folders,
            round(plate.listed),
            plate.listed_folders,
            plate.mark,
            round(plate.changed, 3),
            None if plate.again is None else round(plate.again, 3),
        ]
        for key, plate in state.pending.items()
    }
    rotation = None if state.rotation is None else str(state.rotation)
    return json.dumps(
        {
            "version": _VERSION,
            "rotation": rotation,
            "reloaded": [state.reloaded, round(state.reloaded_at)],
            "pending": plates,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def parse_watch_json(text: str | None) -> WatchState:
    """Read a cursor.

    Parameters
    ----------
    text : str or None
        What `watch_json` wrote, here or in another version.

    Returns
    -------
    WatchState
        Empty where there is none or it cannot be read: then every plate is listed anew.
    """
    try:
        found: object = json.loads(text or "{}")
        if not isinstance(found, dict):
            return WatchState()
        values = cast("dict[str, object]", found)
        if values.get("version") != _VERSION:
            return WatchState()
        rotation = values["rotation"]
        mark, when = cast("list[object]", values["reloaded"])
        return WatchState(
            {
                PlateKey.parse(key): _pending(plate)
                for key, plate in cast("dict[str, list[object]]", values["pending"]).items()
            },
            None if rotation is None else PlateKey.parse(str(rotation)),
            str(mark),
            _number(when),
        )
    except (
        *(ValueError, KeyError, TypeError, AttributeError),
        *(OverflowError, RecursionError, InvalidNameError),
    ):
        return WatchState()


def _pending(values: list[object]) -> Pending:
    checked, folders, listed, listed_folders, mark, changed, again = values
    return Pending(
        checked=_number(checked),
        folders=int(_number(folders)),
        listed=_number(listed),
        listed_folders=int(_number(listed_folders)),
        mark=str(mark),
        changed=_number(changed),
        again=None if again is None else _number(again),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):  # JSON has no such number, and Python reads 1e999 and NaN
        raise ValueError(value)
    return number
