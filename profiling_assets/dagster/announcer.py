"""Saying what a run is about to publish, and forgetting it once it is recorded.

Put here: writing a run's intents, taking them back, removing those of runs that ended otherwise.
Do not put here: what an intent says and where they lie (`steps.journal`).
The record of a result is its materialization, which Dagster writes after the file was published:
a run that is killed between the two leaves a file that nobody recorded.
Why: docs/decisions/published-and-not-recorded.md
"""

import contextlib
import time
from collections.abc import Callable, Generator
from typing import Any, cast

import dagster as dg

from profiling_assets.dagster.event_log import latest_records
from profiling_assets.dagster.metadata import WORKSPACE_PATH
from profiling_assets.errors import ProfilingError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Standing, is_replaced
from profiling_assets.steps.journal import (
    Intent,
    announced_files,
    intents_json,
    intents_path,
    is_announced,
    read_intents,
)
from profiling_assets.steps.sources import content_hash, table_hash
from profiling_assets.workspace.storage.interface import Workspace

# the writer of which almost every run has one
_SWEEPER = "tables"
# those of a run that this event log does not know are another user's, who may come back to them
_STRANGERS_SECONDS = 30 * 24 * 3600.0


class Announcer:
    """Keeps the file that says what one run is about to publish.

    `run_id`: nothing is said where it is empty, as in a notebook that reads a result. `writer`:
    which of the run's writers this is.
    """

    def __init__(self, catalog: Catalog, run_id: str, writer: str) -> None:
        self._catalog = catalog
        self._run_id = run_id
        self._path = intents_path(run_id, writer)
        self._said: dict[str, Intent] = {}

    def announce(self, *intents: Intent) -> None:
        """Write down what is to be published next, before any of it is."""
        if self._run_id:
            self._said |= {intent.path: intent for intent in intents}
            self._catalog.workspace.publish_bytes(intents_json(self._said.values()), self._path)

    def done(self, instance: dg.DagsterInstance) -> None:
        """Forget what was said, if all of it was recorded; else `forget_settled` will."""
        if not self._said:
            return
        recorded = _recorded_paths(instance, self._run_id)
        if {intent.main for intent in self._said.values()} <= recorded:
            with contextlib.suppress(ProfilingError):  # `forget_settled` removes it
                self._catalog.workspace.remove(self._path)


def _recorded_paths(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = [event.asset_materialization for event in events]
    told = [one.metadata.get(WORKSPACE_PATH) for one in made if one is not None]
    return {str(path.value) for path in told if path is not None}


def announcing(
    make: Callable[[Catalog, Announcer], dg.IOManager], catalog: Catalog, writer: str
) -> dg.IOManagerDefinition:
    """Return the definition of an IO manager, of which each run has its own.

    At the end of a run, what it said it would publish is forgotten. `catalog`: there may be no
    workspace until something runs. `writer`: tells the manager from the others of the run.
    """

    def of_run(context: dg.InitResourceContext) -> Generator[dg.IOManager]:
        run_id = "" if context.run is None else context.run.run_id
        announcer = Announcer(catalog, run_id, writer)
        yield make(catalog, announcer)
        if context.instance is not None:
            announcer.done(context.instance)
            if writer == _SWEEPER and run_id:  # also where nobody calls `run`, as in a service
                with contextlib.suppress(ProfilingError):
                    forget_settled(context.instance, catalog.workspace)

    # Dagster takes generators too, though the type of this argument does not say so
    return dg.IOManagerDefinition(cast("Any", of_run))


def forget_settled(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    """Remove intents that no standing file needs any more, of runs that have ended.

    Those of runs that the event log does not know are left a month.
    """
    files = announced_files(workspace)
    if not files:
        return
    known = dg.RunsFilter(run_ids=sorted({run_id for run_id, _ in files}))
    over = {run.run_id: run.is_finished for run in instance.get_runs(known)}
    for run_id, file in files:
        if run_id not in over:
            needed = time.time() - file.modified < _STRANGERS_SECONDS
        else:
            try:
                needed = not over[run_id] or _is_needed(instance, workspace, file.path)
            except ProfilingError:  # what it names cannot be looked at; no run fails for that
                continue
        if not needed:
            with contextlib.suppress(ProfilingError):  # of an input root, which is never written
                workspace.remove(file.path)


def _is_needed(instance: dg.DagsterInstance, workspace: Workspace, path: str) -> bool:
    return any(
        is_announced(workspace, intent.path, {intent.path: [intent]})
        and not _is_recorded(instance, workspace, intent)
        for intent in read_intents(workspace, path)
    )


def _is_recorded(instance: dg.DagsterInstance, workspace: Workspace, intent: Intent) -> bool:
    known = latest_records(instance, intent.asset, [intent.partition], lambda _: intent.main)
    recorded = known.get(intent.partition)
    if recorded is None:
        return False
    if intent.path != intent.main:
        return recorded.full_precision == content_hash(workspace.read_bytes(intent.path))
    info = workspace.stat(intent.path)
    return info is None or not is_replaced(
        Standing(info.size, info.version), recorded, lambda: table_hash(workspace, intent.path)
    )
