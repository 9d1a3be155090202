"""What a notebook calls: CellProfiler's CSVs to feature-selected profiles, one verb per step.

`import profiling_assets as pa` has all of these names. The words are pycytominer's, and so are the
defaults where a docstring does not say otherwise. A verb leaves what it is given as it is. A remedy
that names a key of the config file means the argument of that name. Dagster is not loaded.
"""

from profiling_assets.api.from_csvs import aggregate, collate, scan
from profiling_assets.api.given import read_profiles
from profiling_assets.api.outcome import (
    Aggregated,
    Annotated,
    Collated,
    Compared,
    Normalized,
    Selected,
    WithFrame,
)
from profiling_assets.api.well_profiles import annotate, feature_select, normalize
from profiling_assets.api.whole_tables import compare, stack, write_gct
from profiling_assets.errors import ProfilingError

__all__ = [
    "Aggregated",
    "Annotated",
    "Collated",
    "Compared",
    "Normalized",
    "ProfilingError",
    "Selected",
    "WithFrame",
    "aggregate",
    "annotate",
    "collate",
    "compare",
    "feature_select",
    "normalize",
    "read_profiles",
    "scan",
    "stack",
    "write_gct",
]
