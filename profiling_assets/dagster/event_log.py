"""What the event log says of results: the latest materialization of each partition.

Put here: reading and reporting materializations through the instance's public methods.
Do not put here: what follows from them (`steps.current`, `steps.plan`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import dagster as dg

from profiling_assets.dagster.metadata import (
    ADOPTED,
    CONTENT,
    FINGERPRINT,
    FULL_PRECISION,
    INPUTS,
    SIZE,
    SOURCE,
    VERSION,
    WITHHELD,
    WORKSPACE_PATH,
)
from profiling_assets.steps.current import Recorded
from profiling_assets.steps.judge import RecordLookup

_PAGE = 1000
_CODE_VERSION_TAG = "dagster/code_version"  # Dagster's own, on what a step made


def latest_records(
    instance: dg.DagsterInstance,
    asset: str,
    partitions: Iterable[str],
    path: Callable[[str], str] | None = None,
) -> dict[str, Recorded]:
    """Return the latest materialization of each partition of an asset.

    `path`: gives the workspace path that a partition's file has now; materializations of other
    paths (another level of feature selection, another compression) are passed over. Partitions that
    were never materialized, or not by this package, are absent.
    """
    wanted = sorted(set(partitions))
    found: dict[str, Recorded] = {}
    # a database takes some ten thousand values in one question, a workspace may have more plates
    for begin in range(0, len(wanted), _PAGE):
        _look_up(instance, asset, set(wanted[begin : begin + _PAGE]), path, found)
    return found


def records_in(instance: dg.DagsterInstance) -> RecordLookup:
    """Return what plans and steps ask of the event log, without Dagster in it."""
    return partial(latest_records, instance)


def _look_up(
    instance: dg.DagsterInstance,
    asset: str,
    wanted: set[str],
    path: Callable[[str], str] | None,
    found: dict[str, Recorded],
) -> None:
    cursor: str | None = None
    while wanted:
        page = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=sorted(wanted)),
            limit=_PAGE,
            cursor=cursor,
        )
        for record in page.records:  # newest first
            event = record.asset_materialization
            if event is None or event.partition not in wanted:
                continue
            values = {name: value.value for name, value in event.metadata.items()}
            if path is not None and values.get(WORKSPACE_PATH) != path(event.partition):
                continue
            wanted.discard(event.partition)
            if FINGERPRINT in values:
                found[event.partition] = _recorded(values, event.tags or {})
        if not page.has_more:
            break
        cursor = page.cursor


def _recorded(values: Mapping[str, Any], tags: Mapping[str, str]) -> Recorded:
    size = values.get(SIZE)
    return Recorded(
        fingerprint=str(values[FINGERPRINT]),
        size=size if isinstance(size, int) else None,
        adopted=values.get(ADOPTED) is True,
        source=str(values.get(SOURCE, "")),
        withheld=str(values.get(WITHHELD, "")),
        inputs=str(values.get(INPUTS, "")),
        version=str(values.get(VERSION, "")),
        content=str(values.get(CONTENT, "")),
        full_precision=str(values.get(FULL_PRECISION, "")),
        code_version=str(tags.get(_CODE_VERSION_TAG, "")),
    )


def report_external(
    instance: dg.DagsterInstance,
    asset: str,
    fingerprints: Mapping[str, str],
    follow: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> list[str]:
    """Report new states of an external asset, so that the UI shows them and automation sees them.

    Returns the partitions whose fingerprint was new. `fingerprints`: of what stands there now, by
    partition. `follow`: gives back the partitions that it gets, and may show how far they have
    come: an event takes some ten milliseconds, and a workspace may have thousands of plates.
    """
    known = latest_records(instance, asset, fingerprints)
    changed = [
        partition
        for partition, now in sorted(fingerprints.items())
        if partition not in known or known[partition].fingerprint != now
    ]
    for partition in follow(changed):
        instance.report_runless_asset_event(
            external_event(asset, partition, fingerprints[partition])
        )
    return changed


def external_event(
    asset: str,
    partition: str,
    fingerprint: str,
    metadata: Mapping[str, dg.MetadataValue] | None = None,
) -> dg.AssetMaterialization:
    """Return the event that says what an external asset is now; it is not reported yet.

    `fingerprint`: the data version that automation compares.
    """
    return dg.AssetMaterialization(
        asset_key=asset,
        partition=partition,
        metadata={FINGERPRINT: fingerprint, **(metadata or {})},
        tags={"dagster/data_version": fingerprint},
    )
