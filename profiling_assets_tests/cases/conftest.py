"""Inputs of real people that failed, one folder each, from beside the checkout."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

_CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "cases.tar.xz"


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    """Unpack one case into a folder of its own."""

    def unpacked(name: str) -> Path:
        if not _CASES.is_file():
            pytest.skip("the cases are not beside the checkout: shared/cases/cases.tar.xz")
        with tarfile.open(_CASES) as archive:
            members = [m for m in archive if m.name.removeprefix("./").split("/")[1:2] == [name]]
            archive.extractall(tmp_path, members, filter="data")
        return next(tmp_path.glob(f"*/{name}"))

    return unpacked
