"""The two made-up workspaces, written once for all tests of this folder."""

import pytest

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import demo_spec, tiny_spec
from profiling_assets.demo.truth import GroundTruth


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GroundTruth:
    return make_workspace(tmp_path_factory.mktemp("demo") / "workspace", demo_spec())


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> GroundTruth:
    return make_workspace(tmp_path_factory.mktemp("tiny") / "workspace", tiny_spec())
