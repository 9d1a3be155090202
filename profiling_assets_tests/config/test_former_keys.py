"""Keys of earlier recipes: read where they say the same, else answered with today's."""

import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.errors import ConfigError


def said(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"pipeline: p\n{lines}\n", path="c.yml")
    return caught.value.what.splitlines()[1:]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("samples: all", "c.yml:2: samples is options.samples today"),
        ("float_format: '%.5g'", "float_format is options.float_format today"),
        ("annotate: {external: f.tsv}", "write `external: {perform: true, file: f.tsv, merge_col"),
        ("annotate: {external_join_on: x}", "is annotate.external.merge_column today"),
        ("normalize: {negcon: true}", "is the section normalize_negcon today"),
        ("normalize: {mad_robustize_epsilon: 1}", "is normalize.mad_robustize_fudge_factor today"),
        ("normalize: {subgroups: true, subgroup_col: Metadata_x}", "write `groups: [Metadata_x]`"),
        ("feature_select: {negcon: true}", "is the section feature_select_negcon today"),
        ("feature_select: {subgroups: true}", "follows what normalize.groups made"),
        ("feature_select: {blocklist_file: b.csv}", "is feature_select.blocklist today"),
        ("aggregate: {features: [Cells_a]}", "list them in normalize.features"),
        ("quality_control: {operations: [summary, other]}", "quality_control.summary.perform"),
        (
            "quality_control: {operations: [summary], heatmap: {perform: true}}",
            "quality_control.heatmap.perform today",
        ),
        (
            "---\nbatch: B\nplates: [{name: P, cell: A549}]",
            "plates[1].cell is a column of barcode_platemap.csv today",
        ),
    ],
)
def test_a_former_key_is_answered_with_today_s(lines: str, told: str) -> None:
    (line,) = said(lines)
    assert told in line


def test_lists_in_a_text_are_read_as_lists() -> None:
    config = parse_config(
        "pipeline: p\ncompartments: cells, nuclei\n"
        "aggregate: {fields: '1,4', image_feature_categories: 'Count,Intensity'}\n"
        "feature_select: {operations: 'blocklist,drop_na_columns'}\n"
        "quality_control: {operations: [heatmap]}\n",
        path="c.yml",
    )
    assert config.compartments == ("cells", "nuclei")
    assert config.aggregate.fields == (1, 4)
    assert config.aggregate.image_feature_categories == ("Count", "Intensity")
    assert config.feature_select.operations == ("blocklist", "drop_na_columns")
    assert config.quality_control.heatmap.perform
    assert not config.quality_control.summary.perform


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("annotate: {external: {fil: f, perform: false}}", "external.fil is not a known key; did"),
        ("annotate: {external: [{file: f.tsv}]}", "external.merge_column is missing"),
        (
            "annotate: {external: [{perform: false}, {fil: f, perform: false}]}",
            "annotate.external[2].fil is not a known key; did you mean file?",
        ),
        (
            "annotate: {external: [{perform: false}, {file: g, left_on: [a, b], right_on: c}]}",
            "annotate.external[2].right_on names 1 columns, and left_on names 2",
        ),
        ("normalize: {gct: true}", "known here: perform, method"),
        ("feature_select: {summary: true}", "known here: perform, features"),
        ("controls: {negative: Metadata_x < '5'}", "write 5 unquoted"),
        ("options: {samples: 1 == 1}", "names no column"),
    ],
)
def test_a_hint_stays_in_its_section(lines: str, told: str) -> None:
    assert told in "\n".join(said(lines))


def test_the_controls_of_a_batch_take_the_place_of_the_config_s() -> None:
    config = parse_config(
        "pipeline: p\ncontrols: {positive: Metadata_x == 'p'}\n---\nbatch: B\nprocess: false\n"
        "controls: {negative: Metadata_x == 'n'}\n",
        path="c.yml",
    )
    own, other = config.controls_of("B"), config.controls_of("C")
    assert (own.negative, own.positive) == ("Metadata_x == 'n'", "Metadata_x == 'p'")
    assert other.negative == "Metadata_control_type == 'negcon'"
