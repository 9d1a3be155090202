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
    """A table that a step made, ready to be stored.

    Attributes
    ----------
    frame : pandas.DataFrame
        The table.
    facts : mapping of str to Fact
        Numbers and words for the UI, by stable names.
    ledgers : mapping of str to pandas.DataFrame
        Workspace path to ledger, published before the table.
    warnings : tuple of str
        Sentences for the log and the UI.
    checks : tuple of CheckResult
        Verdicts on the table; it is published only if none of them blocks.
    unchanged : bytes or None
        The text to store, where there is one already: that of a file that is taken over, or that
        was checked.
    files : mapping of str to pathlib.Path
        Workspace path to local file, published with the table and consumed.
    may_replace : str
        Hash of the copy at full precision that may be replaced (the last one made here), or
        `ANYTHING`; another copy that stands is left as it is.
    """

    frame: pd.DataFrame
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    ledgers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    unchanged: bytes | None = None
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    may_replace: str = ""


@dataclass(frozen=True)
class MadeFile:
    """A local file that a step made, ready to be published (and consumed).

    Attributes
    ----------
    local : pathlib.Path
        The file in scratch space.
    facts : mapping of str to Fact
        Numbers and words for the UI, by stable names.
    ledgers : mapping of str to pandas.DataFrame
        Workspace path to ledger, published before the file.
    warnings : tuple of str
        Sentences for the log and the UI.
    checks : tuple of CheckResult
        Verdicts on the file; it is published only if none of them blocks.
    files : mapping of str to pathlib.Path
        Workspace path to further local file, published before this one and consumed.
    """

    local: Path
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    ledgers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])


@dataclass(frozen=True)
class Picture:
    """A picture of a plate.

    Attributes
    ----------
    name : str
        What it shows, as its file's name ends.
    path : str
        Workspace path.
    content : bytes
        A PNG file.
    """

    name: str
    path: str
    content: bytes


@dataclass(frozen=True)
class MadePictures:
    """Pictures that a step drew, ready to be published and shown.

    Attributes
    ----------
    pictures : tuple of Picture
        The first is the result itself, under its own path; it is published last.
    facts : mapping of str to Fact
        Numbers and words for the UI, by stable names.
    warnings : tuple of str
        Sentences for the log and the UI.
    checks : tuple of CheckResult
        Verdicts on it.
    """

    pictures: tuple[Picture, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True)
class MadePage:
    """A page that a step wrote, ready to be published.

    Attributes
    ----------
    path : str
        Workspace path.
    content : bytes
        HTML.
    facts : mapping of str to Fact
        Numbers and words for the UI, by stable names.
    warnings : tuple of str
        Sentences for the log and the UI.
    """

    path: str
    content: bytes
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Published:
    """A file of all batches, which a step has changed in its place.

    Other batches change it too, so neither its size nor its content tells whether it is the one
    that was made.

    Attributes
    ----------
    path : str
        Workspace path.
    facts : mapping of str to Fact
        Numbers and words for the UI, by stable names.
    warnings : tuple of str
        Sentences for the log and the UI.
    checks : tuple of CheckResult
        Verdicts on it.
    shown : mapping of str to pandas.DataFrame
        Tables for the UI, by name.
    """

    path: str
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    shown: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A standing file that a step left as it is.

    Attributes
    ----------
    path : str
        Workspace path of the file.
    recorded : Recorded or None
        What it was made from, where nothing can make it anew: its step is switched off, or the
        CSVs were moved away; None where it was not made by us and its inputs are unchanged.
    withheld : str
        Why another result of the same pass was withheld; empty where it was not.
    """

    path: str
    recorded: Recorded | None = None
    withheld: str = ""


@dataclass(frozen=True)
class Stored:
    """A result in the workspace, read when it is asked for.

    A batch step walks over its plates one at a time; a step that leaves a standing file alone
    never reads its input.

    Attributes
    ----------
    workspace : Workspace
        Where it is.
    path : str
        Workspace path.
    asset : str
        The asset that makes it, for messages.
    partition : str
        The plate or batch, for messages.
    """

    workspace: Workspace
    path: str
    asset: str
    partition: str

    def exists(self) -> bool:
        """Say whether the file stands."""
        return self.workspace.stat(self.path) is not None

    def content(self) -> bytes:
        """Read the file.

        Returns
        -------
        bytes
            Its content, compressed where the file is.

        Raises
        ------
        MissingInputError
            Where the file is not there, with asset, plate, path and remedy.
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

        Returns
        -------
        pandas.DataFrame
            One row a well; metadata as text, features as float64.
        """
        from profiling_assets.profiles.tables import read_profiles

        return read_profiles(self.content(), path=self.path)


Progress = Callable[[int, int], None]
