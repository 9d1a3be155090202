"""`profiling-assets run`: build what is not current, as the web UI would.

Put here: the command: from flags to plan to runs to exit code.
Do not put here: the plan (`steps.plan`), the runs (`dagster.runs.runner`), the lines printed
(`summary`).
"""

from __future__ import annotations

import signal
from contextlib import ExitStack
from types import FrameType
from typing import TYPE_CHECKING

import click

from profiling_assets.cli.common import (
    applied_settings,
    check_assets,
    check_plates,
    check_ready,
    chosen_plates,
    config_option,
    input_option,
    workspace_option,
)
from profiling_assets.cli.findings import drop_told, refuse_whole, run_lines
from profiling_assets.cli.progress import ProgressListener, recorded
from profiling_assets.cli.stopping import StopRequest
from profiling_assets.cli.summary import lost_wells, plate_lines, problem_lines
from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import WorkspaceError, listed
from profiling_assets.quality.preflight.finding import Severity
from profiling_assets.steps.catalog import Catalog, refreshed_catalog
from profiling_assets.steps.results import CORRELATIONS, PLATE, Task, result_path
from profiling_assets.steps.unread_input import unread_of_run
from profiling_assets.workspace.ledger import LOST_REMEDY
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.unread import of_plate

if TYPE_CHECKING:  # Dagster and pandas take seconds to import
    from profiling_assets.dagster.runs.runner import Outcome
    from profiling_assets.steps.plan import Plan

_STOPPED = 130


@click.command("run")
@workspace_option
@input_option
@config_option
@click.option("--batch", "batches", metavar="B", multiple=True, help="Only this batch; repeatable.")
@click.option("--plate", "plates", metavar="P", multiple=True, help="Only this plate; repeatable.")
@click.option(
    "--select", "names", metavar="ASSET", multiple=True, help="Only this asset; repeatable."
)
@click.option("--force", is_flag=True, help="Build again what is current or was adopted.")
def command(
    workspace: str,
    inputs: str | None,
    config: str | None,
    batches: tuple[str, ...],
    plates: tuple[str, ...],
    names: tuple[str, ...],
    *,
    force: bool,
) -> int:
    """Build every result of the config that is not current, and nothing else.

    Results that stand in the workspace and were not made here are adopted and never overwritten,
    unless their inputs change or --force is given. Several plates are built at once. Ctrl-C stops
    the runs. Exit code 0 only if everything asked for is there.
    """
    _stop_on_terminate()
    settings = applied_settings(workspace, config, inputs)
    catalog, _ = refreshed_catalog(settings)
    check_ready(catalog.config)
    check_plates(catalog)
    chosen = chosen_plates(catalog.asked_for.plates, batches, plates)
    check_assets(catalog.results, names)
    absent = (
        [] if plates else [k for k in catalog.asked_for.absent if not batches or k.batch in batches]
    )
    outcome, plan, logs = _built(catalog, chosen, names, force=force)
    problems = {**plan.impossible, **outcome.failed, **outcome.blocked}
    for line in plate_lines(catalog.workspace, chosen):
        click.echo(line)
    for line in _notes(catalog, plan, outcome, batches, alone=bool(plates)):
        click.echo(line)
    lost = {key: wells for key in chosen if (wells := lost_wells(catalog.workspace, key))}
    for key, wells in lost.items():
        what = "well has" if len(wells) == 1 else "wells have"
        click.echo(
            f"error: {key}: {len(wells)} {what} cells and no profile: {listed(wells)}\n"
            f"Remedy: {LOST_REMEDY}",
            err=True,
        )
    for key in absent:
        where = catalog.config.where(key)
        left = of_plate(catalog.ignored, key)
        what = f"nothing of it can be used: {left}" if left else "it is not in the workspace"
        remedy = "mend what is named" if left else "put its CellProfiler output there"
        click.echo(
            f"error: {where}: plate {key} is in the config, and {what}\n"
            f"Remedy: {remedy}, or set `process: false`",
            err=True,
        )
    standing = {task for task in problems if _stands(catalog, task)}
    for line in problem_lines(problems, logs, standing, outcome.following):
        click.echo(line, err=True)
    for task, reason in plan.waiting.items():
        if catalog.results[task.name].level != PLATE:  # its plates' own wait with it
            click.echo(f"waits: {task}: {reason}")
    click.echo(_counts(plan, outcome))
    if outcome.canceled:
        return _STOPPED
    return 1 if problems or absent or lost else 0


def _built(
    catalog: Catalog, chosen: list[PlateKey], names: tuple[str, ...], *, force: bool
) -> tuple[Outcome, Plan, dict[Task, str]]:
    # Dagster takes seconds to import; wrong flags and broken configs are told before that
    from profiling_assets.dagster.announcer import forget_settled
    from profiling_assets.dagster.assets.step import FORCE_TAG
    from profiling_assets.dagster.event_log import records_in
    from profiling_assets.dagster.instance import open_instance, prepared_home
    from profiling_assets.dagster.launchers.asset_runs import Launcher
    from profiling_assets.dagster.launchers.dead_runs import end_dead_runs
    from profiling_assets.dagster.runs.adopt import adopt, report_inputs
    from profiling_assets.dagster.runs.runner import Outcome, Runner
    from profiling_assets.steps.plan import Planner

    home = prepared_home(catalog.workspace.identity)
    with open_instance(home) as instance, StopRequest() as stop:
        end_dead_runs(instance)
        catalog.workspace.remove_leftovers()
        planner = Planner(catalog, records_in(instance), force=force)
        report_inputs(instance, planner, chosen, follow=recorded)
        plan = planner.plan(chosen, names or None)
        adopt(instance, catalog, plan.adopt)
        for line, _ in run_lines(unread_of_run(catalog, chosen, planner.source)):
            click.echo(line)
        if not plan.build:
            forget_settled(instance, catalog.workspace)
            return Outcome(), plan, {}
        click.echo(f"{len(plan.current)} current, {len(plan.build)} to build; event log in {home}")
        findings = planner.preflight(plan)
        for line, severity in run_lines(findings):
            click.echo(line, err=severity is Severity.ERROR)
        refuse_whole(findings)
        limit = instance.get_concurrency_config().run_queue_config
        with ExitStack() as stack:
            listener = stack.enter_context(ProgressListener(home / "logs", len(plan.build)))
            try:
                launcher = stack.enter_context(
                    Launcher(instance, home / "logs" / "code_server.log")
                )
            except WorkspaceError:
                if stop():  # Ctrl-C in a terminal ends the code server too
                    return Outcome(canceled=True), plan, {}
                raise
            runner = Runner(
                instance,
                launcher,
                planner,
                dict(catalog.results),
                listener,
                home=home,
                runs_at_once=max(limit.max_concurrent_runs, 1) if limit is not None else 1,
                tags={FORCE_TAG: "true"} if force else {},
                stop=stop,
            )
            outcome = runner.carry_out(plan)
        forget_settled(instance, catalog.workspace)
        drop_told(outcome.warnings, findings)
        tried = {**outcome.failed, **outcome.blocked}
        return outcome, plan, {t: str(listener.log_file(t.partition)) for t in tried}


def _stands(catalog: Catalog, task: Task) -> bool:
    path = result_path(catalog.results[task.name].template, task.partition)
    return catalog.workspace.stat(path) is not None


def _notes(
    catalog: Catalog, plan: Plan, outcome: Outcome, batches: tuple[str, ...], *, alone: bool
) -> list[str]:
    lines = [
        f"warning: {partition}: {text}"
        for partition, texts in sorted(outcome.warnings.items())
        for text in texts
    ]
    lines += [
        f"{key}: excluded: {reason}"
        for key, reason in catalog.asked_for.excluded.items()
        if not batches or key.batch in batches
    ]
    if plan.adopt:
        lines.append(
            f"{len(plan.adopt)} results stand that this event log does not know (made elsewhere, "
            "or the workspace was moved): they are used as they are; --force builds them anew"
        )
    select = (Step.SELECT, Step.SELECT_NEGCON)
    lists = [task for task in outcome.built if catalog.results[task.name].step in select]
    if alone and lists:
        lines.append(
            "the batch's list of features is new: its other plates have the old one until `run` "
            "without --plate"
        )
    if catalog.config.performs(Step.CORRELATIONS) and CORRELATIONS not in catalog.results:
        lines.append(
            "correlation and position effect are of feature-selected profiles, and the config "
            "selects no features: they are not drawn"
        )
    return lines


def _counts(plan: Plan, outcome: Outcome) -> str:
    foreign = f" ({plan.not_ours} of them not made here)" if plan.not_ours else ""
    parts = [f"{len(plan.current)} current{foreign}", f"{len(outcome.built)} built"]
    if plan.adopt:
        parts.append(f"{len(plan.adopt)} adopted")
    not_there = len(plan.impossible) + len(outcome.failed) + len(outcome.blocked)
    if plan.no_source:
        parts.append(f"{len(plan.no_source)} without a source")
    if not_there:
        parts.append(f"{not_there} not there")
    if outcome.canceled:
        parts.append("stopped")
    return ", ".join(parts)


def _stop_on_terminate() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    # SIGINT too: a shell that starts a command with & lets it and its children ignore it, and
    # Dagster stops runs by that signal
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
