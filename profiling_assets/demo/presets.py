"""Ready-made workspaces: the demo, the tiny one of quick tests, plates of an exact size.

Put here: specifications that more than one caller uses.
Do not put here: what a specification may say (`spec`).
"""

from profiling_assets.demo.spec import BatchSpec, Defect, DefectKind, Phenotype, WorkspaceSpec
from profiling_assets.workspace.names import PlateKey

PHENOTYPES = (
    Phenotype(
        "POS-1",
        (
            *("Cells_AreaShape_Area", "Cells_AreaShape_EquivalentDiameter"),
            *("Nuclei_AreaShape_Area", "Nuclei_AreaShape_EquivalentDiameter"),
            "Cells_Intensity_IntegratedIntensity_*",
        ),
        shift=2.0,
        survival=0.5,
    ),
    Phenotype("CPD-1", ("Nuclei_Intensity_*Intensity_DNA",), shift=1.5),
    Phenotype("CPD-2", ("*_Intensity_MeanIntensity_Mito", "Cells_RadialDistribution_*_Mito_*"), -2),
    Phenotype("CPD-3", ("Cells_Texture_*_ER_*", "Cytoplasm_Texture_*_ER_*"), shift=1.5),
)


def demo_spec() -> WorkspaceSpec:
    """Describe the demo: 2 batches, 4 plates of 24 wells, 6 defective sites."""
    first, second = "2026_03_02_Batch1", "2026_03_09_Batch2"
    lost = PlateKey(second, "PL-02-x")
    return WorkspaceSpec(
        batches=(
            BatchSpec(first, ("000123", "PL-01-x"), "DEMO-MAP-1"),
            # another map, wells written A1, one of them forgotten; a barcode of the first batch
            BatchSpec(
                second,
                ("000123", "PL-02-x"),
                "DEMO-MAP-2",
                padded_wells=False,
                unmapped_wells=("D06",),
            ),
        ),
        phenotypes=PHENOTYPES,
        defects=(
            Defect(DefectKind.ZERO_CELLS, PlateKey(first, "000123"), "B03", 2),
            Defect(DefectKind.QC_FAILED, PlateKey(first, "PL-01-x"), "A01", 1),
            Defect(DefectKind.MISSING_CSV, PlateKey(second, "000123"), "C04", 1),
            Defect(DefectKind.MISSING_SITE, lost, "D05", 2),
            Defect(DefectKind.ZERO_CELLS, lost, "C02", 1),  # both sites: a well without a profile
            Defect(DefectKind.ZERO_CELLS, lost, "C02", 2),
        ),
    )


def tiny_spec() -> WorkspaceSpec:
    """Describe the workspace of quick tests: 2 batches, 3 plates, 2 defective sites."""
    first, second = "2026_03_02_Batch1", "2026_03_09_Batch2"
    return WorkspaceSpec(
        batches=(
            BatchSpec(first, ("000123", "PL-01-x"), "TINY-MAP-1"),
            BatchSpec(second, ("000123",), "TINY-MAP-2"),
        ),
        wells=12,
        cells=12,
        width=40,
        image_width=40,
        negcons=4,
        poscons=2,
        phenotypes=PHENOTYPES,
        defects=(
            Defect(DefectKind.ZERO_CELLS, PlateKey(first, "000123"), "B03", 2),
            Defect(DefectKind.QC_FAILED, PlateKey(first, "PL-01-x"), "A01", 1),
        ),
    )


def plate_spec(
    wells: int,
    sites: int,
    cells: int,
    width: int,
    *,
    plates: tuple[str, ...] = ("PLATE-1",),
    batch: str = "2026_03_02_Batch1",
    seed: int = 1,
) -> WorkspaceSpec:
    """Describe plates of an exact size, without phenotypes and without defects.

    A third of the wells are negative controls. A site has exactly `cells` cells, each object table
    and `Image.csv` at most `width` columns.
    """
    return WorkspaceSpec(
        batches=(BatchSpec(batch, plates, "PLATE-MAP-1"),),
        wells=wells,
        sites=sites,
        cells=cells,
        cell_spread=0.0,
        width=width,
        image_width=width,
        negcons=min(wells, max(2, wells // 3)),
        poscons=wells // 12,
        seed=seed,
    )
