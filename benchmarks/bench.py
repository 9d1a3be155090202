"""All measurements, and each target with its figure. `make bench`.

Put here: which parts run, what is aimed at.
Do not put here: any measurement (`collate`, `profiles`, `orchestration`).
Settings are environment variables, see README.md: PARTS and those of the parts.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import collate
import profiles
from results_file import LATEST, add_figures, forget, latest
from rounds import chosen

HERE = Path(__file__).resolve().parent
SIZE = "384x5700"


@dataclass(frozen=True)
class Target:
    """What a figure should be at least, or at most."""

    path: str
    limit: float
    at_most: bool = False
    goal: float | None = None


TARGETS = (
    Target("collate/small/cpu_ratio", 20, goal=30),
    Target("collate/large/cpu_ratio", 24, goal=35),
    Target("collate/small/rss_mb", 400, at_most=True),
    Target("collate/large/rss_mb", 400, at_most=True),
    Target("collate/two_plates/throughput_ratio", 1.7),
    Target("collate/large/cpu_per_site_to_small", 1.15, at_most=True),
    Target(f"correlation_threshold/{SIZE}/cpu_ratio", 20),
    Target(f"correlation_threshold/{SIZE}/rss_mb", 1500, at_most=True),
    Target(f"correlation_threshold/30x{SIZE}/rss_mb", 8000, at_most=True),
    Target(f"correlation_threshold/30x{SIZE}_nan/rss_mb", 8000, at_most=True),
    Target(f"normalize/{SIZE}/cpu_ratio", 8),
    Target(f"write_csv_gz/{SIZE}/cpu_ratio", 4),
    Target(f"profile_chain/{SIZE}/cpu_ratio", 6),
    Target("orchestration/run/import_above_dagster_s", 1.0, at_most=True),
    Target("orchestration/run/marginal_cpu_s_per_plate", 6, at_most=True, goal=1.5),
)


def orchestration() -> int:
    """Measure what Dagster and the command cost a plate."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "figures.json")
        script = str(HERE / "orchestration.py")
        run = subprocess.run([sys.executable, script, "--output", str(output)], check=False)
        if run.returncode == 0:
            figures = json.loads(output.read_text())
            figures.pop("machine", None)
            add_figures("orchestration", {"run": figures})
    return run.returncode


PARTS: dict[str, Callable[[], int]] = {
    "collate": collate.main,
    "profiles": profiles.main,
    "orchestration": orchestration,
}


def main() -> int:
    """Run the parts; 1 where one fails. A target that is missed is told, and fails nothing."""
    began = time.perf_counter()
    parts = chosen("PARTS", tuple(PARTS))
    forget(name for name in latest() if _part_of(name) in parts)  # what is printed is this run's
    codes: list[int] = []
    for name in parts:
        print(f"\n== {name}", flush=True)
        codes.append(PARTS[name]())
    sizes = latest().get("collate", {})
    if all("cpu_s" in sizes.get(name, {}) for name in ("small", "large")):
        per_site = {
            name: sizes[name]["cpu_s"] / (size.wells * size.sites)
            for name, size in (("small", collate.SMALL), ("large", collate.LARGE))
        }
        ratio = round(per_site["large"] / per_site["small"], 2)
        add_figures("collate", {"large": {**sizes["large"], "cpu_per_site_to_small": ratio}})
    print("\n== targets")
    for target in TARGETS:
        if _part_of(target.path.partition("/")[0]) in parts:
            print(_judged(target))
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes; written: {LATEST}")
    return max(codes, default=0)


def _part_of(subject: str) -> str:
    return subject if subject in PARTS else "profiles"


def _judged(target: Target) -> str:
    subject, size, name = target.path.split("/")
    figure = latest().get(subject, {}).get(size, {}).get(name)
    words = "at most" if target.at_most else "at least"
    wanted = f"{words} {target.limit:g}" + (f", goal {target.goal:g}" if target.goal else "")
    if figure is None:
        return f"{target.path:50}{'-':>9}  not measured  ({wanted})"
    met = figure <= target.limit if target.at_most else figure >= target.limit
    return f"{target.path:50}{figure:9.2f}  {'met' if met else 'NOT MET':12}  ({wanted})"


if __name__ == "__main__":
    sys.exit(main())
