"""What a run says at its end: what is there, what was dropped, what is not there and why.

Put here: reading the ledgers of a workspace and putting them into a few lines.
Do not put here: making ledgers (`workspace.ledger`).
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from profiling_assets.errors import ProfilingError, listed, printable
from profiling_assets.steps.results import Task
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import KEPT_WHOLE, WellState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace

_MAX_LINES = 12
_OLD_STANDS = "the file of an earlier build still stands, and is out of date"
_WHOLE = {state.value for state in KEPT_WHOLE}


def ledger_lines(workspace: Workspace, key: PlateKey) -> list[str]:
    """Say what became of a plate's wells and sites.

    A line with the counts, wells first, then one for each loss, capped; none where there is no
    ledger. A ledger that somebody damaged is said to be one: results are there all the same.
    """
    try:
        return [printable(line) for line in _ledger_lines(workspace, key)]
    except (ValueError, KeyError, TypeError, csv.Error):
        path = layout.site_ledger(key)
        return [f"{key}: {path} or the wells ledgers cannot be read; --force writes them anew"]


def _ledger_lines(workspace: Workspace, key: PlateKey) -> list[str]:
    counts: list[str] = []
    losses: list[str] = []
    aggregated = _ledger(workspace, layout.aggregated_well_ledger(key))
    if aggregated:
        there = _with_profile(aggregated)
        counts.append(f"{there} of {len(aggregated)} wells have a profile{_others(aggregated)}")
        losses += _well_losses(aggregated)
    annotated = _ledger(workspace, layout.annotated_well_ledger(key))
    if annotated:
        counts.append(f"{_with_profile(annotated)} wells annotated")
        losses += [line for line in _well_losses(annotated) if line not in losses]
    sites = _ledger(workspace, layout.site_ledger(key))
    of_sites: list[str] = []
    if sites:
        whole = sum(site["state"] in _WHOLE for site in sites)
        found, kept = _objects(sites, "_in"), _objects(sites, "_kept")
        counts.append(f"{whole} of {len(sites)} sites kept whole, {kept} of {found} objects")
        # what is lost comes before what is remarked
        for site in sorted(sites, key=lambda site: site["state"] in _WHOLE):
            where = site["folder"] or f"{site['well']}, site {site['site']}"
            if site["reason"]:
                of_sites.append(f"{where}: {site['state']}: {site['reason']}")
    told = [*_capped(losses), *_capped(of_sites)]
    return [f"{key}: {'; '.join(counts)}", *(f"  {line}" for line in told)] if counts else []


def _capped(lines: list[str]) -> list[str]:
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[:_MAX_LINES], f"and {len(lines) - _MAX_LINES} more, in the ledgers"]


def _with_profile(wells: list[dict[str, str]]) -> int:
    return sum(well["state"] == WellState.PROFILE.value for well in wells)


def _others(wells: list[dict[str, str]]) -> str:
    """Return how many wells are in which other state, in brackets."""
    states = Counter(well["state"] for well in wells)
    del states[WellState.PROFILE.value]
    parts = [f"{state.replace('_', ' ')}: {count}" for state, count in sorted(states.items())]
    return f" ({', '.join(parts)})" if parts else ""


def _well_losses(wells: list[dict[str, str]]) -> list[str]:
    unused = [w["well"] for w in wells if w["state"] == WellState.NO_PROFILE.value]
    silent = {WellState.PROFILE.value, WellState.NO_PROFILE.value}
    alike: dict[tuple[str, str], list[str]] = {}
    # wells that have cells come first
    for well in sorted(wells, key=lambda well: well["state"] != WellState.INCOMPLETE.value):
        if well["state"] not in silent:
            alike.setdefault((well["state"], well["reason"]), []).append(well["well"])
    lost = [
        f"{'well' if len(names) == 1 else 'wells'} {listed(names)}: {state}: {reason}"
        for (state, reason), names in alike.items()
    ]
    if unused:
        lost.append(f"in the plate map, without a profile: {len(unused)} ({listed(unused)})")
    return lost


def lost_wells(workspace: Workspace, key: PlateKey) -> list[str]:
    """List the wells of a plate that have cells and no profile, and that nobody took out."""
    try:
        wells = _ledger(workspace, layout.aggregated_well_ledger(key))
        lost = [w["well"] for w in wells if w["state"] == WellState.INCOMPLETE.value]
    except (ValueError, KeyError, csv.Error):  # `ledger_lines` says so
        return []
    if not lost:
        return []
    from profiling_assets.profiles.plate_map import join_name
    from profiling_assets.steps.plate_maps import load_exclusions

    try:
        excluded = load_exclusions(workspace, key).wells
    except ProfilingError:  # the step that needs it says so
        return lost
    return [well for well in lost if join_name(well) not in excluded]


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
