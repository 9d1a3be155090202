"""The workspaces of the long forms, and what the environment may ask of them."""

import os
import random
from dataclasses import replace
from pathlib import Path

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, new_place

SEED = int(os.environ.get("PROFILING_ASSETS_FAULTS_SEED", "0")) or random.randrange(1, 10**6)
KILLS = int(os.environ.get("PROFILING_ASSETS_FAULTS_KILLS", "21"))  # each, folder and bucket
KILLS_SECONDS = float(
    os.environ.get("PROFILING_ASSETS_FAULTS_SECONDS", "420")
)  # no more kills then


def a_plate(folder: Path) -> Place:
    """Make a workspace of one plate and everything that a config asks for."""
    spec = replace(tiny_spec(), batches=tiny_spec().batches[1:], defects=())
    place = new_place(folder / "workspace", spec)
    assert place("init-config", place.root).code == 0
    return place


FILLS = 5  # runs whose disk fills up
