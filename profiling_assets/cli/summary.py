"""What a run says at its end: what is there, what was dropped, what is not there and why.

Put here: reading the ledgers of a workspace and putting them into a few lines.
Do not put here: making ledgers (`workspace.ledger`).
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping

from profiling_assets.errors import listed, printable
from profiling_assets.steps.results import Task
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import KEPT_WHOLE, WellState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace

_MAX_LINES = 12
_OLD_STANDS = "the file of an earlier build still stands, and is out of date"
_WHOLE = {state.value for state in KEPT_WHOLE}


def ledger_lines(workspace: Workspace, key: PlateKey) -> list[str]:
    """Say what became of a plate's sites and wells.

    A line with the counts, then one for each loss, capped; none where there is no ledger. A ledger
    that somebody damaged is said to be one: results are there all the same.
    """
    try:
        return [printable(line) for line in _ledger_lines(workspace, key)]
    except (ValueError, KeyError, TypeError, csv.Error):
        path = layout.site_ledger(key)
        return [f"{key}: {path} or the wells ledgers cannot be read; --force writes them anew"]


def _ledger_lines(workspace: Workspace, key: PlateKey) -> list[str]:
    counts: list[str] = []
    losses: list[str] = []
    sites = _ledger(workspace, layout.site_ledger(key))
    if sites:
        whole = sum(site["state"] in _WHOLE for site in sites)
        found, kept = _objects(sites, "_in"), _objects(sites, "_kept")
        counts.append(f"{whole} of {len(sites)} sites kept whole, {kept} of {found} objects")
        for site in sites:
            where = site["folder"] or f"{site['well']}, site {site['site']}"
            if site["reason"]:
                losses.append(f"{where}: {site['state']}: {site['reason']}")
    for step, path in (
        ("aggregated", layout.aggregated_well_ledger(key)),
        ("annotated", layout.annotated_well_ledger(key)),
    ):
        wells = _ledger(workspace, path)
        if wells:
            there = sum(well["state"] == WellState.PROFILE.value for well in wells)
            counts.append(f"{there} wells {step}")
            losses += _well_losses(wells)
    if len(losses) > _MAX_LINES:
        losses = [*losses[:_MAX_LINES], f"and {len(losses) - _MAX_LINES} more, in the ledgers"]
    return [f"{key}: {'; '.join(counts)}", *(f"  {line}" for line in losses)] if counts else []


def _well_losses(wells: list[dict[str, str]]) -> list[str]:
    unused = [w["well"] for w in wells if w["state"] == WellState.NO_PROFILE.value]
    silent = {WellState.PROFILE.value, WellState.NO_PROFILE.value}
    lost = [
        f"well {w['well']}: {w['state']}: {w['reason']}" for w in wells if w["state"] not in silent
    ]
    if unused:
        lost.append(f"in the plate map, without a profile: {len(unused)} ({listed(unused)})")
    return lost


def _ledger(workspace: Workspace, path: str) -> list[dict[str, str]]:
    if workspace.stat(path) is None:
        return []
    text = workspace.read_bytes(path).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))


def _objects(sites: list[dict[str, str]], ending: str) -> int:
    columns = [c for c in sites[0] if c.endswith(ending) and not c.startswith("image_rows")]
    return sum(int(site[column]) for site in sites for column in columns)


def problem_lines(
    problems: Mapping[Task, str],
    logs: Mapping[Task, str],
    standing: Collection[Task] = (),
    follow: Collection[Task] = (),
) -> list[str]:
    """Say what is not there and why.

    One entry a task: its reason indented below it, then its log file where it was tried. At the end
    comes a line a plate or batch with all those that `follow`: they are not there only because
    others of the list are not, and need no remedy. Of those in `standing` a file of an earlier
    build is there.
    """
    lines: list[str] = []
    following: dict[str, list[str]] = {}
    for task, reason in sorted(problems.items()):
        if task in follow:
            following.setdefault(task.partition, []).append(task.name)
            continue
        lines.append(f"not there: {task}")
        lines += [f"    {line}" for line in reason.splitlines() if line.strip()]
        if task in standing:
            lines.append(f"    {_OLD_STANDS}")
        if task in logs:
            lines.append(f"    log: {logs[task]}")
    for partition, names in following.items():
        lines.append(f"not there therefore, of {partition}: {', '.join(names)}")
        if any(task in standing and task.partition == partition for task in follow):
            lines.append(f"    {_OLD_STANDS}")
    return lines


def plate_lines(workspace: Workspace, plates: Iterable[PlateKey]) -> list[str]:
    """Say what became of several plates."""
    return [line for key in plates for line in ledger_lines(workspace, key)]
