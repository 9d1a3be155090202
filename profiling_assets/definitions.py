"""The code location: the only module that builds at import.

Put here: nothing more.
"""

from profiling_assets.dagster.build import build_defs
from profiling_assets.settings import Settings

defs = build_defs(Settings.from_environment())
