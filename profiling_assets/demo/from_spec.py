"""From a specification to the ground truth: every well, treatment, site and count.

Put here: what the specification implies before a file is written.
Do not put here: measurements (`drawn_values`), writing (`generate`).
"""

import zlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from profiling_assets.demo import widths
from profiling_assets.demo.laws import VARYING, Form, law_of
from profiling_assets.demo.measurement_names import COMPARTMENTS
from profiling_assets.demo.spec import (
    NEGCON,
    BatchSpec,
    Defect,
    DefectKind,
    WorkspaceSpec,
    plate_wells,
)
from profiling_assets.demo.truth import GroundTruth, PlateTruth, SiteTruth
from profiling_assets.workspace.names import PlateKey

_EMPTY = frozenset({DefectKind.ZERO_CELLS, DefectKind.QC_FAILED, DefectKind.MISSING_SITE})


def ground_truth(root: Path, spec: WorkspaceSpec) -> GroundTruth:
    """Say what a made-up workspace holds, without writing it.

    It is what `make_workspace` writes for the same specification; `root` is not touched.
    """
    rules = widths.rules_for(spec.width)
    tables = {
        "Image": widths.image_columns(spec.image_width, widths.rules_for(spec.image_width)),
        **{c: widths.object_columns(c, spec.width, rules) for c in COMPARTMENTS},
    }
    features = _features(tables)
    plates: list[PlateTruth] = []
    for batch in spec.batches:
        treatments, controls = plate_layout(spec, batch)
        plates.extend(
            PlateTruth(
                key=PlateKey(batch.name, plate),
                plate_map=batch.plate_map,
                treatments=treatments,
                controls=controls,
                unmapped_wells=batch.unmapped_wells,
                sites=_sites(spec, PlateKey(batch.name, plate), treatments),
            )
            for plate in batch.plates
        )
    return GroundTruth(
        root=root,
        spec=spec,
        plates=tuple(plates),
        columns=tables,
        shifted=_shifted(spec, features),
        constant=tuple(f for f, form in features.items() if form is Form.FIXED),
        near_duplicates=tuple(
            pair
            for c in COMPARTMENTS
            for pair in (
                (f"{c}_AreaShape_Area", f"{c}_AreaShape_EquivalentDiameter"),
                (f"{c}_Texture_Contrast_ER_3_00_256", f"{c}_Texture_Contrast_ER_3_01_256"),
            )
        ),
        sparse={_sparse_feature(tables): plate_wells(spec.wells)[2::5]},
        patchy=tuple(f for f in features if "_Correlation_Correlation_" in f),
    )


def plate_layout(spec: WorkspaceSpec, batch: BatchSpec) -> tuple[dict[str, str], dict[str, str]]:
    """Place controls and treatments on the plates of a batch.

    Well to `broad_sample` and well to `control_type`, wells in plate order. Each batch has a layout
    of its own.
    """
    names = plate_wells(spec.wells)
    samples = [NEGCON] * spec.negcons + ["POS-1"] * spec.poscons
    samples += [f"CPD-{1 + i // spec.replicates}" for i in range(len(names) - len(samples))]
    kinds = ["negcon"] * spec.negcons + ["poscon"] * spec.poscons
    kinds += ["trt"] * (len(names) - len(kinds))
    order = stream(spec, "layout", batch.name).permutation(len(names))
    return (
        {well: samples[i] for well, i in zip(names, order, strict=True)},
        {well: kinds[i] for well, i in zip(names, order, strict=True)},
    )


def stream(spec: WorkspaceSpec, *scope: str) -> np.random.Generator:
    """Return the random numbers of one part, the same whatever else is drawn.

    Each part has one of its own; `scope` names it: purpose, batch, plate, well, site.
    """
    return np.random.default_rng([spec.seed, *(zlib.crc32(part.encode()) for part in scope)])


def _sites(
    spec: WorkspaceSpec, key: PlateKey, treatments: Mapping[str, str]
) -> tuple[SiteTruth, ...]:
    survival = {p.treatment: p.survival for p in spec.phenotypes}
    defects = {(d.well, d.site): d for d in spec.defects if d.plate == key}
    sites: list[SiteTruth] = []
    for well, treatment in treatments.items():
        rng = stream(spec, "cells", key.batch, key.plate, well)
        mean = spec.cells * survival.get(treatment, 1.0)
        mean *= float(np.exp(spec.cell_spread * rng.standard_normal()))
        for site in range(1, spec.sites + 1):
            count = round(mean) if spec.cell_spread == 0 else int(rng.poisson(mean))
            defect = defects.get((well, site))
            sites.append(
                SiteTruth(
                    well=well,
                    site=str(site),
                    folder=f"{key.plate}-{well}-{site}",
                    image_number=len(sites) + 1,
                    cells=0 if _is_empty(defect) else max(1, count),
                    defect=defect,
                )
            )
    return tuple(sites)


def _is_empty(defect: Defect | None) -> bool:
    return defect is not None and defect.kind in _EMPTY


def _features(tables: Mapping[str, tuple[str, ...]]) -> dict[str, Form]:
    """Return the form of every feature of the object tables, named with its table."""
    forms: dict[str, Form] = {}
    for compartment in COMPARTMENTS:
        for name in tables[compartment]:
            law = law_of(name)
            if law is not None:
                forms[f"{compartment}_{name}"] = law.form
    return forms


def _shifted(spec: WorkspaceSpec, features: Mapping[str, Form]) -> dict[str, Mapping[str, float]]:
    return {
        phenotype.treatment: {
            name: phenotype.shift
            for name, form in features.items()
            if form in VARYING and any(fnmatchcase(name, p) for p in phenotype.features)
        }
        for phenotype in spec.phenotypes
    }


def _sparse_feature(tables: Mapping[str, tuple[str, ...]]) -> str:
    granularity = [name for name in tables["Nuclei"] if name.startswith("Granularity_")]
    return f"Nuclei_{granularity[-1]}"
