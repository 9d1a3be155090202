"""CellProfiler output to Cell Painting profiles, as one Dagster asset graph.

This file holds the version and nothing else: importing the package does no work and imports no
part of it. The code location is `profiling_assets.definitions`; the command line is
`profiling_assets.cli`; the science is `profiling_assets.core`.
"""

__version__ = "0.1.0"
