"""Collate, side by side: our engine and pycytominer's command on the same plates.

Put here: the sizes, what is compared for each, the table.
Do not put here: engines (`engine_*`), `plates`, the order of runs (`rounds`), `equality`, `limits`.
Settings are environment variables, see README.md: SIZES, ROUNDS, PLATES, KEEP, PEER.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import equality
import peer
from machine import machine
from plates import PlateSize, plate, plate_key
from results_file import add_figures, latest
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
SMALL = PlateSize(24, 4, 100, 600)
LARGE = PlateSize(96, 9, 100, 600)
JUMP = PlateSize(4, 4, 100, 1940)
WIDE = PlateSize(4, 4, 100, 2052)
_HEADER = (
    f"{'size':8}{'peer s':>9}{'ours s':>9}{'ratio':>7}{'wall':>7}{'MiB':>7}{'MiB':>6}"
    f"{'limit s':>9}{'ours/limit':>11}"
)

Figures = dict[str, Any]


def main() -> int:
    """Measure the chosen sizes; 1 where results differ or an engine fails."""
    names = chosen("SIZES", tuple(SIZES))
    folder = Path(os.environ.get("PLATES", HERE / ".plates"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    print(f"peer: {' '.join(peer.REQUIREMENTS)}")
    print(f"peer's command: python -m {_peer_command()}\n{_HEADER}", flush=True)
    failed = False
    for name in names:
        try:
            figures = SIZES[name](folder)
        except DifferentError as failure:
            print(f"{name}: FAILED: {failure}", flush=True)
            figures, failed = {"failed": str(failure)}, True
        add_figures("collate", {name: figures})
    return 1 if failed else 0


def _peer_command() -> str:
    options = peer.collate_options("BATCH", "PLATE", "WORKSPACE", "SCRATCH")
    return " ".join([peer.COMMAND, *options])


def small(folder: Path) -> Figures:
    """Measure both engines on the small plate."""
    return _both("small", SMALL, folder)


def jump(folder: Path) -> Figures:
    """Measure both engines at the width of a JUMP plate."""
    return _both("jump", JUMP, folder)


def large(folder: Path) -> Figures:
    """Measure ours on the large plate, and the peer where asked; its committed figure otherwise."""
    if os.environ.get("PEER") == "measure":
        figures = _both("large", LARGE, folder, peer_rounds=1)
        sizes = {"small": latest()["collate"]["small"], "large": figures}
        costs = ("peer_cpu_s", "peer_wall_s", "peer_rss_mb", "equality")
        of_peer = {name: {cost: size[cost] for cost in costs} for name, size in sizes.items()}
        peer.commit_figures(of_peer, machine())
        return figures
    with _lent(LARGE, folder, engines=1) as workspace:
        runs = [_ours(LARGE, workspace, folder) for _ in range(rounds_asked())]
        figures = {**ours_alone(runs), **_limits(LARGE, workspace, folder)}
    known, of_small = peer.committed(), latest().get("collate", {}).get("small", {})
    if known and "peer_cpu_s" in of_small:
        before = known["sizes"]
        scale = {
            cost: of_small[cost] / before["small"][cost] for cost in ("peer_cpu_s", "peer_wall_s")
        }
        figures |= {cost: round(before["large"][cost] * scale[cost], 1) for cost in scale}
        figures["peer_rss_mb"] = before["large"]["peer_rss_mb"]
        figures["cpu_ratio"] = round(figures["peer_cpu_s"] / figures["cpu_s"], 2)
        figures["wall_ratio"] = round(figures["peer_wall_s"] / figures["wall_s"], 2)
        figures["peer_source"] = (
            f"results/peer.json of {known['date']}, scaled by this run's small peer: "
            f"{scale['peer_cpu_s']:.2f} in CPU; results were equal then, and not compared now"
        )
    _tell("large", _with_limit_ratio(figures))
    if "peer_source" in figures:
        print(f"  peer: {figures['peer_source']}", flush=True)
    return figures


def wide(folder: Path) -> Figures:
    """Measure ours beyond SQLite's 2,000 columns, and see what the peer says of such a plate."""
    with _lent(WIDE, folder, engines=2) as workspace:
        runs = [_ours(WIDE, workspace, folder) for _ in range(rounds_asked())]
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            try:
                _run("reference", WIDE, workspace, Path(scratch))
            except DifferentError as failure:
                said = str(failure).strip().splitlines()[-1][:200]
            else:
                said = "made a backend"
    figures = {**ours_alone(runs), "peer": said}
    _tell("wide", figures)
    print(f"  peer: {said}; ours: aggregated profiles, no SQLite file", flush=True)
    return figures


def two_plates(folder: Path) -> Figures:
    """Measure two small plates at once against one."""
    one: list[float] = []
    two: list[float] = []
    with _lent(SMALL, folder, engines=2) as workspace:
        for _ in range(rounds_asked()):
            for walls, plates in ((one, 1), (two, 2)):
                began = time.perf_counter()
                with ThreadPoolExecutor(plates) as at_once:
                    runs = [at_once.submit(_ours, SMALL, workspace, folder) for _ in range(plates)]
                costs = [run.result() for run in runs]
                imports = max(cost["imports_cpu_s"] for cost in costs)
                walls.append(time.perf_counter() - began - imports)
    figures: Figures = {
        "throughput_ratio": round(2 * median(one) / median(two), 2),
        "one_wall_s": round(median(one), 2),
        "two_wall_s": round(median(two), 2),
        "rounds": len(one),
        "load": round(os.getloadavg()[0], 1),
    }
    print(
        f"two plates at once: {figures['throughput_ratio']} times the throughput of one "
        f"({figures['two_wall_s']} s for two, {figures['one_wall_s']} s for one, without imports)",
        flush=True,
    )
    return figures


SIZES: dict[str, Callable[[Path], Figures]] = {
    "small": small,
    "jump": jump,
    "wide": wide,
    "two_plates": two_plates,
    "large": large,  # last: its figure of the peer is scaled by the small one of this run
}


def _both(name: str, size: PlateSize, folder: Path, *, peer_rounds: int | None = None) -> Figures:
    runs: dict[str, list[Measured]] = {"reference": [], "ours": []}
    verdict = ""
    with _lent(size, folder, engines=2) as workspace:
        for number in range(rounds_asked()):
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                for engine in in_turns(tuple(runs), number):
                    if engine == "ours" or peer_rounds is None or number < peer_rounds:
                        runs[engine].append(_run(engine, size, workspace, Path(scratch)))
                if number == 0:  # the same files give the same results each round
                    verdict = _compared_results(Path(scratch))
        figures = {
            **compared(runs["reference"], runs["ours"]),
            "equality": verdict,
            **_limits(size, workspace, folder),
        }
    _tell(name, _with_limit_ratio(figures))
    print(f"  {verdict}", flush=True)
    return figures


def _compared_results(scratch: Path) -> str:
    difference = equality.compare(scratch / "reference", scratch / "ours")
    if difference.found:
        raise DifferentError(str(difference))
    return str(difference)


def _lent(size: PlateSize, folder: Path, *, engines: int) -> Any:
    keep = os.environ.get("KEEP", "") not in ("", "0")
    return plate(size, folder, engines=engines, keep=keep)


def _ours(size: PlateSize, workspace: Path, folder: Path) -> Measured:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        return _run("ours", size, workspace, Path(scratch))


def _run(engine: str, size: PlateSize, workspace: Path, scratch: Path) -> Measured:
    key = plate_key(size)
    python = sys.executable if engine == "ours" else peer.peer_python()
    script = str(HERE / f"engine_{engine}.py")
    output = scratch / engine
    costs = measured(
        [python, script, str(workspace), key.batch, key.plate, str(output)],
        output,
        scratch=scratch,
    )
    expected = size.wells * size.sites * size.cells
    if costs["cells"] != expected:
        message = f"{engine} on {size}: {costs['cells']} cells of {expected}"
        raise DifferentError(message)
    return costs


def _limits(size: PlateSize, workspace: Path, folder: Path) -> Figures:
    """Measure what cannot be spared: reading the files, parsing them, writing the rows."""
    key = plate_key(size)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        run = subprocess.run(
            [sys.executable, str(HERE / "limits.py"), str(workspace), key.batch, key.plate],
            env={**os.environ, "TMPDIR": scratch},
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode != 0:
        message = f"limits.py ended with {run.returncode}:\n{run.stderr[-2000:]}"
        raise DifferentError(message)
    return {"limits": json.loads(run.stdout)}


def _with_limit_ratio(figures: Figures) -> Figures:
    limit = sum(figures["limits"].values())
    figures["limit_cpu_s"] = round(limit, 3)
    figures["limit_ratio"] = round(figures["cpu_s"] / limit, 2)
    return figures


def _tell(name: str, figures: Figures) -> None:
    def told(key: str, width: int, digits: int) -> str:
        return f"{figures[key]:{width}.{digits}f}" if key in figures else f"{'-':>{width}}"

    print(
        f"{name:8}{told('peer_cpu_s', 9, 1)}{told('cpu_s', 9, 2)}{told('cpu_ratio', 7, 1)}"
        f"{told('wall_ratio', 7, 1)}{told('peer_rss_mb', 7, 0)}{told('rss_mb', 6, 0)}"
        f"{told('limit_cpu_s', 9, 2)}{told('limit_ratio', 11, 2)}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
