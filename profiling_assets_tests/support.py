"""Where tests find the real data, and small builders that several test modules share."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """Return a path of the shared test data, or skip the test where it is absent."""
    path = _SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real test data not beside the checkout: shared/data/{'/'.join(parts)}")
    return path
