"""Looking at hundreds of plates: in threads, and where there are many, in processes as well.

Put here: spreading looks over threads and processes, keeping the error of a plate.
Do not put here: what a look tells (`glance`), which plates there are (`scan`).

A plate of 3,456 sites has 17,280 keys. Its look is the CPU time of reading them, which threads of
one process cannot share.
"""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from profiling_assets.core.errors import ProfilingError
from profiling_assets.core.names import PlateKey
from profiling_assets.storage.glance import PlateGlance, expect_many, glance, glance_at_names
from profiling_assets.storage.parallel import map_at_once
from profiling_assets.storage.workspace import Workspace

# A process is ready after about 1 s of imports, in which this one looks at some plates in full
# (0.2 s each), or at many by their names.
_ALONE = {False: 12, True: 200}
_MOST_PROCESSES = 8
_SHARES = 4  # that each process takes one after the other, so that they end at about the same time


def look_at_plates(
    workspace: Workspace,
    keys: Sequence[PlateKey],
    csv_dir: str,
    *,
    quick: bool = False,
    processes: int | None = None,
) -> list[PlateGlance | ProfilingError]:
    """Look at plates.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    keys : sequence of PlateKey
        The plates.
    csv_dir : str
        Folder of the site folders below a plate's folder; empty or `.` for that folder itself.
    quick : bool
        Whether to look at the names of site folders only.
    processes : int, optional
        How many processes may look; else as many as there are CPUs for this one, and 8 at most.
        Few plates are looked at in this process in any case.

    Returns
    -------
    list of PlateGlance or ProfilingError
        In the order of `keys`; the error of a plate that cannot be read.
    """
    many = min(_cpus(), _MOST_PROCESSES) if processes is None else processes
    if many < 2 or len(keys) < _ALONE[quick]:
        return _in_threads(workspace, keys, csv_dir, quick=quick)
    size = max(1, -(-len(keys) // (many * _SHARES)))
    shares = [keys[begin : begin + size] for begin in range(0, len(keys), size)]
    pool = ProcessPoolExecutor(
        min(many, len(shares)),
        mp_context=multiprocessing.get_context("spawn"),  # a fork would copy clients with threads
        initializer=_prepare,
        initargs=(workspace,),
    )
    try:
        calls = [pool.submit(_share, share, csv_dir, quick=quick) for share in shares]
        return [look for call in calls for look in call.result()]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_threads(
    workspace: Workspace, keys: Sequence[PlateKey], csv_dir: str, *, quick: bool
) -> list[PlateGlance | ProfilingError]:
    look = glance_at_names if quick else glance

    def one(key: PlateKey) -> PlateGlance | ProfilingError:
        try:
            return look(workspace, key, csv_dir)
        except ProfilingError as error:
            return error

    return map_at_once(one, keys, at_once=workspace.at_once)


_workspaces: list[Workspace] = []  # of a process that only looks: the one it was started with


def _prepare(workspace: Workspace) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    expect_many()
    _workspaces.append(workspace)


def _share(
    keys: Sequence[PlateKey], csv_dir: str, *, quick: bool
) -> list[PlateGlance | ProfilingError]:
    return _in_threads(_workspaces[0], keys, csv_dir, quick=quick)


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
