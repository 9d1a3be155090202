"""Of each pair of features that say the same, which one goes.

Put here: pycytominer's `correlation_threshold`, the same set from the same numbers.
Do not put here: the other operations (`feature_select`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# ^ pandas ships partial types

import numpy as np
import pandas as pd

THRESHOLD = 0.9


def correlated_features(frame: pd.DataFrame, threshold: float = THRESHOLD) -> dict[str, str]:
    """List the features to drop because another one is correlated with them.

    Of each pair with a correlation above the threshold (signed, not absolute), the feature with
    the larger sum of absolute correlations to all features goes; pairs are judged one by one, also
    where one of the two goes because of a third. Source: pycytominer 1.7.1,
    `correlation_threshold`. Its correlations and its ranking are computed here by the same calls,
    so that features that are copies of each other are told apart by the same last bits. What
    differs: the pairs are looked up in a matrix; pycytominer lists all of them in a table of names
    and asks for the rank of each by name.

    Parameters
    ----------
    frame : pandas.DataFrame
        Wells by features, no infinite values.
    threshold : float
        Pearson correlation above which a pair counts.

    Returns
    -------
    dict of str to str
        Feature to the feature that it is most correlated with, of those that make it go.
    """
    names = frame.columns
    if np.isnan(frame.to_numpy()).any():
        correlations = frame.corr()
    else:
        with np.errstate(divide="ignore", invalid="ignore"):  # a constant feature: NaN, no pair
            correlations = pd.DataFrame(np.corrcoef(frame.transpose()), index=names, columns=names)
    by_sum = correlations.abs().sum().sort_values().index
    rank = np.empty(len(names), dtype=np.int64)
    rank[names.get_indexer(by_sum)] = np.arange(len(names))
    matrix = correlations.to_numpy()
    first, second = np.nonzero(np.tril(matrix, k=-1) > threshold)
    first_goes = rank[first] > rank[second]
    goes = np.where(first_goes, first, second)
    partner = np.where(first_goes, second, first)
    strongest = np.argsort(matrix[first, second], kind="stable")  # the last one of a feature stays
    return {str(names[goes[at]]): str(names[partner[at]]) for at in strongest}
