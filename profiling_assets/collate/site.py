"""One site folder: what is in it, and what is kept of it.

Put here: reading a folder from its Image file to its blocks and records.
Do not put here: parsing (`object_csv`, `image_csv`), states (`site_state`), the pass
(`plate_pass`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from profiling_assets.collate.block import Block, places_of
from profiling_assets.collate.column_types import ColumnTypes
from profiling_assets.collate.columns import Survey
from profiling_assets.collate.file_defect import FileDefect
from profiling_assets.collate.header import column_names, folded_names
from profiling_assets.collate.image_csv import NO_WELL, ImageFile, ImageRows, SiteImage, read_image
from profiling_assets.collate.object_tables import ObjectReader, SiteObjects
from profiling_assets.collate.options import CollateOptions
from profiling_assets.collate.repeats import Repeats
from profiling_assets.collate.site_state import (
    DEFECTIVE,
    Verdict,
    count_differences,
    count_objects,
    judge,
    records,
    with_differences,
)
from profiling_assets.collate.table_numbers import TableNumber, TableNumbers
from profiling_assets.errors import listed
from profiling_assets.workspace.ledger import SiteRecord, SiteState
from profiling_assets.workspace.site_folder import (
    IMAGE,
    SiteFiles,
    SiteFolder,
    site_files,
    table_order,
)
from profiling_assets.workspace.sites import (
    ExpectedSite,
    SiteName,
    parse_site_folder,
    site_identity,
)


class ExpectedSites:
    """The expected sites of a plate, ticked off as they turn up.

    `sites`: from the load data; None where there is none: then nothing is unexpected or missing.
    """

    def __init__(self, sites: Sequence[ExpectedSite] | None) -> None:
        self._sites = {site_identity(s.well, s.site): s for s in sites or ()}
        self._known = sites is not None
        self._found: set[tuple[str, str]] = set()

    def find(self, well: str, site: str) -> bool:
        """Tick a site off; False where the load data do not name it.

        `A1` is the well `A01`, and `01` the site `1`.
        """
        identity = site_identity(well, site)
        self._found.add(identity)
        return not self._known or identity in self._sites

    def missing(self) -> tuple[SiteRecord, ...]:
        """Return a record for each expected site that was not found."""
        return tuple(
            SiteRecord(
                "",
                expected.well,
                expected.site,
                SiteState.MISSING,
                "named in the load data; no folder has it",
            )
            for identity, expected in sorted(self._sites.items())
            if identity not in self._found
        )

    def wells(self) -> tuple[str, ...]:
        """Return the wells that the load data name, as written there, each once."""
        return tuple(dict.fromkeys(site.well for site in self._sites.values()))


@dataclass(frozen=True)
class SiteContent:
    """What a folder gives to the backend and to the ledger."""

    # one an Image row; one where no Image row can be read; none where it is no site folder
    records: tuple[SiteRecord, ...]
    table_number: int = 0  # `TableNumber` of its rows
    images: tuple[SiteImage, ...] = ()  # the Image rows that are kept
    blocks: tuple[Block, ...] = ()  # the objects that are kept, in the order of tables
    # headers that the survey does not know: the pass must begin anew
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    warnings: tuple[str, ...] = ()  # sentences for the user


class SiteReader:
    """Reads the folders of one plate, in sorted order.

    It ticks off `expected`. Taking note of the types of what is read is the caller's part.
    """

    def __init__(
        self,
        plate: str,
        survey: Survey,
        types: ColumnTypes,
        expected: ExpectedSites,
        options: CollateOptions,
    ) -> None:
        self._plate = plate
        self._survey = survey
        self._expected = expected
        self._objects = ObjectReader(survey, types, options)
        self._folded: dict[str, dict[str, None]] = {}
        self._folded_files: Counter[str] = Counter()
        self._numbers = TableNumbers()
        self._options = options
        self._repeats = Repeats(options.strata)
        self._image_rows = ImageRows(
            plate, options.plate_column_from, options.well_column, split=options.split_plates
        )

    def warnings(self) -> tuple[str, ...]:
        """Say what was odd about the sites that were read."""
        told = self._repeats.told(self._options.on_repeated_site)
        repeated = () if told is None else ("; ".join(told),)
        twice = [
            f"{table} has columns twice with equal values in {self._folded_files[table]} files, "
            f"each taken once: {listed(names)}"
            for table, names in sorted(self._folded.items(), key=lambda item: table_order(item[0]))
        ]
        return (*self._image_rows.warnings(), *repeated, *twice)

    @property
    def doubted(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Table and header of files that were taken for cut in their headers."""
        return frozenset(self._objects.doubted)

    def grow(self, survey: Survey) -> None:
        """Read what follows in the columns of a survey that the former one grows into."""
        self._survey = survey
        self._objects.grow(survey)

    def read(self, folder: SiteFolder) -> SiteContent:
        """Read one folder."""
        files = site_files(folder)
        name = parse_site_folder(folder.name, self._plate)
        if files.image is None:
            return self._without_image(folder, files, name)
        data = folder.read(files.image)
        image = read_image(data, files.image)
        objects = self._objects.read(folder, files)
        if isinstance(image, FileDefect):
            record = self._lost(folder.name, name, SiteState.UNREADABLE, image.reason, objects)
            return SiteContent((replace(record, image_rows_in=image.rows),))
        layout = self._survey.tables.get(IMAGE)
        places = None if layout is None else places_of(layout, image.names)
        if layout is None or places is None or objects.unseen:
            unseen = dict(objects.unseen)
            if places is None:
                unseen[IMAGE] = image.names
            return SiteContent((), unseen=unseen)
        images = self._image_rows.lay_out(image, layout, places, name)
        return self._judged(
            folder.name, self._numbers.assign(data, folder.name), image, images, objects
        )

    def _judged(
        self,
        folder: str,
        number: TableNumber,
        image: ImageFile,
        images: tuple[SiteImage, ...],
        objects: SiteObjects,
    ) -> SiteContent:
        counts, strangers = count_objects(objects, [row.number for row in images])
        if number.duplicate_of is not None:
            reason = f"its Image.csv has the same bytes as that of {number.duplicate_of}"
            verdicts = [Verdict(SiteState.DUPLICATE, (reason,), objects.tables)] * len(images)
            return SiteContent(records(folder, images, verdicts, counts))
        complete = self._survey.tables[IMAGE].complete
        have = folded_names(column_names(IMAGE, image.names))
        remarks = (image.note, *strangers)
        verdict = judge(objects, len(complete.difference(have)), len(complete), remarks)
        differing = count_differences(image.rows, objects.blocks.values())
        verdicts = [
            self._of_image(
                folder,
                with_differences(verdict, differences, objects, self._options.on_count_differs),
                row,
                objects.tables,
            )
            for row, differences in zip(images, differing, strict=True)
        ]
        self._note_folded(image, objects)
        return SiteContent(
            records(folder, images, verdicts, counts),
            number.number,
            tuple(row for row, own in zip(images, verdicts, strict=True) if own.keeps_image),
            _kept_blocks(objects, images, verdicts),
            warnings=_collision(folder, number),
        )

    def _of_image(
        self, folder: str, verdict: Verdict, image: SiteImage, tables: frozenset[str]
    ) -> Verdict:
        """Return the verdict on one image of a folder with files of some object tables."""
        if not image.well:
            reason = f"no {self._options.well_column}{NO_WELL}"
            return Verdict(SiteState.UNREADABLE, (reason, *verdict.remarks), tables)
        if self._options.split_plates and image.plate != self._plate:
            reason = f"it is of plate {image.plate}"
            return Verdict(SiteState.OTHER_PLATE, (reason, *verdict.remarks), tables)
        found = self._expected.find(image.well, image.site)
        verdict = replace(verdict, remarks=(*verdict.remarks, image.note))
        earlier = self._repeats.earlier(folder, image.plate, image.well, image.site, image.text)
        if earlier is not None and self._options.on_repeated_site == "drop":
            verdict = replace(verdict, gone=True, dropped=tables)
        if verdict.state in DEFECTIVE:
            return verdict
        # what fails the plate is not hidden by another state
        differs = verdict.state is SiteState.COUNT_DIFFERS
        if earlier is not None:
            where = "an earlier row" if earlier == folder else earlier
            reason = f"{where} has well {image.well}, site {image.site} already"
            fails = differs and self._options.on_count_differs == "fail"
            state = verdict.state if fails else SiteState.REPEATED
            return replace(verdict, state=state, remarks=(reason, *verdict.remarks))
        if not found:
            state = verdict.state if differs else SiteState.UNEXPECTED
            return replace(verdict, state=state, remarks=("not in the load data", *verdict.remarks))
        return verdict

    def _note_folded(self, image: ImageFile, objects: SiteObjects) -> None:
        for table, names in {**objects.folded, IMAGE: image.folded}.items():
            if names:
                self._folded.setdefault(table, {}).update(dict.fromkeys(names))
                self._folded_files[table] += 1

    def _without_image(self, folder: SiteFolder, files: SiteFiles, name: SiteName) -> SiteContent:
        if name.well is None and not files.tables and not files.merged:
            return SiteContent((), warnings=(f"{folder.name} is no site folder: it has no CSV",))
        objects = self._objects.read(folder, files)
        reason = "the folder has no Image.csv"
        return SiteContent((self._lost(folder.name, name, SiteState.MISSING, reason, objects),))

    def _lost(
        self, folder: str, name: SiteName, state: SiteState, reason: str, objects: SiteObjects
    ) -> SiteRecord:
        """Write the record of a folder without a readable Image row."""
        if name.well is not None and name.site is not None:
            self._expected.find(name.well, name.site)
        counts, _ = count_objects(objects, [])
        return SiteRecord(
            folder,
            name.well or "",
            name.site or "",
            state,
            reason,
            objects_in=counts[0],
            objects_kept=dict.fromkeys(counts[0], 0),
        )


def _kept_blocks(
    objects: SiteObjects, images: Sequence[SiteImage], verdicts: Sequence[Verdict]
) -> tuple[Block, ...]:
    """Return the blocks without the objects that are not kept.

    Objects that name no image of the folder go with those of the first.
    """
    kept: list[Block] = []
    for table, block in objects.blocks.items():
        lost = [table in verdict.dropped for verdict in verdicts]
        if all(lost):
            continue
        if not any(lost):
            kept.append(block)
            continue
        some = [image.number for image, gone in zip(images, lost, strict=True) if gone != lost[0]]
        others = np.isin(block.image_numbers(), some)
        kept.append(block.chosen(others if lost[0] else ~others))
    return tuple(kept)


def _collision(folder: str, number: TableNumber) -> tuple[str, ...]:
    if number.collides_with is None:
        return ()
    what = f"the Image.csv of {folder} and of {number.collides_with} differ and have one CRC-32"
    return (f"{what}: {folder} has the TableNumber {number.number}",)
