"""Real commands on real workspaces: start one, wait for it, see what it leaves behind.

Every process that a place starts carries a mark in its environment, so that a test can find all
of them, whoever their parent is by now.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import profiling_assets.dagster.instance
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.spec import WorkspaceSpec

MARK = "PROFILING_ASSETS_TEST_MARK"
LONGEST = 240.0  # seconds; a whole run of a small workspace on a busy machine
_OURS = ("DAGSTER_HOME", "PROFILING_ASSETS_WORKSPACE", "PROFILING_ASSETS_CONFIG", "COLUMNS")
_GRACE = 10.0  # seconds for a child to notice that it is done


@dataclass(frozen=True)
class Done:
    """What a command left: exit code and text."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams, for messages."""
        return f"exit code {self.code}\n{self.out}\n{self.err}"


@dataclass(frozen=True)
class Place:
    """A workspace with a state folder of its own."""

    root: Path
    state: Path
    dagster_home: Path | None = None
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def home(self) -> Path:
        """The folder of the event log."""
        if self.dagster_home is not None:
            return self.dagster_home
        name = profiling_assets.dagster.instance.instance_home(str(self.root.resolve())).name
        return self.state / "profiling_assets" / name

    @property
    def config(self) -> Path:
        """The config file that `init-config` writes."""
        return self.root / "config_files" / "config.yml"

    def environment(self) -> dict[str, str]:
        """Return the environment of this place's processes."""
        kept = {name: text for name, text in os.environ.items() if name not in _OURS}
        chosen = {} if self.dagster_home is None else {"DAGSTER_HOME": str(self.dagster_home)}
        return {**kept, **chosen, "XDG_STATE_HOME": str(self.state), MARK: self.mark}

    def start(
        self, *words: str | Path, cwd: Path | None = None, log: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a command as the leader of a process group, as a shell does.

        What it prints goes to pipes, or to a log: a pipe that nobody reads stops a server.
        """
        printed = subprocess.PIPE if log is None else os.open(log, os.O_WRONLY | os.O_CREAT)
        process = subprocess.Popen(
            [sys.executable, "-m", "profiling_assets", *map(str, words)],
            cwd=cwd or self.root.parent,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            text=True,
            process_group=0,
        )
        if log is not None:
            os.close(printed)
        return process

    def __call__(self, *words: str | Path, cwd: Path | None = None) -> Done:
        """Run a command to its end; no process of it may outlive it."""
        done = finished(self.start(*words, cwd=cwd))
        assert self.wait_until_alone(_GRACE), (words, self.processes())
        return done

    def without_quality_control(self) -> None:
        """Switch it off in the config: it draws pictures, and has tests of its own."""
        text = self.config.read_text(encoding="utf-8")
        on = "quality_control:\n  perform: true\n"
        assert on in text
        self.config.write_text(text.replace(on, on.replace("true", "false")), encoding="utf-8")

    def run(self, *words: str | Path, cwd: Path | None = None) -> Done:
        """Call `run` with the place's own workspace and config."""
        return self("run", "--workspace", self.root, "--config", self.config, *words, cwd=cwd)

    def start_run(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start `run` with the place's own workspace and config."""
        return self.start("run", "--workspace", self.root, "--config", self.config, *words)

    def processes(self) -> dict[int, str]:
        """Return the living processes of this place: id to command line."""
        wanted = f"{MARK}={self.mark}".encode()
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    found[int(folder.name)] = b" ".join(words).decode(errors="replace")[:200]
            except OSError:
                continue
        return found

    def wait_until_alone(self, seconds: float) -> bool:
        """Wait until no process of this place is alive."""
        return wait_for(lambda: not self.processes(), seconds)

    def kill_all(self) -> None:
        """Kill what is left of this place's processes."""
        for _ in range(50):
            left = self.processes()
            if not left:
                return
            for pid in left:
                kill(pid)
            time.sleep(0.1)

    def copied_to(self, folder: Path) -> "Place":
        """Copy workspace and event log, as they are, to another folder."""
        copy = replace(
            self,
            root=folder / self.root.name,
            state=folder / f"{self.root.name} state",
            mark=uuid.uuid4().hex,
        )
        shutil.copytree(self.root, copy.root)
        if self.home.exists():
            shutil.copytree(self.home, copy.home)
        return copy

    def files(self) -> set[str]:
        """Return the paths of the workspace's files, without our own state and provenance."""
        return {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_file()
            and ".profiling_assets" not in path.parts
            and not path.name.endswith("_provenance.json")
        }

    def leftovers(self) -> list[str]:
        """Return temporary files, scratch folders and intents of runs in the workspace."""
        state = self.root / ".profiling_assets"
        found = [
            *self.root.rglob("*.part"),
            *state.glob("scratch/*"),
            *state.glob("intents/*"),
        ]
        return sorted(path.relative_to(self.root).as_posix() for path in found)


def new_place(root: Path, spec: WorkspaceSpec | None, state: Path | None = None) -> Place:
    """Make a workspace (an empty folder without a specification) and its state folder."""
    root.mkdir(parents=True)
    if spec is not None:
        make_workspace(root, spec)
    return Place(root, state or root.with_name(f"{root.name} state"))


def finished(process: subprocess.Popen[str], seconds: float = LONGEST) -> Done:
    """Wait for a command."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        message = f"no end after {seconds} seconds\n{out}\n{err}"
        raise AssertionError(message) from None
    return Done(process.returncode, out, err)


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(condition: Callable[[], object], seconds: float, *, every: float = 0.05) -> bool:
    """Wait until something is true; say whether it became so in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True
