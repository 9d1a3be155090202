"""The state of a site, and its records in the ledger.

Put here: the table of states, reasons, and the counts in = kept + dropped.
Do not put here: reading files (`object_tables`, `image_csv`), the pass over a plate (`plate_pass`).
A site whose object CSVs are defective keeps its Image row and loses its objects in every
compartment. A short `Image.csv` without any object CSV is that of an image that failed quality
control: CellProfiler measures nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from profiling_assets.collate.image_csv import ImageRow, SiteImage
from profiling_assets.collate.object_tables import SiteObjects
from profiling_assets.errors import listed
from profiling_assets.workspace.ledger import SiteRecord, SiteState

DEFECTIVE = frozenset(
    {
        SiteState.MISSING_OBJECT_CSV,
        SiteState.TRUNCATED,
        SiteState.EMPTY,
        SiteState.RAGGED,
        SiteState.UNREADABLE,
    }
)
_GONE = frozenset({SiteState.DUPLICATE, SiteState.UNREADABLE, SiteState.OTHER_PLATE})


@dataclass(frozen=True)
class Verdict:
    """A site's state and the remarks that make its reason."""

    state: SiteState
    remarks: tuple[str, ...] = ()
    dropped: bool = False  # whether the row goes, whatever its state

    @property
    def reason(self) -> str:
        """The remarks as one sentence."""
        return "; ".join(dict.fromkeys(remark for remark in self.remarks if remark))

    @property
    def keeps_image(self) -> bool:
        """Whether the Image row goes into the backend."""
        return not self.dropped and self.state not in _GONE

    @property
    def keeps_objects(self) -> bool:
        """Whether the site's objects go into the backend."""
        return self.keeps_image and self.state not in DEFECTIVE


def judge(objects: SiteObjects, lacking: int, image_columns: int, notes: Sequence[str]) -> Verdict:
    """Judge a site whose Image file can be read, the load data aside.

    `lacking`: of the `image_columns` columns of the most complete site, those that its `Image.csv`
    lacks. `notes`: remarks that change nothing. The state is complete, zero_cells, qc_flagged, or
    that of a defective file.
    """
    remarks = (*objects.notes, *notes)
    short = f"Image.csv lacks {lacking} of {image_columns} columns" if lacking else ""
    nothing = not objects.blocks and not objects.defects
    if objects.defects:
        reasons = [defect.reason for defect in objects.defects.values()]
        reasons += [f"{table}.csv is missing" for table in objects.absent]
        state = next(iter(objects.defects.values())).state
        return Verdict(state, (*reasons, short, *remarks))
    if objects.absent and not (short and nothing):
        reasons = [f"{table}.csv is missing" for table in objects.absent]
        return Verdict(SiteState.MISSING_OBJECT_CSV, (*reasons, short, *remarks))
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


def count_remarks(rows: Sequence[ImageRow], counts: Sequence[Mapping[str, int]]) -> list[str]:
    """Remark on each table with fewer rows than `Count_<Table>` in `Image.csv` tells.

    A file cut between two lines shows in nothing else.
    """
    remarks: list[str] = []
    for row, found in zip(rows, counts, strict=True):
        told = {name.lower(): value for name, value in row.values.items()}
        for table, number in found.items():
            count = told.get(f"count_{table.lower()}")
            if isinstance(count, (int, float)) and number < count:
                remarks.append(f"{table} has {number} rows, Image.csv counts {count:g}")
    return remarks


def records(
    folder: str,
    images: Sequence[SiteImage],
    verdicts: Sequence[Verdict],
    counts: Sequence[Mapping[str, int]],
) -> tuple[SiteRecord, ...]:
    """Write the records of a folder whose Image file can be read, one an image."""
    written: list[SiteRecord] = []
    for image, verdict, found in zip(images, verdicts, counts, strict=True):
        objects_kept = found if verdict.keeps_objects else dict.fromkeys(found, 0)
        record = SiteRecord(
            folder,
            image.well,
            image.site,
            verdict.state,
            verdict.reason,
            image_rows_in=1,
            image_rows_kept=int(verdict.keeps_image),
            objects_in=dict(found),
            objects_kept=dict(objects_kept),
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
