"""What a step of all plates does where a plate joined them after its run was asked for.

Put here: stepping aside, and telling it.
Do not put here: the refusal itself (`steps.whole_batch`), when a run is asked for
(`dagster.automation`).
Automation asks for such a run once all plates are there. While it waits in the queue a further
plate may be registered; then it makes nothing, as it would not have been asked for a moment later,
and is asked for again when that plate is there or taken out. A person's run is refused instead.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import dagster as dg

from profiling_assets.dagster.asset_checks import CHECK, Checked, checked
from profiling_assets.dagster.assets.step import produced
from profiling_assets.dagster.automation import AUTOMATIC
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.outputs import Made
from profiling_assets.steps.results import PLATE, Result
from profiling_assets.steps.whole_batch import MissingPlatesError

_PARENT_TAG, _RETRY_TAG = "dagster/parent_run_id", "dagster/retry_number"  # Dagster's own


def made_of_plates(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    make: Callable[[], Made],
    *,
    external: Mapping[str, str] | None = None,
) -> Iterator[Checked]:
    """Make a result of several plates, or step aside where automation will ask for it again.

    Parameters
    ----------
    context : dagster.AssetExecutionContext
        The running step's; its asset needs `output_required=False`.
    catalog : Catalog
        The graph and its workspace.
    result : Result
        The result.
    make : callable
        Makes it; called only where it is to be made.
    external : mapping of str to str, optional
        Fingerprints of the external inputs.

    Yields
    ------
    dagster.Output or dagster.AssetCheckResult
        The check alone, not passed, where it steps aside.

    Raises
    ------
    MissingPlatesError
        Where a plate is missing and automation will not ask again: the run is a person's, or
        the event log has had the plate's result and the workspace does not.
    CheckError
        Where a check blocks.
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
