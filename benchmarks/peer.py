"""The peer's own environment, and its committed figures.

Put here: which versions the peer is measured with, how they are installed, what `peer.json` says.
Do not put here: what the peer does (`engine_reference`, `steps_reference`).
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDER = HERE / ".peer"
FIGURES = HERE / "results" / "peer.json"
# the newest pycytominer that still collates; cytominer-database imports pkg_resources, which
# setuptools 82 removed
REQUIREMENTS = ("pycytominer[collate]==1.7.1", "setuptools==81.0.0")
COMMAND = "pycytominer.cyto_utils.collate_cmd"
CONFIG = "pycytominer/cyto_utils/database_config/ingest_config.ini"
FIVE_DIGITS = "%.5g"  # as the profiling recipe writes profiles
_FROZEN = "frozen.txt"


def collate_options(batch: str, plate: str, base: str, scratch: str) -> list[str]:
    """Return the handbook's options of the command, but for download from S3 and upload."""
    return [batch, CONFIG, plate, "--base", base, "--tmp-dir", scratch]


def peer_python() -> str:
    """Return the interpreter of the peer's environment; the first call installs it."""
    python = FOLDER / "bin" / "python"
    if not (FOLDER / _FROZEN).exists():
        print(f"installing the peer: {' '.join(REQUIREMENTS)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        (FOLDER / ".gitignore").write_text("*\n")
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *REQUIREMENTS], check=True)
        frozen = subprocess.run([*pip, "freeze", "--all"], check=True, capture_output=True)
        (FOLDER / _FROZEN).write_bytes(frozen.stdout)
    return str(python)


def peer_versions() -> dict[str, str]:
    """Return the versions of what the peer computes with."""
    named = ("cytominer-database", "pycytominer", "pandas", "numpy", "pyarrow", "sqlalchemy")
    lines = (FOLDER / _FROZEN).read_text().splitlines()
    frozen = dict(line.lower().split("==", 1) for line in lines if "==" in line)
    return {name: frozen[name] for name in named if name in frozen}


def committed() -> dict[str, Any]:
    """Return the figures of `peer.json`; empty where there are none."""
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {}


def commit_figures(sizes: dict[str, Any], machine: dict[str, Any]) -> None:
    """Write the peer's figures for runs that do not measure it anew."""
    figures = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": {**machine, "packages": peer_versions(), "load": round(os.getloadavg()[0], 1)},
        "sizes": sizes,
    }
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
