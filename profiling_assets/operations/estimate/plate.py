"""What one plate will need, from the names and sizes of its files.

Put here: the weight of a plate, and what follows from it.
Do not put here: the rates (`rates`), batches and machines (`batches`), money (`cost`), listing.
"""

import math
from dataclasses import dataclass

from profiling_assets.errors import ProfilingError
from profiling_assets.operations.estimate import rates
from profiling_assets.operations.estimate.rates import NOTHING, Range
from profiling_assets.operations.fargate import FargateSize, fargate_size
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class PlateWeight:
    """What a listing tells of a plate."""

    key: PlateKey
    csv_bytes: int  # bytes of the CSVs that a backend is made of; 0 for a plate that starts later
    files: int  # number of those CSVs
    keys: int  # objects that a listing of the plate walks over, pictures too
    sites: int  # site folders
    wells: int | None  # wells that the folder names tell; None where they do not
    # bytes of a standing SQLite backend, for a plate that starts there; else 0
    backend_bytes: int = 0

    @property
    def bytes_in(self) -> int:
        """Bytes that are read."""
        return self.csv_bytes or self.backend_bytes

    @property
    def counted_wells(self) -> int:
        """The wells, or as many as there may be."""
        if self.wells is not None:
            return self.wells
        return min(self.sites, rates.WELLS_NOT_TOLD) if self.sites > 1 else rates.WELLS_NOT_TOLD


@dataclass(frozen=True)
class Requests:
    """Requests to S3, by what they cost."""

    listing: int = 0
    get: int = 0
    put: int = 0

    def __add__(self, other: "Requests") -> "Requests":
        """Add them up."""
        return Requests(self.listing + other.listing, self.get + other.get, self.put + other.put)


@dataclass(frozen=True)
class PlateEstimate:
    """What a plate will need when everything is built."""

    weight: PlateWeight  # what the listing told
    sqlite_bytes: Range  # the SQLite backend that is made
    result_bytes: Range  # everything that is made, the backend included
    # of its two runs; on one core, as many seconds of time where nothing waits
    cpu_seconds: Range
    memory_bytes: int  # what to give a run, a margin included
    scratch_bytes: int  # scratch space to give, the highest SQLite file and its peak
    requests: Requests  # where the workspace is on S3
    task: FargateSize | None  # the smallest Fargate task; None where none is large enough


def estimate_plate(weight: PlateWeight) -> PlateEstimate:
    """Estimate what a plate needs.

    Of all results, whether or not some stand already.
    """
    wells = weight.counted_wells
    sqlite = rates.SQLITE_PER_CSV.times(weight.csv_bytes)
    scratch = sqlite.high * rates.SCRATCH_PER_SQLITE
    if not weight.csv_bytes:
        scratch = float(weight.backend_bytes)  # on S3 it is copied to be read
    memory = plate_memory(wells, weight.csv_bytes)
    return PlateEstimate(
        weight=weight,
        sqlite_bytes=sqlite,
        result_bytes=sqlite + rates.RESULT_BYTES_PER_WELL.times(wells),
        cpu_seconds=_reading(weight) + rates.PLATE_FIXED_S + rates.PLATE_S_PER_WELL.times(wells),
        memory_bytes=memory,
        scratch_bytes=math.ceil(scratch),
        requests=_requests(weight, sqlite.expected),
        task=task_of(memory, scratch),
    )


def plate_memory(wells: int, csv_bytes: int) -> int:
    """Return the bytes of memory to give a run of a plate."""
    of_a_well = csv_bytes / max(wells, 1) * rates.MEMORY_PER_WELL_CSV
    peak = rates.PLATE_MEMORY + wells * rates.PLATE_MEMORY_PER_WELL + of_a_well
    return math.ceil(peak * rates.MEMORY_MARGIN)


def task_of(memory_bytes: float, scratch_bytes: float) -> FargateSize | None:
    """Return the smallest Fargate task of one CPU that holds a run; None where none does."""
    try:
        return fargate_size(1, memory_bytes / 2**20, scratch_bytes / 2**30)
    except ProfilingError:
        return None


def _reading(weight: PlateWeight) -> Range:
    if weight.csv_bytes:
        return rates.COLLATE_S_PER_GB.times(weight.csv_bytes / rates.GB)
    if weight.backend_bytes:
        return rates.FROM_SQLITE_S_PER_GB.times(weight.backend_bytes / rates.GB)
    return NOTHING


def _requests(weight: PlateWeight, sqlite_bytes: float) -> Requests:
    return Requests(
        listing=rates.LISTINGS * max(1, math.ceil(weight.keys / rates.KEYS_PER_LIST)),
        get=weight.files + math.ceil(weight.backend_bytes / rates.PART_BYTES),
        put=math.ceil(sqlite_bytes / rates.PART_BYTES) + rates.SMALL_FILES,
    )
