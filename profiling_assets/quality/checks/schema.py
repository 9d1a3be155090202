"""Check that the plates of a batch have the same features.

Put here: the comparison of columns over plates.
Do not put here: what becomes of a column that a plate lacks (`feature_select`, `stack`).
"""

from collections import Counter
from collections.abc import Collection, Mapping

from profiling_assets.profiles.columns import is_metadata
from profiling_assets.quality.checks.check import CheckResult, not_passed, some
from profiling_assets.workspace.names import PlateKey

SCHEMA = "same_features_on_all_plates"


def same_features(columns: Mapping[PlateKey, Collection[str]]) -> CheckResult:
    """Compare the features of the plates that vote together.

    Parameters
    ----------
    columns : mapping of PlateKey to collection of str
        The columns of each plate's table.

    Returns
    -------
    CheckResult
        Names plates and columns. What half of the plates have is what a plate should have: a
        plate that lacks some of it, or has more, is a warning (the missing features are empty
        there); one that lacks half of it or more was measured with another pipeline, and blocks.
        Metadata columns may differ, as plate maps do.
    """
    features = {
        key: [name for name in names if not is_metadata(name)] for key, names in columns.items()
    }
    counts = Counter(name for names in features.values() for name in names)
    usual = {name for name, count in counts.items() if 2 * count >= len(features)}
    numbers = {"plates": len(features), "features": len(counts)}
    told: list[str] = []
    foreign: list[PlateKey] = []
    for key, names in features.items():
        own = set(names)
        lacking = [name for name in counts if name in usual and name not in own]
        more = [name for name in names if name not in usual]
        if lacking:
            told.append(f"{key} lacks {len(lacking)} features ({some(lacking)})")
        if more:
            told.append(f"{key} has {len(more)} that most plates lack ({some(more)})")
        if lacking and 2 * len(lacking) >= len(usual):
            foreign.append(key)
    if not told:
        return CheckResult(SCHEMA, numbers=numbers)
    what = "; ".join(told[:20]) + (f"; and {len(told) - 20} more" if len(told) > 20 else "")
    first = foreign[0] if foreign else next(iter(features))
    remedy = "analyse the plates of a batch with one CellProfiler pipeline, or " + (
        f"take out the one that differs: `profiling-assets exclude {first} --reason ... "
        "--workspace ...`"
        if foreign
        else "go on: features that a plate lacks are empty there, and drop_na_columns drops them"
    )
    return not_passed(SCHEMA, what, remedy, numbers, blocking=bool(foreign))
