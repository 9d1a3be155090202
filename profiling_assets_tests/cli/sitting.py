"""A terminal in a folder, in which the commands of a page are typed one after the other.

Put here: running a line by a shell, a server for a moment, and what a page needs before.
Do not put here: which lines (`pages`, `exercises`), tests.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profiling_assets_tests.cli.commands import Done, Place
from profiling_assets_tests.cli.exercises import EXERCISES, filled_in, reason_not_to_run
from profiling_assets_tests.cli.pages import ROOT, Command, commands, files, is_quoted
from profiling_assets_tests.data_repositories import git_of_nobody

_LONGEST = 900.0  # seconds; the whole demo on a machine that others keep busy
_SHELL = shutil.which("bash") or "bash"


@dataclass(frozen=True)
class Sitting:
    """A folder, and a place whose state folder and mark the commands get."""

    folder: Path
    place: Place
    exported: dict[str, str] = field(default_factory=dict[str, str])

    def environment(self) -> dict[str, str]:
        """Return the place's environment with this installation's programs, and no pager."""
        programs = Path(sys.executable).parent
        return {
            **self.place.environment(),
            **self.exported,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",  # both streams in the order of writing
            "LC_ALL": "C.UTF-8",
            "GIT_PAGER": "cat",
        }

    def type(self, line: str) -> Done:
        """Run one line to its end; what it prints is in `out`, both streams in their order."""
        name, *words = shlex.split(line, comments=True)
        if name == "export":  # each line has a shell of its own
            for variable, _, value in (word.partition("=") for word in words):
                self.exported[variable] = value
            return Done(0, "", "")
        done = subprocess.run(
            [_SHELL, "-c", line],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        return Done(done.returncode, done.stdout, "")

    def serve(self, line: str) -> Done:
        """Run a line that serves on port 3000 on another port, until it answers; press Ctrl-C."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self.folder / "server.log"
        with log.open("w") as printed:
            process = subprocess.Popen(
                [_SHELL, "-c", f"exec {line} --port {port}"],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
            try:
                _wait_for_answer(f"http://127.0.0.1:{port}/server_info", process)
            finally:
                code = _stopped(process, line)
        return Done(code, log.read_text().replace(f":{port}", ":3000"), "")


def follow(page: str, sitting: Sitting, codes: Mapping[str, int] | None = None) -> None:
    """Type every command of a tutorial, in order; each must print what the page says.

    Parameters
    ----------
    page : str
        The page.
    sitting : Sitting
        Where.
    codes : mapping of str to int, optional
        Part of a command to the exit code that is right for it; 0 by default.
    """
    for command in commands(ROOT / page):
        if reason_not_to_run(command) is not None:
            continue
        done = sitting.serve(command.text) if _serves(command) else sitting.type(command.text)
        expected = next((code for part, code in (codes or {}).items() if part in command.text), 0)
        assert done.code == expected, f"{command}\n{done.text}"
        quoted = command.output is None or is_quoted(command.output, done.out)
        assert quoted, (
            f"{command} prints otherwise:\n{done.out}\nand on the page:\n{command.output}"
        )


def exercise_page(page: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type the commands of a page on a built workspace; each must do what it is there for."""
    exercise = EXERCISES[page]
    sitting = Sitting(place.root.parent, place)
    with_remotes(sitting, monkeypatch)
    for name, text in files(ROOT / page):
        (sitting.folder / name).write_text(text, encoding="utf-8")
    words = {
        "EVENT_LOG": shlex.quote(str(place.home)),
        "/PATH/TO/WORKSPACE": shlex.quote(str(place.root)),
    }
    if exercise.new_config:
        place.config.unlink()
    for command in commands(ROOT / page):
        if reason_not_to_run(command) is not None:
            continue
        line = filled_in(command.text, exercise, words)
        done = sitting.serve(line) if _serves(command) else sitting.type(line)
        expected = next((code for part, code in exercise.codes.items() if part in line), 0)
        assert done.code == expected, f"{command}\n{line}\n{done.text}"
        for config in place.config.parent.glob("*.yml"):
            quality_control_off(config)


def _serves(command: Command) -> bool:
    ours = command.arguments is not None and command.arguments[0] == "ui"
    return ours or command.words[:2] == ["dagster", "dev"]


def quality_control_off(config: Path) -> None:
    """Switch it off in a config: it draws pictures, and has tests of its own."""
    on = "quality_control:\n  perform: true\n"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(on, on.replace("true", "false")), encoding="utf-8")


def with_remotes(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty remote `hub.git`, and a clone `clone` of another one that has a commit."""
    git_of_nobody(monkeypatch, sitting.folder)
    for line in (
        "git init --quiet --bare --initial-branch=main hub.git",
        "git init --quiet --bare --initial-branch=main lab.git",
        "git clone --quiet lab.git clone",
        "git -C clone commit --quiet --allow-empty --message=first",
        "git -C clone push --quiet --set-upstream origin HEAD",
    ):
        done = sitting.type(line)
        assert done.code == 0, done.text


def _stopped(process: subprocess.Popen[bytes], line: str) -> int:
    """Press Ctrl-C; our own server has to end then, Dagster's is ended if it does not."""
    os.killpg(process.pid, signal.SIGINT)
    if not line.startswith("dagster dev"):
        return process.wait(60)
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    return 0  # it answered


def _wait_for_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended by itself"
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    message = f"no answer from {address}"
    raise AssertionError(message)
