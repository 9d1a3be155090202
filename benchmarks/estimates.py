"""What `estimate` says against what a run then takes. `python benchmarks/estimates.py [FOLDER ...]`

Put here: the workspaces, the run, the table.
Do not put here: the model (`profiling_assets.core.estimate`), making plates (`plates`).
A FOLDER is a workspace of your own; it is copied first. CPU and memory are those that each run's
last event tells.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

sys.path.insert(0, str(Path(__file__).parents[1]))  # started as a script, from anywhere

from profiling_assets.dagster.launchers.local_server import COST
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import demo_spec, plate_spec
from profiling_assets.operations.estimate.batches import Estimate, estimate_workspace
from profiling_assets.operations.estimate.weights import weigh_plates
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace

_TOLD = re.compile(rf"{COST} ([\d.]+) s of CPU, ([\d.]+) s, (\d+) MB of memory")
_CSVS = "analysis"
_OURS = ("DAGSTER_HOME", "PROFILING_ASSETS_")


@dataclass(frozen=True)
class Took:
    """CPU seconds of all runs, MB of memory of the largest, bytes of all SQLite files."""

    cpu_s: float
    memory_mb: float
    sqlite: int
    runs: int


def main() -> None:
    """Print a table, a line a workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="further workspaces, copied")
    chosen = parser.parse_args()
    print("workspace | CSV MB | CPU s: estimate, run, ratio | SQLite MB | memory MB")
    with tempfile.TemporaryDirectory() as place:
        for name in ("demo", "small", *map(str, chosen.folders)):
            root = Path(place) / Path(name).name
            if name == "demo":
                make_workspace(root, demo_spec())
            elif name == "small":
                make_workspace(root, plate_spec(24, 4, 100, 600))
            else:
                shutil.copytree(name, root, copy_function=shutil.copyfile)
            print(_line(Path(name).name, _estimated(root), _run(root)), flush=True)
            shutil.rmtree(root)


def _estimated(root: Path) -> Estimate:
    workspace = FolderWorkspace(str(root))
    plates = scan_workspace(workspace, _CSVS).plates
    return estimate_workspace(weigh_plates(workspace, plates, _CSVS))


def _run(root: Path) -> Took:
    home = root.with_name(f"{root.name} home")
    home.mkdir()
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
    environment = {**kept, "DAGSTER_HOME": str(home)}
    program = [sys.executable, "-m", "profiling_assets"]
    config = root / "config_files" / "config.yml"
    for words in (
        ["init-config", str(root)],
        ["run", "--workspace", str(root), "--config", str(config)],
    ):
        subprocess.run([*program, *words], env=environment, check=True, capture_output=True)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        events = [
            _TOLD.search(event.message or "")
            for run in instance.get_runs()
            for event in (e.dagster_event for e in instance.all_logs(run.run_id))
            if event is not None
        ]
        runs = len(instance.get_runs())
    told = [found for found in events if found is not None]
    if len(told) != runs:
        message = f"{len(told)} of {runs} runs say what they took"
        raise LookupError(message)
    sqlite = sum(file.stat().st_size for file in (root / "backend").rglob("*.sqlite"))
    shutil.rmtree(home)
    return Took(
        cpu_s=sum(float(found[1]) for found in told),
        memory_mb=max(float(found[3]) for found in told),
        sqlite=sqlite,
        runs=runs,
    )


def _line(name: str, said: Estimate, took: Took) -> str:
    cpu, sqlite = said.cpu_seconds, said.sqlite_bytes
    pairs = {
        "CPU s": (cpu.expected, took.cpu_s),
        "SQLite MB": (sqlite.expected / 1e6, took.sqlite / 1e6),
        "memory MB": (said.memory_bytes / 1e6, took.memory_mb),
    }
    told = {what: [round(a, 1), round(b, 1), round(a / b, 2)] for what, (a, b) in pairs.items()}
    within = cpu.low <= took.cpu_s <= cpu.high and sqlite.low <= took.sqlite <= sqlite.high
    size = f"CSV {said.bytes_in / 1e6:.0f} MB, {took.runs} runs"
    return f"{name} | {size} | {json.dumps(told)} | within the spread: {within}"


if __name__ == "__main__":
    main()
