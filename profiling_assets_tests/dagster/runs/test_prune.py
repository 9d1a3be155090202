"""Old runs go; those by which results are current stay."""

import sys
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import (  # noqa: TID251 -- as the daemon stores one
    BulkActionStatus,
    PartitionBackfill,
)

from profiling_assets.dagster.instance import open_instance
from profiling_assets.dagster.runs.old_runs import old_runs, remove_run
from profiling_assets_tests.dagster.desk import P1, Desk

NOW = -1.0  # days: runs of a moment ago count as old


def ids(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def test_what_was_made_anew_or_failed_goes_and_everything_stays_current(desk: Desk) -> None:
    first = desk.materialize(["annotated_profiles"], P1).run_id
    second = desk.materialize(["annotated_profiles"], P1).run_id
    third = desk.materialize(["annotated_profiles"], P1).run_id
    before = Counter(str(task) for task in desk.plan().current)
    with desk.instance() as instance:
        runs = ids(instance)
        old = old_runs(instance, NOW)
        assert {first, second} <= set(old.going)
        assert third not in old.going
        assert old.staying == len(runs) - len(old.going)
        for run_id in old.going:
            remove_run(instance, desk.home, run_id)
        assert ids(instance) == runs - set(old.going)
        assert old_runs(instance, NOW).going == ()
    files = {file.name.partition(".")[0] for file in desk.home.rglob("runs/*.db")}
    assert not files & set(old.going)
    assert Counter(str(task) for task in desk.plan().current) == before


def test_a_failed_run_holds_nothing(fresh: Desk) -> None:
    failed = fresh.materialize(["annotated_profiles"], P1)
    with fresh.instance() as instance:
        assert old_runs(instance, NOW).going == (failed.run_id,)


def test_a_backfill_under_way_keeps_its_failed_runs(fresh: Desk) -> None:
    job = fresh.definitions().resolve_implicit_global_asset_job_def()
    with fresh.instance() as instance:
        for status in (BulkActionStatus.REQUESTED, BulkActionStatus.COMPLETED_FAILED):
            backfill = PartitionBackfill(status.value, status, False, {}, 0.0)
            instance.add_backfill(backfill)
            run = instance.create_run_for_job(job, tags={"dagster/backfill": status.value})
            instance.report_run_failed(run)
        (ended,) = instance.get_run_ids(
            filters=dg.RunsFilter(tags={"dagster/backfill": "COMPLETED_FAILED"})
        )
        old = old_runs(instance, NOW)
        assert (old.going, old.staying) == ((ended,), 1)


def test_runs_that_are_young_or_have_not_ended_stay(fresh: Desk) -> None:
    fresh.materialize(["annotated_profiles"], P1)
    with fresh.instance() as instance:
        assert old_runs(instance, 1).going == ()
        (run,) = instance.get_runs()
        instance.delete_run(run.run_id)
        started = instance.create_run_for_job(
            fresh.definitions().resolve_implicit_global_asset_job_def()
        )
        assert old_runs(instance, NOW).going == ()
        assert ids(instance) == {started.run_id}


def test_what_a_run_printed_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")  # what `open_instance` sets is taken back afterwards

    @dg.asset
    def loud() -> None:
        sys.stdout.write("hello")

    @dg.asset
    def other() -> None:
        sys.stdout.write("hello")

    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}")
    with open_instance(tmp_path) as instance:
        runs = [dg.materialize([loud, other], instance=instance).run_id for _ in range(2)]
        printed = [list((tmp_path / "storage" / run).rglob("*.out")) for run in runs]
        assert all(printed)
        for run_id in old_runs(instance, NOW).going:
            remove_run(instance, tmp_path, run_id)
        assert [bool(list((tmp_path / "storage").glob(f"{run}/**/*.out"))) for run in runs] == [
            False,
            True,
        ]
