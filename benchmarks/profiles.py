"""Steps on profiles, side by side: our functions and pycytominer's on the same table.

Put here: the pairs, the order of runs, whether results are equal, the table and the JSON.
Do not put here: the steps (`steps_*`), the tables (`made_profiles`), counters (`meter`).
Settings are environment variables, see README.md: STEPS, ROUNDS, WELLS, FEATURES.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import made_profiles
import numpy as np
import pandas as pd
from machine import machine

HERE = Path(__file__).resolve().parent
LATEST = HERE / "results" / "latest.json"
ENGINES = {"reference": HERE / "steps_reference.py", "ours": HERE / "steps_ours.py"}
RTOL = 1e-12

Measured = Mapping[str, Any]


class DifferentError(Exception):
    """Two engines made different results, or one failed."""


def same_choice(reference: Path, ours: Path) -> str:
    """Compare the features that are dropped."""
    one, two = (json.loads((folder / "excluded.json").read_text()) for folder in (reference, ours))
    if one != two:
        raise DifferentError(f"{len(set(one) ^ set(two))} features are dropped by one only")
    return f"the same {len(one):,} features dropped"


def same_numbers(reference: Path, ours: Path) -> str:
    """Compare normalized tables."""
    one, two = (pd.read_parquet(folder / "normalized.parquet") for folder in (reference, ours))
    if list(one.columns) != list(two.columns):
        raise DifferentError("other columns")
    try:
        pd.testing.assert_frame_equal(one, two, rtol=RTOL, atol=0)
    except AssertionError as difference:
        raise DifferentError(str(difference)) from difference
    first, second = (table.select_dtypes("float64").to_numpy() for table in (one, two))
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    return (
        f"{equal.size:,} values equal within {RTOL:g}, {equal.mean():.2%} of them to the last bit"
    )


def same_texts(reference: Path, ours: Path) -> str:
    """Compare the texts of all files that both wrote."""
    names = sorted(file.name for file in reference.glob("*.csv.gz"))
    for name in names:
        one, two = (gzip.decompress((folder / name).read_bytes()) for folder in (reference, ours))
        if one != two:
            raise DifferentError(f"{name}: {_first_difference(one, two)}")
    size = [sum((folder / name).stat().st_size for name in names) for folder in (reference, ours)]
    return f"the same text in {len(names)} files; {size[0]:,} and {size[1]:,} bytes compressed"


@dataclass(frozen=True)
class Pair:
    """A step of both engines, and where its figures go in the JSON."""

    key: str
    suffix: str
    equality: Callable[[Path, Path], str]


PAIRS: dict[str, Pair] = {
    "correlation_threshold": Pair("correlation_threshold", "", same_choice),
    "correlation_threshold_nan": Pair("correlation_threshold", "_nan", same_choice),
    "normalize": Pair("normalize", "", same_numbers),
    "normalize_standardize": Pair("normalize", "_standardize", same_numbers),
    "normalize_robustize": Pair("normalize", "_robustize", same_numbers),
    "write_csv_gz": Pair("write_csv_gz", "", same_texts),
    "profile_chain": Pair("profile_chain", "", same_texts),
}


def main() -> int:
    """Run the chosen pairs; 1 where results differ."""
    names = os.environ.get("STEPS", ",".join(PAIRS)).replace(",", " ").split()
    unknown = [name for name in names if name not in PAIRS]
    if unknown or not names:
        print(f"STEPS: {' '.join(unknown) or 'none'}; there are {', '.join(PAIRS)}")
        return 2
    rounds = max(1, int(os.environ.get("ROUNDS", "1")))
    wells, features = (
        int(os.environ.get(n, d)) for n, d in (("WELLS", "384"), ("FEATURES", "5700"))
    )
    size = f"{wells}x{features}"
    results: dict[str, dict[str, Any]] = {}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "inputs")
        inputs.mkdir()
        print(f"making profiles of {wells} wells x {features:,} features", flush=True)
        made_profiles.write_inputs(inputs, wells, features)
        print(_HEADER, flush=True)
        for name in names:
            pair = PAIRS[name]
            try:
                figures = _measured(name, pair, rounds, inputs)
            except DifferentError as difference:
                print(f"{name}: FAILED: {difference}", flush=True)
                figures = {"failed": str(difference)}
                failed = True
            results.setdefault(pair.key, {})[size + pair.suffix] = figures
    _merge(results)
    print(f"written: {LATEST}")
    return 1 if failed else 0


def _measured(name: str, pair: Pair, rounds: int, inputs: Path) -> dict[str, Any]:
    runs: dict[str, list[Measured]] = {engine: [] for engine in ENGINES}
    verdict = ""
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            # every other round the other way round
            for engine in list(ENGINES) if number % 2 == 0 else list(ENGINES)[::-1]:
                runs[engine].append(_run(engine, name, inputs, Path(folder, engine)))
            verdict = pair.equality(Path(folder, "reference"), Path(folder, "ours"))
    peer, ours = (_medians(runs[engine]) for engine in ENGINES)
    figures = {
        "cpu_ratio": round(peer["cpu_s"] / ours["cpu_s"], 2),
        "wall_ratio": round(peer["wall_s"] / ours["wall_s"], 2),
        "cpu_s": ours["cpu_s"],
        "peer_cpu_s": peer["cpu_s"],
        "wall_s": ours["wall_s"],
        "peer_wall_s": peer["wall_s"],
        "rss_mb": ours["peak_rss_mib"],
        "peer_rss_mb": peer["peak_rss_mib"],
        "imports_cpu_s": ours["imports_cpu_s"],
        "peer_imports_cpu_s": peer["imports_cpu_s"],
        "rounds": rounds,
        "equality": verdict,
    }
    print(
        f"{name:26}{figures['peer_cpu_s']:8.2f}{figures['cpu_s']:8.2f}{figures['cpu_ratio']:7.1f}"
        f"{figures['wall_ratio']:7.1f}{figures['peer_rss_mb']:8.0f}{figures['rss_mb']:7.0f}"
        f"  {verdict}",
        flush=True,
    )
    return figures


_HEADER = f"{'step':26}{'peer s':>8}{'ours s':>8}{'ratio':>7}{'wall':>7}{'MiB':>8}{'MiB':>7}"


def _run(engine: str, step: str, inputs: Path, output: Path) -> Measured:
    output.mkdir()
    run = subprocess.run(
        [sys.executable, str(ENGINES[engine]), step, str(inputs), str(output)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise DifferentError(f"{engine} ended with {run.returncode}:\n{run.stderr[-2000:]}")
    return json.loads((output / "measured.json").read_text())


def _medians(runs: Sequence[Measured]) -> dict[str, float]:
    costs = ("cpu_s", "wall_s", "peak_rss_mib", "imports_cpu_s")
    return {cost: round(median(run[cost] for run in runs), 3) for cost in costs}


def _first_difference(one: bytes, two: bytes) -> str:
    lines = zip(one.splitlines(), two.splitlines(), strict=False)
    for number, (first, second) in enumerate(lines, start=1):
        for place, (a, b) in enumerate(zip(first.split(b","), second.split(b","), strict=False)):
            if a != b:
                return f"line {number}, column {place + 1}: {a.decode()} and {b.decode()}"
    return "of other length"


def _merge(results: dict[str, dict[str, Any]]) -> None:
    LATEST.parent.mkdir(exist_ok=True)
    latest = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    for key, sizes in results.items():
        latest.setdefault(key, {}).update(sizes)
    latest["profiles_machine"] = {**machine(), "load": round(os.getloadavg()[0], 1)}
    LATEST.write_text(json.dumps(latest, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
