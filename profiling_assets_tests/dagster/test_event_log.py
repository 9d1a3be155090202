"""Reading and reporting materializations through the event log."""

from collections.abc import Iterator

import dagster as dg
import pytest

from profiling_assets.dagster import event_log
from profiling_assets.dagster.event_log import latest_records, report_external
from profiling_assets.dagster.metadata import FINGERPRINT


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def _materialized(instance: dg.DagsterInstance, partition: str, fingerprint: str | None) -> None:
    metadata = {} if fingerprint is None else {FINGERPRINT: fingerprint}
    instance.report_runless_asset_event(
        dg.AssetMaterialization("asset", partition=partition, metadata=metadata)
    )


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_the_latest_of_each_partition_is_found_over_several_pages(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(event_log, "_PAGE", page)
    for turn in range(3):
        for partition in ("B/1", "B/2", "B/3"):
            _materialized(instance, partition, f"{partition} at {turn}")
    _materialized(instance, "B/1", "newest")
    found = latest_records(instance, "asset", ["B/1", "B/2", "B/3", "B/never"])
    assert {partition: record.fingerprint for partition, record in found.items()} == {
        "B/1": "newest",
        "B/2": "B/2 at 2",
        "B/3": "B/3 at 2",
    }


def test_what_another_program_materialized_last_is_not_ours(instance: dg.DagsterInstance) -> None:
    _materialized(instance, "B/1", "ours")
    _materialized(instance, "B/1", None)
    assert latest_records(instance, "asset", ["B/1"]) == {}


def test_more_partitions_than_a_question_can_name_are_looked_up(
    instance: dg.DagsterInstance,
) -> None:
    _materialized(instance, "B/299999", "the last")
    found = latest_records(instance, "asset", [f"B/{number}" for number in range(300_000)])
    assert {partition: record.fingerprint for partition, record in found.items()} == {
        "B/299999": "the last"
    }


def test_no_partitions_asked_for_are_no_records(instance: dg.DagsterInstance) -> None:
    _materialized(instance, "B/1", "ours")
    assert latest_records(instance, "asset", []) == {}


def _versions(instance: dg.DagsterInstance) -> list[str]:
    page = instance.fetch_materializations(dg.AssetKey("csvs"), limit=100)
    events = [record.asset_materialization for record in page.records]
    return [e.tags["dagster/data_version"] for e in events if e is not None and e.tags]


def test_an_external_input_is_reported_once_for_each_state(instance: dg.DagsterInstance) -> None:
    assert report_external(instance, "csvs", {"B/1": "one", "B/2": "two"}) == ["B/1", "B/2"]
    assert report_external(instance, "csvs", {"B/1": "one", "B/2": "two"}) == []
    assert report_external(instance, "csvs", {"B/1": "new", "B/2": "two"}) == ["B/1"]
    assert report_external(instance, "csvs", {}) == []
    assert _versions(instance) == ["new", "two", "one"]


def test_an_external_input_that_is_as_it_was_before_last_is_new(
    instance: dg.DagsterInstance,
) -> None:
    for state in ("one", "two", "one"):
        assert report_external(instance, "csvs", {"B/1": state}) == ["B/1"]
