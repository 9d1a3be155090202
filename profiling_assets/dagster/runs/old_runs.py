"""Removing old runs from the event log, and never one that says what a standing result is.

Put here: which runs may go, and what goes with them.
Do not put here: retention of the sensors' ticks (`retention` in `dagster.yaml`).
A result is current because the event log has its last materialization (`dagster.event_log`):
its run stays, however old.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from profiling_assets.dagster.metadata import WORKSPACE_PATH

_PAGE = 1000
_DAY = 86_400.0
_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_BACKFILL_TAG = "dagster/backfill"
_GOING_ON = {"REQUESTED", "CANCELING", "FAILING"}


@dataclass(frozen=True)
class Old:
    """The runs that ended before some day."""

    going: tuple[str, ...]  # ids of those that may go, oldest first
    # how many hold the last materialization of something, or belong to a backfill under way
    staying: int


def old_runs(instance: dg.DagsterInstance, days: float) -> Old:
    """Look for runs that ended some days ago.

    What counts is a run's last change.
    """
    before = time.time() - days * _DAY
    ended: list[str] = []
    cursor: str | None = None
    while True:
        page = instance.get_run_records(
            filters=dg.RunsFilter(statuses=_ENDED), limit=_PAGE, cursor=cursor
        )
        ended += [
            record.dagster_run.run_id
            for record in page
            if record.update_timestamp.timestamp() < before
        ]
        if len(page) < _PAGE:
            break
        cursor = page[-1].dagster_run.run_id
    if not ended:
        return Old((), 0)
    needed = _runs_of_last_materializations(instance) | _runs_of_backfills(instance)
    going = tuple(run_id for run_id in reversed(ended) if run_id not in needed)
    return Old(going, len(ended) - len(going))


def remove_run(instance: dg.DagsterInstance, home: Path, run_id: str) -> None:
    """Remove a run, its events, and what it printed.

    SQLite has a file for each run in `home`, the instance's folder.
    """
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    for file in (home / "history" / "runs").glob(f"{run_id}.db*"):
        file.unlink(missing_ok=True)


def _runs_of_backfills(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs of backfills under way: by those that failed they know what not to await."""
    going_on = [one for one in instance.get_backfills() if one.status.value in _GOING_ON]
    return {
        run_id
        for one in going_on
        for run_id in instance.get_run_ids(
            filters=dg.RunsFilter(tags={_BACKFILL_TAG: one.backfill_id})
        )
    }


def _runs_of_last_materializations(instance: dg.DagsterInstance) -> set[str]:
    needed: set[str] = set()
    for key in instance.all_asset_keys():
        known: set[tuple[str | None, str]] = set()
        for event, run_id in _materializations(instance, key):  # newest first
            # a level of feature selection, or a compression, has a path of its own
            path = event.metadata.get(WORKSPACE_PATH)
            result = (event.partition, "" if path is None else str(path.value))
            if result not in known:
                known.add(result)
                needed.add(run_id)
    return needed


def _materializations(
    instance: dg.DagsterInstance, key: dg.AssetKey
) -> Iterator[tuple[dg.AssetMaterialization, str]]:
    cursor: str | None = None
    while True:
        page = instance.fetch_materializations(key, limit=_PAGE, cursor=cursor)
        for record in page.records:
            event = record.asset_materialization
            if event is not None:
                yield event, record.run_id
        if not page.has_more:
            return
        cursor = page.cursor
