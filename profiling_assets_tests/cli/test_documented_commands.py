"""Every command line that the documentation shows is one that the program understands."""

import re
import shlex
from pathlib import Path

import click
import pytest

from profiling_assets.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
)
FENCE = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)
PROGRAM = re.compile(r"^\s*(?:\.venv/bin/)?profiling-assets (.+)$", re.MULTILINE)


def documented() -> list[tuple[str, str]]:
    """Return file and command line of each line of a fenced block that starts the program."""
    return [
        (file.relative_to(ROOT).as_posix(), line.split("  #")[0].strip())
        for file in PAGES
        for block in FENCE.findall(file.read_text(encoding="utf-8"))
        for line in PROGRAM.findall(block.replace("\\\n", " "))
    ]


@pytest.mark.parametrize(("file", "line"), documented())
def test_a_documented_command_has_these_options(file: str, line: str) -> None:
    words = shlex.split(line)
    context = click.Context(cli)
    command = cli.get_command(context, words[0])
    assert command is not None, f"{file}: there is no command {words[0]}"
    known = {option for parameter in command.params for option in parameter.opts}
    used = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
    assert used <= known, f"{file}: {line}"


def test_the_documentation_shows_commands() -> None:
    assert {"scan", "init-config", "run", "ui", "exclude", "include"} <= {
        line.split()[0] for _, line in documented()
    }


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists()
    ]
    assert broken == []
