"""What a column of CellProfiler's is by its name: a measurement, or where an image comes from.

Put here: the one rule that tells what can be a feature, of CSVs, backends and profile tables.
Do not put here: what else the columns of a profile table are (`profiles.column_kinds`), columns
that link compartments (`collate.strata`).
CellProfiler names a measurement by its category first (`AreaShape_Area`). The categories that
describe image files, image sets and the run (constants of CellProfiler) measure no
cell, whatever table they stand in.
"""

import re
from functools import lru_cache

_FILES = frozenset(
    {
        "metadata", "filename", "pathname", "url", "md5digest", "seriesname", "channeltype",
        "objectsfilename", "objectspathname", "objectsurl", "objectsseries", "objectsseriesname",
        "objectsframe", "objectschannel", "executiontime", "moduleerror", "processingstatus",
    }
)  # fmt: skip
# words that other features than CellProfiler's have too: only as CellProfiler writes them
_EVERYDAY = frozenset(
    {"Scaling", "Width", "Height", "Frame", "Frames", "Series", "Channel", "Group"}
)
_MEASURED = frozenset(
    {
        "areaoccupied", "areashape", "children", "classify", "correlation", "count", "distance",
        "granularity", "imagequality", "intensity", "location", "math", "mean", "median",
        "neighbors", "number", "objectskeleton", "overlap", "parent", "radialdistribution",
        "stdev", "texture", "threshold", "trackobjects", "worm",
    }
)  # fmt: skip
_NAMELESS = re.compile(r"(unnamed: ?\d+.*)?", re.IGNORECASE)  # as pandas calls such a column


@lru_cache(maxsize=2**16)
def is_measurement(name: str) -> bool:
    """Tell by a column's name in its own file (`AreaShape_Area`) whether it was measured."""
    category, bar, _ = name.strip().partition("_")
    if bar and (category in _EVERYDAY or category.lower() in _FILES):
        return False
    return _NAMELESS.fullmatch(name.strip()) is None


@lru_cache(maxsize=2**16)
def is_feature_name(name: str) -> bool:
    """Tell by a column's name in a profile table (`Cells_AreaShape_Area`) whether it was measured.

    The words up to the first category are taken for the table's name:
    `Cells_Cellpose3_Metadata_Dose` is of the table `Cells_Cellpose3`.
    """
    table, bar, rest = name.strip().partition("_")
    if bar and rest.partition("_")[0].lower() in _MEASURED and table in _EVERYDAY:
        return True  # of a table that is called so
    if not is_measurement(name) or (bar and not is_measurement(rest)):
        return False
    for word in rest.lower().split("_"):
        if word in _MEASURED:
            return True
        if word in _FILES:
            return False
    return True
