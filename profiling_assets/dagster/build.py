"""The one place where the code location is put together.

Put here: which assets, IO managers, resources, sensors and executor make the definitions.
Do not put here: any of them; work at import.
"""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from profiling_assets.dagster.announcer import Announcer, announcing
from profiling_assets.dagster.asset_checks import preflight_checks
from profiling_assets.dagster.assets.asset_table import result_assets
from profiling_assets.dagster.assets.backend import backend_assets
from profiling_assets.dagster.assets.external import external_assets
from profiling_assets.dagster.io_managers import (
    BackendIOManager,
    PageIOManager,
    PictureIOManager,
    TableIOManager,
)
from profiling_assets.dagster.jobs import publish_job
from profiling_assets.dagster.partitions import Partitions
from profiling_assets.dagster.sensors.failed_runs import failure_sensor
from profiling_assets.dagster.sensors.new_output import automation_sensor, new_output_sensor
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, load_catalog


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
    catalog = load_catalog(settings, patient=True)
    partitions = Partitions.of(catalog.asked_for.plates)
    resources: dict[str, Any] = {
        "catalog": catalog,
        **_io_managers(catalog),
        **(overrides or {}),
    }
    return dg.Definitions(
        assets=[
            *external_assets(catalog, partitions),
            *backend_assets(catalog, partitions),
            *result_assets(catalog, partitions),
        ],
        asset_checks=preflight_checks(catalog),
        resources=resources,
        jobs=[publish_job(catalog)],
        sensors=[
            new_output_sensor(catalog),
            automation_sensor(settings.watch),
            failure_sensor(settings),
        ],
        # a run is one process, of one plate or one batch: docs/decisions/runs-and-processes.md
        executor=dg.in_process_executor,
    )


def _io_managers(catalog: Catalog) -> dict[str, dg.IOManagerDefinition]:
    managers: dict[str, Callable[[Catalog, Announcer], dg.IOManager]] = {
        "tables": TableIOManager,
        "backends": BackendIOManager,
        "pictures": PictureIOManager,
        "pages": PageIOManager,
    }
    return {key: announcing(manager, catalog, key) for key, manager in managers.items()}
