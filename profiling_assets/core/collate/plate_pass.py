"""One pass over the site folders of a plate, in sorted order, into the sinks.

Put here: what is read when, when a well is complete, and when a pass must begin anew.
Do not put here: what a site is (`site`), opening and publishing of files (`run`).
A pass that meets what its plan did not know (text in a column of numbers, a header that the survey
missed, a well whose sites lie apart) reads on without writing, learns all there is to know, and is
repeated with the better plan. On ordinary plates the first pass is the last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from profiling_assets.core.collate.aggregate import WellAggregator, split_by_stratum
from profiling_assets.core.collate.block import ObjectSink
from profiling_assets.core.collate.column_types import ColumnTypes, TextColumns
from profiling_assets.core.collate.expected import ExpectedSites
from profiling_assets.core.collate.folders import IMAGE, SiteFolder, site_files
from profiling_assets.core.collate.image_spool import ImageSpool
from profiling_assets.core.collate.options import CollateOptions
from profiling_assets.core.collate.site import SiteContent, SiteReader
from profiling_assets.core.collate.strata import Stratum
from profiling_assets.core.collate.survey import Survey
from profiling_assets.core.ledger import SiteRecord
from profiling_assets.core.sites import ExpectedSite, parse_site_folder

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """What a pass must know beforehand.

    Attributes
    ----------
    survey : Survey
        Tables and columns.
    text : mapping of str to frozenset of str
        Object columns that hold text.
    scattered : bool
        Whether the sites of a well may lie apart in the order of folders, so that a well is
        complete only at the end.
    """

    survey: Survey
    text: TextColumns = field(default_factory=dict[str, frozenset[str]])
    scattered: bool = False


@dataclass
class PassResult:
    """What a pass found, beside what it wrote."""

    records: list[SiteRecord] = field(default_factory=list[SiteRecord])
    warnings: list[str] = field(default_factory=list[str])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    better: Plan | None = None


class PlatePass:
    """One pass.

    Parameters
    ----------
    plate : str
        The plate's name.
    folders : sequence of SiteFolder
        In sorted order.
    expected : sequence of ExpectedSite or None
        The load data's sites.
    options : CollateOptions
        The user's choices.
    plan : Plan
        What is known.
    """

    def __init__(
        self,
        plate: str,
        folders: Sequence[SiteFolder],
        expected: Sequence[ExpectedSite] | None,
        options: CollateOptions,
        plan: Plan,
    ) -> None:
        self._folders = folders
        self._plan = plan
        self.types = ColumnTypes(plan.survey.tables, plan.text)
        self.expected = ExpectedSites(expected)
        self._reader = SiteReader(plate, plan.survey, self.types, self.expected, options)
        self._last = _last_of_well(plate, folders)
        self._pending: dict[Stratum, int] = {}

    def run(
        self,
        images: ImageSpool,
        sinks: Sequence[ObjectSink],
        aggregator: WellAggregator | None,
        progress: Progress | None,
    ) -> PassResult:
        """Read every folder.

        Parameters
        ----------
        images : ImageSpool
            Takes the Image rows.
        sinks : sequence of ObjectSink
            Take the objects.
        aggregator : WellAggregator or None
            Takes both.
        progress : callable or None
            Called with folders done and folders in all.

        Returns
        -------
        PassResult
            `better` is None where the pass holds.
        """
        result = PassResult(rows=dict.fromkeys(self._plan.survey.tables, 0))
        for at, folder in enumerate(self._folders):
            content = self._reader.read(folder)
            result.records.extend(content.records)
            result.warnings.extend(content.warnings)
            self._learn(content, result)
            if result.better is None:
                self._write(content, images, sinks, result)
                if aggregator is not None:
                    self._aggregate(at, content, aggregator)
                    if aggregator.reopened:
                        result.better = replace(self._plan, scattered=True)
            if progress is not None:
                progress(at + 1, len(self._folders))
        result.records.extend(self.expected.missing())
        result.warnings.extend(self._reader.image_rows.warnings())
        return result

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
    ) -> None:
        for image in content.images:
            images.add(content.table_number, image.values)
            result.rows[IMAGE] += 1
        for block in content.blocks:
            result.rows[block.layout.table] += len(block.values)
            for sink in sinks:
                sink.add_objects(block, content.table_number)

    def _aggregate(self, at: int, content: SiteContent, aggregator: WellAggregator) -> None:
        strata = {image.number: aggregator.add_image(image.values) for image in content.images}
        for block in content.blocks:
            of_stratum = split_by_stratum(block.image_numbers(), strata)
            for stratum, rows in of_stratum.items():
                values = block.values if rows is None else block.values[rows]
                aggregator.add_objects(stratum, block.layout.table, values)
        if self._plan.scattered:
            return
        for stratum in strata.values():
            if stratum is not None:
                self._pending[stratum] = max(self._pending.get(stratum, 0), self._last[at])
        complete = [stratum for stratum, last in self._pending.items() if last <= at]
        aggregator.close(complete)
        for stratum in complete:
            del self._pending[stratum]


def lies_scattered(plate: str, folders: Sequence[SiteFolder]) -> bool:
    """Tell whether folder names leave open where the sites of a well end.

    Parameters
    ----------
    plate : str
        The plate's name.
    folders : sequence of SiteFolder
        In sorted order.

    Returns
    -------
    bool
        True where the name of a folder with an Image file tells no well.
    """
    return any(
        parse_site_folder(folder.name, plate).well is None
        for folder in folders
        if site_files(folder).image is not None
    )


def _last_of_well(plate: str, folders: Sequence[SiteFolder]) -> list[int]:
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
