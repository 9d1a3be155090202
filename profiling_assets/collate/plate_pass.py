"""One pass over the site folders of a plate, in sorted order, into the sinks.

Put here: what is read when, when a well is complete, and when a pass must begin anew.
Do not put here: what a site is (`site`), opening and publishing of files (`collate_plate`).
A pass that meets what its plan did not know (text in a column of numbers, a header that the survey
missed, a well whose sites lie apart) reads on without writing, learns all there is to know, and is
repeated with the better plan. On ordinary plates the first pass is the last.
Where the survey is that of a sample, the pass looks at every header. One that only adds columns at
the end of a table is taken in without another pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.aggregate import WellAggregator
from profiling_assets.collate.block import Growing, ObjectSink
from profiling_assets.collate.block_spool import Again
from profiling_assets.collate.column_types import ColumnTypes, TextColumns
from profiling_assets.collate.columns import HeaderTally, Survey
from profiling_assets.collate.image_spool import ImageSpool
from profiling_assets.collate.options import CollateOptions
from profiling_assets.collate.site import ExpectedSites, SiteContent, SiteReader
from profiling_assets.collate.strata import Stratum, split_by_stratum
from profiling_assets.collate.table_choice import table_choice
from profiling_assets.workspace.ledger import SiteRecord
from profiling_assets.workspace.site_folder import IMAGE, HeldFolder, SiteFolder, site_files
from profiling_assets.workspace.sites import ExpectedSite, parse_site_folder

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PassPlan:
    """What a pass must know beforehand."""

    survey: Survey
    # object columns that hold text
    text: TextColumns = field(default_factory=dict[str, frozenset[str]])
    # whether the sites of a well may lie apart in the order of folders, so that a well is complete
    # only at the end
    scattered: bool = False


@dataclass
class PassResult:
    """What a pass found, beside what it wrote."""

    survey: Survey  # the headers, those that turned up in the pass among them
    records: list[SiteRecord] = field(default_factory=list[SiteRecord])  # the site ledger
    warnings: list[str] = field(default_factory=list[str])  # sentences for the user
    rows: dict[str, int] = field(default_factory=dict[str, int])  # table to rows written
    better: PassPlan | None = None  # what to repeat the pass with; None where it holds


class PlatePass:
    """One pass over the folders of a plate, given in sorted order."""

    def __init__(
        self,
        plate: str,
        folders: Sequence[SiteFolder],
        expected: Sequence[ExpectedSite] | None,
        options: CollateOptions,
        plan: PassPlan,
    ) -> None:
        self._folders = folders
        self._plan = plan
        self._compartments = options.compartments
        self.types = ColumnTypes(plan.survey.tables, plan.text)
        self.expected = ExpectedSites(expected)
        self._survey = plan.survey
        self._reader = SiteReader(plate, plan.survey, self.types, self.expected, options)
        self._headers = HeaderTally(munge=options.munge) if plan.survey.sampled else None
        self._last = last_of_well(plate, folders)
        self._pending: dict[Stratum, int] = {}

    def run(
        self,
        images: ImageSpool,
        sinks: Sequence[ObjectSink],
        aggregator: WellAggregator | None,
        progress: Progress | None,
    ) -> PassResult:
        """Read every folder, and tell `progress` how many of them are done, and of how many."""
        result = PassResult(self._survey, rows=dict.fromkeys(self._survey.tables, 0))
        parts: list[Growing] = [*sinks, *([] if aggregator is None else [aggregator])]
        for at, folder in enumerate(self._folders):
            content = self._reader.read(self._seen(folder, parts, result))
            result.records.extend(content.records)
            result.warnings.extend(content.warnings)
            self._learn(content, result)
            if result.better is None:
                stored = self._write(content, images, sinks, result)
                if aggregator is not None:
                    self._aggregate(at, content, aggregator, stored)
                    if aggregator.reopened:
                        result.better = replace(self._plan, scattered=True)
            if progress is not None:
                progress(at + 1, len(self._folders))
        result.records.extend(self.expected.missing())
        result.warnings.extend(self._reader.warnings())
        self._conclude(result)
        return result

    def _seen(self, folder: SiteFolder, parts: Sequence[Growing], result: PassResult) -> SiteFolder:
        """Look at a folder's headers before it is read, where the survey has only a sample."""
        if self._headers is None:
            return folder
        held = HeldFolder(folder)
        known = self._survey.headers
        met = self._headers.add(held)
        new = {t: [names] for t, names in met.items() if names not in known.get(t, ())}
        if new and result.better is None:
            survey = self._survey.extended(new)
            grows = survey.tables != self._survey.tables
            if not self._survey.grows_into(survey) or (
                grows and not all(part.can_grow(survey.tables) for part in parts)
            ):
                result.better = replace(self._plan, survey=survey)
                return held
            if grows:
                self.types.grow(survey.tables)
                for part in parts:
                    part.grow(survey.tables)
            self._survey = survey
            self._reader.grow(survey)
        return held

    def _conclude(self, result: PassResult) -> None:
        """Compare what the sample told with what all headers tell."""
        if self._headers is None:
            return
        survey = self._headers.survey()
        doubted = any(names in survey.headers.get(t, ()) for t, names in self._reader.doubted)
        same = survey.tables == self._survey.tables and self._choice(survey) == self._choice(
            self._survey
        )
        if doubted or not same:
            # which objects are kept may change, and with them the columns that hold text
            scattered = (result.better or self._plan).scattered
            result.better = PassPlan(survey, scattered=scattered)
        elif result.better is not None:
            result.better = replace(result.better, survey=survey)
        result.survey = survey

    def _choice(self, survey: Survey) -> tuple[object, ...]:
        """Return what the number of sites with each table decides."""
        presence = survey.presence
        return (table_choice(presence, self._compartments), presence.common)

    def _learn(self, content: SiteContent, result: PassResult) -> None:
        for image in content.images:
            self.types.note_image(image.values)
        plan = result.better or self._plan
        if content.unseen:
            headers = {table: [names] for table, names in content.unseen.items()}
            plan = replace(plan, survey=plan.survey.extended(headers))
        for block in content.blocks:
            found = self.types.note_objects(block)
            if found:
                table = block.layout.table
                text = {**plan.text, table: plan.text.get(table, frozenset()) | found}
                plan = replace(plan, text=text)
        if plan is not self._plan:
            result.better = plan

    def _write(
        self,
        content: SiteContent,
        images: ImageSpool,
        sinks: Sequence[ObjectSink],
        result: PassResult,
    ) -> list[Again | None]:
        """Write what is kept of a folder; return how to read each block again."""
        stored: list[Again | None] = []
        for image in content.images:
            images.add(content.table_number, image.values)
            result.rows[IMAGE] += 1
        for block in content.blocks:
            result.rows[block.layout.table] += len(block.values)
            agains = [sink.add_objects(block, content.table_number) for sink in sinks]
            stored.append(next((again for again in agains if again is not None), None))
        return stored

    def _aggregate(
        self,
        at: int,
        content: SiteContent,
        aggregator: WellAggregator,
        stored: Sequence[Again | None],
    ) -> None:
        strata = {image.number: aggregator.add_image(image.values) for image in content.images}
        for block, again in zip(content.blocks, stored, strict=True):
            of_stratum = split_by_stratum(block.image_numbers(), strata)
            for stratum, rows in of_stratum.items():
                values = block.values if rows is None else block.values[rows]
                some = again if rows is None or again is None else partial(_rows, again, rows)
                words = aggregator.words_of(block)
                if words is not None and rows is not None:
                    words = words[rows]
                aggregator.add_objects(stratum, block.layout.table, values, some, words)
        if self._plan.scattered:
            return
        for stratum in strata.values():
            if stratum is not None:
                self._pending[stratum] = max(self._pending.get(stratum, 0), self._last[at])
        complete = [stratum for stratum, last in self._pending.items() if last <= at]
        aggregator.close(complete)
        for stratum in complete:
            del self._pending[stratum]


def _rows(again: Again, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    return again()[rows]


def lies_scattered(plate: str, folders: Sequence[SiteFolder]) -> bool:
    """Tell whether folder names leave open where the sites of a well end.

    They do where the name of a folder with an Image file tells no well.
    """
    return any(
        parse_site_folder(folder.name, plate).well is None
        for folder in folders
        if site_files(folder).image is not None
    )


def last_of_well(plate: str, folders: Sequence[SiteFolder]) -> list[int]:
    """Return for each folder the place of the last folder of its well."""
    wells = [parse_site_folder(folder.name, plate).well for folder in folders]
    last = {well: at for at, well in enumerate(wells)}
    return [last[well] for well in wells]


def text_columns(types: ColumnTypes, survey: Survey) -> Mapping[str, list[str]]:
    """Return the object columns that hold text, by table."""
    return {
        table: [layout.columns[place] for place in sorted(types.text(table))]
        for table, layout in survey.tables.items()
        if table != IMAGE
    }


def scratch_folder(sqlite_file: Path | None, parquet_folder: Path | None) -> Path | None:
    """Return where temporary files may lie: beside the results, which have room for the data."""
    return sqlite_file.parent if sqlite_file is not None else parquet_folder
