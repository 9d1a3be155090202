"""The config file that init-config writes reads back with the same names, whoever reads it."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.recipe_steps import Step
from profiling_assets.config.template import render_config
from profiling_assets.errors import InvalidNameError
from profiling_assets.workspace.names import name_problem
from profiling_assets_tests.support import shared_data

_TRICKY = st.sampled_from(
    [
        *("000123", "218360", "1e5", "0x1F", "0o17", "1_000", "2021_04_26", "2021-04-26", "12:30"),
        *("yes", "No", "y", "on", "null", "~", "nan", ".inf-", "-", "- a", "a: b", "a #b", "#a"),
        *("@a", "`a`", "%a", "&a", "*a", "!a", "!!str a", "{a}", "[a]", "'a'", '"a"', "a,b", "?"),
        *(">", "<<", "<a>", "---", "...", "a\u2028b", "a\u0085b", "\ufeffa", "\u00b5 plate", "="),
        *("Ünï", "plate 😀", "+1", "-1.5e-3", "1.", "inf", "Infinity", "|", "1:2:3"),
    ]
)  # fmt: skip
_NAMES = st.one_of(_TRICKY, st.text(min_size=1, max_size=20)).filter(lambda n: not name_problem(n))


def parse(text: str) -> Config:
    return parse_config(text, path="config.yml")


def names(config: Config) -> dict[str, list[str]]:
    return {b.batch: [plate.name for plate in b.plates] for b in config.batches}


@settings(max_examples=60, deadline=None)
@given(
    batches=st.dictionaries(
        _NAMES, st.lists(_NAMES, min_size=1, max_size=3, unique=True), max_size=3
    ),
    pipeline=st.one_of(_TRICKY, st.text(min_size=1, max_size=20)),
    negcon=st.booleans(),
)  # fmt: skip
def test_names_survive_the_file_in_our_reader_and_in_the_recipes(
    batches: dict[str, list[str]], pipeline: str, negcon: bool
) -> None:
    text = render_config(batches, pipeline=pipeline, negcon=negcon)
    config = parse(text)
    assert names(config) == batches
    assert config.pipeline == pipeline

    first, *documents = yaml.load_all(text, Loader=yaml.SafeLoader)
    assert first["pipeline"] == pipeline
    assert {d["batch"]: [plate["name"] for plate in d["plates"]] for d in documents} == batches


def test_names_that_look_like_values_are_quoted_and_plain_names_are_not() -> None:
    text = render_config({"2021_04_26_Batch1": ["000123", "BR00121539"]}, pipeline="p")
    assert "batch: 2021_04_26_Batch1\n" in text
    assert '- name: "000123"\n' in text
    assert "- name: BR00121539\n" in text


def test_the_template_takes_the_handbooks_choices() -> None:
    config = parse(render_config({}, pipeline="p"))
    assert config.aggregate.perform is False
    assert config.annotate.externals == ()
    assert config.feature_select.gct is True
    assert config.feature_select.level == "batch"
    assert config.normalize.min_cells == 1
    assert config.performs(Step.NORMALIZE_NEGCON)
    assert config.performs(Step.FEATURE_SELECT_NEGCON)
    assert config.problems_before_run() == ()


def test_negcon_switches_both_twins_off() -> None:
    config = parse(render_config({}, pipeline="p", negcon=False))
    assert not config.performs(Step.NORMALIZE_NEGCON)
    assert not config.performs(Step.SELECT_NEGCON)
    assert not config.performs(Step.STACK_NEGCON)
    assert config.performs(Step.STACK)


def test_where_the_handbook_says_nothing_the_recipes_template_rules() -> None:
    recipe = shared_data("configs", "profiling_recipe_config_template.yml")
    theirs = parse(recipe.read_text(encoding="utf-8"))
    ours = parse(render_config({}, pipeline="p"))
    assert ours.normalize == theirs.normalize
    assert ours.normalize_negcon == theirs.normalize_negcon
    assert ours.options == theirs.options
    assert ours.quality_control == theirs.quality_control
    assert ours.annotate.well_column == theirs.annotate.well_column
    same = {"gct": True}
    assert ours.feature_select == theirs.feature_select.model_copy(update=same)
    assert ours.aggregate == theirs.aggregate.model_copy(update={"perform": False})


def test_without_batches_the_file_takes_the_whole_workspace() -> None:
    assert parse(render_config({}, pipeline="p")).batches == ()


def test_a_batch_without_plates_is_written_switched_off() -> None:
    config = parse(render_config({"B": []}, pipeline="p"))
    assert config.batches[0].process is False


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "a\nb"])
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        render_config({"B": [name]}, pipeline="p")
    with pytest.raises(InvalidNameError):
        render_config({name: ["P"]}, pipeline="p")
