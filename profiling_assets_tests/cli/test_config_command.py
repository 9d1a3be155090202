"""`config` on real config files and broken ones, and `init-config`."""

from pathlib import Path

import pytest

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, new_place
from profiling_assets_tests.cli.story import FIRST, SECOND
from profiling_assets_tests.support import shared_data

pytestmark = pytest.mark.integration

REAL = (
    "cdot_batch1_woActin",
    "cdot_batch1and2",
    "cdot_batch8",
    "jump_orf_batch1",
    "jump_orf_control_all_batches",
    "jump_orf_target1",
    "molecularglue",
    "varchamp_B1A1R1",
    "varchamp_batch_13_14",
    "varchamp_batch_20_21",
)
TEMPLATE = "profiling_recipe_config_template"


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a workspace with plates, on which nothing is run."""
    return new_place(tmp_path_factory.mktemp("plates") / "workspace", tiny_spec())


@pytest.mark.parametrize("name", REAL)
def test_a_real_config_is_fine_as_it_is(empty: Place, name: str) -> None:
    file = shared_data("configs", f"{name}.yml")
    done = empty("config", file)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{file}: fine; ")


def test_no_real_config_is_forgotten() -> None:
    found = {path.stem for path in shared_data("configs").glob("*.yml")}
    assert found == {*REAL, TEMPLATE}


def test_the_placeholders_of_the_recipe_s_template_are_listed_with_their_lines(
    empty: Place,
) -> None:
    file = shared_data("configs", f"{TEMPLATE}.yml")
    done = empty("config", file)
    assert done.code == 1
    assert done.out == ""
    assert f"error: {file}: 8 problems in the config\n" in done.err
    for line in (23, 24, 76, 78, 80, 84, 86, 88):
        (told,) = [text for text in done.err.splitlines() if f".yml:{line}: " in text]
        assert "placeholder <" in told
    assert "Remedy: " in done.err


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("pipeline: x\noutput_dir: [profiles\n", 3, ("not YAML",)),
        ("pipeline: x\n\taggregate: 1\n", 2, ("not YAML",)),
        ("pipeline: x\nnormalise:\n  perform: true\n", 2, ("normalise", "normalize")),
        ("pipeline: x\naggregate:\n  perform: maybe\n", 3, ("aggregate.perform", "maybe")),
    ],
)
def test_a_broken_config_is_told_with_file_line_and_what_is_meant(
    empty: Place, text: str, line: int, words: tuple[str, ...]
) -> None:
    file = empty.root / "broken.yml"
    file.write_text(text)
    for done in (empty("config", file), empty("run", "--workspace", ".", "--config", file)):
        assert done.code == 1, done.text
        assert f"{file}:{line}: " in done.err
        assert all(word in done.err for word in words)
        assert "Remedy: " in done.err
        assert "Traceback" not in done.text


def test_a_config_that_is_not_there_is_told(empty: Place) -> None:
    done = empty("config", "nowhere.yml")
    assert done.code == 1
    assert "nowhere.yml" in done.err
    assert "init-config" in done.err
    assert "Traceback" not in done.err


def test_the_reference_prints_every_key_with_type_default_and_meaning(empty: Place) -> None:
    done = empty("config", "--reference")
    assert (done.code, done.err) == (0, "")
    for key in (
        "pipeline",
        "options",
        "aggregate",
        "annotate",
        "normalize_negcon",
        "feature_select_negcon",
        "collate",
        "on_defective_site",
        "min_cells",
        "batch",
        "plates",
    ):
        assert key in done.out
    assert done.out.count("Type: ") > 50
    assert done.out.count("Default: ") > 40


def test_what_init_config_writes_is_fine_and_names_every_plate(plates: Place) -> None:
    done = plates("init-config", plates.root)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{plates.config}: 2 batches, 3 plates\n"
    again = plates("config", plates.config)
    assert (again.code, again.out) == (0, f"{plates.config}: fine; 2 batches, 3 plates\n")
    text = plates.config.read_text()
    assert text.count('name: "000123"') == 2
    assert text.count("name: PL-01-x") == 1


def test_init_config_does_not_overwrite_unless_forced(plates: Place) -> None:
    first = plates("init-config", plates.root, "--name", "mine", "--batch", SECOND)
    assert first.code == 0
    mine = plates.root / "config_files" / "mine.yml"
    mine.write_text(mine.read_text() + "# a comment of the user\n")
    text = mine.read_text()
    refused = plates("init-config", plates.root, "--name", "mine")
    assert refused.code == 1
    assert "config_files/mine.yml" in refused.err
    assert "--force" in refused.err
    assert "--name" in refused.err
    assert mine.read_text() == text
    forced = plates("init-config", plates.root, "--name", "mine", "--force", "--no-negcon")
    assert forced.code == 0
    assert FIRST in mine.read_text()
    assert "# a comment" not in mine.read_text()
    assert plates("config", mine).code == 0


def test_init_config_names_a_batch_that_is_not_there(plates: Place) -> None:
    done = plates("init-config", plates.root, "--batch", "Batch9", "--name", "other")
    assert done.code == 1
    assert "Batch9" in done.err
    assert "Remedy: " in done.err
    assert not Path(plates.root, "config_files", "other.yml").exists()


def test_init_config_of_an_empty_folder_writes_nothing(empty: Place) -> None:
    done = empty("init-config", empty.root)
    assert done.code == 1
    assert f"{empty.root}: no plates found; the folder" in done.err
    assert "Remedy: " in done.err
    assert list(empty.root.iterdir()) == []
