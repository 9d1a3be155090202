"""The measured rates of the estimate, each with the measurement that it comes from.

Put here: numbers, and where each was measured.
Do not put here: what follows from them for a plate (`plate`) or a batch (`batches`).

All are of whole runs with the config that `init-config` writes (quality control and reports on),
on a folder, one machine, CPU seconds of the run's own process as its last event tells them:
docs/estimate.md has the table. `low` and `high` are the spread over the plates that were measured,
not a bound. A listing does not tell how many features a table has: what is expected is a table of
CellProfiler's width (about 1,900 columns), `low` is one of 60 to 600.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A figure with its spread."""

    expected: float
    low: float  # the least
    high: float  # the most

    def __add__(self, other: "Range") -> "Range":
        """Add figures that go up and down together."""
        return Range(self.expected + other.expected, self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Range":
        """Multiply by a number that is known."""
        return Range(self.expected * factor, self.low * factor, self.high * factor)


NOTHING = Range(0, 0, 0)

GB = 10**9
MB = 10**6

# A listing without wells (folders of several sites): as many as a usual plate has.
WELLS_NOT_TOLD = 384

# SQLite bytes for each byte of CSV. 0.68 JUMP Target-2 plate and 0.56 CPJUMP1 pipeline of
# CellProfiler 4.2.8 (docs/decisions/scratch.md); 0.36 a plate of 3 cells a site, mostly headers.
SQLITE_PER_CSV = Range(0.60, 0.36, 0.68)
# Scratch space at its peak for each byte of the SQLite file: `benchmarks/scratch.py`.
SCRATCH_PER_SQLITE = 1.1
# `PLATE.csv`, profiles, pictures and reports: 384 wells of 5,700 features, 98 MB; narrow: 0.06.
RESULT_BYTES_PER_WELL = Range(0.25 * MB, 0.06 * MB, 0.3 * MB)

# Collate: CSV to backend and aggregate, of a GB of CSV.
COLLATE_S_PER_GB = Range(10.0, 8.0, 13.0)
# Aggregate from a standing SQLite backend, of a GB of it.
FROM_SQLITE_S_PER_GB = Range(24.0, 18.0, 30.0)
# A plate's two runs, whatever its size: imports are shared, definitions and events are not.
PLATE_FIXED_S = Range(5.2, 3.8, 6.2)
# Annotate to feature select, heatmaps, report, a well.
PLATE_S_PER_WELL = Range(0.032, 0.005, 0.038)
# A batch's two runs: votes, stacked tables, GCT, summary, report.
BATCH_FIXED_S = Range(3.4, 1.6, 5.0)
BATCH_S_PER_WELL = Range(0.019, 0.004, 0.024)

# Memory of a run's process at its peak.
PLATE_MEMORY = 500 * MB
PLATE_MEMORY_PER_WELL = 0.5 * MB
BATCH_MEMORY = 760 * MB
BATCH_MEMORY_PER_WELL = 0.45 * MB
# A well's cells are in memory together: of its bytes of CSV.
MEMORY_PER_WELL_CSV = 1.0
# What is asked for above the peak that is expected: a machine that is full kills runs.
MEMORY_MARGIN = 1.25

# Requests, counted in the code: a listing for each thousand keys when a plate is looked at, planned
# and built; one GET a CSV; one PUT for each 16 MiB of a backend, and one for each other file.
KEYS_PER_LIST = 1_000
LISTINGS = 3
PART_BYTES = 16 * 2**20
SMALL_FILES = 40
