"""On what a result was measured.

Put here: facts about machine, interpreter and packages.
Do not put here: costs of a run (`meter`).
"""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("cytominer-database", "pycytominer", "pandas", "numpy", "pyarrow", "deflate")


def machine() -> dict[str, Any]:
    """Return commit, platform and versions."""
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
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
