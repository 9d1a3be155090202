"""What is remembered of plates, how scans change it, and what is refused when it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError, MissingInputError
from profiling_assets.workspace.names import PlateKey, name_problem
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.registry import (
    PlateEntry,
    Registry,
    RegistryFacts,
    exclude,
    include,
    parse_registry,
    registered,
    registry_json,
)

PATH = ".profiling_assets/plates.json"
KEY = PlateKey("B1", "000123")
CSVS = frozenset({Source.CSVS})
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name_problem(name) is None)
COUNTS = st.none() | st.integers(0, 10**6)
ENTRIES = st.builds(
    PlateEntry,
    sources=st.frozensets(st.sampled_from(Source)),
    expected_sites=COUNTS,
    found_sites=COUNTS,
    fingerprint=st.none() | st.text(max_size=8),
    excluded=st.none() | st.text(max_size=8),
)
REGISTRIES = st.builds(
    Registry, st.dictionaries(st.builds(PlateKey, NAMES, NAMES), ENTRIES, max_size=5)
)


def found(*keys: PlateKey, sources: frozenset[Source] = CSVS) -> list[PlateFound]:
    return [PlateFound(key, sources) for key in keys]


@given(REGISTRIES)
def test_a_registry_comes_back_as_it_was_written(registry: Registry) -> None:
    data = registry_json(registry)
    assert data.endswith(b"}\n")
    assert parse_registry(data, path=PATH) == registry


@given(REGISTRIES)
def test_the_order_in_which_plates_are_put_in_does_not_change_the_bytes(registry: Registry) -> None:
    backwards = Registry(dict(reversed(list(registry.plates.items()))))
    assert registry_json(backwards) == registry_json(registry)


def test_leading_zeros_stay_in_the_registry() -> None:
    back = parse_registry(registry_json(registered(Registry(), found(KEY))), path=PATH)
    assert [str(key) for key in back.plates] == ["B1/000123"]


def test_a_scan_adds_new_plates_and_what_was_learnt_of_them() -> None:
    other = PlateKey("B0", "P")
    registry = registered(Registry(), found(KEY, other), {KEY: RegistryFacts(9, 8, "f")})
    assert list(registry.plates) == [other, KEY]
    assert registry.plates[KEY] == PlateEntry(CSVS, 9, 8, "f")
    assert registry.plates[other] == PlateEntry(CSVS)
    assert registry.batches == ("B0", "B1")


def test_a_scan_without_a_closer_look_keeps_what_was_known() -> None:
    registry = registered(Registry(), found(KEY), {KEY: RegistryFacts(9, 8, "f")})
    more = frozenset({Source.CSVS, Source.SQLITE})
    again = registered(registry, found(KEY, sources=more))
    assert again.plates[KEY] == PlateEntry(more, 9, 8, "f")


def test_a_plate_whose_csvs_are_gone_keeps_its_other_sources_and_forgets_the_sites() -> None:
    registry = registered(Registry(), found(KEY), {KEY: RegistryFacts(9, 8, "f")})
    made = frozenset({Source.AGGREGATE})
    assert registered(registry, found(KEY, sources=made)).plates[KEY] == PlateEntry(made)


def test_a_plate_without_any_source_is_removed() -> None:
    assert registered(registered(Registry(), found(KEY)), []) == Registry()


def test_results_in_a_folder_that_cannot_be_read_are_not_forgotten() -> None:
    made = frozenset({Source.AGGREGATE, Source.SQLITE})
    registry = registered(Registry(), found(KEY, sources=made))
    assert registered(registry, [], unreadable={KEY}) == registry
    back = registered(registry, found(KEY, sources=CSVS), unreadable={KEY})
    assert back.plates[KEY] == PlateEntry(made | CSVS)
    assert registered(Registry(), [], unreadable={KEY}) == Registry()


def test_an_excluded_plate_does_not_come_back_when_its_files_do() -> None:
    registry = exclude(registered(Registry(), found(KEY)), KEY, " out of focus\n")
    gone = registered(registry, [])
    assert gone.plates[KEY] == PlateEntry(frozenset(), excluded="out of focus")
    back = registered(gone, found(KEY), {KEY: RegistryFacts(1, 1, "f")})
    assert back.plates[KEY] == PlateEntry(CSVS, 1, 1, "f", "out of focus")
    assert back.active == ()
    assert include(back, KEY).active == (KEY,)


@given(REGISTRIES)
def test_scanning_twice_changes_nothing_more(registry: Registry) -> None:
    plates = [
        PlateFound(key, entry.sources) for key, entry in registry.plates.items() if entry.sources
    ]
    once = registered(registry, plates)
    assert registered(once, plates) == once


def test_an_exclusion_needs_a_reason() -> None:
    with pytest.raises(InvalidInputError, match="no reason"):
        exclude(registered(Registry(), found(KEY)), KEY, "  ")


@pytest.mark.parametrize("asked", [PlateKey("B1", "00123"), PlateKey("2021_Batch", "000123")])
@pytest.mark.parametrize("change", [lambda r, k: exclude(r, k, "why"), include])
def test_an_unknown_plate_is_an_error_that_names_the_nearest(change: Any, asked: PlateKey) -> None:
    with pytest.raises(MissingInputError, match=r"did you mean B1/000123\?"):
        change(registered(Registry(), found(KEY)), asked)


def edited(**changes: object) -> bytes:
    registry = registered(Registry(), found(KEY), {KEY: RegistryFacts(9, 8, "f")})
    document = json.loads(registry_json(registry))
    document["plates"]["B1/000123"].update(changes)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"schema_version": 1, "plates": {}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"plates": {"B/P": 1, "B/P": 2}, "schema_version": 1}', "'B/P' is there twice"),
        (b"[]", "cannot be used"),
        (b'{"schema_version": 2, "pages": []}', "another version: its schema is 2"),
        (b'{"schema_version": true, "plates": {}}', "schema_version"),
        (b'{"plates": {}}', "schema_version"),
        (b'{"schema_version": 1, "plates": {}, "root": "/data"}', "root"),
        (edited(found_sites="8"), "found_sites"),
        (edited(found_sites=8.0), "found_sites"),
        (edited(found_sites=True), "found_sites"),
        (edited(found_sites=-1), "found_sites"),
        (edited(sources=["csv"]), "sources"),
        (edited(sources="csvs"), "sources"),
        (edited(excluded=0), "excluded"),
        (edited(state="ready"), "state"),
        (edited().replace(b"B1/000123", b"../000123"), "begins with a dot"),
        (edited().replace(b"B1/000123", b"B1/a/b"), "path separator"),
        (edited().replace(b"B1/000123", b"B1"), "does not name a plate"),
    ],
)
def test_a_registry_that_was_tampered_with_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        parse_registry(data, path=PATH)
    assert caught.value.path == PATH
    assert "scan the workspace again" in (caught.value.remedy or "")
