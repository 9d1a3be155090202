"""A workspace and a DAGSTER_HOME of the former version are as good as our own.

`a153626.tar.xz` holds both as that commit made them: one plate of twelve wells, everything built.
Times of files are part of what says that a result is current, so they are part of the archive.
"""

import os
import tarfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from profiling_assets_tests.cli.commands import Place

ARCHIVE = Path(__file__).with_name("a153626.tar.xz")
CSV = "analysis/2026_03_02_Batch1/000123/analysis/000123-A01-1/Cells.csv"


@pytest.fixture
def former(tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
        for member in archive:  # to the nanosecond, which `extractall` rounds
            nanoseconds = int(Decimal(member.pax_headers.get("mtime", member.mtime)) * 10**9)
            os.utime(tmp_path / member.name, ns=(nanoseconds, nanoseconds))
    root, home = tmp_path / "workspace", tmp_path / "dagster_home"
    return places(Place(root, tmp_path / "state", dagster_home=home))


@pytest.mark.integration
def test_what_the_former_version_built_is_current_and_a_change_builds_what_follows(
    former: Place,
) -> None:
    before = {path: (former.root / path).read_bytes() for path in former.files()}
    done = former.run()
    assert done.code == 0, done.text
    assert done.out.splitlines()[-1] == "19 current, 0 built"
    assert before == {path: (former.root / path).read_bytes() for path in former.files()}
    # its `dagster.yaml` names the launcher of that version: a run has to start with it
    csv = former.root / CSV
    csv.write_bytes(csv.read_bytes() + b"\n")
    done = former.run()
    assert done.code == 0, done.text
    assert done.out.splitlines()[-1] == "2 current, 17 built"
