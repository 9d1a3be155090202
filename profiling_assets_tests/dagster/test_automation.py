"""What the daemon would start by itself, tick by tick, on the real definitions."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from profiling_assets.dagster.build import build_defs
from profiling_assets.dagster.event_log import records_in, report_external
from profiling_assets.dagster.runs.adopt import report_inputs
from profiling_assets.steps.plan import Planner
from profiling_assets.steps.results import CSVS, PLATE_MAP
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import exclude, include, update_registry
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    LISTS,
    NORMALIZED,
    P1,
    P2,
    P3,
    PLATE_ASSETS,
    PLATES,
    SELECTED,
    STACKS,
    Desk,
    expected_tasks,
    failure_text,
)

UP_TO_NORMALIZED = tuple(name for name in PLATE_ASSETS if name not in SELECTED)
TICKS = 9


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
        | expected_tasks(BATCH_ASSETS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )
    when = {task: tick for tick, tasks in enumerate(ticks) for task in tasks}
    for twin in (0, 1):
        for plate in (P1, P2):
            # runs of one tick start together: what crosses partitions must wait for a later one
            listed = when[f"{LISTS[twin]} of {BATCH1}"]
            assert when[f"{NORMALIZED[twin]} of {P2}"] < listed
            selected = when[f"{SELECTED[twin]} of {plate}"]
            assert listed < selected < when[f"{STACKS[2 * twin]} of {BATCH1}"]
        # the two steps of a batch are one run
        assert (
            when[f"{STACKS[2 * twin]} of {BATCH1}"] == when[f"{STACKS[2 * twin + 1]} of {BATCH1}"]
        )


def test_plates_that_come_together_make_their_batches_once(daemon: Daemon) -> None:
    daemon.new("1", P1, P2, P3)
    assert _each_once(daemon.settle()) == (
        expected_tasks(PLATE_ASSETS, [P1, P2, P3]) | expected_tasks(BATCH_ASSETS, [BATCH1, BATCH2])
    )


def test_a_redelivered_plate_is_built_with_its_batch_and_each_plate_of_it_once(
    daemon: Daemon,
) -> None:
    _delivered(daemon).new("2", P2, names=[CSVS])
    assert _each_once(daemon.settle()) == (
        expected_tasks(UP_TO_NORMALIZED, [P2])
        | expected_tasks(BATCH_ASSETS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )


def test_a_corrected_plate_map_builds_annotation_and_what_follows(daemon: Daemon) -> None:
    _delivered(daemon).new("2", P3, names=[PLATE_MAP])
    assert _each_once(daemon.settle()) == (
        expected_tasks(PLATE_ASSETS[2:], [P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])
    )


def test_a_batch_is_stacked_once_its_plates_have_the_new_list(daemon: Daemon) -> None:
    _delivered(daemon)
    # by hand: a new list, and one plate with it; the other plate has the old one
    for name, partition in ((LISTS[0], BATCH1), (SELECTED[0], P1)):
        daemon.instance.report_runless_asset_event(
            dg.AssetMaterialization(name, partition=partition)
        )
    assert _each_once(daemon.settle()) == (
        expected_tasks(SELECTED[:1], [P2]) | expected_tasks(STACKS[:2], [BATCH1])
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


# -- what Dagster's own eager condition does not do


def test_inputs_reported_before_the_first_look_are_built(inputs: Desk) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(inputs.definitions(), instance)
        daemon.new("1", P3)
        assert _each_once(daemon.settle()) == (
            expected_tasks(PLATE_ASSETS, [P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])
        )


def test_results_that_were_adopted_with_their_inputs_are_not_built(daemon: Daemon) -> None:
    daemon.new("1", P3)
    for name in ("sqlite_backend", "aggregated_profiles"):
        daemon.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=P3))
    assert _each_once(daemon.settle()) == (
        expected_tasks(PLATE_ASSETS[2:], [P3]) | expected_tasks(BATCH_ASSETS, [BATCH2])
    )


def _reloaded(desk: Desk, *left_out: str) -> dg.Definitions:
    """The definitions after a reload, without some plates."""
    workspace = desk.catalog().workspace
    for plate in PLATES:
        key = PlateKey.parse(plate)
        if plate in left_out:
            update_registry(workspace, lambda found, key=key: exclude(found, key, "test"))
        else:
            update_registry(workspace, lambda found, key=key: include(found, key))
    return build_defs(desk.settings)


def test_a_plate_that_joins_a_finished_batch_is_built_and_then_the_batch_once(fresh: Desk) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(_reloaded(fresh, P2, P3), instance)
        daemon.settle()
        daemon.new("1", P1)
        assert _each_once(daemon.settle()) == (
            expected_tasks(PLATE_ASSETS, [P1]) | expected_tasks(BATCH_ASSETS, [BATCH1])
        )
        daemon.definitions = _reloaded(fresh, P3)
        assert daemon.settle() == []  # it is there and not complete
        daemon.new("1", P2)
        assert _each_once(daemon.settle()) == (
            expected_tasks(UP_TO_NORMALIZED, [P2])
            | expected_tasks(BATCH_ASSETS, [BATCH1])
            | expected_tasks(SELECTED, [P1, P2])
        )


def test_a_batch_that_waits_for_a_plate_is_made_once_that_plate_is_excluded(fresh: Desk) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(_reloaded(fresh), instance)
        daemon.settle()
        daemon.new("1", P1)
        daemon.new("1", P2, names=[CSVS])  # its plate map never comes
        assert _each_once(daemon.settle()) == (
            expected_tasks(UP_TO_NORMALIZED, [P1]) | expected_tasks(UP_TO_NORMALIZED[:2], [P2])
        )
        daemon.definitions = _reloaded(fresh, P2)
        assert _each_once(daemon.settle()) == (
            expected_tasks(BATCH_ASSETS, [BATCH1]) | expected_tasks(SELECTED, [P1])
        )


@dataclass
class Runs:
    """Automation whose requests are carried out by real runs, when the test says so."""

    desk: Desk
    instance: dg.DagsterInstance
    cursor: Any = None

    def requested(self) -> set[str]:
        """What is asked for until nothing more is; no run is under way meanwhile."""
        ticks = [self._tick() for _ in range(4)]
        assert ticks[-1] == set()
        return set.union(*ticks)

    def _tick(self) -> set[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = dg.evaluate_automation_conditions(
                self.desk.definitions(), self.instance, cursor=self.cursor
            )
        self.cursor = result.cursor
        graph = self.desk.definitions().resolve_asset_graph()
        return {
            f"{key.to_user_string()} of {partition}"
            for key in graph.toposorted_asset_keys
            for partition in filter(None, result.get_requested_partitions(key))
        }

    def report(self) -> None:
        catalog = self.desk.catalog()
        planner = Planner(catalog, records_in(self.instance), force=False)
        report_inputs(self.instance, planner, catalog.asked_for.plates)

    def make(self, names: Sequence[str], *partitions: str) -> None:
        for partition in partitions:
            assert self.run(names, partition).success

    def run(self, names: Sequence[str], partition: str, **tags: str) -> dg.ExecuteInProcessResult:
        job = self.desk.definitions().resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            partition_key=partition,
            asset_selection=[dg.AssetKey(name) for name in names],
            tags={"dagster/from_automation_condition": "true", **tags},
            raise_on_error=False,
        )


def test_news_that_come_while_runs_are_under_way_are_not_lost_and_runs_are_no_news(
    fresh: Desk,
) -> None:
    with fresh.instance() as instance:
        runs = Runs(fresh, instance)
        runs.report()
        assert runs.requested() == expected_tasks(UP_TO_NORMALIZED, PLATES)
        # a site of the first plate is delivered again before its run is done
        cells = next(fresh.file(f"analysis/{P1}").rglob("Cells.csv"))
        cells.write_bytes(b"".join(cells.read_bytes().splitlines(keepends=True)[:-1]))
        runs.report()
        runs.make(UP_TO_NORMALIZED, *PLATES)
        # several plates' runs are seen in one look, and none of their own steps is asked for
        again = expected_tasks(UP_TO_NORMALIZED, [P1])
        assert runs.requested() == again | expected_tasks(LISTS, [BATCH1, BATCH2])
        runs.make(UP_TO_NORMALIZED, P1)  # while the list is made of the former profiles
        runs.make(LISTS, BATCH1, BATCH2)
        assert runs.requested() == expected_tasks(LISTS, [BATCH1]) | expected_tasks(
            SELECTED, PLATES
        )
        runs.make(LISTS, BATCH1)
        runs.make(SELECTED, *PLATES)
        assert runs._tick() == (
            expected_tasks(SELECTED, [P1, P2]) | expected_tasks(STACKS, [BATCH1, BATCH2])
        )
        runs.make(STACKS, BATCH1, BATCH2)
        runs.make(SELECTED, P1, P2)
        assert runs.requested() == expected_tasks(STACKS, [BATCH1])
        runs.make(STACKS, BATCH1)
        assert runs.requested() == set()


def _batch_step_that_a_plate_has_overtaken(
    desk: Desk, instance: dg.DagsterInstance, looks: int
) -> Runs:
    """Its list was asked for while it had one plate, and runs when it has another one."""
    _reloaded(desk, P2, P3)
    runs = Runs(desk, instance)
    runs.report()
    assert runs.requested() == expected_tasks(UP_TO_NORMALIZED, [P1])
    runs.make(UP_TO_NORMALIZED, P1)
    while not runs._tick():
        pass
    _reloaded(desk, P3)
    for _ in range(looks):
        assert runs._tick() == set()
    for asset in (*LISTS, STACKS[0]):
        done = runs.run([asset], BATCH1)
        assert done.success
        assert done.asset_materializations_for_node(asset) == []
        (told,) = done.get_asset_check_evaluations()
        assert not told.passed
        assert f"{P2} joined after this run was asked for" in (told.description or "")
    return runs


def test_a_batch_step_that_a_new_plate_has_overtaken_makes_nothing_and_is_made_with_that_plate(
    fresh: Desk,
) -> None:
    with fresh.instance() as instance:
        runs = _batch_step_that_a_plate_has_overtaken(fresh, instance, 1)
        runs.report()
        assert runs.requested() == expected_tasks(UP_TO_NORMALIZED, [P2])
        runs.make(UP_TO_NORMALIZED, P2)
        assert runs.requested() == expected_tasks(LISTS, [BATCH1])
        runs.make(LISTS, BATCH1)


@pytest.mark.parametrize("looks", [1, 4])
def test_a_batch_step_that_a_new_plate_has_overtaken_is_made_once_that_plate_is_excluded(
    fresh: Desk, looks: int
) -> None:
    with fresh.instance() as instance:
        runs = _batch_step_that_a_plate_has_overtaken(fresh, instance, looks)
        _reloaded(fresh, P2, P3)
        assert runs.requested() == expected_tasks(LISTS, [BATCH1])
        runs.make(LISTS, BATCH1)
        assert runs.requested() == expected_tasks(SELECTED, [P1])


def test_a_person_who_repeats_an_automatic_batch_step_is_refused(fresh: Desk) -> None:
    with fresh.instance() as instance:
        runs = _batch_step_that_a_plate_has_overtaken(fresh, instance, 1)
        refused = runs.run([LISTS[0]], BATCH1, **{"dagster/parent_run_id": "its first run"})
    assert f"1 of them is not normalized: {P2}" in failure_text(refused)


def test_an_automatic_batch_step_is_refused_where_a_recorded_plate_has_gone(desk: Desk) -> None:
    desk.file(f"profiles/{P2}/PL-01-x_normalized.csv.gz").unlink()
    with desk.instance() as instance:
        refused = Runs(desk, instance).run([LISTS[0]], BATCH1)
    assert f"1 of them is not normalized: {P2}" in failure_text(refused)
