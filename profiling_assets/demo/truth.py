"""What was planted in a made-up workspace, for tests and for the demo's report.

Put here: the records of what was written, and their summary in sentences.
Do not put here: writing (`generate`); nothing of this is stored in the workspace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.demo.spec import Defect, DefectKind, WorkspaceSpec
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class SiteTruth:
    """One expected site."""

    well: str  # as in load data
    site: str  # as in load data
    folder: str  # name of the site folder; it is absent for a MISSING_SITE
    image_number: int  # row of the plate's load data, from 1
    cells: int  # rows of each object CSV that is there
    defect: Defect | None  # what is wrong with it


@dataclass(frozen=True)
class PlateTruth:
    """One plate."""

    key: PlateKey
    plate_map: str
    # well (`A01`) to `broad_sample`, wells absent from the plate map included
    treatments: Mapping[str, str]
    controls: Mapping[str, str]  # well to `control_type`
    unmapped_wells: tuple[str, ...]  # wells absent from the plate map
    sites: tuple[SiteTruth, ...]  # every expected site, in the order of load data

    @property
    def cells(self) -> int:
        """Cells of all sites."""
        return sum(site.cells for site in self.sites)


@dataclass(frozen=True)
class GroundTruth:
    """One made-up workspace."""

    root: Path
    spec: WorkspaceSpec  # what it was made from
    plates: tuple[PlateTruth, ...]  # in the order of the specification
    # columns of each file, by table: Image, Cells, Cytoplasm, Nuclei
    columns: Mapping[str, tuple[str, ...]]
    # treatment to feature (`Cells_AreaShape_Area`) to shift, in standard deviations of cells
    shifted: Mapping[str, Mapping[str, float]]
    constant: tuple[str, ...]  # features that are the same in every cell
    near_duplicates: tuple[tuple[str, str], ...]  # features that say the same
    # feature to the wells in which every cell lacks it (`nan`)
    sparse: Mapping[str, tuple[str, ...]]
    patchy: tuple[str, ...]  # features that about one cell in a hundred lacks (`nan`)

    def plate(self, key: PlateKey) -> PlateTruth:
        """Return the record of one plate.

        Raises `KeyError` where the workspace has no such plate.
        """
        for plate in self.plates:
            if plate.key == key:
                return plate
        raise KeyError(str(key))


_SENTENCES = {
    DefectKind.ZERO_CELLS: "no cells (object CSVs hold their header only)",
    DefectKind.QC_FAILED: "failed quality control (short Image.csv, no objects)",
    DefectKind.MISSING_CSV: "{file} is missing",
    DefectKind.MISSING_SITE: "expected by load data, its folder is missing",
}


def describe(truth: GroundTruth) -> list[str]:
    """Say in a few lines what was planted.

    Size, phenotypes, feature oddities and defects have a line each.
    """
    spec = truth.spec
    cells = sum(plate.cells for plate in truth.plates)
    lines = [
        (
            f"{len(spec.batches)} batches, {len(truth.plates)} plates, "
            f"{spec.wells} wells x {spec.sites} sites each, {cells:,} cells, "
            f"{len(truth.columns['Cells'])} columns in Cells.csv"
        ),
    ]
    for phenotype in spec.phenotypes:
        features = truth.shifted.get(phenotype.treatment, {})
        died = f", {1 - phenotype.survival:.0%} of the cells lost" if phenotype.survival < 1 else ""
        if features:
            lines.append(
                f"phenotype {phenotype.treatment}: {len(features)} features shifted by "
                f"{phenotype.shift:+g} standard deviations, among them {next(iter(features))}{died}"
            )
    lines.append(f"{len(truth.constant)} features are constant, for example {truth.constant[0]}")
    lines.extend(
        f"{feature}: nan in all cells of {len(wells)} wells a plate"
        for feature, wells in truth.sparse.items()
    )
    for plate in truth.plates:
        lines.extend(
            f"{plate.key} {site.well} site {site.site}: "
            + _SENTENCES[site.defect.kind].format(file=site.defect.file)
            for site in plate.sites
            if site.defect is not None
        )
        lines.extend(
            f"{plate.key} {well}: absent from plate map {plate.plate_map}"
            for well in plate.unmapped_wells
        )
    return lines
