"""The levels that a result exists on: once a plate, once a batch, once for all.

Put here: the levels' names, and which partition of a level a plate belongs to.
Do not put here: which results have which level (`steps.results`).
"""

from profiling_assets.workspace.names import PlateKey

PLATE, BATCH, ALL = "plate", "batch", "all"


def scope_of(key: PlateKey, level: str) -> str:
    """Return the partition of a level that a plate belongs to.

    Parameters
    ----------
    key : PlateKey
        The plate.
    level : str
        `plate`, `batch` or `all`.

    Returns
    -------
    str
        The plate's own key, its batch, or `all`.
    """
    return {PLATE: str(key), BATCH: key.batch, ALL: ALL}[level]
