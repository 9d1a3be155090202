"""What a process costs: CPU, wall-clock time, peak memory; read by the process itself.

Put here: reading the counters of the operating system.
Do not put here: what is measured (`engine_*`), comparing and printing (`collate`).
"""

import json
import resource
import sys
import time
from pathlib import Path

MIB = 2**20
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures from its making on; made after the imports, so that these are counted apart."""

    def __init__(self) -> None:
        self._imports = cpu_seconds()
        self._memory = peak_rss()
        self._start = time.perf_counter()

    def write(self, file: Path, **facts: object) -> None:
        """Write what was used since, and facts beside it, as JSON."""
        wall, cpu = time.perf_counter() - self._start, cpu_seconds() - self._imports
        measured = {
            "cpu_s": round(cpu, 3),
            "wall_s": round(wall, 3),
            "peak_rss_mib": round(peak_rss() / MIB, 1),
            "imports_cpu_s": round(self._imports, 3),
            "imports_rss_mib": round(self._memory / MIB, 1),
        }
        file.write_text(json.dumps({**measured, **facts}))


def cpu_seconds() -> float:
    """Return user and system seconds of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_rss() -> int:
    """Return the most bytes of memory that this process held at once.

    Not `ru_maxrss` where there is a choice: Linux hands it on at `exec`, so that a small program
    started by a large one reports the large one's.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
