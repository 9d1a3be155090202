"""Reading for a report: what was read, what was not there, and by what it was all made.

Put here: files to parsed values with their digests; versions.
Do not put here: what is read for which part of a report (`report`).
"""

import hashlib
import importlib.metadata
from collections.abc import Callable, Iterable
from typing import TypeVar

import pandas as pd

from profiling_assets import __version__
from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.tables import read_profiles, read_tsv
from profiling_assets.quality.report.contents import Provenance, SourceFile
from profiling_assets.steps.catalog import Catalog
from profiling_assets.workspace.storage.interface import Workspace

_LIBRARIES = ("pycytominer", "pandas", "numpy")
_DIGITS = 16

_Parsed = TypeVar("_Parsed")


class Reader:
    """Reads files of a workspace, and remembers which, and what is not known for want of others."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.sources: list[SourceFile] = []
        self.unknown: list[str] = []

    def exists(self, path: str) -> bool:
        """Say whether a file stands."""
        return self.workspace.stat(path) is not None

    def content(self, path: str) -> bytes:
        """Read a file that stands."""
        content = self.workspace.read_bytes(path)
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        self.sources.append(SourceFile(path, len(content), digest))
        return content

    def parsed(self, path: str, parse: Callable[[bytes], _Parsed], unknown: str) -> _Parsed | None:
        """Read and parse a file; None, and noted, where it is not there or cannot be read.

        `unknown`: what is not known then.
        """
        if not self.exists(path):
            self.unknown.append(f"{unknown}: there is no {path}")
            return None
        try:
            return parse(self.content(path))
        except ProfilingError as error:  # the report says what it can
            self.unknown.append(f"{unknown}: {path}: {error.what}")
            return None

    def ledger(self, path: str, unknown: str) -> pd.DataFrame | None:
        """Read a ledger as text; None, and noted, where it has no columns well and state."""
        found = self.parsed(path, lambda content: read_tsv(content, path=path), unknown)
        if found is None or {"well", "state"} <= set(found.columns):
            return found
        self.unknown.append(f"{unknown}: {path} has no columns well and state")
        return None

    def profiles(self, path: str, unknown: str) -> pd.DataFrame | None:
        """Read a table of profiles; None, and noted, where that cannot be done."""
        return self.parsed(path, lambda content: read_profiles(content, path=path), unknown)

    def line(self, path: str, names: Iterable[str], unknown: str) -> dict[str, str]:
        """Read some columns of a table's first line; empty, and noted, where there is none."""
        found = self.parsed(path, lambda content: read_tsv(content, path=path), unknown)
        if found is None or found.empty:
            return {}
        return {n: str(column(found, n).iloc[0]) for n in names if n in found.columns}


def provenance(reader: Reader, catalog: Catalog, result: str) -> Provenance:
    """Say what a report was made from."""
    wanted = {result}
    for name in reversed(list(catalog.results)):  # downstream before upstream
        if name in wanted:
            wanted.update(catalog.results[name].upstream)
    steps = {name: one.code_version for name, one in catalog.results.items() if name in wanted}
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    sources = {source.path: source for source in reader.sources}
    return Provenance(
        tuple(sources[path] for path in sorted(sources)),
        steps,
        {"profiling_assets": __version__, **libraries},
    )
