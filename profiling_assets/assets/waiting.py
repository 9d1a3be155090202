"""What a step of all plates does where a plate joined them after its run was asked for.

Put here: stepping aside, and telling it.
Do not put here: the refusal itself (`pipeline.whole_batch`), when a run is asked for
(`assets.automation`).
Automation asks for such a run once all plates are there. While it waits in the queue a further
plate may be registered; then it makes nothing, as it would not have been asked for a moment later,
and is asked for again when that plate is there or taken out. A person's run is refused instead.
"""

from collections.abc import Callable, Iterator, Mapping

import dagster as dg

from profiling_assets.assets.automation import AUTOMATIC
from profiling_assets.assets.checking import CHECK, Checked, checked
from profiling_assets.assets.making import produced
from profiling_assets.core.errors import MissingInputError
from profiling_assets.pipeline.catalog import Catalog
from profiling_assets.pipeline.made import Made, Stored
from profiling_assets.pipeline.results import PLATE, Result
from profiling_assets.records import latest_records


def made_of_plates(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    plates: Mapping[str, Stored],
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
    plates : mapping of str to Stored
        `BATCH/PLATE` to the result that it is made of.
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
    MissingInputError
        Where a plate is missing and automation will not ask again: the run is a person's, or
        the event log has the plate's result and the workspace does not.
    CheckError
        Where a check blocks.
    """
    try:
        output = produced(context, catalog, result, make, external=external)
    except MissingInputError:
        joined = _joined(context, result, plates)
        if not joined:
            raise
        said = (
            f"{context.partition_key}: not made, as {', '.join(joined)} joined after this run was "
            "asked for; it is made once that is there, or excluded"
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


def _joined(
    context: dg.AssetExecutionContext, result: Result, plates: Mapping[str, Stored]
) -> list[str]:
    if result.level == PLATE or not AUTOMATIC.items() <= context.run.tags.items():
        return []
    missing = sorted(key for key, stored in plates.items() if not stored.exists())
    # what was recorded once is no news when it is there again
    return [] if latest_records(context.instance, result.upstream[0], missing) else missing
