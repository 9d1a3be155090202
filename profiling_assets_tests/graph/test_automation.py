"""What the daemon would start by itself, tick by tick, on the real definitions."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from profiling_assets.pipeline.results import CSVS, PLATE_MAP
from profiling_assets.records import report_external
from profiling_assets_tests.graph.desk import (
    BATCH1,
    BATCH2,
    LISTS,
    NORMALIZED,
    P1,
    P2,
    P3,
    PLATE_ASSETS,
    SELECTED,
    Desk,
    expected_tasks,
)

UP_TO_NORMALIZED = tuple(name for name in PLATE_ASSETS if name not in SELECTED)
TICKS = 5


@dataclass
class Daemon:
    """Evaluates the conditions; what they request counts as made before the next tick."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    cursor: Any = None

    def tick(self) -> list[str]:
        with warnings.catch_warnings():
            # of Dagster's own tester: it selects all assets with a parameter in beta
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = dg.evaluate_automation_conditions(
                self.definitions, self.instance, cursor=self.cursor
            )
        self.cursor = result.cursor
        graph = self.definitions.resolve_asset_graph()
        requested = []
        for key in graph.toposorted_asset_keys:
            if graph.get(key).is_external:
                continue
            for partition in sorted(filter(None, result.get_requested_partitions(key))):
                requested.append(f"{key.to_user_string()} of {partition}")
                self.instance.report_runless_asset_event(
                    dg.AssetMaterialization(key, partition=partition)
                )
        return requested

    def settle(self) -> list[list[str]]:
        """The requests of the ticks until nothing more is requested."""
        ticks = [self.tick() for _ in range(TICKS)]
        assert ticks[-1] == []
        return [tick for tick in ticks if tick]

    def new(self, state: str, *plates: str, names: Sequence[str] = (CSVS, PLATE_MAP)) -> None:
        for name in names:
            report_external(self.instance, name, dict.fromkeys(plates, f"{name} {state}"))


@pytest.fixture
def daemon(inputs: Desk) -> Iterator[Daemon]:
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(inputs.definitions(), instance)
        assert daemon.settle() == []  # opening a workspace starts nothing
        yield daemon


def _each_once(ticks: list[list[str]]) -> set[str]:
    counted = Counter(task for tick in ticks for task in tick)
    assert set(counted.values()) <= {1}, counted
    return set(counted)


def test_new_csvs_of_a_plate_build_the_plate_and_its_batch_waits(daemon: Daemon) -> None:
    daemon.new("1", P1)
    assert _each_once(daemon.settle()) == expected_tasks(UP_TO_NORMALIZED, [P1])


def test_a_plate_without_a_plate_map_waits_for_it(daemon: Daemon) -> None:
    daemon.new("1", P1, names=[CSVS])
    assert _each_once(daemon.settle()) == expected_tasks(UP_TO_NORMALIZED[:2], [P1])
    daemon.new("1", P1, names=[PLATE_MAP])
    assert _each_once(daemon.settle()) == expected_tasks(UP_TO_NORMALIZED[2:], [P1])


def _delivered(daemon: Daemon) -> Daemon:
    daemon.new("1", P1, P2, P3)
    daemon.settle()
    return daemon


def test_once_all_plates_are_there_the_batch_is_made_and_then_each_plate_of_it(
    daemon: Daemon,
) -> None:
    daemon.new("1", P1)
    daemon.settle()
    daemon.new("1", P2)
    ticks = daemon.settle()
    assert _each_once(ticks) == (
        expected_tasks(UP_TO_NORMALIZED, [P2])
        | expected_tasks(LISTS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )
    when = {task: tick for tick, tasks in enumerate(ticks) for task in tasks}
    for twin in (0, 1):
        for plate in (P1, P2):
            # runs of one tick start together: what crosses partitions must wait for a later one
            listed = when[f"{LISTS[twin]} of {BATCH1}"]
            assert when[f"{NORMALIZED[twin]} of {P2}"] < listed
            assert listed < when[f"{SELECTED[twin]} of {plate}"]


def test_plates_that_come_together_make_their_batches_once(daemon: Daemon) -> None:
    daemon.new("1", P1, P2, P3)
    assert _each_once(daemon.settle()) == (
        expected_tasks(PLATE_ASSETS, [P1, P2, P3]) | expected_tasks(LISTS, [BATCH1, BATCH2])
    )


def test_a_redelivered_plate_is_built_with_its_batch_and_each_plate_of_it_once(
    daemon: Daemon,
) -> None:
    _delivered(daemon).new("2", P2, names=[CSVS])
    assert _each_once(daemon.settle()) == (
        expected_tasks(UP_TO_NORMALIZED, [P2])
        | expected_tasks(LISTS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )


def test_a_corrected_plate_map_builds_annotation_and_what_follows(daemon: Daemon) -> None:
    _delivered(daemon).new("2", P3, names=[PLATE_MAP])
    assert _each_once(daemon.settle()) == (
        expected_tasks(PLATE_ASSETS[2:], [P3]) | expected_tasks(LISTS, [BATCH2])
    )


def test_an_input_that_is_reported_unchanged_builds_nothing(daemon: Daemon) -> None:
    _delivered(daemon).new("1", P1, P2, P3)
    assert daemon.settle() == []


@pytest.mark.parametrize("level", ["plate", "all"])
def test_the_other_levels_of_selection_follow_their_plates_once(fresh: Desk, level: str) -> None:
    fresh.configure(
        {
            f"feature_select{twin}.{key}": value
            for twin in ("", "_negcon")
            for key, value in (("level", level), ("gct", False))
        }
    )
    lists = [name.replace("batch", level) for name in LISTS]
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(fresh.definitions(), instance)
        daemon.settle()
        daemon.new("1", P1, P2)
        selected = expected_tasks([*SELECTED, *lists], [P1, P2]) if level == "plate" else set()
        assert _each_once(daemon.settle()) == (
            expected_tasks(UP_TO_NORMALIZED, [P1, P2]) | selected
        )
        daemon.new("1", P3)
        selected = (
            expected_tasks([*SELECTED, *lists], [P3])
            if level == "plate"
            else expected_tasks(SELECTED, [P1, P2, P3]) | expected_tasks(lists, ["all"])
        )
        assert _each_once(daemon.settle()) == expected_tasks(UP_TO_NORMALIZED, [P3]) | selected
