"""Reading config files: real ones load as they are, wrong ones say every problem at once."""

import pickle
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.config import yaml_nodes
from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import ConfigError
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.support import shared_data

REAL = (
    "cdot_batch1_woActin",
    "cdot_batch1and2",
    "cdot_batch8",
    "jump_orf_batch1",
    "jump_orf_control_all_batches",
    "jump_orf_target1",
    "molecularglue",
    "profiling_recipe_config_template",
    "varchamp_B1A1R1",
    "varchamp_batch_13_14",
    "varchamp_batch_20_21",
)
BATCH = "---\nbatch: B1\nplates:\n  - name: P1\n    process: true\nprocess: true\n"


def real(name: str) -> str:
    return shared_data("configs", f"{name}.yml").read_text(encoding="utf-8")


def parse(text: str) -> Config:
    return parse_config(text, path="config.yml")


def problems(text: str) -> list[str]:
    """Return the sentences of the error that a text must raise, without the head and remedy."""
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert raised.value.path == "config.yml"
    assert raised.value.remedy is not None
    head, *sentences = raised.value.what.splitlines()
    assert int(head.split()[0]) == len(sentences)
    return sentences


def problem(text: str) -> str:
    """Return the one sentence of the error that a text must raise."""
    sentences = problems(text)
    assert len(sentences) == 1, sentences
    return sentences[0]


# --- real files


@pytest.mark.parametrize("name", REAL)
def test_a_real_config_loads_as_it_is(name: str) -> None:
    text = real(name)
    config = parse(text)
    named = re.findall(r"^ *- name: (.*)$", text, flags=re.MULTILINE)
    batches = re.findall(r"^batch: (.*)$", text, flags=re.MULTILINE)
    assert [batch.batch for batch in config.batches] == batches
    assert [plate.name for batch in config.batches for plate in batch.plates] == named
    assert config.compartments == ("cells", "cytoplasm", "nuclei")
    assert config.options.float_format == "%.5g"
    if name != "profiling_recipe_config_template":
        assert config.problems_before_run() == ()


def test_every_real_config_is_tested() -> None:
    files = shared_data("configs").glob("*.yml")
    assert sorted(file.stem for file in files) == sorted(REAL)


def test_missing_negcon_sections_are_switched_off_and_min_cells_defaults_to_one() -> None:
    config = parse(real("jump_orf_control_all_batches"))
    assert not config.performs(Step.NORMALIZE_NEGCON)
    assert not config.performs(Step.FEATURE_SELECT_NEGCON)
    assert not config.performs(Step.ANNOTATE)
    assert config.performs(Step.FEATURE_SELECT)
    assert config.feature_select.level == "all"
    assert config.normalize.min_cells == 1
    assert [entry.file for entry in config.annotate.external] == [None]


def test_the_recipes_template_loads_and_its_placeholders_are_named_before_a_run() -> None:
    config = parse(real("profiling_recipe_config_template"))
    said = config.problems_before_run()
    assert said[0] == (
        "config.yml:23: annotate.external.file is still the placeholder <metadata file name>; "
        "write what is meant, or set annotate.external.perform: false"
    )
    assert said[1].startswith("config.yml:24: annotate.external.merge_column")
    assert said[2].startswith("config.yml:76: batch is still the placeholder <FIRST BATCH NAME>")
    assert len(said) == 8  # two keys, two batches, four plates


def test_a_placeholder_in_a_switched_off_section_is_as_if_the_key_were_not_there() -> None:
    config = parse(real("varchamp_batch_13_14"))
    assert config.annotate.externals == ()
    assert [entry.file for entry in config.annotate.external] == [None]
    assert config.problems_before_run() == ()


def test_placeholders_below_a_switched_off_annotate_do_no_harm() -> None:
    text = real("profiling_recipe_config_template")
    config = parse(text.replace("annotate:\n  perform: true", "annotate:\n  perform: false"))
    assert not any("external" in sentence for sentence in config.problems_before_run())


def test_a_placeholder_where_a_choice_is_due_is_an_error_unless_switched_off() -> None:
    text = "pipeline: p\nnormalize:\n  perform: {}\n  method: <METHOD>\n"
    assert parse(text.format("false")).normalize.method == "mad_robustize"
    assert "never edited" in problem(text.format("true"))


# --- names


@pytest.mark.parametrize(
    "name",
    [
        *("218360", "000123", "1e5", "2021_04_26", "0123", "12:30:00", "2021-04-26", "yes", "null"),
        *("~", "0x1F", "1_000", "PL-01-x", "OASIS--20Xvs40X--20x-Dev69_40723", "a b", "5.", "<<"),
    ],
)
def test_a_name_is_the_verbatim_text_of_the_file(name: str) -> None:
    config = parse(f"pipeline: p\n---\nbatch: {name}\nplates:\n  - name: {name}\n  - name: P2\n")
    assert config.batches[0].batch == name
    assert config.batches[0].plates[0].name == name


def test_other_text_keys_are_verbatim_too() -> None:
    config = parse("pipeline: 2021_04_26\ncollate:\n  csv_dir: 0123\ncompartments: [1e5, no]\n")
    assert (config.pipeline, config.collate.csv_dir) == ("2021_04_26", "0123")
    assert config.compartments == ("1e5", "no")


def test_the_lines_of_batches_and_plates_are_known() -> None:
    config = parse("pipeline: p\n" + BATCH)
    assert config.where(PlateKey("B1", "P1")) == "config.yml:5"
    assert config.where("batches/B1") == "config.yml:3"
    assert config.where("pipeline") == "config.yml:1"
    assert config.where("normalize.method") == "config.yml"


@pytest.mark.parametrize("name", ["..", "a/b", "'a\\b'", '"x\\0"', '" x"', '""', "", ".hidden"])
def test_a_name_that_could_leave_the_workspace_is_refused_with_its_line(name: str) -> None:
    text = f"pipeline: p\n---\nbatch: B\nplates:\n  - name: {name}\n"
    assert problem(text).startswith("config.yml:5: plates[1].name is ")
    assert problem(f"pipeline: p\n---\nbatch: {name}\nprocess: false\n").startswith("config.yml:3")


def test_a_plate_listed_twice_is_an_error_with_the_second_line() -> None:
    text = "pipeline: p\n---\nbatch: B\nplates:\n  - name: 01\n  - name: 1\n  - name: '01'\n"
    assert problem(text) == (
        "config.yml:7: plates[3].name is 01, which plates[1] of batch B is already; "
        "name a plate once"
    )


def test_a_batch_in_two_documents_is_an_error_with_both_lines() -> None:
    assert problem("pipeline: p\n" + BATCH + BATCH) == (
        "config.yml:9: batch B1 is in line 3 already; "
        "write one document for it, with all its plates"
    )


def test_the_same_plate_name_may_stand_in_two_batches() -> None:
    config = parse("pipeline: p\n" + BATCH + BATCH.replace("B1", "B2"))
    assert len(config.batches) == 2


# --- unknown keys


def test_the_misspelling_of_the_recipes_own_readme_is_named_with_line_and_nearest_key() -> None:
    text = "pipeline: p\naggregate:\n  perform: true\n  image_feature_catageories: [Count]\n"
    assert problem(text) == (
        "config.yml:4: aggregate.image_feature_catageories is not a known key; "
        "did you mean image_feature_categories?"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pipeline: p\nNormalize: {}", "config.yml:2: Normalize is not a known key; did you mean"),
        ("pipeline: p\nnormalise: {}", "did you mean normalize?"),
        ("pipeline: p\nmunge: true", "munge is not a known key; known here: pipeline"),
        ("pipeline: p\nannotate:\n  min-cells: 1", "config.yml:3: annotate.min-cells"),
        ("pipeline: p\nxyzzy: 1", "known here: pipeline, output_dir"),
        ("pipelin: p", "pipelin is not a known key; did you mean pipeline?"),
        ("pipeline: p\nbatch: B", "is the line `---` before it missing?"),
        ("pipeline: p\n---\nbatch: B\nprocess: false\noptions: {}", "in the first document"),
        ("pipeline: p\n---\nbatch: B\nprocess: false\nplate: []", "did you mean plates?"),
        ("pipeline: p\n---\nbatch: B\nplates:\n- {nmae: P}", "did you mean name?"),
        ("pipeline: p\nlines: {}\n", "lines is not a known key"),
        ("pipeline: p\nbatches: []\n", "batches is not a known key"),
        ("pipeline: p\n1: 2\n", "config.yml:2: 1 is not a known key"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(text: str, told: str) -> None:
    assert any(told in sentence for sentence in problems(text))


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    text = (
        "pipeline: p\nbanana: 1\nnormalize:\n  method: robust\n  perform: 'yes'\n"
        "options:\n  compression: zip\n  samples: '@x'\n"
        "---\nbatch: B\nplates:\n  - name: a/b\n    process: 1\n"
    )
    told = problems(text)
    assert [int(sentence.split(":")[1]) for sentence in told] == [2, 4, 5, 7, 12, 13]
    # what needs the whole section right is told with the section's other problems mended
    assert problem("pipeline: p\noptions:\n  samples: '@x'\n").startswith("config.yml:3: ")


def test_a_key_given_twice_is_an_error_with_both_lines() -> None:
    text = "pipeline: p\nnormalize:\n  method: robustize\n  perform: true\n  method: standardize\n"
    assert problem(text) == "config.yml:5: normalize.method is given twice, first in line 3"


# --- types


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("normalize: {perform: 'yes'}", "normalize.perform is 'yes'; it must be true or false"),
        ("normalize: {perform: 1}", "normalize.perform is 1; it must be true or false"),
        ("normalize: {min_cells: '3'}", "min_cells is '3'; it must be a whole number, 0 or more"),
        ("normalize: {min_cells: -1}", "it must be a whole number, 0 or more"),
        ("normalize: {min_cells: 010}", "min_cells is '010'; it must be a whole number"),
        ("normalize: {min_cells: 1.0}", "it must be a whole number"),
        ("normalize: {min_cells: true}", "min_cells is true; it must be a whole number"),
        ("normalize: {mad_robustize_fudge_factor: .inf}", "must be a number, 0 or more"),
        ("normalize: {mad_robustize_fudge_factor: 1e999}", "must be a number, 0 or more"),
        ("normalize: {method: zscore}", "it must be one of standardize, robustize"),
        ("normalize: {features: Cells_AreaShape_Area}", "infer, or a list of feature columns"),
        ("normalize: true", "normalize is true; it must be a section with keys of its own"),
        ("normalize:", "normalize is empty; it must be a section"),
        ("aggregate: {fields: [1, x]}", "it must be all, or a list of site numbers"),
        ("aggregate: {fields: some}", "it must be all, or a list of site numbers"),
        ("aggregate: {method: Median}", "it must be mean or median"),
        ("aggregate: {image_feature_categories: Count}", "'Count'; it must be a list of text"),
        ("feature_select: {level: [batch]}", "the list ['batch']; it must be plate, batch or all"),
        ("feature_select: {gct: <X>}", "a placeholder that was never edited"),
        ("options: {compression: bz2}", "it must be gzip, or null for none"),
        ("options: {formats: csv.gz}", "it must be a list of csv.gz, parquet and h5ad"),
        ("collate: {engine: cytotable}", "it must be native or cytominer-database"),
        ("collate: {munge: !!python/object/apply:os.system [ls]}", "collate.munge"),
        ("collate: {csv_dir: !env HOME}", "collate.csv_dir has the tag !env"),
        ("collate: {? [a] : b}", "has a key that is not text"),
    ],
)
def test_a_wrong_type_is_an_error_and_never_coerced(lines: str, told: str) -> None:
    sentence = problem(f"pipeline: p\n{lines}\n")
    assert sentence.startswith("config.yml:2: ")
    assert told in sentence


def test_yaml_words_for_booleans_and_scientific_numbers_are_read() -> None:
    config = parse(
        "pipeline: p\nnormalize: {perform: yes, mad_robustize_fudge_factor: 1e-18}\n"
        "aggregate: {perform: Off, fields: [1, 4, 9]}\noptions: {compression: null}\n"
    )
    assert config.normalize.perform is True
    assert config.normalize.mad_robustize_fudge_factor == 1e-18
    assert config.aggregate.fields == (1, 4, 9)
    assert config.options.compression is None


def test_our_own_sections_have_the_documented_defaults() -> None:
    config = parse("pipeline: p\n")
    assert config.collate.model_dump() == {
        "csv_dir": "analysis",
        "munge": False,
        "column": None,
        "engine": "native",
        "overwrite": False,
        "aggregate_only": False,
        "backend": "sqlite",
        "method": "mean",
        "image_feature_categories": (
            *("Granularity", "Texture", "ImageQuality", "Count", "Threshold"),
        ),
        "on_defective_site": "drop",
        "on_count_differs": "keep",
        "on_repeated_site": "keep",
        "split_plates": False,
    }
    assert config.options.formats == ("csv.gz",)
    assert config.compartments is None
    assert config.batches == ()
    assert config.performs(Step.COLLATE)
    assert config.performs(Step.AGGREGATE)
    assert not config.performs(Step.ANNOTATE)


# --- impossible combinations


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("annotate:\n  external: {perform: true, merge_column: c}", "external.file is missing"),
        ("annotate:\n  external: {file: f.tsv}", "external.merge_column is missing"),
        ("annotate:\n  external: {file: ../f.tsv, merge_column: c}", "stays in its folder"),
        ("aggregate: {site_column: Metadata_Well}", "site_column is Metadata_Well, which is"),
        ("aggregate: {well_column: Metadata_Plate}", "well_column is Metadata_Plate, as plate"),
        ("aggregate: {fields: []}", "aggregate.fields is empty"),
        ("collate: {aggregate_only: true, munge: true}", "collate.munge asks to split one"),
        ("collate: {aggregate_only: true, overwrite: true}", "collate.overwrite asks"),
        ("collate: {engine: cytominer-database, backend: both}", "writes only SQLite"),
        ("collate: {csv_dir: /data}", "is an absolute path"),
        ("collate: {csv_dir: a/../../b}", "a `..`"),
        ("collate: {csv_dir: 'a\\b'}", "has a backslash"),
        ("feature_select: {level: plate, gct: true}", "set gct: false, or level: batch or all"),
        ("feature_select: {operations: [noise_removal]}", "which needs groups and a cutoff"),
        ("feature_select: {operations: [varance_threshold]}", "did you mean variance_threshold?"),
        ("feature_select: {operations: [blocklist, blocklist]}", "lists blocklist twice"),
        ("options: {float_format: '%.5'}", "does not format a number"),
        ("options: {float_format: '%.99999999f'}", "does not format a number"),
        ("options: {formats: [parquet]}", "options.formats does not list csv.gz"),
        ("output_dir: results", "write profiles, or leave the key out"),
        ("compartments: [cells, Cells]", "lists cells twice"),
        ("compartments: [image]", "lists image"),
        ("compartments: []", "compartments is empty"),
    ],
)
def test_an_impossible_combination_is_an_error_with_its_remedy(lines: str, told: str) -> None:
    assert told in problem(f"pipeline: p\n{lines}\n")


@pytest.mark.parametrize(
    "query",
    [
        "@x > 1",
        "__import__('os').system('ls')",
        "Metadata_x.str.contains('a')",
        "().__class__ == 1",
        "Metadata_x",
        "a ==",
        "[x for x in y] == 1",
        "(lambda: 1) == 2",
        "Metadata_x == " + "(" * 500,
    ],
)
def test_a_query_that_does_more_than_compare_columns_is_refused(query: str) -> None:
    assert "options.samples" in problem(f"pipeline: p\noptions:\n  samples: {query!r}\n")


@pytest.mark.parametrize(
    "query",
    [
        "all",
        "Metadata_Object_Count >= 50",
        "Metadata_pert_type in ['trt', 'control'] and not Metadata_x == 'DMSO'",
        "(`Metadata_pert type` == 'trt') & (Metadata_Count_Cells > -1)",
    ],
)
def test_a_query_over_columns_is_accepted(query: str) -> None:
    config = parse(f"pipeline: p\noptions:\n  samples: {query!r}\n")
    assert config.options.samples == query


def test_a_batch_without_plates_is_an_error_unless_it_is_switched_off() -> None:
    text = "pipeline: p\n---\nbatch: B\nprocess: {}\n"
    assert "plates is missing or empty" in problem(text.format("true"))
    assert parse(text.format("false")).batches[0].plates == ()


def test_a_plate_that_is_only_a_word_says_how_to_write_it() -> None:
    text = "pipeline: p\n---\nbatch: B\nplates:\n  - P1\n"
    assert "`- name: PLATE`" in problem(text)


def test_a_config_whose_plates_are_all_switched_off_says_so_before_a_run() -> None:
    assert parse("pipeline: p\n" + BATCH).problems_before_run() == ()
    off = parse("pipeline: p\n" + BATCH.replace("    process: true", "    process: false"))
    assert "no plate is asked for" in off.problems_before_run()[0]


# --- the file as a whole


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "config.yml: the file is empty"),
        ("\n# nothing\n---\n...\n", "the file is empty"),
        ("just text", "config.yml:1: the document must be keys with values"),
        ("- a\n- b\n", "config.yml:1: the document must be keys with values"),
        (BATCH, "no document has the key `pipeline`"),
        ("pipeline: p\n---\npipeline: q\n", "config.yml:3: a second document with `pipeline`"),
        ("pipeline: p\n---\nprocess: true\n", "neither `pipeline` nor `batch`"),
        ("pipeline: p\nnormalize:\n\tperform: true\n", "config.yml:3: not YAML"),
        ("pipeline: p\nnormalize: [1, 2\n", "not YAML"),
        ("pipeline: p: q\n", "config.yml:1: not YAML: mapping values are not allowed here"),
        ("pipeline: p\ncollate: {csv_dir: @a}\n", "config.yml:2: not YAML"),
        ("pipeline: p\noptions: *gone\n", "config.yml:2: not YAML: found undefined alias"),
        ("pipeline: p\nx: \x07\n", "config.yml:2: character U+0007 is not text"),
        ("pipeline:\n", "pipeline is empty; it must be text"),
        ("output_dir: profiles\n", "config.yml:1: pipeline is missing"),
    ],
)
def test_a_file_that_is_no_config_says_what_it_is(text: str, told: str) -> None:
    assert told in problem(text)


def test_tabs_are_named_as_such() -> None:
    assert "not with tabs" in problem("pipeline: p\nnormalize:\n\tperform: true\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_byte_order_marks_of_any_editor_are_read(newline: str) -> None:
    text = "\ufeff" + ("pipeline: p\n" + BATCH + "---\n").replace("\n", newline)
    config = parse(text)
    assert config.batches[0].plates[0].name == "P1"
    assert config.where(PlateKey("B1", "P1")) == "config.yml:5"


def test_an_oversized_file_is_refused_before_it_is_read() -> None:
    started = time.process_time()
    assert "a config has up to 2 MiB" in problem("pipeline: p\n#" + "x" * (2 * 1024 * 1024))
    assert time.process_time() - started < 1


def test_aliases_and_merges_that_a_person_writes_are_read() -> None:
    config = parse(
        "pipeline: p\nnormalize: &n\n  method: robustize\n  min_cells: 3\n"
        "normalize_negcon:\n  <<: *n\n  min_cells: 5\n"
        "feature_select: {operations: &o [blocklist]}\nfeature_select_negcon: {operations: *o}\n"
    )
    assert config.normalize_negcon.method == "robustize"
    assert config.normalize_negcon.min_cells == 5
    assert config.feature_select_negcon.operations == ("blocklist",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pipeline: &a p\nx: [" + "*a, " * 60 + "]\n", "more than 50 aliases"),
        ("pipeline: p\nx: " + "[" * 100_000, "more than 20 levels"),
        ("pipeline: p\nx: &a\n  y: *a\n", "more than 20 levels"),
        ("pipeline: p\nx: &a\n  <<: *a\n", "more than 20 levels"),
        (
            "pipeline: p\na0: &a0 [" + "x, " * 9_000 + "]\n"
            + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 5}]\n" for i in range(1, 9)),
            "more than 500,000 values",
        ),
    ],
)  # fmt: skip
def test_an_alias_bomb_is_refused_in_moments(text: str, told: str) -> None:
    started = time.process_time()
    assert told in problem(text)
    assert time.process_time() - started < 10


def test_messages_hold_no_control_characters_and_do_not_grow_without_bound() -> None:
    for key in ('"\\e[31mred"', "k" * 100_000):
        sentence = problem(f"pipeline: p\n{key}: 1\n")
        assert sentence.isprintable()
        assert len(sentence) < 1000


def test_a_config_is_frozen_and_crosses_a_process_boundary() -> None:
    config = parse(real("molecularglue"))
    assert pickle.loads(pickle.dumps(config)) == config
    with pytest.raises(ValueError, match="frozen"):
        config.pipeline = "other"  # pyright: ignore[reportAttributeAccessIssue] # the point


def test_the_config_error_of_a_file_on_disk_prints_path_problems_and_remedy(
    tmp_path: Path,
) -> None:
    file = tmp_path / "c.yml"
    file.write_text("pipeline: p\nnormalise: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        parse_config(file.read_text(encoding="utf-8"), path="c.yml")
    assert str(raised.value).splitlines() == [
        "c.yml: 1 problem in the config",
        "c.yml:2: normalise is not a known key; did you mean normalize?",
        "Remedy: mend the lines named; `profiling-assets config --reference` prints every key",
    ]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("pipelnbatchs:-{}[]&*!<>'\"#%@|\n\t 01.,?~"), max_size=80))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    for candidate in (text, f"pipeline: p\n{text}", f"pipeline: p\n---\nbatch: B\n{text}"):
        try:
            config = parse(candidate)
        except ConfigError as error:
            assert "config.yml" in str(error)  # noqa: PT017 # either outcome is right
        else:
            assert isinstance(config, Config)


@pytest.mark.parametrize("key", ["a: 1\n", "k{}: 1\n", "- x\n"])
def test_a_file_with_more_keys_and_values_than_any_config_is_refused_before_all_are_read(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_nodes, "MAX_NODES", 1_000)
    text = "pipeline: p\n---\n" + "".join(key.format(number) for number in range(2_000))
    assert re.search(r"config.yml:\d+: the file has more than 1,000 keys and values", problem(text))


def test_of_thousands_of_unknown_keys_all_are_counted_and_the_first_are_told() -> None:
    text = "pipeline: p\n" + "".join(f"k{number}: 1\n" for number in range(2_000))
    with pytest.raises(ConfigError, match="2000 problems") as raised:
        parse(text)
    _, *sentences, rest = raised.value.what.splitlines()
    assert "k0 is not a known key" in sentences[0]
    assert rest == "… and 1800 more"
