"""Looking at many plates in several processes tells what one process tells."""

import os

import pytest

from profiling_assets.core.errors import InvalidInputError
from profiling_assets.core.names import PlateKey
from profiling_assets.storage import looks
from profiling_assets.storage.folder import FolderWorkspace
from profiling_assets.storage.glance import PlateGlance
from profiling_assets.storage.looks import look_at_plates
from profiling_assets.storage.s3.workspace import S3Workspace
from profiling_assets.storage.workspace import Workspace

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
    monkeypatch.setattr(looks, "_ALONE", {False: 1, True: 1})
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


def test_few_plates_are_looked_at_without_another_process(
    workspace: FolderWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "ProcessPoolExecutor", None)
    found = look_at_plates(workspace, KEYS[:3], "analysis", processes=os.cpu_count() or 1)
    assert [look.folders for look in found if isinstance(look, PlateGlance)] == [0, 0, 0]
