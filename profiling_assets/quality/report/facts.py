"""What a report says, as plain values: counts, shares, names and sentences.

Put here: the facts of a plate and of a batch, and how a plate's are read back from its page.
Do not put here: gathering them from a workspace (`steps.report`), words and layout (`quality.report.page`).
A number that is not known is None or absent, and `unknown` says why.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from pydantic import TypeAdapter, ValidationError

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
    """A normalized table in figures.

    Attributes
    ----------
    reference : str
        The wells that the scale was fitted on.
    path : str
        Workspace path.
    wells, features, inf_cells : int
        Rows, feature columns, infinite cells.
    without_spread : int
        Features of which all finite values are equal, or that have none.
    nan_share : float
        Share of the feature cells without a value, 0 to 1.
    """

    reference: str
    path: str
    wells: int
    features: int
    without_spread: int
    nan_share: float
    inf_cells: int


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
class Source:
    """A file that the report was made from: bytes, and the first digits of its SHA-256."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Provenance:
    """What a report was made from, and by what.

    Attributes
    ----------
    sources : tuple of Source
        Files that were read.
    steps : mapping of str to str
        Result to the version of its step's code and of the part of the config that rules it.
    versions : mapping of str to str
        Package to version.
    """

    sources: tuple[Source, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])


Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True)
class PlateFacts:
    """What is to be known of a plate.

    Attributes
    ----------
    batch, plate : str
        The plate.
    sites, wells : Share or None
        Sites of which everything was kept, of those expected; wells with a profile.
    cells : int or None
        Cells behind the profiles.
    objects : mapping of str to Rows
        Object table to its rows.
    images : mapping of str to str
        What the load data tell, as the summary of quality control has it.
    counts, position, likeness : mapping of str to number or str
        Numbers of the cell counts, of the position effect, and of controls and replicates, by the
        names that the web UI has for them.
    normalizations, selections, ledgers : tuple
        In the order of the page.
    warnings : tuple of str
        What is to be looked at.
    unknown : tuple of str
        What cannot be said, and why.
    provenance : Provenance
        What the report was made from.
    """

    batch: str
    plate: str
    sites: Share | None = None
    wells: Share | None = None
    cells: int | None = None
    objects: Mapping[str, Rows] = field(default_factory=dict[str, Rows])
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    counts: Numbers = field(default_factory=dict[str, float | int | str])
    position: Numbers = field(default_factory=dict[str, float | int | str])
    likeness: Numbers = field(default_factory=dict[str, float | int | str])
    normalizations: tuple[Normalization, ...] = ()
    selections: tuple[Selection, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class BatchFacts:
    """What is to be known of a batch.

    Attributes
    ----------
    batch : str
        The batch.
    plates : tuple of PlateFacts
        The plates that have a report.
    without_report : mapping of str to str
        Other plates of the batch, and why there is nothing to be said of them.
    selections : tuple of Selection
        The lists of features, each once.
    provenance : Provenance
        What the report was made from.
    """

    batch: str
    plates: tuple[PlateFacts, ...] = ()
    without_report: Mapping[str, str] = field(default_factory=dict[str, str])
    selections: tuple[Selection, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


@cache
def _plate_facts() -> TypeAdapter[PlateFacts]:
    return TypeAdapter(PlateFacts)


def facts_of_page(page: bytes) -> PlateFacts | None:
    """Read the facts of a plate back from its page.

    Parameters
    ----------
    page : bytes
        The page.

    Returns
    -------
    PlateFacts or None
        None where the page has none: another program wrote it, or a version with other facts.
    """
    found = _BLOCK.search(page)
    if found is None:
        return None
    try:
        return _plate_facts().validate_json(found[1])
    except ValidationError:
        return None


def facts_json(facts: PlateFacts) -> object:
    """Lay the facts of a plate out as JSON values, to be put into its page."""
    return _plate_facts().dump_python(facts, mode="json")
