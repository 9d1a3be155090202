"""CellProfiler output to Cell Painting profiles, as one Dagster asset graph.

For notebooks: `import profiling_assets as pa`, then `pa.collate`, `pa.normalize` and the other
verbs of `api`. The code location is `definitions`; the command line is `cli`.

This file holds the version and the names of the verbs: importing the package does no work and
imports no part of it. A verb is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profiling_assets.api import (
        Aggregated,
        Annotated,
        Collated,
        Compared,
        Normalized,
        ProfilingError,
        Selected,
        WithFrame,
        aggregate,
        annotate,
        collate,
        compare,
        feature_select,
        normalize,
        read_profiles,
        scan,
        stack,
        write_gct,
    )

__version__ = "0.2.0"
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name == "collate":  # a room of that name is here too, and can be called as the verb
        return import_module(f"{__name__}.collate")
    return getattr(import_module(f"{__name__}.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
