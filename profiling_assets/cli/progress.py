"""How a run is shown: a bar with ETA on a terminal, a log file for each plate, quiet otherwise.

Put here: what the user sees while runs go on.
Do not put here: what the runs do (`dagster.runs.runner`), the summary after them (`summary`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)

if TYPE_CHECKING:  # Dagster takes seconds to import
    from profiling_assets.dagster.runs.runner import Group
    from profiling_assets.steps.results import Task

_MANY = 200  # events: some seconds


def recorded(partitions: Sequence[str]) -> Iterable[str]:
    """Yield partitions that are being recorded, and show how far they have come."""
    console = Console(stderr=True, highlight=False, markup=False)
    if len(partitions) < _MANY:
        return partitions
    if not console.is_terminal:
        console.print(f"recording {len(partitions)} inputs in the event log")
        return partitions
    return track(partitions, "recording inputs", console=console, transient=True)


class ProgressListener:
    """Writes each plate's log file and moves the bar."""

    def __init__(self, logs: Path, total: int) -> None:
        self._logs = logs
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("built"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._line = self._bar.add_task("profiling", total=total)

    def __enter__(self) -> ProgressListener:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def log_file(self, partition: str) -> Path:
        """Return the log file of a partition: `BATCH/PLATE.log`, `BATCH.log`."""
        parts = [re.sub(r"[^\w. =+-]", "_", part) for part in partition.split("/")]
        return self._logs.joinpath(*parts[:-1], f"{parts[-1]}.log")

    def run_started(self, group: Group, run_id: str) -> None:
        """Note the run in the log and on the bar."""
        names = ", ".join(task.name for task in group.tasks)
        self._bar.update(self._line, description=group.partition)
        self.line(group.partition, f"run {run_id}: {names}")

    def line(self, partition: str, text: str) -> None:
        """Append one line to a log file."""
        path = self.log_file(partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{text}\n")

    def task_done(self, task: Task) -> None:
        """Move the bar."""
        self._bar.update(self._line, advance=1, description=task.partition)

    def task_failed(self, task: Task, reason: str) -> None:
        """Note a failure in the log and move the bar."""
        self.line(task.partition, f"{task}: {reason}")
        self._bar.update(self._line, advance=1)
