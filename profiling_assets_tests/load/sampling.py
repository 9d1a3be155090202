"""Looking at a running web UI every second: how fast it answers, what its processes hold.

Each look is a line of JSON in a file, so that a test that was interrupted keeps its figures.
"""

import json
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.web_ui import WebUI
from profiling_assets_tests.load.pages import HEALTH, PAGES, PING

_EVERY = 1.0  # seconds
_MEMORY_EVERY = 5.0
_PAGE = 4096
# words of a command line to the role, the first that fits
_ROLES = {
    "dagster._daemon": "daemon",
    "dagster_webserver": "web server",
    "code-server start": "code server",
    "api grpc": "code server",
    "profiling_assets.dagster.launchers.local_server": "run server",
}
RUNS = "runs"


def processes_held(place: Place) -> dict[str, dict[str, int]]:
    """What the processes of a place hold, by role: how many, bytes in memory, open files."""
    found = place.processes()
    held: dict[str, Counter[str]] = {}
    for pid, line in found.items():
        role = next((role for words, role in _ROLES.items() if words in line), "other")
        try:
            folder = Path("/proc", str(pid))
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            resident = int((folder / "statm").read_text().split()[1]) * _PAGE
            files = sum(1 for _ in (folder / "fd").iterdir())
        except OSError:  # it has just ended
            continue
        if role == "run server" and "profiling_assets.dagster.launchers.local_server" in found.get(
            parent, ""
        ):
            role = RUNS  # forked from it
        held.setdefault(role, Counter()).update(count=1, memory=resident, files=files)
    return {role: dict(counts) for role, counts in held.items()}


class Sampler:
    """Asks what the pages ask, one page a second, and looks at the processes."""

    def __init__(self, ui: WebUI, place: Place, file: Path, temporary: Path) -> None:
        self._ui = ui
        self._place = place
        self._file = file
        self._temporary = temporary
        self._done = Event()

    def _asked(self, query: str) -> tuple[float, dict[str, Any]]:
        start = time.monotonic()
        answer = self._ui.ask(query)
        return time.monotonic() - start, answer

    def _look(self, page: str) -> dict[str, Any]:
        line: dict[str, Any] = {"at": time.time(), "seconds": {}}
        for name, query in (("ping", PING), (page, PAGES[page])):
            try:
                line["seconds"][name], answer = self._asked(query)
            except (OSError, ValueError, AssertionError) as error:
                line.setdefault("failed", []).append(f"{name}: {error!r}"[:500])
                continue
            if name == HEALTH:
                statuses = answer["instance"]["daemonHealth"]["allDaemonStatuses"]
                line["sick"] = [
                    status["daemonType"]
                    for status in statuses
                    if status["required"] and not status["healthy"]
                ]
        return line

    def _work(self) -> None:
        next_memory = 0.0
        with self._file.open("a", encoding="utf-8") as file:
            for page in cycle(PAGES):
                start = time.monotonic()
                line = self._look(page)
                if start >= next_memory:
                    next_memory = start + _MEMORY_EVERY
                    line["held"] = processes_held(self._place)
                    line["temporary"] = sum(1 for _ in self._temporary.rglob("*"))
                file.write(json.dumps(line) + "\n")
                file.flush()
                if self._done.wait(max(0.0, _EVERY - (time.monotonic() - start))):
                    return

    @contextmanager
    def sampling(self) -> Generator[None]:
        """Look while the block runs."""
        thread = Thread(target=self._work, name="sampler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()


def samples(file: Path) -> list[dict[str, Any]]:
    """The looks of a file; a line that was cut off is left out."""
    found: list[dict[str, Any]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
