"""Which plates the sensor looks at next, and what it remembers."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.dagster.sensors.turns import (
    MOST_PENDING,
    SETTLED_AT_ONCE,
    Pending,
    WatchState,
    counted,
    listed,
    may_reload,
    needs_listing,
    parse_watch_json,
    reloaded,
    remembered,
    turn,
    watch_json,
)
from profiling_assets.workspace.names import PlateKey

NOW = 1_800_000_000.0
KEYS = [PlateKey("B", f"{number:03}") for number in range(30)]
SEEN = Pending(checked=NOW - 30, folders=5, listed=NOW - 60, listed_folders=5, mark="a")


def test_plates_never_seen_come_first_then_the_oldest_look() -> None:
    state = WatchState({KEYS[0]: Pending(20.0), KEYS[1]: Pending(10.0)})
    found = turn(state, KEYS[:5], known=KEYS[3:5])
    assert found.pending == (KEYS[2], KEYS[1], KEYS[0])
    assert found.settled == (KEYS[3], KEYS[4])


def test_a_hinted_plate_comes_before_all_others_and_only_once() -> None:
    state = WatchState({KEYS[0]: Pending(20.0)})
    found = turn(state, KEYS[:3], known=KEYS[:3], hinted=[KEYS[2], KEYS[0], PlateKey("X", "1")])
    assert found.pending == (KEYS[0], KEYS[2])
    assert found.settled == (KEYS[1],)


def test_settled_plates_take_turns() -> None:
    rotation, seen = None, []
    for _ in range(8):
        found = turn(WatchState(rotation=rotation), KEYS, known=KEYS).settled
        assert len(found) == SETTLED_AT_ONCE
        seen += found
        rotation = found[-1]
    assert seen == (KEYS * 3)[: 8 * SETTLED_AT_ONCE]


def test_fewer_settled_plates_than_turns_are_each_looked_at_once() -> None:
    assert turn(WatchState(rotation=KEYS[1]), KEYS[:3], KEYS[:3]).settled == (
        KEYS[2],
        KEYS[0],
        KEYS[1],
    )


@pytest.mark.parametrize(
    ("old", "folders", "expected", "why"),
    [
        (None, 1, None, "never looked at"),
        (Pending(NOW - 1), 1, None, "never listed"),
        (SEEN, 10, 10, "looks complete"),
        (replace(SEEN, folders=8), 8, 10, "the folders stopped coming"),
        (replace(SEEN, again=NOW), 5, 10, "the quiet period is over"),
        (replace(SEEN, listed=NOW - 900, changed=NOW - 9000), 5, 10, "from time to time"),
        (replace(SEEN, listed=NOW - 10, changed=NOW - 50), 5, 10, "it changed lately"),
    ],
)
def test_a_plate_is_listed_in_full_when(
    old: Pending | None, folders: int, expected: int | None, why: str
) -> None:
    assert needs_listing(old, folders, expected, NOW), why


@pytest.mark.parametrize(
    ("old", "folders", "expected", "why"),
    [
        (SEEN, 8, 10, "folders are still coming"),
        (SEEN, 8, None, "folders are still coming, and nobody knows how many"),
        (replace(SEEN, changed=NOW - 9000, again=NOW + 1), 5, 5, "it is quiet and must be longer"),
        (replace(SEEN, changed=NOW - 9000), 5, 10, "nothing came for hours"),
    ],
)
def test_counting_folders_will_do_when(
    old: Pending, folders: int, expected: int | None, why: str
) -> None:
    assert not needs_listing(old, folders, expected, NOW), why


def test_the_first_look_believes_the_storages_clock_unless_it_is_ahead() -> None:
    def changed(modified: float | None) -> float:
        return listed(None, folders=1, mark="a", modified=modified, now=NOW).changed

    assert changed(NOW - 5000) == NOW - 5000
    assert changed(NOW + 5000) == NOW
    assert changed(None) == NOW


def test_what_was_not_there_at_the_last_listing_came_after_it_whatever_the_storage_says() -> None:
    old = listed(None, folders=1, mark="a", modified=NOW - 9000, now=NOW - 100)
    # a copying tool kept an old time, or the storage's clock is behind
    assert listed(old, folders=1, mark="b", modified=NOW - 8000, now=NOW).changed == NOW - 100
    assert listed(old, folders=1, mark="b", modified=NOW - 50, now=NOW).changed == NOW - 50
    assert listed(old, folders=1, mark="b", modified=NOW + 9000, now=NOW).changed == NOW


def test_what_did_not_change_did_not_change_though_the_storages_clock_is_ahead() -> None:
    old = listed(None, folders=1, mark="a", modified=NOW + 9000, now=NOW)
    again = listed(old, folders=1, mark="a", modified=NOW + 9000, now=NOW + 3600)
    assert again.changed == NOW


_NAMES = st.text("aB0-_ ü", min_size=1, max_size=8).map(lambda text: f"x{text}x")
_TIMES = st.integers(0, 2**33).map(float)
_PLATES = st.builds(
    Pending,
    checked=_TIMES,
    folders=st.integers(0, 9999),
    listed=_TIMES,
    listed_folders=st.integers(0, 9999),
    mark=st.text("0123456789abcdef", max_size=12),
    changed=_TIMES,
    again=st.none() | _TIMES,
)
_KEYS = st.builds(PlateKey, _NAMES, _NAMES)


@given(
    st.builds(
        WatchState,
        st.dictionaries(_KEYS, _PLATES, max_size=4),
        st.none() | _KEYS,
        st.text("0123456789abcdef", max_size=12),
        _TIMES,
    )
)
def test_a_cursor_reads_back_as_it_was(state: WatchState) -> None:
    assert parse_watch_json(watch_json(state)) == state


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "{", "[]", "7", '"x"', "{}", '{"version":99}', '{"version":1}'),
        '{"version":1,"rotation":null,"reloaded":["",0],"pending":{"B/P":[1,2]}}',
        '{"version":1,"rotation":null,"reloaded":["",0],"pending":{"P":[1,2,3,4,"",5,null]}}',
        '{"version":1,"rotation":null,"reloaded":["",0],"pending":{"B/P":["x",2,3,4,"",5,null]}}',
        '{"version":1,"rotation":5,"reloaded":["",0],"pending":[]}',
    ],
)
def test_a_cursor_that_cannot_be_read_is_an_empty_one(text: str | None) -> None:
    assert parse_watch_json(text) == WatchState()


def test_the_cursor_is_bounded_and_forgets_plates_that_are_gone() -> None:
    keys = [PlateKey("2026_03_02_Batch1", f"BR{number:08}") for number in range(2 * MOST_PENDING)]
    pending = {key: replace(SEEN, checked=float(n), mark="0" * 12) for n, key in enumerate(keys)}
    state = remembered(WatchState(), pending, keys[1:], None)
    assert sorted(state.pending) == keys[1 : MOST_PENDING + 1]
    assert len(watch_json(state)) < 110 * MOST_PENDING


def test_a_look_that_counts_changes_nothing_else() -> None:
    assert counted(SEEN, 7, NOW) == replace(SEEN, checked=NOW, folders=7)


def test_the_same_plates_are_not_reloaded_again_and_again() -> None:
    assert may_reload(WatchState(), KEYS[:2], NOW)
    state = reloaded(WatchState(), KEYS[:2], NOW)
    assert not may_reload(state, KEYS[:2], NOW + 30)
    assert may_reload(state, KEYS[:3], NOW + 30)
    assert may_reload(state, KEYS[:2], NOW + 601)
    assert json.loads(watch_json(state))["reloaded"] == [state.reloaded, NOW]
