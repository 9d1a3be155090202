"""Places for real commands: an empty one, a fresh workspace, and one that was built step by step.

Building takes half a minute, so that the built one is made once for all worker processes and
copied by whoever changes it.
"""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, new_place
from profiling_assets_tests.cli.story import Story, tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Story:
    """A workspace with a broken plate, mended, built step by step; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "story"
    shared.mkdir(exist_ok=True)
    written = shared / "story.pickle"
    with FileLock(shared / "story.lock"):
        if not written.exists():
            written.write_bytes(pickle.dumps(tell(shared / "Zürich lab 日本")))
    return pickle.loads(written.read_bytes())


@pytest.fixture
def built(story: Story, tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """Give a built workspace with its event log, to be changed."""
    return places(story.place.copied_to(tmp_path))


@pytest.fixture
def fresh(tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """Give a workspace on which nothing was run."""
    return places(new_place(tmp_path / "workspace", tiny_spec()))


@pytest.fixture
def empty(tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """Give a folder without plates."""
    return places(new_place(tmp_path / "workspace", None))
