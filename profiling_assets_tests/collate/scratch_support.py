"""How much of a disk a build holds: files with a name, and files that only the process knows."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profiling_assets.collate import sqlite_backend

_OWN_FILES = Path("/proc/self/fd")


@dataclass
class ScratchMeter:
    """Looks at a scratch folder at every site, and while SQLite works."""

    folder: Path
    peak: int = 0
    elsewhere: set[str] = field(default_factory=set[str])
    looks: int = 0
    unnamed: int = 0

    def look(self) -> None:
        self.looks += 1
        named = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        unnamed = 0
        for link in _OWN_FILES.iterdir():
            try:
                place, status = str(link.readlink()), link.stat()
            except FileNotFoundError:  # the listing's own
                continue
            if not place.endswith(" (deleted)"):
                continue
            if Path(place).is_relative_to(self.folder):
                unnamed += status.st_size
            elif "etilqs" in place:  # SQLite's own name for its temporary files
                self.elsewhere.add(place)
        self.unnamed = max(self.unnamed, unnamed)
        self.peak = max(self.peak, named + unnamed)

    def at_site(self, done: int, total: int) -> None:
        del total
        if done % 4 == 0:
            self.look()


def metered(folder: Path, monkeypatch: pytest.MonkeyPatch, *, steps: int = 20_000) -> ScratchMeter:
    """Return a meter that SQLite calls, too, every so many steps of its programs."""
    if not _OWN_FILES.is_dir():
        pytest.skip("files without a name can be seen on Linux only")
    meter = ScratchMeter(folder.resolve())
    connect: Callable[[Path], sqlite3.Connection] = vars(sqlite_backend)["_connect"]

    def connected(file: Path) -> sqlite3.Connection:
        connection = connect(file)
        connection.set_progress_handler(meter.look, steps)
        return connection

    monkeypatch.setattr(sqlite_backend, "_connect", connected)
    return meter


def numbers(columns: int, seed: int) -> str:
    return ",".join(f"0.{seed:03d}{n:04d}123456789" for n in range(columns))


def names(prefix: str, columns: int) -> Sequence[str]:
    return [f"{prefix}{n}" for n in range(columns)]
