"""Which wells count: those a scaler is fitted on, and those that vote in feature selection.

Put here: the config's `profiles.samples` and `min_cells` as one pandas query, and the rows it gives.
Do not put here: what is done with the rows (`profiles.normalize`, `profiles.feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ pandas ships partial types

from typing import Any, cast

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.columns import column
from profiling_assets.workspace.names import PlateKey

ALL = "all"
OBJECT_COUNT = "Metadata_Object_Count"


def samples_query(*queries: str, min_cells: int) -> str:
    """Write one query from several and the least number of cells.

    Parameters
    ----------
    *queries : str
        Queries as pandas knows them, or `all`.
    min_cells : int
        Wells with fewer objects do not count; 1 means every well counts.

    Returns
    -------
    str
        `all`, or the queries joined by `and`.
    """
    parts = [query for query in queries if query != ALL]
    if min_cells > 1:
        parts.append(f"{OBJECT_COUNT} >= {min_cells}")
    if len(parts) < 2:
        return parts[0] if parts else ALL
    return " and ".join(f"({part})" for part in parts)


def sampled_rows(
    frame: pd.DataFrame, query: str, *, key: PlateKey, min_cells: int = 1
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which rows a query takes.

    Parameters
    ----------
    frame : pandas.DataFrame
        A plate's profiles, indexed 0, 1, 2, ….
    query : str
        As `samples_query` writes it.
    key : PlateKey
        The plate, for messages.
    min_cells : int
        The least number of cells in the query, for the check that cells were counted.

    Returns
    -------
    numpy.ndarray
        One bool a row.

    Raises
    ------
    InvalidInputError
        Where the query cannot be evaluated, or the plate has no object counts.
    """
    if query == ALL:
        return np.ones(len(frame), dtype=np.bool_)
    counted = OBJECT_COUNT in frame.columns and pd.api.types.is_numeric_dtype(
        column(frame, OBJECT_COUNT)
    )
    if min_cells > 1 and not counted:
        raise InvalidInputError(
            f"min_cells is {min_cells}, and {key} has no numbers in {OBJECT_COUNT}",
            remedy="aggregate the plate again, or set min_cells to 1",
        )
    try:
        taken = cast(object, frame.query(query))  # a query without a condition gives a column
    except (NameError, SyntaxError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(
            f"the query for samples, {query!r}, does not work on {key}: {error}",
            remedy="mend options.samples; metadata are text, so write Metadata_dose == '5'",
        ) from error
    if not isinstance(taken, pd.DataFrame):
        raise InvalidInputError(
            f"the query for samples, {query!r}, does not choose rows",
            remedy="mend options.samples; an example is Metadata_pert_type == 'control'",
        )
    return np.asarray(frame.index.isin(taken.index), dtype=np.bool_)
