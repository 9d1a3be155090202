"""CellProfiler output to Cell Painting profiles, as one Dagster asset graph.

This file holds the version and nothing else: importing the package does no work and imports no
part of it. The code location is `definitions`; the command line is
`cli`; the science is in `collate`, `profiles` and `quality`.
"""

__version__ = "0.2.0"
