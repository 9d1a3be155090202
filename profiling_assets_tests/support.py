"""Where tests find the real data, and small builders that several test modules share."""

from pathlib import Path

import pandas as pd
import pytest

from profiling_assets.profiles.tables import read_profiles

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """Return a path of the shared test data, or skip the test where it is absent."""
    path = _SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real test data not beside the checkout: shared/data/{'/'.join(parts)}")
    return path


def real_profiles(*, every: int) -> pd.DataFrame:
    """Return a published plate, normalized: its metadata and each nth of its 3,903 features."""
    file = shared_data("profiles/varchamp_batch14/2025_01_28_B14A7A8P2_T4_normalized.csv.gz")
    frame = read_profiles(file.read_bytes(), path=file.name)
    described = [name for name in frame.columns if name.startswith("Metadata_")]
    return frame.loc[:, [*described, *frame.columns[len(described) :: every]]]
