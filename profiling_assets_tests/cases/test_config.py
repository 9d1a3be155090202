"""Cases of configs and metadata: each read, or answered with what is right."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.errors import ConfigError, PlateMapError
from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.column_kinds import is_metadata
from profiling_assets.profiles.normalize import normalize_profiles
from profiling_assets.profiles.plate_map import read_barcode_platemap, read_plate_map
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.quality.preflight.query_rules import wells_taken
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import read_config, scanned_catalog
from profiling_assets.steps.plate_maps import load_plate_map
from profiling_assets.steps.preflight import Preflight, everything, preflight
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.folder import FolderWorkspace

Case = Callable[[str], Path]


def looked_at(root: Path, config: Path) -> Preflight:
    catalog = scanned_catalog(Settings(str(root), str(config)))
    return preflight(catalog, dict.fromkeys(catalog.asked_for.plates, everything(catalog)))


def told(look: Preflight) -> list[str]:
    return [f"{finding.scope}: {finding.what}" for finding in look.findings]


@pytest.mark.parametrize(
    ("name", "wells"),
    [("ne", 76), ("eq", 20), ("in", 39), ("lt", 58), ("cnt", 63), ("dmso", 20)],
)
def test_numeric_samples_takes_the_wells_that_pycytominer_takes_and_check_counts_them(
    case: Case, name: str, wells: int
) -> None:
    root = case("numeric-samples")
    config = read_config(str(root / f"config_files/{name}.yml"))
    (plate,) = looked_at(root, root / f"config_files/{name}.yml").facts.plates
    assert [taken for _, _, taken in wells_taken(plate)] == [f"{wells} of 96 wells"]
    key = PlateKey("B1", "P1")
    table = root / "backend/B1/P1/P1.csv"
    found = root / "metadata/platemaps/B1/platemap/m.txt"
    ours = annotate_profiles(
        read_profiles(table.read_bytes(), path="P1.csv"),
        read_plate_map(found.read_bytes(), path="m.txt"),
        well_column="Metadata_Well",
        platemap_well_column="Metadata_well_position",
        external=None,
        key=key,
    ).frame
    theirs = reference().annotate(
        pd.read_csv(table),
        pd.read_csv(found, sep="\t"),
        join_on=["Metadata_well_position", "Metadata_Well"],
    )
    samples = config.options.samples
    expected = reference().normalize(theirs, samples=samples, method="mad_robustize")
    result = normalize_profiles(
        ours,
        method="mad_robustize",
        features="infer",
        image_features=True,
        compartments=config.compartments,
        samples=samples,
        fudge_factor=1e-18,
        key=key,
    )
    assert result.fitted_on == wells
    names = [column for column in result.frame.columns if not is_metadata(column)]
    np.testing.assert_array_equal(result.frame[names].to_numpy(), expected[names].to_numpy())


def test_numeric_samples_that_take_no_well_or_quote_a_number_are_told(case: Case) -> None:
    root = case("numeric-samples")
    typo = told(looked_at(root, root / "config_files/typo.yml"))
    assert any("the nearest is DMSO (other capitals)" in line for line in typo)
    with pytest.raises(ConfigError, match="write 10 unquoted"):
        read_config(str(root / "config_files/lts.yml"))
    nocol = (root / "config_files/ne.yml").read_text().replace("liter !=", "litre !=")
    (root / "config_files/nocol.yml").write_text(nocol)
    lines = told(looked_at(root, root / "config_files/nocol.yml"))
    assert any("no column Metadata_mmoles_per_litre" in line for line in lines)
    assert any("the nearest is Metadata_mmoles_per_liter" in line for line in lines)


def test_ctl_value_hint_names_the_values_and_the_nearest(case: Case) -> None:
    root = case("ctl-value-hint")
    lines = told(looked_at(root, root / "config_files/config.yml"))
    for scope, words in {
        "B1/P1": "the values of control_type are allele 76, NC 20",
        "B1/P2": "'negcon ' 20; the nearest is 'negcon ' (a blank behind it)",
        "B1/P3": "NegCon 20; the nearest is NegCon (other capitals)",
    }.items():
        assert any(line.startswith(scope) and words in line for line in lines), lines
    config = (root / "config_files/config.yml").read_text()
    own = "controls: {negative: \"Metadata_control_type == 'NC'\"}\n---\nbatch:"
    (root / "own.yml").write_text(config.replace("---\nbatch:", own, 1))
    lines = told(looked_at(root, root / "own.yml"))
    assert not any(line.startswith("B1/P1") for line in lines), lines


def test_ctl_external_shadowed_says_which_column_hides_which(case: Case) -> None:
    root = case("ctl-external-shadowed")
    lines = told(looked_at(root, root / "config_files/config.yml"))
    shadowed = "the external metadata's own control_type (negcon 20) is hidden by it"
    assert any(shadowed in line and "remove the column from one" in line for line in lines), lines
    assert any(
        "its column control_type is called Metadata_control_type_ext" in line for line in lines
    )


def test_utf16_map_is_read_and_windows_1252_with_a_warning(case: Case) -> None:
    folder = case("utf16-map")
    unicode = read_plate_map((folder / "m.txt").read_bytes(), path="m.txt")
    windows = read_plate_map((folder / "l.txt").read_bytes(), path="l.txt")
    assert unicode.frame["Metadata_treatment"].str.contains("\u00b5").all()
    assert windows.frame["Metadata_treatment"].tolist()[:4] == [f"\u00b5M{n}" for n in range(4)]
    assert unicode.warnings == ()
    assert any("read as Windows-1252" in warning for warning in windows.warnings)


def test_vendor_barcode_map_is_read_by_the_names_that_the_config_gives(case: Case) -> None:
    folder = case("vendor-barcode-map")
    data = (folder / "barcode_platemap.csv").read_bytes()
    with pytest.raises(PlateMapError, match="the nearest is Plate Barcode") as caught:
        read_barcode_platemap(data, path="b.csv")
    assert "annotate.barcode_platemap.plate_column" in str(caught.value.remedy)
    root = folder / "ws"
    maps = root / "metadata/platemaps/B/platemap"
    maps.mkdir(parents=True)
    (maps.parent / "barcode_platemap.csv").write_bytes(data)
    for file in folder.glob("*_platemap.csv"):
        if file.name.startswith("BR"):
            (maps / file.name).write_bytes(file.read_bytes())
    config = configured(
        'platemap_well_column: "Metadata_Well Position"\n'
        "annotate:\n  barcode_platemap: {plate_column: Plate Barcode, map_column: File Name}\n"
    )
    plate_map, _, _ = load_plate_map(
        FolderWorkspace(str(root)), config, PlateKey("B", "BR00148919")
    )
    assert plate_map.wells[:2] == ("A01", "A02")


def configured(text: str) -> Config:
    return parse_config(f"pipeline: p\n{text}", path="config.yml")


def test_bray_config_is_read(case: Case) -> None:
    config = read_config(str(case("bray-config") / "config.yml"))
    assert config.quality_control.summary.perform
    assert config.quality_control.heatmap.perform


OLD = {
    "manual__pilot-cpjump1-data__config.yml": [
        "annotate.external is a section today: write `external: {perform: true, file: cpjump1_orf",
        "normalize.negcon is the section normalize_negcon today",
        "feature_select.negcon is the section feature_select_negcon today",
        "plates[1].cell is a column of barcode_platemap.csv today",
    ],
    "manual__pilot-cpjump1-data__config_fov_2.yml": [
        "annotate.external is a section today",
        "normalize.negcon is the section normalize_negcon today",
        "feature_select.negcon is the section feature_select_negcon today",
    ],
}


@pytest.mark.parametrize("name", OLD)
def test_old_recipe_config_is_answered_with_today_s_keys(case: Case, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(str(case("old-recipe-config") / name))
    lines = caught.value.what.splitlines()[1:]
    assert len(lines) == len(OLD[name])
    for line, words in zip(lines, OLD[name], strict=True):
        assert words in line


def test_old_recipe_configs_that_say_nothing_else_than_today_are_read(case: Case) -> None:
    folder = case("old-recipe-config")
    collated = read_config(str(folder / "manual__pilot-cpjump1-data__collated.yml"))
    assert collated.feature_select.operations == ("variance_threshold", "drop_na_columns")
    template = read_config(str(folder / "template_qc_operations.yml"))
    assert template.quality_control.summary.perform
    plain = configured(
        "compartments: cells,cytoplasm,nuclei\n"
        "aggregate: {features: infer, fields: '2,4,6'}\n"
        "normalize: {negcon: false, subgroups: false, subgroup_col: <COLUMN>}\n"
    )
    assert plain.compartments == ("cells", "cytoplasm", "nuclei")
    assert plain.aggregate.fields == (2, 4, 6)


def test_a_query_over_a_column_of_the_finished_table_is_no_error_of_check(case: Case) -> None:
    root = case("numeric-samples")
    table = root / "backend/B1/P1/P1.csv"
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{header},Metadata_day", *(f"{row},2" for row in rows)]) + "\n")
    text = (root / "config_files/ne.yml").read_text()
    for column, taken in {
        "Metadata_day": ["96 of 96 wells"],
        "Metadata_Count_Cells": ["96 of 96 wells"],
    }.items():
        (root / "own.yml").write_text(text.replace("Metadata_mmoles_per_liter", column))
        look = looked_at(root, root / "own.yml")
        assert told(look) == []
        assert [wells for _, _, wells in wells_taken(look.facts.plates[0])] == taken
