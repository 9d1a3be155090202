"""Every command line of the documentation is one that the program understands, and is run.

Here are the pages of `exercises.QUICK`; all others, and the first tutorial, which builds the whole
demo, are run by `long_documentation.py` (`make test-docs`).
"""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from profiling_assets.cli.main import cli
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import demo_spec
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.exercises import (
    EXERCISES,
    NOT_RUN,
    QUICK,
    SECOND_TUTORIAL,
    TUTORIALS,
    reason_not_to_run,
)
from profiling_assets_tests.cli.pages import (
    ROOT,
    Command,
    commands,
    mentioned,
    pages,
)
from profiling_assets_tests.cli.sitting import Sitting, exercise_page, follow

SHOWN = [command for page in pages() for command in commands(page)]
NAMED = [command for page in pages() for command in mentioned(page)]


@pytest.mark.parametrize("command", [*SHOWN, *NAMED], ids=str)
def test_a_documented_command_has_these_options(command: Command) -> None:
    if command.arguments is None:
        return
    name, *arguments = command.arguments
    known = cli.get_command(click.Context(cli), name)
    assert known is not None, f"{command}: there is no command {name}"
    options = {
        option
        for parameter in known.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    assert used <= options | {"--help"}, command


def test_the_documentation_shows_every_command() -> None:
    shown = {command.arguments[0] for command in (*SHOWN, *NAMED) if command.arguments}
    assert set(cli.list_commands(click.Context(cli))) <= shown


def test_every_target_of_make_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in SHOWN:
        if command.words[0] == "make":
            assert f"\n{command.words[1]}:" in makefile, command


def test_every_documented_command_is_run_or_has_a_reason_why_not() -> None:
    run = {*EXERCISES, *TUTORIALS}
    assert [
        str(command)
        for command in SHOWN
        if command.page not in run and reason_not_to_run(command) is None
    ] == []


def test_nothing_is_listed_that_no_page_has() -> None:
    unused = [
        entry
        for entry in NOT_RUN
        if not entry.optional and not any(entry.covers(command) for command in SHOWN)
    ]
    assert unused == []
    assert set(EXERCISES) <= {command.page for command in SHOWN}


@pytest.mark.integration
@pytest.mark.parametrize("page", QUICK)
def test_the_commands_of_a_page_do_what_it_says(
    page: str, built: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise_page(page, built, monkeypatch)


@pytest.mark.integration
def test_the_second_tutorial_prints_what_it_says(
    tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    demo = tmp_path / "demo" / "workspace"
    make_workspace(demo, demo_spec())
    place = places(Place(demo, tmp_path / "state"))
    follow(SECOND_TUTORIAL, Sitting(tmp_path, place))
