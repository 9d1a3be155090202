"""Steps on profiles, side by side: our functions and pycytominer's on the same table.

Put here: the pairs, whether results are equal, the table.
Do not put here: the steps (`steps_*`), the tables (`made_profiles`), the order of runs (`rounds`).
Settings are environment variables, see README.md: STEPS, ROUNDS, WELLS, FEATURES.
"""

import gzip
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import made_profiles
import numpy as np
import pandas as pd
from peer import peer_python
from results_file import add_figures
from rounds import (
    DifferentError,
    Measured,
    chosen,
    compared,
    in_turns,
    measured,
    ours_alone,
    rounds_asked,
)

HERE = Path(__file__).resolve().parent
ENGINES = {"reference": HERE / "steps_reference.py", "ours": HERE / "steps_ours.py"}
RTOL = 1e-12

PLATES = 30
# ours only: the peer would need hours
MANY_PLATES = {"batch": "", "batch_nan": "_nan"}


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
    is_aimed_at: bool = False


PAIRS: dict[str, Pair] = {
    "correlation_threshold": Pair("correlation_threshold", "", same_choice, is_aimed_at=True),
    "correlation_threshold_nan": Pair("correlation_threshold", "_nan", same_choice),
    "normalize": Pair("normalize", "", same_numbers, is_aimed_at=True),
    "normalize_standardize": Pair("normalize", "_standardize", same_numbers),
    "normalize_robustize": Pair("normalize", "_robustize", same_numbers),
    "write_csv_gz": Pair("write_csv_gz", "", same_texts, is_aimed_at=True),
    "profile_chain": Pair("profile_chain", "", same_texts, is_aimed_at=True),
}


def main() -> int:
    """Run the chosen pairs; 1 where results differ."""
    everything = (*PAIRS, *MANY_PLATES)
    # with missing cells a batch is 7 minutes
    usual = tuple(name for name in everything if name != "batch_nan")
    names = chosen("STEPS", everything, usual=usual)
    wells, features = (
        int(os.environ.get(n, d)) for n, d in (("WELLS", "384"), ("FEATURES", "5700"))
    )
    size = f"{wells}x{features}"
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "inputs")
        inputs.mkdir()
        print(f"making profiles of {wells} wells x {features:,} features", flush=True)
        made_profiles.write_inputs(inputs, wells, features)
        print(_HEADER, flush=True)
        for name in names:
            if name in MANY_PLATES:
                subject, label = "correlation_threshold", f"{PLATES}x{size}{MANY_PLATES[name]}"
                figures = _many_plates(wells, features, MANY_PLATES[name], Path(folder))
            else:
                pair = PAIRS[name]
                subject, label = pair.key, size + pair.suffix
                try:
                    figures = _measured(name, pair, inputs)
                except DifferentError as difference:
                    print(f"{name}: FAILED: {difference}", flush=True)
                    figures, failed = {"failed": str(difference)}, True
            add_figures(subject, {label: figures})
    return 1 if failed else 0


def _measured(name: str, pair: Pair, inputs: Path) -> dict[str, Any]:
    rounds = rounds_asked() if pair.is_aimed_at or "ROUNDS" in os.environ else 1
    runs: dict[str, list[Measured]] = {engine: [] for engine in ENGINES}
    verdict = ""
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for engine in in_turns(tuple(ENGINES), number):
                python = sys.executable if engine == "ours" else peer_python()
                output = Path(folder, engine)
                command = [python, str(ENGINES[engine]), name, str(inputs), str(output)]
                runs[engine].append(measured(command, output))
            verdict = pair.equality(Path(folder, "reference"), Path(folder, "ours"))
    figures = {**compared(runs["reference"], runs["ours"]), "equality": verdict}
    print(
        f"{name:26}{figures['peer_cpu_s']:8.2f}{figures['cpu_s']:8.2f}{figures['cpu_ratio']:7.1f}"
        f"{figures['wall_ratio']:7.1f}{figures['peer_rss_mb']:8.0f}{figures['rss_mb']:7.0f}"
        f"  {verdict}",
        flush=True,
    )
    return figures


def _many_plates(wells: int, features: int, suffix: str, folder: Path) -> dict[str, Any]:
    """Measure the correlations of a batch of plates."""
    inputs = folder / f"batch{suffix}"
    inputs.mkdir()
    table = inputs / f"features{suffix}.parquet"
    made_profiles.write_batch(table, PLATES, wells, features, missing=6 if suffix else 0)
    step, output = f"correlation_threshold{suffix}", folder / f"features{suffix}"
    costs = ours_alone(
        [measured([sys.executable, str(ENGINES["ours"]), step, str(inputs), str(output)], output)]
    )
    print(
        f"{step + f', {PLATES} plates':36}{costs['cpu_s']:6.2f}{costs['rss_mb']:29.0f}",
        flush=True,
    )
    return costs


_HEADER = f"{'step':26}{'peer s':>8}{'ours s':>8}{'ratio':>7}{'wall':>7}{'MiB':>8}{'MiB':>7}"


def _first_difference(one: bytes, two: bytes) -> str:
    lines = zip(one.splitlines(), two.splitlines(), strict=False)
    for number, (first, second) in enumerate(lines, start=1):
        for place, (a, b) in enumerate(zip(first.split(b","), second.split(b","), strict=False)):
            if a != b:
                return f"line {number}, column {place + 1}: {a.decode()} and {b.decode()}"
    return "of other length"


if __name__ == "__main__":
    sys.exit(main())
