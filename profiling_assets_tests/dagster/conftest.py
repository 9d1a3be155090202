"""The tiny workspace, untouched and completely built, each made once and copied by every test."""

from pathlib import Path

import pytest
from filelock import FileLock

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.dagster.desk import Desk


def _shared(tmp_path_factory: pytest.TempPathFactory, worker: str, name: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker == "master" else base.parent) / f"graph_{name}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Desk:
    """A workspace with CSVs and plate maps only; not to be changed."""
    folder = _shared(tmp_path_factory, worker_id, "inputs")
    desk = Desk(folder / "workspace", folder / "home", folder / "config.yml", folder / "blank")
    with FileLock(folder / ".lock"):
        if not (folder / "made").exists():
            make_workspace(desk.root, tiny_spec())
            desk.configure({})
            with Desk(desk.root, folder / "blank").instance() as instance:
                instance.all_asset_keys()
            (folder / "made").touch()
    return desk


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str, inputs: Desk) -> Desk:
    """The same with every result of the handbook's config built; not to be changed."""
    folder = _shared(tmp_path_factory, worker_id, "built")
    desk = Desk(folder / "workspace", folder / "home", inputs.config, inputs.blank)
    with FileLock(folder / ".lock"):
        if not (folder / "made").exists():
            inputs.copied_to(folder).run()
            (folder / "made").touch()
    return desk


@pytest.fixture
def fresh(inputs: Desk, tmp_path: Path) -> Desk:
    """A workspace on which nothing was run, to be changed."""
    return inputs.copied_to(tmp_path)


@pytest.fixture
def desk(built: Desk, tmp_path: Path) -> Desk:
    """A completely built workspace with its event log, to be changed."""
    return built.copied_to(tmp_path)
