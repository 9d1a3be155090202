"""What a killed process leaves: never part of a file under its final name."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.leftovers import remove_dead_parts

WRITER = """
import sys, time
from pathlib import Path
from profiling_assets.workspace.storage import atomic_write
def half(file):
    file.write(b"half of it"); file.flush()
    print("ready", flush=True)
    time.sleep(600)
atomic_write._publish(half, 100, Path(sys.argv[1], "backend/P.sqlite"), path="backend/P.sqlite")
"""
SCRATCH = """
import sys, time
from profiling_assets.workspace.storage.opening import open_workspace
with open_workspace(sys.argv[1]).scratch("P") as scratch:
    (scratch / "P.sqlite").write_bytes(b"half of it")
    print("ready", flush=True)
    time.sleep(600)
"""
ENDLESS = """
import sys
from profiling_assets.workspace.storage.opening import open_workspace
workspace = open_workspace(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        workspace.publish_bytes(letter * 4_000_000, "P.csv")
"""


@contextmanager
def program(code: str, root: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code, root], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_a_killed_writer_leaves_the_old_file_and_a_part_that_only_its_death_lets_go(
    workspace: FolderWorkspace,
) -> None:
    workspace.publish_bytes(b"old", "backend/P.sqlite")
    folder = Path(workspace.root, "backend")
    with program(WRITER, workspace.root) as writer:
        assert remove_dead_parts(folder) == []
        workspace.publish_bytes(b"1", "backend/beside.csv")  # cleans up too, and spares the living
        assert len(list(folder.glob(".P.sqlite.*.part"))) == 1
        writer.send_signal(signal.SIGKILL)
    assert workspace.read_bytes("backend/P.sqlite") == b"old"
    (part,) = folder.glob(".P.sqlite.*.part")
    assert remove_dead_parts(folder) == [part.name]
    assert sorted(path.name for path in folder.iterdir()) == ["P.sqlite", "beside.csv"]


def test_the_next_writer_removes_what_a_dead_one_left(workspace: FolderWorkspace) -> None:
    with program(WRITER, workspace.root):
        pass
    workspace.publish_bytes(b"new", "backend/P.sqlite")
    assert [path.name for path in Path(workspace.root, "backend").iterdir()] == ["P.sqlite"]


def test_files_of_others_are_not_taken_for_leftovers(workspace: FolderWorkspace) -> None:
    names = [
        ".P.sqlite.part",
        "P.sqlite.0123456789abcdef.part",
        ".x.0123456789ABCDEF.part",
        ".part",
    ]
    for name in names:
        Path(workspace.root, name).write_bytes(b"1")
    assert remove_dead_parts(Path(workspace.root)) == []
    assert remove_dead_parts(Path(workspace.root, "absent")) == []


def test_scratch_of_a_dead_process_is_removed_and_that_of_a_living_one_is_not(
    workspace: FolderWorkspace,
) -> None:
    base = Path(workspace.root, ".profiling_assets", "scratch")
    with program(SCRATCH, workspace.root) as living:
        with program(SCRATCH, workspace.root) as dying:
            assert len(list(base.glob("*/P.sqlite"))) == 2
            dying.send_signal(signal.SIGKILL)
        with workspace.scratch("next"):
            (left,) = base.glob("*/P.sqlite")
            assert f"-{living.pid}-" in left.parent.name
    with workspace.scratch("next"):
        assert list(base.glob("*/P.sqlite")) == []
    assert list(base.iterdir()) == []


def test_whenever_a_writer_is_killed_the_file_is_whole(workspace: FolderWorkspace) -> None:
    chance = random.Random(0)
    whole = (b"a" * 4_000_000, b"b" * 4_000_000)
    for _ in range(4):
        with program(ENDLESS, workspace.root) as writer:
            while workspace.stat("P.csv") is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.1))
            os.kill(writer.pid, signal.SIGKILL)
        assert workspace.read_bytes("P.csv") in whole
    workspace.publish_bytes(b"", "P.csv")
    assert [path.name for path in Path(workspace.root).iterdir()] == ["P.csv"]
