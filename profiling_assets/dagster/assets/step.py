"""What every asset body does around its one call: keep, or make and describe.

Put here: fingerprints of inputs, the decision to leave a standing file alone, the output.
Do not put here: what a step computes (`steps`), where it is stored (`dagster.io_managers`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import dagster as dg

from profiling_assets.dagster.asset_checks import CHECK, Checked, checked
from profiling_assets.dagster.automation import AUTOMATIC
from profiling_assets.dagster.event_log import latest_records
from profiling_assets.dagster.io_managers import PATH_TEMPLATE
from profiling_assets.dagster.metadata import (
    facts_metadata,
    marks_metadata,
    notes_metadata,
    origin_metadata,
    shown_metadata,
)
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.errors import MissingInputError
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import (
    UNRECORDED,
    Action,
    Marks,
    Recorded,
    Standing,
    decide,
    identity_of_foreign,
    is_replaced,
    marks,
)
from profiling_assets.steps.journal import announced_lookup
from profiling_assets.steps.outputs import (
    Kept,
    Output,
    TableOutput,
)
from profiling_assets.steps.provenance import package_versions
from profiling_assets.steps.results import PLATE, Result, input_name, input_partitions, result_path
from profiling_assets.steps.sources import SourceKind, is_moved_away, table_hash
from profiling_assets.steps.whole_batch import MissingPlatesError

_Value = TypeVar("_Value", bound=Output)

FORCE_TAG = "profiling_assets/force"


def asset_of(
    result: Result, partitions: Partitions, **arguments: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Return `dagster.asset` with what all assets here have in common, as a decorator."""
    return dg.asset(
        name=result.name,
        partitions_def=partitions.by_level[result.level],
        code_version=result.code_version,
        metadata={PATH_TEMPLATE: result.template},
        **{"io_manager_key": "tables", **arguments},
    )


def wanted_marks(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    external: Mapping[str, str],
) -> Marks:
    """Return what a result is made from now: the recorded inputs, or what stands in their place."""
    inputs = dict(external)
    for name in result.upstream:
        upstream = catalog.results[name]
        of = input_partitions(result, upstream, context.partition_key, catalog.cohort.plates)
        known = latest_records(context.instance, name, of, partial(result_path, upstream.template))
        for partition in of:
            inputs[input_name(name, partition)] = _identity(
                catalog, result_path(upstream.template, partition), known.get(partition)
            )
    return replace(marks(result.code_version, inputs), made_from=inputs)


def _identity(catalog: Catalog, path: str, recorded: Recorded | None) -> str:
    info = catalog.workspace.stat(path)
    if info is None:
        return UNRECORDED if recorded is None else recorded.identity
    standing = Standing(info.size, info.version)
    if recorded is None or is_replaced(
        standing, recorded, lambda: table_hash(catalog.workspace, path)
    ):
        return identity_of_foreign(table_hash(catalog.workspace, path))
    return recorded.identity


def is_forced(context: dg.AssetExecutionContext) -> bool:
    """Say whether the run was asked to make anew whatever stands."""
    return context.run.tags.get(FORCE_TAG) == "true"


def recorded_of(context: dg.AssetExecutionContext, result: Result) -> Recorded | None:
    """Return the latest materialization of this partition's file, if there is one."""
    key = context.partition_key
    path = partial(result_path, result.template)
    return latest_records(context.instance, result.name, [key], path).get(key)


def kept(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    wanted: Marks,
    *,
    source: SourceKind | None = None,
) -> Kept | None:
    """Say whether a standing file is to be left alone.

    A file that was not made by this package stays unless the run is forced or the inputs changed
    since it was adopted. A file of our own is made again: the user asked for it. But where the CSVs
    were archived and no backend is left, nothing can make it again.

    The file to be kept, or None where the step is to make one.
    """
    path = result_path(result.template, context.partition_key)
    info = catalog.workspace.stat(path)
    recorded = recorded_of(context, result)
    standing = None if info is None else Standing(info.size, info.version)
    forced = is_forced(context)

    def content() -> str:
        return table_hash(catalog.workspace, path)

    if standing is not None and (
        not result.performs or _is_of_nothing(recorded, source, forced=forced)
    ):
        same = recorded is not None and not is_replaced(standing, recorded, content)
        return Kept(path, recorded) if same else Kept(path)
    action = decide(
        standing,
        recorded,
        wanted,
        force=forced,
        overwrite=result.overwrite,
        content=content,
        announced=lambda: announced_lookup(catalog.workspace)(path),
    )
    again = action is Action.CURRENT and recorded is not None and recorded.adopted
    if standing is not None and (action is Action.ADOPT or again):
        return Kept(path)
    if not result.performs:
        raise MissingInputError(
            f"{result.name} is switched off in the config, and no such file stands",
            path=path,
            remedy="set the step's `perform` to true, or put the file there",
        )
    return None


def _is_of_nothing(recorded: Recorded | None, source: SourceKind | None, *, forced: bool) -> bool:
    if recorded is None or source is None or not is_moved_away(recorded.source, source):
        return False
    return source is not SourceKind.SQLITE or (recorded.adopted and not forced)


def produced(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    make: Callable[[], _Value],
    *,
    external: Mapping[str, str] | None = None,
) -> dg.Output[_Value | Kept]:
    """Keep a standing file or make a new one, with the fingerprint of its inputs.

    `make`: makes it; called only where it is to be made.
    """
    wanted = wanted_marks(context, catalog, result, external or {})
    value = kept(context, catalog, result, wanted) or make()
    return dg.Output(value, metadata=described(value, wanted))


def described(
    value: Output | Kept,
    wanted: Marks,
    *,
    source: SourceKind | None = None,
) -> dict[str, Any]:
    """Return the metadata of a result: its numbers, its warnings, what it was made from.

    Metadata, what a user looks for first; path and size are added by the IO manager.
    """
    recorded = Recorded(wanted.fingerprint, None, inputs=wanted.inputs)
    if isinstance(value, Kept):
        foreign = replace(
            recorded,
            adopted=True,
            source="" if source is None else source.value,
            withheld=value.withheld,
        )
        return {**marks_metadata(value.recorded or foreign)}
    return {
        **facts_metadata(value.facts),
        **shown_metadata(value),
        **notes_metadata(value.warnings),
        **marks_metadata(recorded),
        **origin_metadata(wanted, package_versions()),
    }


_PARENT_TAG, _RETRY_TAG = "dagster/parent_run_id", "dagster/retry_number"  # Dagster's own


def made_of_plates(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    make: Callable[[], TableOutput],
    *,
    external: Mapping[str, str] | None = None,
) -> Iterator[Checked]:
    """Make a result of several plates, or step aside where automation will ask for it again.

    `make`: makes it; called only where it is to be made. The check alone, not passed, where it
    steps aside. Raises `MissingPlatesError` where a plate is missing and automation will not ask
    again: the run is a person's, or the event log has had the plate's result and the workspace does
    not. Raises `CheckError` where a check blocks.
    """
    try:
        output = produced(context, catalog, result, make, external=external)
    except MissingPlatesError as refusal:
        if refusal.absent or not _will_be_asked_for_again(context, result, refusal.plates):
            raise
        said = (
            f"{context.partition_key}: not made, as {', '.join(refusal.plates)} joined after this "
            "run was asked for; automation asks for it again once that is there or excluded"
        )
        context.log.warning(said)
        yield dg.AssetCheckResult(
            asset_key=result.name,
            check_name=CHECK,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description=said,
            metadata={"partition": context.partition_key},
        )
        return
    yield from checked(context, catalog, result, output)


def _will_be_asked_for_again(
    context: dg.AssetExecutionContext, result: Result, missing: Sequence[str]
) -> bool:
    tags = context.run.tags
    by_a_person = _PARENT_TAG in tags and _RETRY_TAG not in tags  # who repeats an automatic run
    if result.level == PLATE or by_a_person or not AUTOMATIC.items() <= tags.items():
        return False
    # what was recorded before, by whomever, is no news when it is there again
    asked = context.instance.get_run_record_by_id(context.run.run_id)
    known = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=dg.AssetKey(result.upstream[0]),
            asset_partitions=list(missing),
            before_timestamp=None if asked is None else asked.create_timestamp.timestamp(),
        ),
        limit=1,
    )
    return not known.records
