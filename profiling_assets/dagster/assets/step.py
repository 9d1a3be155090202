"""What every asset does around its one call: keep what stands, or make and describe a result.

Put here: asking the judge, stepping aside, the metadata of a result.
Do not put here: the decision (`steps.judge`), what a step computes (`steps.makers`), where it is
stored (`dagster.io_managers`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from profiling_assets.dagster.asset_checks import CHECK, Checked, checked
from profiling_assets.dagster.automation import AUTOMATIC
from profiling_assets.dagster.event_log import records_in
from profiling_assets.dagster.metadata import (
    facts_metadata,
    marks_metadata,
    notes_metadata,
    origin_metadata,
    shown_metadata,
)
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.current import Recorded
from profiling_assets.steps.judge import StepJudge
from profiling_assets.steps.outputs import Kept, Output
from profiling_assets.steps.provenance import package_versions
from profiling_assets.steps.results import PLATE, Result, Task
from profiling_assets.steps.whole_batch import MissingPlatesError

FORCE_TAG = "profiling_assets/force"
_PARENT_TAG, _RETRY_TAG = "dagster/parent_run_id", "dagster/retry_number"  # Dagster's own


def kept_or_made(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    task: Task,
    make: Callable[[], Output],
    *,
    has_check: bool,
    steps_aside: bool,
) -> Iterator[Checked]:
    """Keep a standing file or make a result, or step aside where automation will ask for it again.

    Where it steps aside, the check alone is yielded, not passed. Raises `MissingPlatesError` where
    a plate is missing and automation will not ask again: the run is a person's, or the event log
    has had the plate's result and the workspace does not. Raises `CheckError` where a check blocks.
    """
    result = catalog.results[task.name]
    judge = judge_of(context, catalog, [task])
    try:
        value = judge.kept(task) or _taken_over(catalog, judge, task) or make()
    except MissingPlatesError as refusal:
        if (
            refusal.absent
            or not steps_aside
            or not _will_be_asked_for_again(context, result, refusal.plates)
        ):
            raise
        yield _stepped_aside(context, result, refusal.plates)
        return
    output = dg.Output(value, metadata=described(judge, task, value))
    if has_check:
        yield from checked(context, catalog, result, output)
    else:
        yield output


def _taken_over(catalog: Catalog, judge: StepJudge, task: Task) -> Output | None:
    path = judge.taken_over_from(task)
    if path is None:
        return None
    from profiling_assets.steps.taken_over import taken_over

    return taken_over(catalog.workspace, catalog.config, task.key, path)


def judge_of(
    context: dg.AssetExecutionContext, catalog: Catalog, tasks: Iterable[Task]
) -> StepJudge:
    """Return who decides on what a run was asked for."""
    return StepJudge(catalog, records_in(context.instance), tasks, force=is_forced(context))


def is_forced(context: dg.AssetExecutionContext) -> bool:
    """Say whether the run was asked to make anew whatever stands."""
    return context.run.tags.get(FORCE_TAG) == "true"


def described(judge: StepJudge, task: Task, value: Output | Kept) -> dict[str, Any]:
    """Return the metadata of a result: its numbers, its warnings, what it was made from.

    What a user looks for comes first; path and size are added by the IO manager.
    """
    if isinstance(value, Kept):
        adopted = replace(judge.adoption(task), withheld=value.withheld)
        return {**marks_metadata(value.recorded or adopted)}
    wanted = judge.wanted(task)
    recorded = Recorded(wanted.fingerprint, None, inputs=wanted.inputs)
    return {
        **facts_metadata(value.facts),
        **shown_metadata(value),
        **notes_metadata(value.warnings),
        **marks_metadata(recorded),
        **origin_metadata(wanted, package_versions()),
    }


def _stepped_aside(
    context: dg.AssetExecutionContext, result: Result, plates: Sequence[str]
) -> dg.AssetCheckResult:
    said = (
        f"{context.partition_key}: not made, as {', '.join(plates)} joined after this "
        "run was asked for; automation asks for it again once that is there or excluded"
    )
    context.log.warning(said)
    return dg.AssetCheckResult(
        asset_key=result.name,
        check_name=CHECK,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata={"partition": context.partition_key},
    )


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
