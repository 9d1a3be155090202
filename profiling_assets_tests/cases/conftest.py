"""Inputs that real people have, unpacked from `shared/cases`."""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "cases.tar.xz"


@pytest.fixture(scope="session")
def unpacked_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not CASES.is_file():
        pytest.skip("the cases are not beside the checkout: shared/cases/cases.tar.xz")
    folder = tmp_path_factory.mktemp("cases")
    with tarfile.open(CASES) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def case(unpacked_cases: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy one case to a folder of the test's own, and return it."""

    def copy(name: str) -> Path:
        (found,) = unpacked_cases.glob(f"*/{name}")
        return Path(shutil.copytree(found, tmp_path / name, dirs_exist_ok=True))

    return copy
