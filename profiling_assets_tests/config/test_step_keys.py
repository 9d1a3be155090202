"""A key is in the parts of the steps it influences, and in no other."""

import json
from typing import Any, cast

import pytest
import yaml

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.reference import known_keys
from profiling_assets.config.sections import OPERATION_KEYS
from profiling_assets.config.step_keys import Step, config_part
from profiling_assets.config.template import render_config

_FITS = {Step.NORMALIZE, Step.NORMALIZE_NEGCON, Step.SELECT, Step.SELECT_NEGCON}
_WRITES = {
    *(Step.AGGREGATE, Step.ANNOTATE, Step.NORMALIZE, Step.NORMALIZE_NEGCON),
    *(Step.FEATURE_SELECT, Step.FEATURE_SELECT_NEGCON, Step.STACK, Step.STACK_NEGCON),
}
_READS = {Step.COLLATE, Step.AGGREGATE}
_CHOSEN = {Step.SELECT, Step.FEATURE_SELECT, Step.STACK}
_CHOSEN_NEGCON = {Step.SELECT_NEGCON, Step.FEATURE_SELECT_NEGCON, Step.STACK_NEGCON}

# Everything is on, so that each key has its say; (key, another value, the steps it influences).
_SCALES = {
    "spherize_center": False,
    "spherize_method": "ZCA",
    "spherize_epsilon": 0.1,
    "inverse_normal_n_quantiles": 10,
}
_CORRELATED = {Step.CORRELATIONS, Step.PLATE_REPORT}
_CHANGES: list[tuple[str, object, set[Step]]] = [
    ("pipeline", "other", set()),
    ("platemap_well_column", "Metadata_well", {Step.ANNOTATE}),
    (
        "compartments",
        ["cells", "nuclei"],
        {Step.AGGREGATE, *_FITS, Step.STACK, Step.STACK_NEGCON, *_CORRELATED},
    ),
    ("options.compression", None, _WRITES),
    ("options.float_format", "%.3g", _WRITES),
    ("options.formats", ["csv.gz", "parquet"], _WRITES),
    ("options.samples", "Metadata_x == 'a'", _FITS),
    ("options.add_batch", True, {Step.ANNOTATE}),
    ("collate.csv_dir", "other", {*_READS, Step.SITES}),
    ("collate.munge", True, _READS),
    ("collate.column", "Metadata_Barcode", _READS),
    ("collate.engine", "cytominer-database", _READS),
    ("collate.on_defective_site", "fail", _READS),
    ("collate.on_count_differs", "drop", _READS),
    ("collate.on_repeated_site", "drop", _READS),
    ("collate.split_plates", True, _READS),
    ("collate.overwrite", True, set()),
    ("collate.aggregate_only", True, {Step.AGGREGATE}),
    ("collate.backend", "both", {Step.COLLATE}),
    ("collate.method", "median", set()),
    ("collate.image_feature_categories", ["Count"], set()),
    ("arrival.complete_when", "quiet_period", set()),
    ("arrival.quiet_minutes", 5, set()),
    ("arrival.settle_seconds", 5, set()),
    ("arrival.batches", [{"batch": "B1", "quiet_minutes": 5}], set()),
    ("aggregate.perform", False, {Step.AGGREGATE}),
    ("aggregate.plate_column", "Metadata_P", {Step.AGGREGATE}),
    ("aggregate.well_column", "Metadata_W", _READS),
    ("aggregate.site_column", "Metadata_Site", {Step.AGGREGATE}),
    ("aggregate.strata", ["Metadata_T"], _READS),
    ("aggregate.method", "mean", {Step.AGGREGATE}),
    ("aggregate.fields", [1, 4], {Step.AGGREGATE}),
    ("aggregate.object_feature", "Cells_Number_Object_Number", {Step.AGGREGATE}),
    ("aggregate.image_feature_categories", ["Count"], {Step.AGGREGATE}),
    ("annotate.perform", False, {Step.ANNOTATE}),
    ("annotate.well_column", "Metadata_W", {Step.ANNOTATE}),
    ("annotate.external.perform", False, {Step.ANNOTATE, *_CORRELATED}),
    ("annotate.external.file", "other.tsv", {Step.ANNOTATE}),
    ("annotate.external.merge_column", "other", {Step.ANNOTATE, *_CORRELATED}),
    ("annotate.barcode_platemap.plate_column", "Barcode", {Step.ANNOTATE}),
    ("annotate.barcode_platemap.map_column", "Map", {Step.ANNOTATE}),
    ("annotate.barcode_platemap.further_columns", False, {Step.ANNOTATE}),
    (
        "controls.negative",
        "Metadata_x == 'a'",
        {Step.NORMALIZE_NEGCON, Step.CELL_COUNTS, *_CORRELATED},
    ),
    ("controls.positive", "Metadata_x == 'a'", {Step.CELL_COUNTS, *_CORRELATED}),
    *(
        (f"{section}.{key}", value, {step})
        for section, step in (
            ("normalize", Step.NORMALIZE),
            ("normalize_negcon", Step.NORMALIZE_NEGCON),
        )
        for key, value in (
            ("perform", False),
            ("method", "robustize"),
            ("features", ["Cells_a"]),
            ("mad_robustize_fudge_factor", 1e-18),
            ("image_features", False),
            ("min_cells", 50),
            ("samples", "Metadata_x == 'a'"),
            ("groups", ["Metadata_cell_line"]),
        )
    ),
    *(
        (f"{section}.{key}", value, set[Step]())  # the method of this config asks for none of them
        for section in ("normalize", "normalize_negcon")
        for key, value in _SCALES.items()
    ),
    *(
        (f"{section}.{key}", value, steps.get(key, {select}))
        for section, select, whole, stack in (
            ("feature_select", Step.SELECT, _CHOSEN, Step.STACK),
            ("feature_select_negcon", Step.SELECT_NEGCON, _CHOSEN_NEGCON, Step.STACK_NEGCON),
        )
        for steps in [{"perform": whole, "level": whole, "gct": {stack}}]
        for key, value in (
            ("perform", False),
            ("features", ["Cells_a"]),
            ("level", "all"),
            ("gct", False),
            ("image_features", False),
            ("operations", ["blocklist", "variance_threshold"]),
            ("frozen", "config_files/f.tsv"),
            ("min_cells", 50),
            ("samples", "Metadata_x == 'a'"),
            ("min_variance", 0.1),
            ("na_cutoff", 0.1),
            ("corr_threshold", 0.8),
            ("corr_method", "spearman"),
            ("freq_cut", 0.1),
            ("unique_cut", 0.1),
            ("outlier_cutoff", 50),
            ("blocklist", "config_files/b.csv"),
            ("noise_removal_perturb_groups", "Metadata_y"),
            ("noise_removal_stdev_cutoff", 0.5),
        )
    ),
    ("quality_control.perform", False, set()),
    ("quality_control.summary.perform", False, set()),
    ("quality_control.summary.row", "Metadata_R", {Step.SITES}),
    ("quality_control.summary.column", "Metadata_C", {Step.SITES}),
    ("quality_control.heatmap.perform", False, set()),
    ("quality_control.report.perform", False, set()),
]


def everything_on() -> dict[str, Any]:
    """Return the first document of a config in which each step is performed."""
    text = render_config({}, pipeline="p")
    values = cast("dict[str, Any]", yaml.safe_load(text))
    values["aggregate"]["perform"] = True
    values["annotate"]["external"] = {"perform": True, "file": "f.tsv", "merge_column": "c"}
    for section in ("feature_select", "feature_select_negcon"):
        values[section] |= {
            "operations": list(OPERATION_KEYS),
            "noise_removal_perturb_groups": "Metadata_x",
            "noise_removal_stdev_cutoff": 0.8,
        }
    values["compartments"] = ["cells", "cytoplasm", "nuclei"]
    return values


def build(values: dict[str, Any], batches: str = "") -> Config:
    return parse_config(yaml.safe_dump(values) + batches, path="config.yml")


def changed(before: Config, after: Config) -> set[Step]:
    return {step for step in Step if config_part(before, step) != config_part(after, step)}


def with_value(values: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    *sections, last = key.split(".")
    place = values
    for section in sections:
        place = place.setdefault(section, {})
    place[last] = value
    return values


@pytest.mark.parametrize(("key", "value", "steps"), _CHANGES, ids=[c[0] for c in _CHANGES])
def test_changing_a_key_changes_the_parts_of_the_steps_it_influences(
    key: str, value: object, steps: set[Step]
) -> None:
    after = build(with_value(everything_on(), key, value))
    assert changed(build(everything_on()), after) == steps


@pytest.mark.parametrize(("key", "value"), _SCALES.items(), ids=list(_SCALES))
def test_an_option_of_a_method_rules_the_step_that_uses_the_method(key: str, value: object) -> None:
    before, after = everything_on(), everything_on()
    method = "inverse_normal" if key.startswith("inverse") else "spherize"
    for values in (before, after):
        values["normalize"] |= {"method": method, "spherize_method": "ZCA-cor"}
    if key == "spherize_center":
        before["normalize"]["spherize_method"] = "ZCA"
        after["normalize"]["spherize_method"] = "ZCA"
    after["normalize"][key] = value
    assert changed(build(before), build(after)) == {Step.NORMALIZE}


def test_external_tables_beyond_the_first_and_their_keys_rule_annotate() -> None:
    one = {"file": "f.tsv", "left_on": ["a", "b"], "right_on": ["c", "d"]}
    before, after = everything_on(), everything_on()
    before["annotate"]["external"] = [one]
    after["annotate"]["external"] = [one, {"file": "g.tsv", "merge_column": "e"}]
    assert Step.ANNOTATE in changed(build(before), build(after))
    after["annotate"]["external"] = [{**one, "right_on": ["d", "c"]}]
    assert changed(build(before), build(after)) == {Step.ANNOTATE}


def test_every_key_that_can_have_another_value_is_in_the_list_above() -> None:
    sections = {key.rsplit(".", 1)[0] for key in known_keys() if "." in key}
    sections |= {key for key in known_keys() if key.startswith("arrival.batches[]")}
    batch = {"batch", "plates", "plates[].name", "plates[].process", "process"}
    # left_on and right_on stand in the place of merge_column, which this config has
    fixed = {"output_dir", "annotate.external.left_on", "annotate.external.right_on"}
    assert {c[0] for c in _CHANGES} == set(known_keys()) - sections - batch - fixed


@pytest.mark.parametrize(
    ("key", "value"),
    [("method", "median"), ("image_feature_categories", ["Count"])],
)
def test_with_aggregate_off_the_collate_section_rules_the_aggregate(key: str, value: Any) -> None:
    off = with_value(everything_on(), "aggregate.perform", value=False)
    before = build(off)
    after = build(with_value(off, f"collate.{key}", value))
    assert changed(before, after) == {Step.AGGREGATE}
    assert before.aggregation.method == "mean"


@pytest.mark.parametrize(
    ("key", "value"), [("method", "mean"), ("fields", [1]), ("site_column", "Metadata_Site")]
)
def test_with_aggregate_off_its_own_keys_influence_nothing(key: str, value: Any) -> None:
    off = with_value(everything_on(), "aggregate.perform", value=False)
    before = build(off)
    assert changed(before, build(with_value(off, f"aggregate.{key}", value))) == set()


@pytest.mark.parametrize(
    ("off", "key", "value"),
    [
        ("annotate.perform", "annotate.well_column", "Metadata_W"),
        ("annotate.perform", "annotate.external.file", "g.tsv"),
        ("annotate.external.perform", "annotate.external.file", "g.tsv"),
        ("normalize.perform", "normalize.min_cells", 7),
        ("feature_select.perform", "feature_select.level", "all"),
    ],
)
def test_the_keys_of_a_switched_off_section_influence_nothing(
    off: str, key: str, value: Any
) -> None:
    values = with_value(everything_on(), off, value=False)
    before = build(values)
    assert changed(before, build(with_value(values, key, value))) == set()


def test_the_fudge_factor_counts_only_where_the_method_uses_it() -> None:
    values = with_value(everything_on(), "normalize.method", "standardize")
    before = build(values)
    after = build(with_value(values, "normalize.mad_robustize_fudge_factor", 1))
    assert changed(before, after) == set()


def test_csv_keys_do_not_count_for_an_aggregate_of_the_sqlite_file() -> None:
    values = with_value(everything_on(), "collate.aggregate_only", value=True)
    before = build(values)
    assert changed(before, build(with_value(values, "collate.csv_dir", "x"))) == {
        Step.COLLATE,
        Step.SITES,
    }


def test_batches_influence_no_part() -> None:
    batch = "---\nbatch: B\nplates:\n  - name: P\n"
    assert changed(build(everything_on()), build(everything_on(), batch)) == set()


def test_a_key_at_its_default_is_as_if_it_were_not_written() -> None:
    written = parse_config(
        "pipeline: p\nnormalize: {method: mad_robustize, min_cells: 1}\n", path="a.yml"
    )
    absent = parse_config("# other layout\npipeline: q\nnormalize: {}\n", path="b.yml")
    assert changed(written, absent) == set()


def test_a_part_is_canonical_json() -> None:
    part = config_part(build(everything_on()), Step.ANNOTATE)
    assert part == json.dumps(json.loads(part), sort_keys=True, separators=(",", ":"))
    assert json.loads(part)["external"] == {"file": "f.tsv", "merge_column": "c"}


def test_only_compartments_beyond_the_usual_ones_decide_which_objects_a_backend_holds():
    plain = parse_config("pipeline: p\n", path="c.yml")
    usual = parse_config("pipeline: p\ncompartments: [Cells, nuclei]\n", path="c.yml")
    further = parse_config("pipeline: p\ncompartments: [cells, PH3]\n", path="c.yml")
    assert config_part(plain, Step.COLLATE) == config_part(usual, Step.COLLATE)
    assert config_part(plain, Step.COLLATE) != config_part(further, Step.COLLATE)
