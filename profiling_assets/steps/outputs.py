"""What a step hands over: a table (or bytes), its ledgers, its numbers, its warnings.

Put here: the plain values that travel between `pipeline` functions, assets and IO managers.
Do not put here: how they are stored (`dagster.io_managers`) or shown (`dagster.metadata`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from profiling_assets.errors import MissingInputError
from profiling_assets.quality.checks.check import CheckResult
from profiling_assets.steps.current import Recorded
from profiling_assets.workspace.storage.interface import Workspace

if TYPE_CHECKING:  # for annotations alone: the graph is loaded without pandas
    import pandas as pd

ANYTHING = "anything"

Fact = int | float | str | bool | Mapping[str, int]


@dataclass(frozen=True)
class Made:
    """A table that a step made, ready to be stored."""

    frame: pd.DataFrame  # the table
    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    # workspace path to ledger, published before the table
    ledgers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI
    # verdicts on the table; it is published only if none of them blocks
    checks: tuple[CheckResult, ...] = ()
    # the text to store, where there is one already: that of a file that is taken over, or that was
    # checked
    unchanged: bytes | None = None
    # workspace path to local file, published with the table and consumed
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    # hash of the copy at full precision that may be replaced (the last one made here), or
    # `ANYTHING`; another copy that stands is left as it is
    may_replace: str = ""


@dataclass(frozen=True)
class MadeFile:
    """A local file that a step made, ready to be published (and consumed)."""

    local: Path  # the file in scratch space
    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    # workspace path to ledger, published before the file
    ledgers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI
    # verdicts on the file; it is published only if none of them blocks
    checks: tuple[CheckResult, ...] = ()
    # workspace path to further local file, published before this one and consumed
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])


@dataclass(frozen=True)
class Picture:
    """A picture of a plate."""

    name: str  # what it shows, as its file's name ends
    path: str  # workspace path
    content: bytes  # a PNG file


@dataclass(frozen=True)
class MadePictures:
    """Pictures that a step drew, ready to be published and shown."""

    # the first is the result itself, under its own path; it is published last
    pictures: tuple[Picture, ...]
    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI
    checks: tuple[CheckResult, ...] = ()  # verdicts on it


@dataclass(frozen=True)
class MadePage:
    """A page that a step wrote, ready to be published."""

    path: str  # workspace path
    content: bytes  # HTML
    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI


@dataclass(frozen=True)
class Published:
    """A file of all batches, which a step has changed in its place.

    Other batches change it too, so neither its size nor its content tells whether it is the one
    that was made.
    """

    path: str  # workspace path
    # numbers and words for the UI, by stable names
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()  # sentences for the log and the UI
    checks: tuple[CheckResult, ...] = ()  # verdicts on it
    shown: Mapping[str, pd.DataFrame] = field(default_factory=dict)  # tables for the UI, by name


@dataclass(frozen=True)
class Kept:
    """A standing file that a step left as it is."""

    path: str  # workspace path of the file
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

    workspace: Workspace  # where it is
    path: str  # workspace path
    asset: str  # the asset that makes it, for messages
    partition: str  # the plate or batch, for messages

    def exists(self) -> bool:
        """Say whether the file stands."""
        return self.workspace.stat(self.path) is not None

    def content(self) -> bytes:
        """Read the file.

        Its content, compressed where the file is. Raises `MissingInputError` where the file is not
        there, with asset, plate, path and remedy.
        """
        if not self.exists():
            raise MissingInputError(
                f"{self.asset} of {self.partition} is not in the workspace",
                path=self.path,
                remedy=f"materialize {self.asset} of {self.partition} again",
            )
        return self.workspace.read_bytes(self.path)

    def frame(self) -> pd.DataFrame:
        """Read the file as a table of profiles.

        One row a well; metadata as text, features as float64.
        """
        from profiling_assets.profiles.tables import read_profiles

        return read_profiles(self.content(), path=self.path)


Progress = Callable[[int, int], None]
