"""Made-up profiles of a plate: names as CellProfiler writes them, features correlated in blocks.

Put here: tables of an exact size, the same ones each time.
Do not put here: what is measured on them (`steps_*`).
"""

from pathlib import Path

import numpy as np
import pandas as pd
from peer import FIVE_DIGITS

from profiling_assets.demo.measurement_names import all_object_columns
from profiling_assets.demo.widths import rules_for

_SEED = 20240501
_COMPARTMENTS = ("Cells", "Cytoplasm", "Nuclei")
_ROW_NAMES = "ABCDEFGHIJKLMNOP"
_COLUMNS = 24


def feature_names(count: int) -> list[str]:
    """Name features, a third of them of each compartment."""
    rules = rules_for(1941)
    names: list[str] = []
    for number, compartment in enumerate(_COMPARTMENTS):
        share = count // 3 + (number < count % 3)
        columns = all_object_columns(compartment, rules)[2:]  # the first two number rows
        assert share <= len(columns), f"at most {len(columns)} features of {compartment}"
        names += [f"{compartment}_{name}" for name in columns[:share]]
    return names


def aggregated(
    wells: int, features: int, *, missing: int = 6, plate: int = 0, rounded: bool = True
) -> pd.DataFrame:
    """Make a plate's aggregated profiles, five significant digits unless asked for all.

    Features come in blocks that share a cause, from copies to loosely correlated ones, as textures
    in four directions or intensities of one channel do. One in 50 is constant; one in 100 is a copy
    of its neighbour; `missing` single cells have no value (6 of 1.3 million in a published plate).
    """
    rng = np.random.default_rng([_SEED, plate])
    layout = np.random.default_rng(_SEED)  # features are related alike on every plate
    values = np.empty((wells, features))
    start = 0
    while start < features:
        width = min(int(layout.geometric(0.05)), features - start)
        cause = rng.normal(size=(wells, 1))
        noise = layout.choice([0.02, 0.2, 0.5, 1.5])
        values[:, start : start + width] = cause + noise * rng.normal(size=(wells, width))
        start += width
    copies = layout.choice(features - 1, features // 100, replace=False)
    values[:, copies] = values[:, copies + 1]
    scale = 10 ** layout.uniform(-3, 3, features)
    values = values * scale + scale * layout.uniform(0, 10, features)
    values[:, layout.choice(features, features // 50, replace=False)] = 1.0
    if rounded:
        values = np.char.mod(FIVE_DIGITS, values).astype(np.float64)
    values[rng.integers(wells, size=missing), rng.integers(features, size=missing)] = np.nan
    metadata = pd.DataFrame(
        {
            "Metadata_Plate": pd.Series([f"PL{plate:03d}"] * wells, dtype="str"),
            "Metadata_Well": pd.Series(_wells(wells), dtype="str"),
            "Metadata_Site_Count": 9,
            "Metadata_Object_Count": rng.integers(100, 3000, size=wells),
        }
    )
    return pd.concat([metadata, pd.DataFrame(values, columns=feature_names(features))], axis=1)


def plate_map(wells: int) -> pd.DataFrame:
    """Make the plate map: the first of each row's four quarters are negative controls."""
    names = _wells(wells)
    is_control = [int(name[1:]) % 6 == 1 for name in names]
    return pd.DataFrame(
        {
            "well_position": names,
            "broad_sample": [
                "DMSO" if control else f"BRD-{number:04d}"
                for number, control in enumerate(is_control)
            ],
            "control_type": ["negcon" if control else "trt" for control in is_control],
        }
    )


def write_inputs(folder: Path, wells: int, features: int) -> None:
    """Write the inputs of the chain, and those of single steps."""
    table = aggregated(wells, features)
    table.to_csv(folder / "aggregated.csv.gz", index=False)
    plan = plate_map(wells)
    plan.to_csv(folder / "plate_map.txt", sep="\t", index=False)
    table.insert(2, "Metadata_control_type", plan["control_type"].astype("str"))
    table.to_parquet(folder / "augmented.parquet")
    names = [name for name in table.columns if not name.startswith("Metadata_")]
    values = table[names]
    varied = values.loc[:, values.var() > 0]
    varied.to_parquet(folder / "features_nan.parquet")
    varied.fillna(varied.median()).to_parquet(folder / "features.parquet")
    scale = 1.4826 * (values - values.median()).abs().median()
    table[names] = (values - values.median()) / scale  # a constant feature: no value
    table.to_parquet(folder / "normalized.parquet")


def write_batch(file: Path, plates: int, wells: int, features: int, *, missing: int) -> None:
    """Write the varied features of several plates as one table."""
    tables = [
        aggregated(wells, features, missing=missing, plate=number, rounded=False).filter(
            regex="^(?!Metadata_)"
        )
        for number in range(plates)
    ]
    table = pd.concat(tables, ignore_index=True)
    table.loc[:, table.var() > 0].to_parquet(file)


def _wells(wells: int) -> list[str]:
    assert wells <= len(_ROW_NAMES) * _COLUMNS
    return [f"{_ROW_NAMES[n // _COLUMNS]}{n % _COLUMNS + 1:02d}" for n in range(wells)]
