"""Our steps on profiles, as the assets call them.

Run by `profiles.py`, a process a measurement: steps_ours.py STEP INPUTS OUTPUT.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from meter import Meter
from peer import FIVE_DIGITS

from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.correlation import correlation_threshold
from profiling_assets.profiles.feature_list import (
    apply_selection,
    selection_from_table,
    selection_table,
)
from profiling_assets.profiles.feature_select import select_features
from profiling_assets.profiles.normalize import normalize_profiles
from profiling_assets.profiles.plate_map import read_plate_map
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv, read_profiles, read_tsv
from profiling_assets.workspace.names import PlateKey

reference()  # imports are counted apart on both sides
reference("pycytominer.operations")

KEY = PlateKey("Batch1", "PL000")
OPERATIONS = ["variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist"]


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
    result = _normalized(table, method=method)
    meter.write(output / "measured.json")
    result.to_parquet(output / "normalized.parquet")


def written(inputs: Path, output: Path) -> None:
    """Write a table."""
    table = pd.read_parquet(inputs / "normalized.parquet")
    meter = Meter()
    _write(table, output / "table.csv.gz")
    meter.write(output / "measured.json")


def chain(inputs: Path, output: Path) -> None:
    """Annotate, normalize and select with the negative-control twins, every file written."""
    meter = Meter()
    plate_map = read_plate_map((inputs / "plate_map.txt").read_bytes(), path="plate_map.txt")
    result = annotate_profiles(
        _read(inputs / "aggregated.csv.gz"),
        plate_map,
        well_column="Metadata_Well",
        platemap_well_column="Metadata_well_position",
        external=None,
        key=KEY,
    )
    _write(result.frame, output / "augmented.csv.gz")
    # each step reads its files, as it does when it runs in a process of its own
    for twin in ("", "_negcon"):
        table = _read(output / "augmented.csv.gz")
        _write(
            _normalized(table, method="mad_robustize", negcon=bool(twin)),
            output / f"normalized{twin}.csv.gz",
        )
    for twin in ("", "_negcon"):
        selection = select_features(
            {KEY: _read(output / f"normalized{twin}.csv.gz")},
            operations=OPERATIONS,
            features="infer",
            image_features=False,
            compartments=["cells", "cytoplasm", "nuclei"],
            level="plate",
        )
        listed = output / f"selected{twin}.tsv"
        listed.write_bytes(ledger_tsv(selection_table(selection)))
        again = selection_from_table(read_tsv(listed.read_bytes(), path=listed.name))
        table = _read(output / f"normalized{twin}.csv.gz")
        _write(apply_selection(table, again), output / f"selected{twin}.csv.gz")
    meter.write(output / "measured.json")


def _normalized(table: pd.DataFrame, *, method: str, negcon: bool = False) -> pd.DataFrame:
    return normalize_profiles(
        table,
        method=method,
        features="infer",
        image_features=False,
        compartments=["cells", "cytoplasm", "nuclei"],
        negcon=negcon,
        key=KEY,
    ).frame


def _read(file: Path) -> pd.DataFrame:
    return read_profiles(file.read_bytes(), path=file.name)


def _write(table: pd.DataFrame, file: Path) -> None:
    file.write_bytes(profiles_csv(table, float_format=FIVE_DIGITS, gzip=True))


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
