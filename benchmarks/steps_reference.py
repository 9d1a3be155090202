"""The reference's steps on profiles: pycytominer's functions, called as the profiling recipe does.

Run by `profiles.py` in the peer's environment (`peer`), a process a measurement:
steps_reference.py STEP INPUTS OUTPUT.
"""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from meter import Meter
from peer import FIVE_DIGITS

warnings.simplefilter("ignore")  # pycytominer's, on import and on features without a value

from pycytominer import annotate, feature_select, normalize  # noqa: E402
from pycytominer.cyto_utils import output as write_table  # noqa: E402
from pycytominer.operations import correlation_threshold  # noqa: E402

OPERATIONS = ["variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist"]
WRITING: dict[str, Any] = {"compression_options": "gzip", "float_format": FIVE_DIGITS}
TWINS = {"": "all", "_negcon": "Metadata_control_type == 'negcon'"}


def correlations(inputs: Path, output: Path, name: str) -> None:
    """Choose the features to drop."""
    table = pd.read_parquet(inputs / name)
    features = list(table.columns)
    meter = Meter()
    excluded = correlation_threshold(table, features=features)
    meter.write(output / "measured.json")
    (output / "excluded.json").write_text(json.dumps(sorted(excluded)))


def normalized(inputs: Path, output: Path, method: str) -> None:
    """Normalize to the whole plate."""
    table = pd.read_parquet(inputs / "augmented.parquet")
    meter = Meter()
    result = cast(pd.DataFrame, normalize(table, method=method, mad_robustize_epsilon=0.0))
    meter.write(output / "measured.json")
    result.to_parquet(output / "normalized.parquet")


def written(inputs: Path, output: Path) -> None:
    """Write a table."""
    table = pd.read_parquet(inputs / "normalized.parquet")
    meter = Meter()
    write_table(df=table, output_filename=str(output / "table.csv.gz"), **WRITING)
    meter.write(output / "measured.json")


def chain(inputs: Path, output: Path) -> None:
    """Annotate, normalize and select with the negative-control twins, every file written."""
    meter = Meter()
    plate_map = pd.read_csv(inputs / "plate_map.txt", sep="\t")
    plate_map.columns = [f"Metadata_{name}" for name in plate_map.columns]
    augmented = output / "augmented.csv.gz"
    annotate(
        profiles=inputs / "aggregated.csv.gz",
        platemap=plate_map,
        join_on=["Metadata_well_position", "Metadata_Well"],
        output_file=augmented,
        clean_cellprofiler=True,
        **WRITING,
    )
    for twin, samples in TWINS.items():
        normalize(
            profiles=augmented,
            features="infer",
            image_features=False,
            samples=samples,
            method="mad_robustize",
            output_file=output / f"normalized{twin}.csv.gz",
            mad_robustize_epsilon=0.0,
            **WRITING,
        )
    for twin in TWINS:
        table = pd.read_csv(output / f"normalized{twin}.csv.gz").astype({"Metadata_Plate": str})
        if np.isinf(table.select_dtypes("number").to_numpy()).any():
            raise ValueError("infinite values: pycytominer refuses them")
        feature_select(
            profiles=table,
            features="infer",
            image_features=False,
            operation=OPERATIONS,
            output_file=output / f"selected{twin}.csv.gz",
            samples="all",
            **WRITING,
        )
    meter.write(output / "measured.json")


STEPS: dict[str, Callable[[Path, Path], None]] = {
    "correlation_threshold": lambda i, o: correlations(i, o, "features.parquet"),
    "correlation_threshold_nan": lambda i, o: correlations(i, o, "features_nan.parquet"),
    "normalize": lambda i, o: normalized(i, o, "mad_robustize"),
    "normalize_standardize": lambda i, o: normalized(i, o, "standardize"),
    "normalize_robustize": lambda i, o: normalized(i, o, "robustize"),
    "write_csv_gz": written,
    "profile_chain": chain,
}


if __name__ == "__main__":
    STEPS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
