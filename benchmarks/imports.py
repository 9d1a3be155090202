"""CPU seconds of importing each command, and what of the heavy packages comes with it.

Put here: imports of one process.
Do not put here: what a command costs when it runs (`orchestration`).
`python benchmarks/imports.py [CHECKOUT ...]`: this checkout, and beside it any other one, such as a
clone of a former version; the least of several processes each, in turns, as machines are noisy.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
HEAVY = ("dagster", "pandas", "pyarrow", "numpy", "matplotlib", "pycytominer")
_CODE = """
import os, sys
before = sum(os.times()[:2])
import {module}
print(sum(os.times()[:2]) - before, *[name for name in {heavy} if name in sys.modules])
"""


def commands(root: Path) -> list[str]:
    """List the modules of the commands of a checkout, and what others import."""
    code = (
        "from profiling_assets.cli.main import _COMMANDS as c; print(*[m for m, _ in c.values()])"
    )
    return [*_run(root, code).split(), "profiling_assets.definitions"]


def _run(root: Path, code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
    words = [sys.executable, "-c", code]
    return subprocess.run(
        words, env=environment, cwd=root, capture_output=True, text=True, check=True
    ).stdout


def measured(root: Path, module: str) -> tuple[float, list[str]]:
    """Import a module in a process of its own; CPU seconds, and the heavy packages loaded."""
    seconds, *heavy = _run(root, _CODE.format(module=module, heavy=HEAVY)).split()
    return float(seconds), heavy


def main() -> None:
    """Print a line a command, a column a checkout."""
    roots = [ROOT, *(Path(word).resolve() for word in sys.argv[1:])]
    print("command".ljust(20), *(str(root)[-40:].ljust(44) for root in roots))
    for module in commands(ROOT):
        for root in roots:
            measured(root, module)  # writes the bytecode
        rounds = [[measured(root, module) for root in roots] for _ in range(ROUNDS)]
        cells: list[str] = []
        for place in range(len(roots)):
            least = min(found[place][0] for found in rounds)
            cells.append(f"{least:5.2f} s  {' '.join(rounds[0][place][1])}".ljust(44))
        print(module.rpartition(".")[2].ljust(20), *cells)


if __name__ == "__main__":
    main()
