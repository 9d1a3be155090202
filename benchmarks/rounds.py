"""Engines in turn, a process a measurement, and the medians of what they cost.

Put here: starting an engine, the order of rounds, medians and ratios of two engines.
Do not put here: counters (`meter`), what is measured (`collate`, `profiles`), targets (`bench`).
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

Measured = Mapping[str, Any]
COSTS = ("cpu_s", "wall_s", "peak_rss_mib", "imports_cpu_s")
# one thread: the work of one plate is compared, and so is what it costs to wait for another core
ROUNDS = 3


class DifferentError(Exception):
    """Two engines made different results, or one failed."""


def rounds_asked() -> int:
    """Return how many rounds are to be measured: ROUNDS=, or three."""
    return max(1, int(os.environ.get("ROUNDS", str(ROUNDS))))


def chosen(variable: str, there: Sequence[str], *, usual: Sequence[str] = ()) -> list[str]:
    """Return the names of an environment variable; where it is not set, the usual ones or all."""
    names = os.environ.get(variable, ",".join(usual or there)).replace(",", " ").split()
    unknown = [name for name in names if name not in there]
    if unknown:
        message = f"{variable}: {' '.join(unknown)}; there are {', '.join(there)}"
        raise SystemExit(message)
    return names


def in_turns(engines: Sequence[str], number: int) -> list[str]:
    """Return the order of a round; every other one is reversed, as caches help the later one."""
    return list(engines) if number % 2 == 0 else list(engines)[::-1]


def measured(command: Sequence[str], output: Path, *, scratch: Path | None = None) -> Measured:
    """Run an engine, which leaves `measured.json` in its output folder."""
    output.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    if scratch is not None:
        environment["TMPDIR"] = str(scratch)  # the reference copies each CSV there
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        message = f"{Path(command[1]).name} ended with {run.returncode}:\n{run.stderr[-2000:]}"
        raise DifferentError(message)
    return {
        **json.loads((output / "measured.json").read_text()),
        "load": round(os.getloadavg()[0], 1),
    }


def medians(runs: Sequence[Measured]) -> dict[str, float]:
    """Return the median of each cost."""
    return {cost: round(median(run[cost] for run in runs), 3) for cost in COSTS}


def compared(peer: Sequence[Measured], ours: Sequence[Measured]) -> dict[str, Any]:
    """Return medians of ours and of the peer, and the ratios of the medians."""
    one, other = medians(peer), medians(ours)
    return {
        "cpu_ratio": round(one["cpu_s"] / other["cpu_s"], 2),
        "wall_ratio": round(one["wall_s"] / other["wall_s"], 2),
        **ours_alone(ours),
        "peer_cpu_s": one["cpu_s"],
        "peer_wall_s": one["wall_s"],
        "peer_rss_mb": one["peak_rss_mib"],
        "peer_imports_cpu_s": one["imports_cpu_s"],
    }


def ours_alone(ours: Sequence[Measured]) -> dict[str, Any]:
    """Return medians of ours."""
    costs = medians(ours)
    return {
        "cpu_s": costs["cpu_s"],
        "cpu_s_range": [min(run["cpu_s"] for run in ours), max(run["cpu_s"] for run in ours)],
        "wall_s": costs["wall_s"],
        "rss_mb": costs["peak_rss_mib"],
        "imports_cpu_s": costs["imports_cpu_s"],
        "rounds": len(ours),
        "load": max(run["load"] for run in ours),
    }
