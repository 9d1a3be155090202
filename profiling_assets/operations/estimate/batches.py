"""What batches and the whole workspace will need, and how many plates a machine builds at once.

Put here: sums over plates, the runs of a batch, machines.
Do not put here: a single plate (`plate`), money (`cost`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from profiling_assets.operations.estimate import rates
from profiling_assets.operations.estimate.plate import (
    PlateEstimate,
    PlateWeight,
    Requests,
    estimate_plate,
    task_of,
)
from profiling_assets.operations.estimate.rates import NOTHING, Range
from profiling_assets.operations.fargate import FargateSize

_DAEMON_MEMORY = 1.5 * rates.GB  # daemon, web server, code server and the process that forks runs
_SHOWN_AT_ONCE = (1, 4, 16, 64, 256)


@dataclass(frozen=True)
class BatchEstimate:
    """What a batch's own two runs will need, beside those of its plates."""

    batch: str
    plates: int
    wells: int  # wells of all of them: rows that vote
    cpu_seconds: Range  # of both runs
    memory_bytes: int  # what to give a run, a margin included
    task: FargateSize | None  # the smallest Fargate task; None where none is large enough


@dataclass(frozen=True)
class Estimate:
    """What a workspace will need."""

    plates: tuple[PlateEstimate, ...]  # sorted by batch and plate
    batches: tuple[BatchEstimate, ...]  # sorted by name

    @property
    def bytes_in(self) -> int:
        """Bytes that are read."""
        return sum(one.weight.bytes_in for one in self.plates)

    @property
    def sqlite_bytes(self) -> Range:
        """Bytes of all SQLite backends."""
        return sum((one.sqlite_bytes for one in self.plates), NOTHING)

    @property
    def result_bytes(self) -> Range:
        """Bytes of everything that is made."""
        return sum((one.result_bytes for one in self.plates), NOTHING)

    @property
    def cpu_seconds(self) -> Range:
        """CPU seconds of all runs."""
        parts: Sequence[PlateEstimate | BatchEstimate] = (*self.plates, *self.batches)
        return sum((one.cpu_seconds for one in parts), NOTHING)

    @property
    def requests(self) -> Requests:
        """Requests to S3."""
        return sum((one.requests for one in self.plates), Requests())

    @property
    def memory_bytes(self) -> int:
        """Memory of the largest run."""
        return max((one.memory_bytes for one in (*self.plates, *self.batches)), default=0)


@dataclass(frozen=True)
class Machine:
    """A machine that builds some plates at once."""

    at_once: int  # plates at once: `max_concurrent_runs`, and the limit of the pool `backend`
    cores: int  # a core each
    # for the largest plates that meet there, and for daemon and web server
    memory_bytes: int
    scratch_bytes: int
    seconds: Range  # time until all is built, where reading and writing keep up


def estimate_workspace(weights: Iterable[PlateWeight]) -> Estimate:
    """Estimate what all plates and their batches need.

    Of all results, whether or not some stand already.
    """
    plates = tuple(estimate_plate(weight) for weight in sorted(weights, key=lambda one: one.key))
    batches = tuple(
        estimate_batch(batch, [one.weight.counted_wells for one in group])
        for batch, group in groupby(plates, key=lambda one: one.weight.key.batch)
    )
    return Estimate(plates, batches)


def estimate_batch(batch: str, wells_of_plates: Sequence[int]) -> BatchEstimate:
    """Estimate what the two runs of a batch need.

    Its runs make selection, stacked tables, summary and report.
    """
    wells = sum(wells_of_plates)
    peak = rates.BATCH_MEMORY + wells * rates.BATCH_MEMORY_PER_WELL
    memory = math.ceil(peak * rates.MEMORY_MARGIN)
    return BatchEstimate(
        batch=batch,
        plates=len(wells_of_plates),
        wells=wells,
        cpu_seconds=rates.BATCH_FIXED_S + rates.BATCH_S_PER_WELL.times(wells),
        memory_bytes=memory,
        task=task_of(memory, 0),
    )


def machine_for(estimate: Estimate, at_once: int) -> Machine:
    """Say which machine builds some plates at once, and how long it takes.

    A plate takes one core. The slowest plate and the slowest batch are the least time there is, and
    a batch's runs wait for its plates. `at_once` is 1 or more; more than there are plates are not
    used.
    """
    used = max(1, min(at_once, len(estimate.plates)))
    memory = sorted((one.memory_bytes for one in estimate.plates), reverse=True)[:used]
    scratch = sorted((one.scratch_bytes for one in estimate.plates), reverse=True)[:used]
    batches = [one.memory_bytes for one in estimate.batches]
    total = estimate.cpu_seconds
    plate, batch = _slowest(estimate.plates), _slowest(estimate.batches)
    return Machine(
        at_once=used,
        cores=used,
        memory_bytes=math.ceil(max(sum(memory), *batches, 0) + _DAEMON_MEMORY),
        scratch_bytes=sum(scratch),
        seconds=Range(
            max(total.expected / used, plate.expected + batch.expected),
            max(total.low / used, plate.low + batch.low),
            max(total.high / used, plate.high + batch.high),
        ),
    )


def machines(estimate: Estimate) -> tuple[Machine, ...]:
    """Return machines for 1, 4, 16 ... plates at once, and for all at once at most.

    The smallest comes first; the last has a core for each plate where that is among the sizes.
    """
    plates = len(estimate.plates)
    sizes = [size for size in _SHOWN_AT_ONCE if size < plates]
    return tuple(machine_for(estimate, size) for size in (*sizes, min(plates, 256)) if size)


def plates_at_once(estimate: Estimate, cores: int, memory_bytes: float) -> int:
    """Say how many plates a machine builds at once.

    0 where not even one plate, or not every batch, fits.
    """
    fitting = 0
    for at_once in range(1, min(cores, len(estimate.plates)) + 1):
        if machine_for(estimate, at_once).memory_bytes > memory_bytes:
            break
        fitting = at_once
    return fitting


def _slowest(parts: Sequence[PlateEstimate | BatchEstimate]) -> Range:
    slowest = max(parts, key=lambda one: one.cpu_seconds.expected, default=None)
    return NOTHING if slowest is None else slowest.cpu_seconds
