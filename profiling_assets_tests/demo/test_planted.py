"""What is planted in the values of a made-up workspace can be found in its files."""

import numpy as np
import pandas as pd

from profiling_assets.demo.measurement_names import COMPARTMENTS
from profiling_assets.demo.truth import GroundTruth
from profiling_assets_tests.demo.reading import plate_cells


def test_values_are_finite_but_for_the_planted_gaps(demo: GroundTruth):
    patchy = set(demo.patchy)
    for plate in demo.plates:
        for table in COMPARTMENTS:
            cells = plate_cells(demo, plate, table)
            for feature in cells.columns.drop("well"):
                missing = ~np.isfinite(cells[feature].to_numpy(dtype=float))
                if feature in demo.sparse:
                    assert set(cells["well"][missing]) == set(demo.sparse[feature]) & set(
                        cells["well"]
                    )
                elif feature in patchy:
                    assert missing.mean() < 0.05
                else:
                    assert not missing.any(), feature


def test_planted_phenotypes_stand_out_from_the_negative_controls(demo: GroundTruth):
    plate = demo.plates[0]
    profiles = pd.concat(
        [plate_cells(demo, plate, table).groupby("well").median() for table in COMPARTMENTS], axis=1
    )
    kinds = pd.Series(plate.controls).reindex(profiles.index)
    controls = profiles[kinds == "negcon"]
    spread = pd.Series(controls.std()).replace(0.0, np.nan)
    treatments = pd.Series(plate.treatments).reindex(profiles.index)
    for phenotype in demo.spec.phenotypes:
        treated = profiles[treatments == phenotype.treatment].mean()
        scores = (treated - controls.mean()) / spread
        shifted = list(demo.shifted[phenotype.treatment])
        assert shifted
        assert (scores[shifted] * np.sign(phenotype.shift) > 2).all(), phenotype.treatment
        rest = scores.drop(shifted).dropna()
        assert rest.abs().median() < 1.5


def test_feature_selection_has_work(demo: GroundTruth):
    cells = plate_cells(demo, demo.plates[0], "Cells")
    for feature in demo.constant:
        if feature in cells:
            values = cells[feature].to_numpy()
            assert (values == values[0]).all()
    for first, second in demo.near_duplicates:
        if first in cells:
            assert np.corrcoef(cells[first], cells[second])[0, 1] > 0.9
    assert any(feature.startswith("Cells_") for feature in demo.constant)


def test_a_toxic_treatment_leaves_fewer_cells(demo: GroundTruth):
    toxic = next(p.treatment for p in demo.spec.phenotypes if p.survival < 1)
    counts: dict[bool, list[int]] = {True: [], False: []}
    for plate in demo.plates:
        for site in plate.sites:
            if site.defect is None:
                counts[plate.treatments[site.well] == toxic].append(site.cells)
    assert np.mean(counts[True]) < 0.7 * np.mean(counts[False])
