"""The state of a site, and its records in the ledger.

Put here: the table of states, reasons, and the counts in = kept + dropped.
Do not put here: reading files (`object_tables`, `image_csv`), the pass over a plate (`plate_pass`).
A site with a defective CSV of a required table keeps its Image row and loses its objects in every
compartment; a defective CSV of a further table loses its own objects alone. A short `Image.csv`
without any object CSV is that of an image that failed quality control: CellProfiler measures
nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from profiling_assets.collate.block import Block
from profiling_assets.collate.image_csv import ImageRow, SiteImage
from profiling_assets.collate.object_tables import SiteObjects
from profiling_assets.errors import listed
from profiling_assets.workspace.ledger import SiteRecord, SiteState

DEFECTIVE = frozenset(
    {
        SiteState.PARTIAL,
        SiteState.MISSING_OBJECT_CSV,
        SiteState.TRUNCATED,
        SiteState.EMPTY,
        SiteState.RAGGED,
        SiteState.UNREADABLE,
    }
)
Differences = Mapping[str, str]  # table to a sentence
_GONE = frozenset({SiteState.DUPLICATE, SiteState.UNREADABLE, SiteState.OTHER_PLATE})


@dataclass(frozen=True)
class Verdict:
    """A site's state, the remarks that make its reason, and the tables that are not kept of it."""

    state: SiteState
    remarks: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()
    gone: bool = False  # whether the Image row goes, whatever the state

    @property
    def reason(self) -> str:
        """The remarks as one sentence."""
        return "; ".join(dict.fromkeys(remark for remark in self.remarks if remark))

    @property
    def keeps_image(self) -> bool:
        """Whether the Image row goes into the backend."""
        return not self.gone and self.state not in _GONE


def judge(objects: SiteObjects, lacking: int, image_columns: int, notes: Sequence[str]) -> Verdict:
    """Judge a site whose Image file can be read, the load data aside.

    `lacking`: of the `image_columns` columns of the most complete site, those that its `Image.csv`
    lacks. `notes`: remarks that change nothing. The state is complete, zero_cells, qc_flagged,
    partial, or that of a defective file of a required table.
    """
    remarks = (*objects.notes, *notes)
    short = f"Image.csv lacks {lacking} of {image_columns} columns" if lacking else ""
    nothing = not objects.blocks and not objects.defects
    reasons = [defect.reason for defect in objects.defects.values()]
    missing = [f"{table}.csv is missing" for table in objects.absent]
    fatal = [d for table, d in objects.defects.items() if table in objects.required]
    if fatal:
        return Verdict(fatal[0].state, (*reasons, *missing, short, *remarks), objects.tables)
    if objects.absent and not (short and nothing):
        state = SiteState.MISSING_OBJECT_CSV
        return Verdict(state, (*missing, *reasons, short, *remarks), objects.tables)
    if objects.defects:
        kept = "objects of other tables are kept"
        return Verdict(
            SiteState.PARTIAL, (*reasons, kept, short, *remarks), frozenset(objects.defects)
        )
    if short:
        return Verdict(SiteState.QC_FLAGGED, (short, "no object CSV" if nothing else "", *remarks))
    if objects.blocks and all(len(block.values) == 0 for block in objects.blocks.values()):
        return Verdict(SiteState.ZERO_CELLS, ("the object CSVs have a header only", *remarks))
    return Verdict(SiteState.COMPLETE, remarks)


def count_objects(
    objects: SiteObjects, numbers: Sequence[int]
) -> tuple[list[dict[str, int]], list[str]]:
    """Count the rows of each object table, by image, and remark on rows that name no image.

    `numbers`: `ImageNumber` of the folder's Image rows; may be empty. Rows that name no image of
    the folder, and those of defective files, count for the first.
    """
    counts: list[dict[str, int]] = [{} for _ in range(max(len(numbers), 1))]
    remarks: list[str] = []
    for table, block in objects.blocks.items():
        of_image = block.image_numbers()
        strangers = len(of_image)
        for at, number in enumerate(numbers):
            rows = int(np.count_nonzero(of_image == number))
            counts[at][table] = rows
            strangers -= rows
        if strangers:
            counts[0][table] = counts[0].get(table, 0) + strangers
            if numbers:
                remarks.append(f"{strangers} rows of {table} name an image that Image.csv lacks")
    for table, defect in objects.defects.items():
        counts[0][table] = defect.rows
    return counts, remarks


def count_differences(rows: Sequence[ImageRow], blocks: Iterable[Block]) -> tuple[Differences, ...]:
    """Compare each table with `Count_<Table>` in `Image.csv`, image by image.

    A file cut between two lines shows in nothing else. Rows without an object's number are no
    objects: `object.csv` has such for compartments with fewer objects than others.
    """
    told = [{name.lower(): value for name, value in row.values.items()} for row in rows]
    found: list[dict[str, str]] = [{} for _ in rows]
    for block in blocks:
        table = block.layout.table
        counts = [counts.get(f"count_{table.lower()}") for counts in told]
        if not any(isinstance(count, (int, float)) for count in counts):
            continue
        numbers = block.image_numbers()[block.are_objects()]
        for at, (row, count) in enumerate(zip(rows, counts, strict=True)):
            if isinstance(count, (int, float)):
                objects = int(np.count_nonzero(numbers == row.number))
                if objects != count:
                    found[at][table] = f"{table} has {objects} rows, Image.csv counts {count:g}"
    return tuple(found)


def with_differences(
    verdict: Verdict, differences: Differences, objects: SiteObjects, rule: str
) -> Verdict:
    """Return the verdict on an image whose tables have other numbers of objects than it counts.

    `rule`: `collate.on_count_differs`. Where that is `drop`, a difference in a required table
    drops the objects of every table, one in a further table those of its own.
    """
    told = {table: text for table, text in differences.items() if table not in verdict.dropped}
    if not told:
        return verdict
    dropped = verdict.dropped
    if rule == "drop":
        dropped |= frozenset(told) if objects.required.isdisjoint(told) else objects.tables
    # a loss is graver, unless the difference is to fail the plate
    partial = verdict.state is SiteState.PARTIAL and rule != "fail"
    state = verdict.state if partial else SiteState.COUNT_DIFFERS
    return Verdict(state, (*told.values(), *verdict.remarks), dropped)


def records(
    folder: str,
    images: Sequence[SiteImage],
    verdicts: Sequence[Verdict],
    counts: Sequence[Mapping[str, int]],
) -> tuple[SiteRecord, ...]:
    """Write the records of a folder whose Image file can be read, one an image."""
    written: list[SiteRecord] = []
    for image, verdict, found in zip(images, verdicts, counts, strict=True):
        kept_rows = {table: 0 if table in verdict.dropped else n for table, n in found.items()}
        record = SiteRecord(
            folder,
            image.well,
            image.site,
            verdict.state,
            verdict.reason,
            image_rows_in=1,
            image_rows_kept=int(verdict.keeps_image),
            objects_in=dict(found),
            objects_kept=kept_rows,
        )
        written.append(record)
    return tuple(written)


def state_warnings(sites: Iterable[SiteRecord]) -> tuple[str, ...]:
    """Sum up the sites that a user should look at: a sentence a state, with the first folders."""
    # of repeated sites and other plates there is a sentence already
    silent = {
        *(SiteState.COMPLETE, SiteState.ZERO_CELLS),
        *(SiteState.REPEATED, SiteState.OTHER_PLATE),
    }
    by_state: dict[SiteState, list[str]] = {}
    for site in sites:
        if site.state not in silent:
            name = site.folder or f"{site.well}-{site.site}"
            by_state.setdefault(site.state, []).append(name)
    return tuple(
        f"{len(names)} {'site is' if len(names) == 1 else 'sites are'} {state.value}: "
        f"{listed(names)}"
        for state, names in sorted(by_state.items())
    )
