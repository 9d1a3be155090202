"""What the event log of a place says, as plain tuples."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from profiling_assets_tests.cli.commands import Place

# everything that `init-config` asks for, in the order of the graph
ASSETS = (
    "sqlite_backend",
    "aggregated_profiles",
    "annotated_profiles",
    "normalized_profiles",
    "normalized_negcon_profiles",
    "selected_features_batch",
    "feature_selected_profiles",
    "selected_features_negcon_batch",
    "feature_selected_negcon_profiles",
    "stacked_profiles",
    "gct",
    "stacked_negcon_profiles",
    "gct_negcon",
)
PLATE_STEPS = ASSETS[:5]
LISTS = ("selected_features_batch", "selected_features_negcon_batch")
SELECTED = ("feature_selected_profiles", "feature_selected_negcon_profiles")
STACKS = ("stacked_profiles", "gct", "stacked_negcon_profiles", "gct_negcon")


@dataclass(frozen=True)
class Run:
    """One run."""

    status: str
    job: str
    partition: str
    assets: frozenset[str]
    steps: frozenset[str]
    partition_tags: tuple[tuple[str, str], ...]
    run_id: str


@contextmanager
def opened(place: Place) -> Generator[dg.DagsterInstance]:
    """Open the event log of a place."""
    with dg.DagsterInstance.from_config(str(place.home)) as instance:
        yield instance


def runs(place: Place) -> list[Run]:
    """Return the runs of a place, oldest first."""
    with opened(place) as instance:
        return [_run(instance, run) for run in reversed(instance.get_runs())]


def _run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Run:
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
    started = dg.DagsterEventType.STEP_START
    return Run(
        status=run.status.value,
        job=run.job_name,
        partition=run.tags.get("dagster/partition", ""),
        assets=frozenset(key.to_user_string() for key in run.asset_selection or ()),
        steps=frozenset(
            event.step_key or "" for event in events if event and event.event_type is started
        ),
        partition_tags=tuple(
            sorted((name, text) for name, text in run.tags.items() if "partition" in name)
        ),
        run_id=run.run_id,
    )


def events(place: Place, begin: str) -> list[str]:
    """Return the messages of all runs' events that begin so."""
    with opened(place) as instance:
        found = [
            e.dagster_event for run in instance.get_runs() for e in instance.all_logs(run.run_id)
        ]
    told = [event.message or "" for event in found if event is not None]
    return [text for text in told if text.startswith(begin)]


def made(place: Place) -> list[tuple[str, str]]:
    """Return (asset, partition) of every materialization by a run, oldest first."""
    if not place.home.exists():
        return []
    found: list[tuple[float, str, str]] = []
    with opened(place) as instance:
        for name in ASSETS:
            page = instance.fetch_materializations(dg.AssetKey(name), limit=1000)
            found += [
                (record.timestamp, name, record.partition_key or "")
                for record in page.records
                if record.run_id
            ]
    return [(name, partition) for _, name, partition in sorted(found)]


def new_since(before: list[tuple[str, str]], place: Place) -> list[tuple[str, str]]:
    """Return what was materialized since, sorted; an entry twice was made twice."""
    return sorted((Counter(made(place)) - Counter(before)).elements())


def tasks(names: tuple[str, ...], *partitions: str) -> list[tuple[str, str]]:
    """Return every pair of an asset and a partition, sorted."""
    return sorted((name, partition) for name in names for partition in partitions)
