"""Looking at many plates in several processes tells what one process tells."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace import scan_many
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_many import PlateGlance, look_at_plates
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.s3.workspace import S3Workspace
from profiling_assets_tests.cli.commands import wait_for

pytestmark = pytest.mark.integration

KEYS = [PlateKey(f"B{number // 5}", f"P{number}") for number in range(15)]
BROKEN = KEYS[7]


@pytest.fixture(params=["folder", "s3"])
def filled(
    request: pytest.FixtureRequest, workspace: FolderWorkspace, s3_workspace: S3Workspace
) -> Workspace:
    """Give fifteen plates that lack different sites, the load data of one not readable."""
    where: Workspace = workspace if request.param == "folder" else s3_workspace
    for number, key in enumerate(KEYS):
        for site in range(number % 4):
            where.publish_bytes(b"x", f"analysis/{key}/analysis/{key.plate}-A01-{site}/Image.csv")
        data = b"Metadata_Plate,Metadata_Well,Metadata_Site\n" + b"".join(
            f"{key.plate},A01,{site}\n".encode() for site in range(3)
        )
        where.publish_bytes(
            b"no,columns\n" if key == BROKEN else data, f"load_data_csv/{key}/load_data.csv"
        )
    return where


@pytest.mark.parametrize("quick", [False, True])
def test_looks_of_several_processes_are_those_of_one(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, *, quick: bool
) -> None:
    monkeypatch.setattr(scan_many, "_ALONE", {False: 1, True: 1})
    alone = look_at_plates(filled, KEYS, "analysis", quick=quick, processes=1)
    shared = look_at_plates(filled, KEYS, "analysis", quick=quick, processes=2)
    for key, one, other in zip(KEYS, alone, shared, strict=True):
        if key == BROKEN:
            assert isinstance(one, InvalidInputError)
            assert (type(other), str(other)) == (type(one), str(one))
        else:
            assert isinstance(one, PlateGlance)
            assert one == other
    assert {look.completeness.found for look in shared if isinstance(look, PlateGlance)} == {
        0,
        1,
        2,
        3,
    }


def test_what_a_process_that_dies_was_to_look_at_is_looked_at_here(
    workspace: FolderWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_many, "_ALONE", {False: 1, True: 1})
    monkeypatch.setattr(scan_many, "_WORKER", "profiling_assets.storage.no_such_module")
    workspace.publish_bytes(b"x", f"analysis/{KEYS[3]}/analysis/P3-A01-1/Image.csv")
    found = look_at_plates(workspace, KEYS, "analysis", processes=3)
    assert [look.folders for look in found if isinstance(look, PlateGlance)] == [
        int(key == KEYS[3]) for key in KEYS
    ]


_SLOW = """
import os, signal, sys, time
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace import scan_many
from profiling_assets.workspace.storage.folder import FolderWorkspace

class Slow(FolderWorkspace):
    def list_two_levels(self, path):
        with open(os.path.join({folder!r}, str(os.getpid())), "w"):
            pass
        time.sleep(60)
        return super().list_two_levels(path)

if __name__ == "__main__":
    # in the background of a shell SIGINT is ignored, and SIGTERM too, as Dagster takes them alike
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    scan_many._ALONE = {{False: 1, True: 1}}
    sys.path.insert(0, {folder!r})
    from slow_workspace import Slow  # a process that helps must be able to import it
    scan_many.look_at_plates(
        Slow({root!r}), [PlateKey("B", str(n)) for n in range(9)], "analysis", processes=3
    )
"""


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_asked(
    workspace: FolderWorkspace, tmp_path: Path, ends: signal.Signals
) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    script = folder / "slow_workspace.py"
    script.write_text(_SLOW.format(folder=str(folder), root=workspace.root))
    asks = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)

    def looking() -> set[int]:
        return {int(path.name) for path in folder.iterdir() if path.name.isdigit()}

    try:
        assert wait_for(lambda: len(looking()) == 3, 60)
        asks.send_signal(ends)
        assert asks.wait(30) != 0
        assert wait_for(lambda: not any(map(_lives, looking() - {asks.pid})), 30)
    finally:
        asks.kill()
        asks.wait()


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_few_plates_are_looked_at_without_another_process(
    workspace: FolderWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_many, "_WORKER", None)
    found = look_at_plates(workspace, KEYS[:3], "analysis", processes=os.cpu_count() or 1)
    assert [look.folders for look in found if isinstance(look, PlateGlance)] == [0, 0, 0]
