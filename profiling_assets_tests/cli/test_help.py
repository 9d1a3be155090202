"""Help texts, the version, and what is said to words that cannot be understood."""

import re

import pytest

from profiling_assets import __version__
from profiling_assets_tests.cli.commands import Place

pytestmark = pytest.mark.integration

COMMANDS: dict[str, tuple[str, ...]] = {
    "demo": ("DIR",),
    "init-workspace": (
        *("FOLDER", "--batch", "--plate", "--workspace", "--platemap", "--link", "--copy"),
    ),
    "init-config": ("WORKSPACE", "--input", "--batch", "--name", "--no-negcon", "--force"),
    "scan": ("WORKSPACE", "--input", "--config", "--batch", "--csv-dir", "--quick", "--sites"),
    "estimate": (
        *("WORKSPACE", "--input", "--config", "--batch", "--prices", "--plates-at-once", "--json"),
    ),
    "exclude": ("BATCH/PLATE", "--reason", "--workspace", "--input"),
    "include": ("BATCH/PLATE", "--workspace", "--input"),
    "check": ("--workspace", "--input", "--config", "--batch", "--plate", "--json"),
    "run": ("--workspace", "--input", "--config", "--batch", "--plate", "--select", "--force"),
    "ui": ("--workspace", "--input", "--config", "--host", "--port", "--watch"),
    "prune": ("--workspace", "--days", "--remove"),
    "pull": ("SOURCE", "--workspace", "--batch", "--folder", "--dry-run"),
    "push": ("TARGET", "--workspace", "--batch", "--folder", "--dry-run"),
    "publish": (
        *("TARGET", "--workspace", "--input", "--config", "--batch", "--branch", "--push"),
        *("--dry-run", "--limit-mb", "--warn-mb"),
    ),
    "init-data-repo": ("DIR", "--lfs"),
    "diff": ("A", "B", "--tolerance", "--largest"),
    "check-deployment": ("--files", "--json"),
    "config": ("FILE", "--reference"),
}


def test_the_help_names_every_command(empty: Place) -> None:
    done = empty("--help")
    assert done.code == 0
    assert done.err == ""
    told = done.out[done.out.index("Commands:") :]
    assert re.findall(r"^  ([a-z-]+) ", told, re.MULTILINE) == list(COMMANDS)
    assert empty("-h").out == done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_names_its_arguments_and_every_option(
    empty: Place, command: str
) -> None:
    done = empty(command, "--help")
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith(f"Usage: profiling-assets {command} [OPTIONS]")
    for word in COMMANDS[command]:
        assert word in done.out
    # and none that this table forgot
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", done.out, re.MULTILINE))
    positive = {word.replace("--no-", "--") for word in COMMANDS[command]}
    assert options <= positive | {"--help"}


def test_the_version_is_the_package_s(empty: Place) -> None:
    done = empty("--version")
    assert (done.code, done.out, done.err) == (0, f"profiling-assets, version {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("run", "--frobnicate"),
        ("run",),
        ("scan",),
        ("exclude", "B/P", "--workspace", "."),
        ("ui", "--workspace", ".", "--port", "many"),
        ("config",),
        ("pull", "--workspace", "."),
        ("push", "elsewhere", "--workspace", ".", "--folder", "backend"),
    ],
)
def test_words_that_cannot_be_understood_exit_with_2_and_point_to_the_help(
    empty: Place, words: tuple[str, ...]
) -> None:
    done = empty(*words)
    assert done.code == 2, done.text
    assert done.out == ""
    assert "Usage: profiling-assets" in done.err
    assert "--help" in done.err
    assert "Traceback" not in done.err
