"""What a made-up workspace holds: batches, plates, treatments, phenotypes, defects.

Put here: the description of a workspace.
Do not put here: ready-made ones (`presets`), how values are drawn (`drawn_values`), what was
written (`truth`), files (`generate`).
"""

from dataclasses import dataclass
from enum import StrEnum

from profiling_assets.workspace.names import PlateKey

NEGCON = "DMSO"
# rows, columns of the plates that are sold; the smallest that holds the wells is taken
_FORMATS = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))


class DefectKind(StrEnum):
    """What can be wrong with a site."""

    ZERO_CELLS = "zero_cells"
    QC_FAILED = "qc_failed"
    MISSING_CSV = "missing_csv"
    MISSING_SITE = "missing_site"


@dataclass(frozen=True)
class Defect:
    """A defect planted in one site."""

    # ZERO_CELLS: complete Image.csv, header-only object CSVs. QC_FAILED: as FlagImage leaves it
    # when it skips the rest of the pipeline: Image.csv without the columns of the modules not run,
    # header-only object CSVs. MISSING_CSV: one file is absent. MISSING_SITE: no folder, though load
    # data names the site
    kind: DefectKind
    plate: PlateKey
    well: str  # as `A01`
    site: int  # from 1
    file: str = "Cells.csv"  # the absent file of a MISSING_CSV


@dataclass(frozen=True)
class Phenotype:
    """What a treatment does to the cells."""

    treatment: str  # the `broad_sample` of the plate map
    # names with their table, `*` and `?` allowed: `Nuclei_Intensity_*_DNA`
    features: tuple[str, ...]
    shift: float  # what is added to these features, in standard deviations of single cells
    survival: float = 1.0  # factor on the number of cells


@dataclass(frozen=True)
class BatchSpec:
    """A batch and the plate map that its plates share."""

    name: str
    plates: tuple[str, ...]  # barcodes; another batch may use the same
    plate_map: str
    padded_wells: bool = True  # whether the plate map writes `A01`; `A1` otherwise. Both occur
    unmapped_wells: tuple[str, ...] = ()  # wells that were imaged and are absent from the plate map


@dataclass(frozen=True)
class WorkspaceSpec:
    """A workspace to make up; the same specification gives the same bytes."""

    batches: tuple[BatchSpec, ...]
    wells: int = 24  # of each plate
    sites: int = 2  # of each well
    cells: int = 40  # mean number of cells of a site
    # relative standard deviation of that number between wells; 0 gives every untreated site exactly
    # `cells`
    cell_spread: float = 0.15
    # columns of each object table at most; 1,941 is what the published JUMP pipeline writes, and
    # more than 2,000 is more than a SQLite table holds
    width: int = 70
    image_width: int = 90  # columns of `Image.csv` at most
    negcons: int = 8  # wells of each plate
    poscons: int = 2  # wells of each plate
    replicates: int = 2  # wells of each treatment on a plate
    phenotypes: tuple[Phenotype, ...] = ()  # what treatments do; the others do nothing
    defects: tuple[Defect, ...] = ()  # what is wrong, and where
    seed: int = 20260302  # of every value

    def __post_init__(self) -> None:
        """Refuse a specification that cannot be written, or whose defects would hit nothing."""
        names = plate_wells(self.wells)
        if self.negcons + self.poscons > self.wells:
            message = f"{self.negcons + self.poscons} controls do not fit into {self.wells} wells"
            raise ValueError(message)
        for defect in self.defects:
            if (
                defect.plate not in self.plates
                or defect.well not in names
                or not 1 <= defect.site <= self.sites
            ):
                message = f"there is no such site: {defect}"
                raise ValueError(message)

    @property
    def plates(self) -> tuple[PlateKey, ...]:
        """The plates of all batches, in order."""
        return tuple(PlateKey(batch.name, p) for batch in self.batches for p in batch.plates)


def plate_wells(wells: int) -> tuple[str, ...]:
    """Return the first wells of the smallest plate that holds so many, row by row.

    From `A01`, `A02`, ... to `AF48`. Raises `ValueError` where no plate has so many wells.
    """
    for rows, columns in _FORMATS:
        if 1 <= wells <= rows * columns:
            names = [f"{_row(r)}{c:02d}" for r in range(rows) for c in range(1, columns + 1)]
            return tuple(names[:wells])
    message = f"no plate has {wells} wells"
    raise ValueError(message)


def _row(number: int) -> str:
    first, second = divmod(number, 26)
    return (chr(ord("A") + first - 1) if first else "") + chr(ord("A") + second)
