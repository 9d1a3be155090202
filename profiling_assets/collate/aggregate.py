"""Objects to profiles: what `SingleCells.aggregate_profiles` of pycytominer computes, well by well.

Put here: means and medians, counts, and the order of a profile table.
Do not put here: reading CSVs or SQLite (`collate_plate`, `from_backend`), plate maps
(`profiles.annotate`).
Reference: pycytominer 1.7.1, `cyto_utils/cells.py`, `cyto_utils/cp_image_features.py` and
`aggregate.py`. Each compartment is aggregated alone over the objects of a well's images; a well
needs objects in every required one (inner merge; `table_choice`). pandas computes, as there, so
that results agree to the last digits: its mean adds up with Kahan's compensation.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from profiling_assets.collate.block import Block
from profiling_assets.collate.block_spool import (
    MEMORY_BYTES,
    Again,
    BlockSpool,
    Matrix,
    widened,
)
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.columns import TableLayout, split_columns
from profiling_assets.collate.options import AggregateResult
from profiling_assets.collate.strata import (
    ImageColumns,
    Stratum,
    feature_columns,
    key_column,
    object_feature_place,
    sort_key,
)
from profiling_assets.collate.table_choice import TablePresence, checked_choice, counted
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.workspace.ledger import KEPT_WHOLE, SiteRecord, WellRecord, WellState
from profiling_assets.workspace.names import normalized_well

_SITE = "Metadata_Site"
_IMAGES = ""  # key of the image features among the tables


@dataclass(frozen=True)
class _Profile:
    sites: int
    objects: int
    images: NDArray[np.float64]
    tables: tuple[NDArray[np.float64], ...]


class WellAggregator:
    """Takes images and objects, and gives profiles.

    `presence`: how many sites have each table; None where every site has all. `memory`: bytes of
    waiting rows to keep in memory; more go to a temporary file in `scratch`.
    Raises `InvalidInputError` where a column or compartment that is needed is absent.
    """

    def __init__(
        self,
        options: AggregateOptions,
        image_columns: Sequence[str],
        tables: Mapping[str, Sequence[str]],
        *,
        path: str,
        scratch: Path | None,
        presence: TablePresence | None = None,
        memory: int = MEMORY_BYTES,
    ) -> None:
        self._options = options
        self._images = ImageColumns(image_columns, options, path)
        self._path = path
        self._presence = presence or counted({frozenset(tables): 1}, tables)
        choice, _ = checked_choice(self._presence, options.compartments, path)
        names = choice.tables
        self._required = tuple(name for name in names if name in choice.required)
        self._tables = {name: feature_columns(name, tables[name], names) for name in names}
        self._first = self._required[0]
        self._object_place = object_feature_place(
            self._first, tables[self._first], options.object_feature, path
        )
        self._spool = BlockSpool(scratch, memory)
        self._sites: dict[Stratum, int] = {}
        self._objects: dict[Stratum, int] = {}
        self._profiles: dict[Stratum, _Profile] = {}
        self._closed: set[Stratum] = set()
        self._tally = WellTally()
        self._unplaced = 0
        self._fields_seen = False
        self._texts: set[str] = set()
        self._fractional: set[str] = set()
        self.reopened = False

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are aggregated, in order."""
        return tuple(self._tables)

    def tell(self, presence: TablePresence) -> None:
        """Take note of how many sites have each table, where a sample of them told before."""
        self._presence = presence

    def words_of(self, block: Block) -> NDArray[np.bool_] | None:
        """Tell which objects have an id, where objects are counted by a column of words."""
        if block.layout.table != self._first or self._object_place not in block.texts:
            return None
        return np.array([word is not None for word in block.texts[self._object_place]])

    def can_grow(self, layouts: Mapping[str, TableLayout]) -> bool:
        """Tell whether further columns at the end of tables leave the former ones as they are."""
        try:
            later = WellAggregator(
                self._options,
                *split_columns(layouts),
                path=self._path,
                scratch=None,
                presence=self._presence,
            )
        except InvalidInputError:
            return False
        return (
            later._images.reads == self._images.reads
            and later._object_place == self._object_place
            and later.tables == self.tables
        )

    def grow(self, layouts: Mapping[str, TableLayout]) -> None:
        """Aggregate further columns of object tables; what came before lacks them."""
        for name in self._tables:
            self._tables[name] = feature_columns(name, layouts[name].columns, self.tables)

    def add_image(self, values: Sequence[Value]) -> Stratum | None:
        """Take an Image row, and return the stratum that the image's objects belong to.

        None where they belong to none: a part of it is missing, or the site is not in `fields`.
        """
        stratum = self._images.stratum(values)
        if stratum is None:
            self._unplaced += 1
            return None
        inside = self._images.in_fields(values)
        self._tally.add_site(str(stratum[1]), in_fields=inside)
        if not inside:
            return None
        self._fields_seen = True
        measured, texts = self._images.measured(values)
        self._texts |= texts
        self._fractional |= self._images.fractional(values)
        self._spool.add((stratum, _IMAGES), measured[np.newaxis])
        self._sites[stratum] = self._sites.get(stratum, 0) + self._images.has_site(values)
        self.reopened = self.reopened or stratum in self._closed
        return stratum

    def add_objects(
        self,
        stratum: Stratum,
        table: str,
        values: Matrix,
        again: Again | None = None,
        words: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take objects of one stratum.

        `values`: in the table's columns; NaN where missing. `again`: gives the same values once
        more, from where they are stored anyway. `words`: which objects have an id, where ids are
        words and `values` have none of them.
        """
        if table not in self._tables or len(values) == 0:
            return
        places = list(self._tables[table].places)
        features = values[:, places]
        features += 0.0  # makes 0.0 of -0.0, as a backend does
        stored = None if again is None else partial(_columns, again, places)
        self._spool.add((stratum, table), features, stored)
        if table == self._first:
            named = ~np.isnan(values[:, self._object_place]) if words is None else words
            objects = int(np.count_nonzero(named))
            self._objects[stratum] = self._objects.get(stratum, 0) + objects
            self._tally.add_cells(str(stratum[1]), len(values))

    def note_text(self, columns: Iterable[str]) -> None:
        """Leave out features that hold text."""
        self._texts |= set(columns)

    def close(self, strata: Iterable[Stratum] | None = None) -> None:
        """Compute profiles of strata that are complete; None: of all that wait."""
        waiting = [s for s in self._sites if s not in self._closed] if strata is None else strata
        for stratum in waiting:
            self._closed.add(stratum)
            images = self._spool.take((stratum, _IMAGES))
            objects = {
                table: self._spool.take((stratum, table), len(columns.features))
                for table, columns in self._tables.items()
            }
            lacking = [table for table in self._required if objects[table] is None]
            found = [table for table in self._required if objects[table] is not None]
            self._tally.close(str(stratum[1]), lacking, found)
            if lacking or images is None:
                continue
            counts = len(self._images.counts)
            measured = [np.nansum(images[:, :counts], axis=0), self._center(images[:, counts:])]
            self._profiles[stratum] = _Profile(
                self._sites[stratum],
                self._objects[stratum],
                np.concatenate(measured),
                tuple(
                    np.empty(0) if matrix is None else self._center(matrix)
                    for matrix in objects.values()
                ),
            )

    def discard(self) -> None:
        """Drop what waits."""
        self._spool.close()

    def _center(self, matrix: Matrix) -> NDArray[np.float64]:
        if matrix.shape[1] == 0:
            return np.empty(0)
        groups = pd.DataFrame(matrix).groupby(np.zeros(len(matrix)))
        center = groups.mean() if self._options.method == "mean" else groups.median()
        return cast("NDArray[np.float64]", cast("pd.DataFrame", center).to_numpy())[0]

    def result(self, expected_wells: Iterable[str] = ()) -> AggregateResult:
        """Compute what waits, and lay the profiles out.

        Rows are sorted by plate and well. Columns are strata, `Metadata_Site_Count`,
        `Metadata_Count_*`, `Metadata_Object_Count`, `Image_*`, then the compartments in order.
        """
        self.close()
        self._spool.close()
        _, said = checked_choice(self._presence, self._options.compartments, self._path)
        warnings = [*self._images.warnings, *said]
        if self._unplaced:
            strata = " or ".join(self._images.strata)
            warnings.append(f"{self._unplaced} Image rows have no {strata}: in no profile")
        if self._options.fields != "all" and not self._fields_seen:
            fields = ", ".join(map(str, self._options.fields))
            warnings.append(f"no Image row has a {_SITE} among aggregate.fields: {fields}")
        frame = self._frame()
        dropped = [name for name in frame.columns if name in self._texts]
        if dropped:
            warnings.append(
                f"{len(dropped)} features hold text and are left out: {listed(dropped)}"
            )
            frame = frame.drop(columns=dropped)
        return AggregateResult(
            frame,
            self._tally.records(expected_wells),
            tuple(warnings),
            self._tally.sites + self._unplaced,
            self._tally.cells,
        )

    def _frame(self) -> pd.DataFrame:
        strata = sorted(self._profiles, key=sort_key)
        profiles = [self._profiles[stratum] for stratum in strata]
        columns: dict[str, pd.Series] = {}
        for place, name in enumerate(self._images.strata):
            columns[name] = key_column([stratum[place] for stratum in strata])
        counts = self._images.counts
        features = [*self._images.features]
        for table in self._tables.values():
            features += table.features
        measured = np.empty((len(profiles), len(counts) + len(features)))
        widths = [len(table.features) for table in self._tables.values()]
        for row, profile in enumerate(profiles):
            # a profile lacks the columns that came after its well
            parts = zip(profile.tables, widths, strict=True)
            centers = [widened(center[np.newaxis], width)[0] for center, width in parts]
            measured[row] = np.concatenate([profile.images, *centers])
        # pycytominer counts no sites where Metadata_Site itself is a stratum
        if _SITE not in self._images.strata:
            columns["Metadata_Site_Count"] = pd.Series([p.sites for p in profiles], dtype="int64")
        for place, name in enumerate(counts):
            column = pd.Series(measured[:, place])
            whole = name not in self._fractional
            columns[name] = column.astype("int64") if whole else column
        columns["Metadata_Object_Count"] = pd.Series([p.objects for p in profiles], dtype="int64")
        table = pd.DataFrame(measured[:, len(counts) :], columns=pd.Index(features))
        return pd.concat([pd.DataFrame(columns), table], axis="columns")


def _columns(again: Again, places: Sequence[int]) -> Matrix:
    return again()[:, list(places)]


@dataclass
class _Well:
    sites: int = 0
    chosen_sites: int = 0
    cells: int = 0
    profile: bool = False
    # required compartments without and with an object, where they are the reason
    lacking: dict[str, None] = field(default_factory=dict[str, None])
    found: dict[str, None] = field(default_factory=dict[str, None])


class WellTally:
    """Counts sites and cells by well."""

    def __init__(self) -> None:
        self._wells: dict[str, _Well] = {}

    def add_site(self, well: str, *, in_fields: bool) -> None:
        """Count an Image row."""
        tally = self._wells.setdefault(well, _Well())
        tally.sites += 1
        tally.chosen_sites += in_fields

    def add_cells(self, well: str, cells: int) -> None:
        """Count objects of the first compartment."""
        self._wells.setdefault(well, _Well()).cells += cells

    def close(self, well: str, lacking: Iterable[str], found: Iterable[str] = ()) -> None:
        """Note whether a well (or one of its sites) got a profile.

        `lacking`: required compartments without an object; empty where it has a profile. `found`:
        those with objects.
        """
        tally = self._wells.setdefault(well, _Well())
        absent = dict.fromkeys(lacking)
        tally.profile = tally.profile or not absent
        if absent:
            tally.lacking.update(absent)
            tally.found.update(dict.fromkeys(found))

    @property
    def cells(self) -> int:
        """Objects of the first compartment in all wells."""
        return sum(tally.cells for tally in self._wells.values())

    @property
    def sites(self) -> int:
        """Image rows of all wells."""
        return sum(tally.sites for tally in self._wells.values())

    def records(self, expected: Iterable[str] = ()) -> tuple[WellRecord, ...]:
        """Return a record for each well, sorted by well.

        `expected`: wells that the load data or the site folders name.
        """
        found = [_record(well, tally) for well, tally in self._wells.items()]
        known = {normalized_well(well) or well for well in self._wells}
        reason = "no site of it is in the backend"
        absent = {
            normalized_well(well) or well: WellRecord(well, WellState.NO_SITES, reason)
            for well in expected
            if well and (normalized_well(well) or well) not in known
        }
        return tuple(sorted([*found, *absent.values()], key=lambda record: record.well))


def _record(well: str, tally: _Well) -> WellRecord:
    if tally.profile:
        return WellRecord(well, WellState.PROFILE, "", tally.sites, tally.cells)
    if tally.chosen_sites == 0:
        reason = "none of its sites is among aggregate.fields"
        return WellRecord(well, WellState.NOT_IN_FIELDS, reason, tally.sites, tally.cells)
    reason = f"no object in {', '.join(tally.lacking)}"
    if tally.found:
        reason = f"objects in {', '.join(tally.found)}, and {reason}"
        return WellRecord(well, WellState.INCOMPLETE, reason, tally.sites, tally.cells)
    return WellRecord(well, WellState.NO_OBJECTS, reason, tally.sites, tally.cells)


def with_sites(wells: Iterable[WellRecord], sites: Iterable[SiteRecord]) -> tuple[WellRecord, ...]:
    """Add to the reason of wells without a profile what became of their sites."""
    lost: dict[str, list[str]] = {}
    for site in sites:
        if site.folder and site.state not in KEPT_WHOLE:
            well = normalized_well(site.well) or site.well
            lost.setdefault(well, []).append(f"{site.folder} is {site.state.value}")
    told: list[WellRecord] = []
    for record in wells:
        reasons = lost.get(normalized_well(record.well) or record.well, [])
        bare = record.state is WellState.PROFILE or not reasons
        told.append(
            record if bare else replace(record, reason="; ".join([record.reason, *reasons]))
        )
    return tuple(told)
