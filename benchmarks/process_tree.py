"""What a command and everything that it starts cost, also processes that outlive their parent.

Put here: starting a command and adding up the CPU of its whole tree.
Do not put here: what one process costs by its own count (`meter`).
"""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """What a command used, with its descendants.

    Attributes
    ----------
    cpu_s : float
        User and system seconds.
    wall_s : float
        Seconds until the last of its processes had ended.
    """

    cpu_s: float
    wall_s: float


class CommandError(Exception):
    """The command did not end with 0."""


def cost_of(command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command and count its tree; this process must have no other children.

    A process is counted by whoever waits for it, and handed up when that one ends. Orphans would
    be waited for by the system's first process; where the system allows it (Linux), by this one.

    Parameters
    ----------
    command : sequence of str or pathlib.Path
        The command.
    environment : mapping of str to str
        Its environment, whole.
    log : pathlib.Path
        Where it prints.

    Returns
    -------
    Cost
        CPU and wall-clock time.

    Raises
    ------
    CommandError
        Where it fails, with the end of what it printed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    cpu, code = 0.0, 0
    with log.open("ab") as printed:
        first = subprocess.Popen(
            [str(word) for word in command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
        )
        while True:
            try:
                pid, status, used = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu += used.ru_utime + used.ru_stime
            if pid == first.pid:
                code = first.returncode = os.waitstatus_to_exitcode(status)
    if code != 0:
        text = log.read_text(errors="replace")[-3000:]
        raise CommandError(f"{command[0]} ended with {code}\n{text}")
    return Cost(cpu, time.perf_counter() - started)
