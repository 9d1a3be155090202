"""Figures made of looks: latencies, memory, open files, and whether something leaks."""

from typing import Any

import numpy as np

from profiling_assets_tests.load.sampling import RUNS

_MEGA = 1e6
_WARM = 0.25  # of the time
_SPAN = 0.125  # of the time, at the end of the warm-up and at the end
# A leak is more than this from the end of the warm-up to the end.
MEMORY_SHARE, MEMORY_MB = 0.1, 25.0
MORE_FILES = 10
MORE_TEMPORARY = 10
_CHANGING = (RUNS, "other")  # these come and go

Looks = list[dict[str, Any]]


def latencies(looks: Looks) -> dict[str, dict[str, float]]:
    """How long each query took, in seconds."""
    found: dict[str, list[float]] = {}
    for look in looks:
        for name, seconds in look["seconds"].items():
            found.setdefault(name, []).append(seconds)
    return {
        name: {
            "asked": len(values),
            "median": round(float(np.median(values)), 3),
            "p95": round(float(np.percentile(values, 95)), 3),
            "max": round(max(values), 3),
        }
        for name, values in found.items()
    }


def _series(looks: Looks, role: str, what: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = [
        (look["at"], look["held"][role][what]) for look in looks if role in look.get("held", {})
    ]
    return np.array([at for at, _ in pairs]), np.array([value for _, value in pairs], dtype=float)


def memory(looks: Looks) -> dict[str, dict[str, float]]:
    """What the processes of each role hold, in MB; the slope is that after the warm-up."""
    roles = sorted({role for look in looks for role in look.get("held", {})})
    figures: dict[str, dict[str, float]] = {}
    for role in roles:
        at, held = _series(looks, role, "memory")
        warm = at >= at[0] + _WARM * (at[-1] - at[0])
        slope = float(np.polyfit(at[warm], held[warm], 1)[0]) if warm.sum() > 2 else 0.0
        figures[role] = {
            "start": round(held[0] / _MEGA, 1),
            "max": round(held.max() / _MEGA, 1),
            "end": round(held[-1] / _MEGA, 1),
            "slope_mb_an_hour": round(slope * 3600 / _MEGA, 1),
            "most_processes": int(_series(looks, role, "count")[1].max()),
            "most_files": int(_series(looks, role, "files")[1].max()),
        }
    return figures


def failures(looks: Looks) -> list[str]:
    """Queries that were not answered, and daemons that were not well."""
    failed = [text for look in looks for text in look.get("failed", ())]
    return [*failed, *(f"{name} not well" for look in looks for name in look.get("sick", ()))]


def leaks(looks: Looks) -> dict[str, dict[str, float]]:
    """Compare the end of the warm-up with the end, by role; `leak` is 1 above the thresholds."""
    start, end = looks[0]["at"], looks[-1]["at"]
    span = _SPAN * (end - start)
    warm = start + _WARM * (end - start)
    found: dict[str, dict[str, float]] = {}
    for role in memory(looks):
        if role in _CHANGING:
            continue
        row: dict[str, float] = {}
        for what in ("memory", "files", "count"):
            at, held = _series(looks, role, what)
            before = held[(at >= warm) & (at < warm + span)]
            after = held[at >= end - span]
            row[f"{what}_warm"] = float(np.median(before)) if before.size else 0.0
            row[f"{what}_end"] = float(np.median(after)) if after.size else 0.0
        grown = (row["memory_end"] - row["memory_warm"]) / _MEGA
        row["grown_mb"] = round(grown, 1)
        row["leak"] = float(
            grown > MEMORY_MB + MEMORY_SHARE * row["memory_warm"] / _MEGA
            or row["files_end"] > row["files_warm"] + MORE_FILES
            or row["count_end"] > row["count_warm"]
        )
        found[role] = row
    counts = [(look["at"], look["temporary"]) for look in looks if "temporary" in look]
    before = float(np.median([count for at, count in counts if warm <= at < warm + span] or [0]))
    after = float(np.median([count for at, count in counts if at >= end - span] or [0]))
    found["temporary files"] = {
        "count_warm": before,
        "count_end": after,
        "leak": float(after > before + MORE_TEMPORARY),
    }
    return found
