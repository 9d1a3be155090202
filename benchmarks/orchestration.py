"""What Dagster and the command around it cost, a plate: CPU of `run`, less that of the steps.

Put here: the runs on 1 and on 16 tiny plates, and the figures made of them.
Do not put here: counting a tree of processes (`process_tree`), the steps alone (`pure_functions`).
`python benchmarks/orchestration.py [--plates N] [--rounds N] [--output FILE]`
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # started as a script, from anywhere

from benchmarks.machine import machine
from benchmarks.process_tree import Cost, cost_of
from profiling_assets.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec

HERE = Path(__file__).resolve().parent
_NO_PICTURES = "quality_control:\n  perform: false"
_OURS = ("DAGSTER_HOME", "PROFILING_ASSETS_", "AWS_")
_CONFIG = "config.yml"
_IMPORTS = 5
# from the backend to feature-selected profiles, with negative-control twins: 9 results
_LEFT_OUT = {"gct: true": "gct: false", "quality_control:\n  perform: true": _NO_PICTURES}
_WELLS, _SITES, _CELLS, _COLUMNS = 12, 2, 12, 40


def main() -> None:
    """Measure, print a table, and write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=16, help="of the larger workspace")
    parser.add_argument("--rounds", type=int, default=1, help="medians are given")
    parser.add_argument("--output", type=Path, help="where the figures are written as JSON")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), chosen.plates, chosen.rounds)
    text = json.dumps({**figures, "machine": machine()}, indent=1)
    print(text)
    if chosen.output is not None:
        chosen.output.write_text(text + "\n")


def measured(folder: Path, plates: int, rounds: int) -> dict[str, float]:
    """Measure imports and runs; CPU seconds.

    `startup_cpu_s` is what a run of one plate costs beyond a further plate: the command, the code
    server, the imports. `marginal_cpu_s_per_plate` is what each further plate costs beyond the
    functions of its steps, `pure_cpu_s_per_plate`.
    """
    dagster, ours = (median(_imports(folder, name)) for name in ("dagster", _LOCATION))
    few: list[Cost] = []
    many: list[Cost] = []
    pure: list[float] = []
    for number in range(rounds):
        for count, runs in ((1, few), (plates, many)):
            root = _workspace(folder, count, f"round {number}")
            runs.append(_run(folder, root))
            print(f"{count} plates: CPU {runs[-1].cpu_s:.1f} s, wall {runs[-1].wall_s:.1f} s")
        alone = [_steps(folder, count, number) for count in (1, plates)]
        pure.append((alone[1] - alone[0]) / (plates - 1))
    one, all_of_them = (median(cost.cpu_s for cost in costs) for costs in (few, many))
    further = (all_of_them - one) / (plates - 1)
    return {
        "import_s": round(ours, 2),
        "import_dagster_s": round(dagster, 2),
        "import_above_dagster_s": round(ours - dagster, 2),
        "startup_cpu_s": round(one - further, 2),
        "marginal_cpu_s_per_plate": round(further - median(pure), 2),
        "pure_cpu_s_per_plate": round(median(pure), 2),
        "one_plate_cpu_s": round(one, 2),
        "one_plate_wall_s": round(median(cost.wall_s for cost in few), 1),
        "plates": plates,
        "all_plates_cpu_s": round(all_of_them, 2),
        "all_plates_wall_s": round(median(cost.wall_s for cost in many), 1),
    }


_LOCATION = "profiling_assets.definitions"


def _imports(folder: Path, module: str) -> list[float]:
    command = [sys.executable, "-c", f"import {module}"]
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    environment = {**_environment(folder), "PROFILING_ASSETS_WORKSPACE": str(empty)}
    bare = [sys.executable, "-c", ""]
    interpreter = min(cost_of(bare, environment, folder / "log").cpu_s for _ in range(_IMPORTS))
    return [
        cost_of(command, environment, folder / "log").cpu_s - interpreter for _ in range(_IMPORTS)
    ]


def _workspace(folder: Path, count: int, name: str) -> Path:
    root = folder / f"{name} {count}"
    names = tuple(f"PL-{number:02d}" for number in range(count))
    make_workspace(root, plate_spec(_WELLS, _SITES, _CELLS, _COLUMNS, plates=names))
    text = render_config({}, pipeline="profiling")
    for on, off in _LEFT_OUT.items():
        if on not in text:
            raise LookupError(on)
        text = text.replace(on, off)
    (root / _CONFIG).write_text(text)
    return root


def _run(folder: Path, root: Path) -> Cost:
    command = [sys.executable, "-m", "profiling_assets", "run", "--workspace", root]
    command += ["--config", root / _CONFIG]
    environment = {**_environment(folder), "XDG_STATE_HOME": f"{root} state"}
    return cost_of(command, environment, folder / "log")


def _steps(folder: Path, count: int, number: int) -> float:
    root = _workspace(folder, count, f"steps {number}")
    script, output = HERE / "pure_functions.py", folder / "steps.json"
    command = [sys.executable, script, root, root / _CONFIG, output]
    cost_of(command, _environment(folder), folder / "log")
    return json.loads(output.read_text())["cpu_s"]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "XDG_STATE_HOME": str(folder / "state")}


if __name__ == "__main__":
    main()
