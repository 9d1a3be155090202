"""How large a task a run needs, from its partition and what it makes.

Put here: which plates a run concerns, and the task that holds it.
Do not put here: the model (`operations.estimate`), legal sizes (`operations.fargate`), asking a
cluster for it.
"""

from collections.abc import Collection

from profiling_assets.operations.estimate.batches import estimate_batch
from profiling_assets.operations.estimate.plate import PlateWeight, estimate_plate, plate_memory
from profiling_assets.operations.estimate.weights import weigh_plates
from profiling_assets.operations.fargate import FargateSize, fargate_size
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.results import AGGREGATED, ALL, PARQUET, SQLITE
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source

_READ_CELLS = frozenset({SQLITE, PARQUET, AGGREGATED})


def task_of_run(catalog: Catalog, partition: str, assets: Collection[str]) -> FargateSize:
    """Choose the task of a run.

    One plate is listed: the run's own, or for a batch its first one, which the others are taken to
    be like.

    `partition` is `BATCH/PLATE`, `BATCH` or `all`, `assets` what the run makes there. Raises
    `ProfilingError` where no task is large enough, `WorkspaceError` where the plate cannot be
    listed.
    """
    plates = [key for key in catalog.asked_for.plates if partition in (ALL, key.batch, str(key))]
    if not plates:
        plates = [PlateKey.parse(partition)]
    weight = _weight(catalog, plates[0])
    if partition != str(plates[0]):
        batch = estimate_batch(partition, [weight.counted_wells] * len(plates))
        return _task(batch.memory_bytes, 0)
    if _READ_CELLS.isdisjoint(assets):
        return _task(plate_memory(weight.counted_wells, 0), 0)
    estimate = estimate_plate(weight)
    return _task(estimate.memory_bytes, estimate.scratch_bytes)


def _weight(catalog: Catalog, key: PlateKey) -> PlateWeight:
    folder = catalog.config.collate.csv_dir
    of_csvs, of_backend = (
        PlateFound(key, frozenset({source})) for source in (Source.CSVS, Source.SQLITE)
    )
    (weight,) = weigh_plates(catalog.workspace, [of_csvs], folder)
    if not weight.csv_bytes:  # it starts at a backend, which is copied to scratch space
        (weight,) = weigh_plates(catalog.workspace, [of_backend], folder)
    return weight


def _task(memory_bytes: int, scratch_bytes: int) -> FargateSize:
    return fargate_size(1, memory_bytes / 2**20, scratch_bytes / 2**30)
