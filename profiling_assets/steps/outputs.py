"""What a step hands over: a table (or bytes), its ledgers, its numbers, its warnings.

Put here: the plain values that travel between steps, assets and IO managers.
Do not put here: how they are stored (`dagster.io_managers`) or shown (`dagster.metadata`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from profiling_assets.errors import MissingInputError
from profiling_assets.quality.checks.verdict import CheckResult
from profiling_assets.steps.current import Recorded
from profiling_assets.workspace.storage.interface import Workspace

if TYPE_CHECKING:  # for annotations alone: the graph is loaded without pandas
    import pandas as pd

ANYTHING = "anything"

Fact = int | float | str | bool | Mapping[str, int]
Progress = Callable[[int, int], None]  # how many sites are done, of how many


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a step made, ready to be published: what all kinds of it have in common."""

    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI
    checks: tuple[CheckResult, ...] = ()  # verdicts; it is published only if none of them blocks


@dataclass(frozen=True)
class OutputWithCompanions(Output):
    """An output that files of its own are published with, before it."""

    # workspace path to ledger
    ledgers: Mapping[str, pd.DataFrame] = field(default_factory=dict, kw_only=True)
    # workspace path to local file, which is consumed
    files: Mapping[str, Path] = field(default_factory=dict[str, Path], kw_only=True)


TAKEN_OVER = "taken_over_from"  # a fact: the file made elsewhere whose content a table has


@dataclass(frozen=True)
class TableOutput(OutputWithCompanions):
    """A table of profiles, or a ledger."""

    frame: pd.DataFrame
    # the text to store, where there is one already: that of a file that is taken over, or that was
    # checked
    unchanged: bytes | None = field(default=None, kw_only=True)
    # hash of the copy at full precision that may be replaced (the last one made here), or
    # `ANYTHING`; another copy that stands is left as it is
    may_replace: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class FileOutput(OutputWithCompanions):
    """A local file in scratch space, which is consumed."""

    local: Path


@dataclass(frozen=True)
class Picture:
    """A picture of a plate."""

    name: str  # what it shows, as its file's name ends
    path: str  # workspace path
    content: bytes  # a PNG file


@dataclass(frozen=True)
class PicturesOutput(Output):
    """Pictures, published and shown."""

    # the first is the result itself, under its own path; it is published last
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class PageOutput(Output):
    """An HTML page."""

    path: str  # workspace path
    content: bytes


@dataclass(frozen=True)
class SharedFileOutput(Output):
    """A file of all batches, which a step has changed in its place.

    Other batches change it too, so neither its size nor its content tells whether it is the one
    that was made.
    """

    path: str  # workspace path
    # tables for the UI, by name
    shown: Mapping[str, pd.DataFrame] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Kept:
    """A standing file that a step left as it is."""

    path: str  # workspace path
    # what it was made from, where nothing can make it anew: its step is switched off, or the CSVs
    # were moved away; None where it was not made by us and its inputs are unchanged
    recorded: Recorded | None = None
    withheld: str = ""  # why another result of the same pass was withheld; empty where it was not


@dataclass(frozen=True)
class Stored:
    """A result in the workspace, read when it is asked for.

    A batch step walks over its plates one at a time; a step that leaves a standing file alone
    never reads its input.
    """

    workspace: Workspace
    path: str  # workspace path
    asset: str  # the asset that makes it
    partition: str  # its plate or batch

    def exists(self) -> bool:
        """Say whether the file stands."""
        return self.workspace.stat(self.path) is not None

    def content(self) -> bytes:
        """Read the file, compressed where it is.

        Raises `MissingInputError` where it is not there, with asset, plate, path and remedy.
        """
        if not self.exists():
            raise MissingInputError(
                f"{self.asset} of {self.partition} is not in the workspace",
                path=self.path,
                remedy=f"materialize {self.asset} of {self.partition} again",
            )
        return self.workspace.read_bytes(self.path)

    def frame(self) -> pd.DataFrame:
        """Read the file as profiles: one row a well, metadata as text, features as float64."""
        from profiling_assets.profiles.tables import read_profiles

        return read_profiles(self.content(), path=self.path)
