"""Collate, side by side: our engine and the reference on the same plates. `make bench`.

Put here: the cases, the order of runs, the table and the JSON that are written.
Do not put here: engines (`engine_*`), `plates`, counters (`meter`), `equality`.
Settings are environment variables, see README.md: SIZES, ROUNDS, PLATES, KEEP.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import equality
from plates import PlateSize, plate, plate_key

HERE = Path(__file__).resolve().parent
LATEST = HERE / "results" / "latest.json"
ENGINES = {"reference": HERE / "engine_reference.py", "ours": HERE / "engine_ours.py"}
PACKAGES = ("cytominer-database", "pycytominer", "pandas", "numpy", "pyarrow")
MAX_MEMORY_RATIO = 1.3

Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A plate, and the engines that collate it."""

    label: str
    plate: PlateSize
    engines: tuple[str, ...]


# SIZES= chooses among these; the cases of one size are judged together.
SIZES: dict[str, tuple[Case, ...]] = {
    "small": (Case("24x4", PlateSize(24, 4, 100, 600), ("reference", "ours")),),
    "memory": (
        Case("24x4", PlateSize(24, 4, 100, 600), ("ours",)),
        Case("96x9", PlateSize(96, 9, 100, 600), ("ours",)),
    ),
}


class BenchmarkError(Exception):
    """An engine failed, or two engines made different results."""


def main() -> int:
    """Run the chosen sizes; 1 where results differ or memory grows with the plate."""
    names = os.environ.get("SIZES", "small,memory").replace(",", " ").split()
    unknown = [name for name in names if name not in SIZES]
    if unknown or not names:
        print(f"SIZES: {' '.join(unknown) or 'none'}; there are {', '.join(SIZES)}")
        return 2
    rounds = max(1, int(os.environ.get("ROUNDS", "1")))
    folder = Path(os.environ.get("PLATES", HERE / ".plates"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    keep = os.environ.get("KEEP", "") not in ("", "0")
    results: dict[str, Any] = {"machine": _machine(), "rounds": rounds, "sizes": {}}
    good = True
    for name in names:
        try:
            size = _run_size(SIZES[name], rounds, folder, keep=keep)
        except BenchmarkError as failure:
            print(f"{name}: FAILED: {failure}")
            size = {"failed": str(failure)}
        good = good and size.get("good", False)
        results["sizes"][name] = size
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(results, indent=1) + "\n")
    print(f"written: {LATEST}")
    return 0 if good else 1


def _run_size(cases: Sequence[Case], rounds: int, folder: Path, *, keep: bool) -> dict[str, Any]:
    runs: list[Measured] = []
    verdicts: list[str] = []
    for case in cases:
        with plate(case.plate, folder, engines=len(case.engines), keep=keep) as workspace:
            _read_once(workspace)
            for number in range(rounds):
                runs += _round(case, number, workspace, folder, verdicts)
    summary = [_summary(case, engine, runs) for case in cases for engine in case.engines]
    _print_table(cases, summary)
    compared = {"cpu_s": None, "wall_s": None, "peak_rss_mib": None}
    good = True
    if len(cases) == 1:
        for verdict in dict.fromkeys(verdicts):
            print(f"results: {verdict}")
        first, second = summary
        compared = {cost: _ratio(first[cost], second[cost]) for cost in compared}
        print(
            f"reference / ours: CPU {compared['cpu_s']}, wall {compared['wall_s']}, "
            f"peak memory {compared['peak_rss_mib']}"
        )
    else:
        small, large = summary[0], summary[-1]
        ratio = _ratio(large["peak_rss_mib"], small["peak_rss_mib"])
        compared = {"peak_rss_mib": ratio}
        good = ratio <= MAX_MEMORY_RATIO
        print(
            f"peak memory {large['case']} / {small['case']}: {ratio} "
            f"({'at most' if good else 'MORE THAN'} {MAX_MEMORY_RATIO})"
        )
    print()
    return {
        "cases": [asdict(case) for case in cases],
        "runs": runs,
        "summary": summary,
        "equality": verdicts,
        "ratios": compared,
        "good": good,
    }


def _round(
    case: Case, number: int, workspace: Path, folder: Path, verdicts: list[str]
) -> Iterator[Measured]:
    """Run each engine once, in turns; results are compared, then removed."""
    # every other round the other way round: what one leaves in caches helps each as often
    engines = case.engines if number % 2 == 0 else case.engines[::-1]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for engine in engines:
            print(f"{case.label}, round {number + 1}: {engine}", flush=True)
            measured = _run_engine(engine, case, workspace, Path(scratch))
            yield {"case": case.label, "engine": engine, "round": number + 1, **measured}
        if len(engines) > 1:
            difference = equality.compare(Path(scratch, "reference"), Path(scratch, "ours"))
            if difference.found:
                raise BenchmarkError(str(difference))
            verdicts.append(str(difference))


def _run_engine(engine: str, case: Case, workspace: Path, scratch: Path) -> Measured:
    output = scratch / engine
    output.mkdir()
    key = plate_key(case.plate)
    run = subprocess.run(
        [sys.executable, str(ENGINES[engine]), str(workspace), key.batch, key.plate, str(output)],
        env={**os.environ, "TMPDIR": str(scratch)},  # the reference copies each CSV there
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise BenchmarkError(
            f"{engine} on {case.plate} ended with {run.returncode}:\n{run.stderr[-2000:]}"
        )
    measured = json.loads((output / "measured.json").read_text())
    expected = case.plate.wells * case.plate.sites * case.plate.cells
    if measured["cells"] != expected:
        raise BenchmarkError(f"{engine} on {case.plate}: {measured['cells']} cells of {expected}")
    return {**measured, "load": round(os.getloadavg()[0], 1)}


def _read_once(workspace: Path) -> None:
    """Read the plate, so that no engine alone pays for a cold disk (if memory holds the plate)."""
    for file in workspace.rglob("*.csv"):
        file.read_bytes()


def _summary(case: Case, engine: str, runs: Sequence[Measured]) -> dict[str, Any]:
    mine = [run for run in runs if (run["case"], run["engine"]) == (case.label, engine)]
    costs = ("cpu_s", "wall_s", "peak_rss_mib", "imports_cpu_s", "imports_rss_mib")
    medians = {cost: round(median(run[cost] for run in mine), 3) for cost in costs}
    cpu = [run["cpu_s"] for run in mine]
    return {
        "case": case.label,
        "engine": engine,
        **medians,
        "cpu_s_min": min(cpu),
        "cpu_s_max": max(cpu),
        "cells_per_cpu_s": round(mine[0]["cells"] / medians["cpu_s"]),
    }


def _print_table(cases: Sequence[Case], summary: Sequence[Measured]) -> None:
    for case in cases:
        print(f"{case.label}: {case.plate}")
    columns = "case  engine       CPU s (min-max)      wall s  peak MiB"
    print(f"{columns}  imports: CPU s  MiB  cells/CPU s")
    for row in summary:
        spread = f"({row['cpu_s_min']:.1f}-{row['cpu_s_max']:.1f})"
        print(
            f"{row['case']:5} {row['engine']:10} {row['cpu_s']:7.1f} {spread:14} "
            f"{row['wall_s']:7.1f} {row['peak_rss_mib']:9.0f} {row['imports_cpu_s']:15.1f} "
            f"{row['imports_rss_mib']:4.0f} {row['cells_per_cpu_s']:12,}"
        )


def _ratio(one: float, other: float) -> float:
    return round(one / other, 2)


def _machine() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "-C", str(HERE), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "commit": commit.stdout.strip(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    sys.exit(main())
