"""What a report takes from a normalized table and from a list of features.

Put here: their numbers.
Do not put here: normalizing and selecting (`profiles.normalize`, `profiles.feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

import numpy as np
import pandas as pd

from profiling_assets.profiles.columns import column, is_metadata, numeric_columns
from profiling_assets.profiles.feature_list import FeatureSelection
from profiling_assets.profiles.tables import table_facts
from profiling_assets.quality.report.facts import Normalization, Selection


def normalization(frame: pd.DataFrame, *, reference: str, path: str) -> Normalization:
    """Describe a normalized table.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a profile; metadata and features.
    reference : str
        The wells that the scale was fitted on.
    path : str
        Its workspace path.

    Returns
    -------
    Normalization
        Its figures.
    """
    facts = table_facts(frame)
    return Normalization(
        reference,
        path,
        wells=facts.rows,
        features=facts.features,
        without_spread=_without_spread(frame),
        nan_share=facts.nan_share,
        inf_cells=facts.inf_cells,
    )


def _without_spread(frame: pd.DataFrame) -> int:
    numeric = numeric_columns(frame)
    names = [name for name in frame.columns if not is_metadata(name) and name in numeric]
    values = frame.loc[:, names].to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    highest = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    lowest = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    return int((highest <= lowest).sum())


def selection(found: FeatureSelection, *, reference: str, level: str, path: str) -> Selection:
    """Describe a list of selected features.

    Parameters
    ----------
    found : FeatureSelection
        The list.
    reference : str
        The wells that the scale of its profiles was fitted on.
    level : str
        `plate`, `batch` or `all`.
    path : str
        Its workspace path.

    Returns
    -------
    Selection
        Features kept, and dropped by each operation in the order of the list.
    """
    outcomes = column(found.ledger, "outcome").astype(str).tolist()
    operations = column(found.ledger, "operation").astype(str).tolist()
    dropped: dict[str, int] = {}
    for outcome, operation in zip(outcomes, operations, strict=True):
        if outcome == "dropped":
            dropped[operation] = dropped.get(operation, 0) + 1
    kept = sum(outcome == "kept" for outcome in outcomes)
    return Selection(reference, level, path, kept, dict(sorted(dropped.items())))
