"""The one place where the code location is put together.

Put here: which assets, IO managers, resources, sensors and executor make the definitions.
Do not put here: any of them; work at import.
"""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from profiling_assets.announcing import Announcer, announcing
from profiling_assets.assets.backend import backend_assets
from profiling_assets.assets.external import external_assets
from profiling_assets.assets.preflight import preflight_checks
from profiling_assets.assets.profiles import profile_assets
from profiling_assets.assets.quality_control import quality_control_assets
from profiling_assets.assets.report import report_assets
from profiling_assets.assets.selection import selection_assets
from profiling_assets.assets.stacked import stacked_assets
from profiling_assets.failure_sensor import failure_sensor
from profiling_assets.io_managers import BackendIOManager, TableIOManager
from profiling_assets.jobs import publish_job
from profiling_assets.partitions import Partitions
from profiling_assets.picture_managers import PageIOManager, PictureIOManager
from profiling_assets.pipeline.catalog import Catalog, load_catalog
from profiling_assets.sensors import automation_sensor, new_output_sensor
from profiling_assets.settings import Settings


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
    partitions = Partitions.of(catalog.cohort.plates)
    resources: dict[str, Any] = {
        "catalog": catalog,
        **_io_managers(catalog),
        **(overrides or {}),
    }
    return dg.Definitions(
        assets=[
            *external_assets(catalog, partitions),
            *backend_assets(catalog, partitions),
            *profile_assets(catalog, partitions),
            *selection_assets(catalog, partitions),
            *stacked_assets(catalog, partitions),
            *quality_control_assets(catalog, partitions),
            *report_assets(catalog, partitions),
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
