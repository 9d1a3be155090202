"""The printed reference names every key that a file may hold."""

from pathlib import Path

import pytest
import yaml

from profiling_assets.config.reference import known_keys, reference_text
from profiling_assets_tests.support import shared_data

SCALE = (
    "perform method features mad_robustize_fudge_factor image_features min_cells samples groups "
    "spherize_center spherize_method spherize_epsilon inverse_normal_n_quantiles"
)
CHOICE = (
    "perform features level gct image_features operations min_cells frozen samples min_variance "
    "na_cutoff corr_threshold corr_method freq_cut unique_cut outlier_cutoff blocklist "
    "noise_removal_perturb_groups noise_removal_stdev_cutoff"
)
# The vocabulary of the recipe (config_template.yml, its README and profile.py) and ours beside it.
RECIPE = {
    "pipeline": "",
    "output_dir": "",
    "platemap_well_column": "",
    "compartments": "",
    "options": "compression float_format samples formats add_batch",
    "aggregate": "perform plate_column well_column site_column strata method fields object_feature "
    "image_feature_categories",
    "annotate": "perform well_column external.perform external.file external.merge_column "
    "external.left_on external.right_on barcode_platemap.plate_column "
    "barcode_platemap.map_column barcode_platemap.further_columns",
    "controls": "negative positive",
    "normalize": SCALE,
    "normalize_negcon": SCALE,
    "feature_select": CHOICE,
    "feature_select_negcon": CHOICE,
    "quality_control": "perform summary.perform summary.row summary.column heatmap.perform "
    "report.perform",
    "collate": "csv_dir munge column engine overwrite aggregate_only backend method "
    "image_feature_categories on_defective_site on_count_differs on_repeated_site split_plates",
    "arrival": "complete_when quiet_minutes settle_seconds batches batches[].batch "
    "batches[].complete_when batches[].quiet_minutes batches[].settle_seconds",
}


def entries() -> dict[str, str]:
    """Return key and text of each entry of the reference."""
    blocks = reference_text().split("\n\n")
    parts = (block.strip("\n").partition("\n") for block in blocks)
    return {key: text for key, _, text in parts if "Type:" in text}


def test_every_key_of_the_recipe_and_every_key_of_ours_is_in_the_reference() -> None:
    wanted = set(RECIPE)
    wanted |= {f"{section}.{key}" for section, keys in RECIPE.items() for key in keys.split()}
    wanted |= {"annotate.external", "quality_control.summary", "quality_control.heatmap"}
    wanted |= {"quality_control.report", "annotate.barcode_platemap"}
    wanted |= {"batch", "plates", "plates[].name", "plates[].process", "process"}
    assert set(entries()) == wanted == set(known_keys())


def test_every_entry_has_a_type_a_meaning_and_a_default_or_says_it_is_required() -> None:
    for key, text in entries().items():
        facts, _, meaning = text.partition(".\n")
        assert meaning.strip().endswith("."), key
        words = ("Default:", "Required", "Switched off when absent", "a section")
        assert any(word in facts for word in words), key


def test_defaults_are_written_as_a_file_would_have_them() -> None:
    found = entries()
    assert "Default: true." in found["normalize.perform"]
    assert "Default: [csv.gz]." in found["options.formats"]
    assert "Default: 0." in found["normalize.mad_robustize_fudge_factor"]
    assert "Required." in found["pipeline"]
    assert "Switched off when absent." in found["normalize_negcon"]


def test_the_reference_is_readable_at_100_columns() -> None:
    assert max(len(line) for line in reference_text().splitlines()) <= 100


@pytest.mark.parametrize("name", ["profiling_recipe_config_template", "jump_orf_target1"])
def test_the_keys_of_real_files_are_in_the_reference(name: str) -> None:
    file: Path = shared_data("configs", f"{name}.yml")
    first = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    assert _dotted(first) <= set(known_keys())


def _dotted(values: dict[str, object], prefix: str = "") -> set[str]:
    keys = set[str]()
    for key, value in values.items():
        keys.add(f"{prefix}{key}")
        if isinstance(value, dict):
            keys |= _dotted(value, f"{prefix}{key}.")
    return keys
