"""What a report says, as plain values: counts, shares, names and sentences.

Put here: the facts of a plate and of a batch, and how a plate's are read back from its page.
Do not put here: gathering them from a workspace (`steps.report`), words and layout (`page`).
A number that is not known is None or absent, and `unknown` says why.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import cast

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from profiling_assets.profiles.column_kinds import column, is_measured, numeric_columns
from profiling_assets.profiles.feature_list import FeatureSelection
from profiling_assets.profiles.tables import table_facts
from profiling_assets.workspace.ledger import KEPT_WHOLE, NOT_ASKED, SiteState, WellState

# the facts of a plate are in its page, so that the batch's page says what the plate's says
_BLOCK = re.compile(rb'<script type="application/json" id="facts">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Share:
    """How many of how many, and the number of each state."""

    whole: int
    expected: int
    states: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Rows:
    """Rows of one object table: found in the CSVs, kept in the backend."""

    found: int
    kept: int


@dataclass(frozen=True)
class Normalization:
    """A normalized table in figures."""

    reference: str  # the wells that the scale was fitted on
    path: str  # workspace path
    wells: int  # its rows
    features: int
    without_spread: int  # features of which all finite values are equal, or that have none
    nan_share: float  # share of the feature cells without a value, 0 to 1
    inf_cells: int  # feature cells that are infinite


@dataclass(frozen=True)
class Selection:
    """A list of selected features in figures: kept, and dropped by each operation."""

    reference: str
    level: str
    path: str
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def total(self) -> int:
        """Features that were chosen from."""
        return self.kept + sum(self.dropped.values())


@dataclass(frozen=True)
class Ledger:
    """The lines of a ledger that are not fine, and the number of those that are."""

    title: str
    path: str
    fine: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class SourceFile:
    """A file that the report was made from: bytes, and the first digits of its SHA-256."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Provenance:
    """What a report was made from, and by what."""

    sources: tuple[SourceFile, ...] = ()  # files that were read
    # result to the version of its step's code and of the part of the config that rules it
    steps: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])  # package to version


Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True)
class ReportFacts:
    """What is to be known of a plate."""

    batch: str
    plate: str
    sites: Share | None = None  # of which everything was kept, of those expected
    wells: Share | None = None  # with a profile
    cells: int | None = None  # cells behind the profiles
    objects: Mapping[str, Rows] = field(default_factory=dict[str, Rows])  # object table to its rows
    # what the load data tell, as the summary of quality control has it
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    # numbers of the cell counts, of the position effect, and of controls and replicates, by the
    # names that the web UI has for them
    counts: Numbers = field(default_factory=dict[str, float | int | str])
    position: Numbers = field(default_factory=dict[str, float | int | str])
    likeness: Numbers = field(default_factory=dict[str, float | int | str])
    # each in the order of the page
    normalizations: tuple[Normalization, ...] = ()
    selections: tuple[Selection, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    warnings: tuple[str, ...] = ()  # what is to be looked at
    unknown: tuple[str, ...] = ()  # what cannot be said, and why
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class BatchReportFacts:
    """What is to be known of a batch."""

    batch: str
    plates: tuple[ReportFacts, ...] = ()  # the plates that have a report
    # other plates of the batch, and why there is nothing to be said of them
    without_report: Mapping[str, str] = field(default_factory=dict[str, str])
    selections: tuple[Selection, ...] = ()  # the lists of features, each once
    provenance: Provenance = field(default_factory=Provenance)


@cache
def _plate_facts() -> TypeAdapter[ReportFacts]:
    return TypeAdapter(ReportFacts)


def facts_of_page(page: bytes) -> ReportFacts | None:
    """Read the facts of a plate back from its page.

    None where the page has none: another program wrote it, or a version with other facts.
    """
    found = _BLOCK.search(page)
    if found is None:
        return None
    try:
        return _plate_facts().validate_json(found[1])
    except ValidationError:
        return None


def facts_json(facts: ReportFacts) -> object:
    """Lay the facts of a plate out as JSON values, to be put into its page."""
    return _plate_facts().dump_python(facts, mode="json")


_WHOLE = frozenset(state.value for state in KEPT_WHOLE)
_NOT_ASKED = frozenset(state.value for state in NOT_ASKED)
_FINE = frozenset({SiteState.COMPLETE.value, WellState.PROFILE.value})
_IMAGE = "image_rows"
_TOLD = ("folder", "well", "site", "state", "reason", "cells")


def _texts(ledger: pd.DataFrame, name: str) -> list[str]:
    return cast("list[str]", column(ledger, name).tolist())


def site_share(ledger: pd.DataFrame) -> Share:
    """Count the sites of which everything was kept, of those expected.

    Duplicates, and sites that the load data do not name, are among the states alone, as in the
    picture of the sites.
    """
    states = Counter(_texts(ledger, "state"))
    asked = {state: count for state, count in states.items() if state not in _NOT_ASKED}
    whole = sum(count for state, count in asked.items() if state in _WHOLE)
    return Share(whole, sum(asked.values()), dict(sorted(states.items())))


def well_share(ledger: pd.DataFrame) -> Share:
    """Count the wells with a profile, of all in the ledger (`PLATE_wells.tsv` as text)."""
    states = Counter(_texts(ledger, "state"))
    whole = states[WellState.PROFILE.value]
    return Share(whole, sum(states.values()), dict(sorted(states.items())))


def cells_of(ledger: pd.DataFrame) -> int | None:
    """Sum the cells of the wells with a profile; None where the ledger has no such numbers."""
    if "cells" not in ledger.columns:
        return None
    pairs = zip(_texts(ledger, "state"), _texts(ledger, "cells"), strict=True)
    cells = [text for state, text in pairs if state == WellState.PROFILE.value]
    return sum(map(int, cells)) if all(text.isdecimal() for text in cells) else None


def objects_of(ledger: pd.DataFrame) -> dict[str, Rows]:
    """Sum the rows of each object table, found and kept (`PLATE_sites.tsv` as text)."""
    names = [name.removesuffix("_in") for name in ledger.columns if name.endswith("_in")]
    found: dict[str, Rows] = {}
    for name in names:
        if name == _IMAGE or f"{name}_kept" not in ledger.columns:
            continue
        both = (_texts(ledger, f"{name}_in"), _texts(ledger, f"{name}_kept"))
        if all(text.isdecimal() for texts in both for text in texts):
            found[name] = Rows(*(sum(map(int, texts)) for texts in both))
    return found


def ledger_part(title: str, path: str, ledger: pd.DataFrame) -> Ledger:
    """Return the lines of a ledger that are not fine.

    `ledger`: its table as text, with a column state. In the order of the ledger, its telling
    columns.
    """
    columns = tuple(name for name in _TOLD if name in ledger.columns)
    lines = zip(*(_texts(ledger, name) for name in columns), strict=True)
    pairs = list(zip(_texts(ledger, "state"), lines, strict=True))
    rows = tuple(tuple(line) for state, line in pairs if state not in _FINE)
    return Ledger(title, path, len(pairs) - len(rows), columns, rows)


def normalization(frame: pd.DataFrame, *, reference: str, path: str) -> Normalization:
    """Describe a normalized table."""
    facts = table_facts(frame)
    return Normalization(
        reference,
        path,
        wells=facts.rows,
        features=facts.features,
        without_spread=_without_spread(frame),
        nan_share=facts.nan_share,
        inf_cells=facts.inf_cells,
    )


def _without_spread(frame: pd.DataFrame) -> int:
    numeric = numeric_columns(frame)
    names = [name for name in frame.columns if is_measured(name) and name in numeric]
    values = frame.loc[:, names].to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    highest = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    lowest = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    return int((highest <= lowest).sum())


def selection(found: FeatureSelection, *, reference: str, level: str, path: str) -> Selection:
    """Describe a list of selected features.

    Features kept, and dropped by each operation in the order of the list.
    """
    outcomes = column(found.ledger, "outcome").astype(str).tolist()
    operations = column(found.ledger, "operation").astype(str).tolist()
    dropped: dict[str, int] = {}
    for outcome, operation in zip(outcomes, operations, strict=True):
        if outcome == "dropped":
            dropped[operation] = dropped.get(operation, 0) + 1
    kept = sum(outcome == "kept" for outcome in outcomes)
    return Selection(reference, level, path, kept, dict(sorted(dropped.items())))
