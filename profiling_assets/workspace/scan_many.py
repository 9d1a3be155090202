"""Looking at hundreds of plates: in threads, and where there are many, in processes as well.

Put here: what a look tells, spreading looks over threads and processes, keeping the error of a
plate.
Do not put here: listing a plate (`scan_workspace`), what another process does (`scan_worker`).

A plate of 3,456 sites has 17,280 keys. Its look is the CPU time of reading them, which threads of
one process cannot share.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from profiling_assets.errors import ProfilingError
from profiling_assets.workspace.completeness import PlateCompleteness, SiteFolderFacts, site_matrix
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import (
    IgnoredEntry,
    no_path_entries,
    printable,
    site_name_problem,
)
from profiling_assets.workspace.scan_workspace import read_expected, scan_plate
from profiling_assets.workspace.site_layouts import plate_site_names
from profiling_assets.workspace.sites import parse_site_folder
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once

_IMAGED = {"Image.csv": 1}  # what a glance by names takes every folder to hold

# Another process is ready after about 1 s of imports, in which this one looks at some plates in
# full (0.2 s each), or at many by their names.
_ALONE = {False: 12, True: 200}
_MOST_PROCESSES = 8
_WORKER = "profiling_assets.workspace.scan_worker"


@dataclass(frozen=True)
class PlateGlance:
    """What one look told of a plate."""

    completeness: PlateCompleteness
    folders: int  # number of site folders
    # when one of its files last changed, in seconds since 1970; None where that was not looked at,
    # or nothing is there
    last_change: float | None
    fingerprint: str | None  # of its CSV files; None where they were not looked at
    # what lies among its site folders and was left out, as far as this look tells
    ignored: tuple[IgnoredEntry, ...] = ()
    unusable: bool = False  # whether input lies there and no site can be read


GlanceOrError = PlateGlance | ProfilingError


def look_at_plates(
    workspace: Workspace,
    keys: Sequence[PlateKey],
    csv_dir: str,
    *,
    quick: bool = False,
    processes: int | None = None,
) -> list[GlanceOrError]:
    """Look at plates, and return for each, in the order of `keys`, what was seen or its error.

    `csv_dir`: folder of the site folders below a plate's folder; empty or `.` for that folder
    itself. `quick`: whether to look at the names of site folders only. `processes`: how many
    processes may look, this one included; else as many as there are CPUs for this one, and 8 at
    most. Few plates are looked at by this process alone in any case. What a process that died was
    to look at, this one does.
    """
    many = min(_cpus(), _MOST_PROCESSES) if processes is None else processes
    if many < 2 or len(keys) < _ALONE[quick]:
        return look_in_threads(workspace, keys, csv_dir, quick=quick)
    shares = [keys[number::many] for number in range(many)]
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        helpers.extend(_helper(workspace, share, csv_dir, quick=quick) for share in shares[1:])
        looks: list[list[GlanceOrError] | None] = [
            look_in_threads(workspace, shares[0], csv_dir, quick=quick),
            *map(_answer, helpers),
        ]
    finally:
        for helper in helpers:
            _end(helper)
    found: dict[PlateKey, GlanceOrError] = {}
    for share, seen in zip(shares, looks, strict=True):
        told = look_in_threads(workspace, share, csv_dir, quick=quick) if seen is None else seen
        found |= zip(share, told, strict=True)
    return [found[key] for key in keys]


def look_in_threads(
    workspace: Workspace, keys: Sequence[PlateKey], csv_dir: str, *, quick: bool
) -> list[GlanceOrError]:
    """Look at plates in this process: what `look_at_plates` does for a share of them."""
    look = glance_at_names if quick else glance

    def one(key: PlateKey) -> GlanceOrError:
        try:
            return look(workspace, key, csv_dir)
        except ProfilingError as error:
            return error

    return map_at_once(one, keys, at_once=workspace.at_once)


def glance(workspace: Workspace, key: PlateKey, csv_dir: str) -> PlateGlance:
    """Look at all files of a plate: on S3 a request for each thousand of them.

    `csv_dir`: folder of the site folders below the plate's folder; empty or `.` for that folder
    itself.
    """
    listing = scan_plate(workspace, key, csv_dir)
    return PlateGlance(
        listing.completeness,
        len(listing.folders),
        listing.last_change,
        listing.fingerprint,
        listing.ignored,
        listing.unusable,
    )


def glance_at_names(workspace: Workspace, key: PlateKey, csv_dir: str) -> PlateGlance:
    """Look at the names of a plate's site folders only: on S3 four requests for 3,456 sites.

    Every site folder is taken to hold an `Image.csv`. `csv_dir`: folder of the site folders below
    the plate's folder; empty or `.` for that folder itself.
    """
    found = plate_site_names(workspace, key, csv_dir)
    base = found.base
    ignored = list(no_path_entries(found.no_paths))
    names: list[str] = []
    for name in found.names:
        problem = site_name_problem(name)
        if problem is None:
            names.append(name)
        else:
            ignored.append(IgnoredEntry(printable(f"{base}/{name}"), problem))
    loaded = read_expected(workspace, key)
    facts = [SiteFolderFacts(name, parse_site_folder(name, key.plate), _IMAGED) for name in names]
    # `outlines` and the like lie among site folders; a scan of the files leaves them out
    facts = [fact for fact in facts if fact.site.well is not None] or facts
    completeness = site_matrix(None if loaded is None else loaded.sites, facts)
    return PlateGlance(completeness, len(facts), None, None, tuple(ignored))


def expect_many() -> None:
    """Prepare a process that looks at hundreds of plates and then ends.

    What is imported stays: collections of garbage need not walk over it. They come seldom, as a
    look makes tens of thousands of records at once and hardly any garbage.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _helper(
    workspace: Workspace, keys: Sequence[PlateKey], csv_dir: str, *, quick: bool
) -> "subprocess.Popen[bytes]":
    """Start a process for a share of the plates.

    Not by `multiprocessing`, which imports the main module once more: that may be a script.
    """
    helper = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
        [sys.executable, "-P", "-m", _WORKER],  # the current folder is the user's
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what fails there is done again here, and told
        start_new_session=True,  # Ctrl-C is this process's affair
    )
    assert helper.stdin is not None
    with suppress(BrokenPipeError):  # it died: seen when it is to answer
        for part in (sys.path, (workspace, tuple(keys), csv_dir, quick)):
            helper.stdin.write(pickle.dumps(part))
        helper.stdin.flush()  # open until it has answered: it ends when this process does
    return helper


def _answer(helper: "subprocess.Popen[bytes]") -> list[GlanceOrError] | None:
    assert helper.stdout is not None
    try:
        return cast("list[GlanceOrError]", pickle.load(helper.stdout))  # noqa: S301  # our own process
    except (EOFError, pickle.UnpicklingError):
        return None


def _end(helper: "subprocess.Popen[bytes]") -> None:
    """End a process that has answered, or whose answer nobody waits for."""
    helper.kill()
    for pipe in (helper.stdin, helper.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    helper.wait()


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
