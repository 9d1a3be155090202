"""The one place where the code location is put together.

Put here: which assets, IO managers, resources, sensors and executor make the definitions.
Do not put here: any of them; work at import.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from profiling_assets.assets.backend import backend_assets
from profiling_assets.assets.external import external_assets
from profiling_assets.assets.profiles import profile_assets
from profiling_assets.assets.selection import selection_assets
from profiling_assets.io_managers import BackendIOManager, TableIOManager
from profiling_assets.partitions import Partitions
from profiling_assets.pipeline.catalog import load_catalog
from profiling_assets.sensors import automation_sensor, new_output_sensor
from profiling_assets.settings import Settings

# Loaded once in the server that step processes are forked from, so that a step starts in a
# fraction of a second. A test proves that these names import.
PRELOADED = ["profiling_assets.definitions", "profiling_assets.warm"]
_STEPS_AT_ONCE = 2


def build_defs(settings: Settings, *, overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Put the code location together.

    Parameters
    ----------
    settings : Settings
        Which workspace, which config.
    overrides : mapping of str to object, optional
        Resources to be replaced, by key.

    Returns
    -------
    dagster.Definitions
        Without plates where no workspace is set.
    """
    catalog = load_catalog(settings)
    partitions = Partitions.of(catalog.cohort.plates)
    resources: dict[str, Any] = {
        "catalog": catalog,
        "tables": TableIOManager(catalog),
        "backends": BackendIOManager(catalog),
        **(overrides or {}),
    }
    return dg.Definitions(
        assets=[
            *external_assets(partitions),
            *backend_assets(catalog, partitions),
            *profile_assets(catalog, partitions),
            *selection_assets(catalog, partitions),
        ],
        resources=resources,
        sensors=[new_output_sensor(catalog), automation_sensor(settings.watch)],
        executor=dg.multiprocess_executor.configured(
            {
                "max_concurrent": _STEPS_AT_ONCE,
                "start_method": {"forkserver": {"preload_modules": PRELOADED}},
            }
        ),
    )
