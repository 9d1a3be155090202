"""The pages of docs/reference, made from the code: config keys, commands, paths."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from profiling_assets.cli.main import cli
from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.reference import DOCUMENTS, REFERENCE_HEAD, Key, told_default, walk
from profiling_assets.config.template import render_config
from profiling_assets.steps.results import PARQUET, results
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey

_MADE = "<!-- Made by profiling_assets_tests/test_reference_pages.py, not to be edited. -->"
_KEY = PlateKey("BATCH", "PLATE")
_WIDTH = 100
# what the parameters of the functions in `layout` stand for on the page, one call for each
_CALLS: dict[str, tuple[dict[str, Any], ...]] = {
    "selected_features": tuple(
        {"scope": scope, "level": level, "negcon": negcon}
        for scope, level in ((_KEY, "plate"), ("BATCH", "batch"), (None, "all"))
        for negcon in (False, True)
    ),
    "provenance": ({"scope": _KEY}, {"scope": "BATCH"}, {"scope": None}),
    "parquet_table": ({"key": _KEY, "table": "TABLE"},),
    "platemap_folders": ({"batch": "BATCH"},),
    "quality_picture": ({"key": _KEY, "picture": "PICTURE"},),
}
_STEP = "feature_select_step"  # part of a name, no path


def config_page() -> str:
    """Every key of the config file, a table for each section."""
    head = REFERENCE_HEAD.replace("<angle brackets>", "`<angle brackets>`")
    lines = [*_head("Config keys"), head, "`profiling-assets config --reference` prints"]
    lines[-1] += " the same; `profiling-assets config FILE` checks a file."
    for title, model in DOCUMENTS.items():
        lines += ["", f"## {title}", ""]
        keys = list(walk(model))
        sections = {key.dotted: key for key in keys if key.section is not None}
        lines += _key_table(key for key in keys if "." not in key.dotted)
        for name, section in sections.items():
            lines += ["", f"### `{name}`", "", section.field.description or "", ""]
            own = (key for key in keys if key.dotted.rpartition(".")[0].removesuffix("[]") == name)
            lines += _key_table(own)
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """The help of every command."""
    # with the group's own settings: else the help's own options depend on what was called before
    settings = cli.context_settings
    top = click.Context(cli, info_name="profiling-assets", terminal_width=_WIDTH, **settings)
    top.max_content_width = _WIDTH
    lines = [*_head("Commands"), "```text", cli.get_help(top), "```"]
    for name in cli.list_commands(top):
        command = cli.get_command(top, name)
        assert command is not None
        inner = click.Context(command, parent=top, info_name=name, terminal_width=_WIDTH)
        inner.max_content_width = _WIDTH
        lines += ["", f"## {name}", "", "```text", command.get_help(inner), "```"]
    return "\n".join(lines) + "\n"


def paths_page() -> str:
    """Every path of a workspace: what the results are, and what else the layout has."""
    lines = [
        *_head("Paths"),
        "Below the root of a workspace; BATCH and PLATE stand for names. What is in the files:",
        "[the outputs](../outputs.md). The results are those of `level: batch`; with another one,",
        "`plate` or `all` stands in the names. Without compression, tables end in `.csv`.",
        "",
        "## Results, by their names in the web UI",
        "",
        "| result | path | made from |",
        "|---|---|---|",
    ]
    found = {}
    for changes in ({}, {"backend": "both"}):
        found |= {(r.name, r.template): r for r in results(_everything(**changes)).values()}
    for result in found.values():
        path = result.template.format(batch="BATCH", plate="PLATE")
        if result.name == PARQUET:
            path = layout.parquet_table(_KEY, "TABLE")
        made_from = ", ".join(f"`{name}`" for name in (*result.external, *result.upstream))
        lines.append(f"| `{result.name}` | `{path}` | {made_from} |")
    lines += ["", "## The layout", "", "| what | path |", "|---|---|"]
    lines += [
        f"| {what} | {'<br>'.join(f'`{path}`' for path in paths)} |" for what, paths in _laid()
    ]
    constants = {
        name: value
        for name, value in vars(layout).items()
        if name.isupper() and isinstance(value, str) and "{" not in value
    }
    lines += [
        "",
        "## Folders and single files",
        "",
        "| name in `workspace/layout.py` | path |",
        "|---|---|",
    ]
    lines += [
        f"| `{name}` | `{path}` |"
        for name, path in constants.items()
        if not path.startswith(".csv")
    ]
    names = ", ".join(f"`{name}`" for name in layout.LOAD_DATA_NAMES)
    lines += ["", f"Load data of a plate: the first there is of {names}."]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "config.md": config_page,
    "commands.md": commands_page,
    "paths.md": paths_page,
}


def _head(title: str) -> list[str]:
    return [_MADE, "", f"# {title}", ""]


def _key_table(keys: Iterator[Key]) -> list[str]:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key in keys:
        default = told_default(key).removeprefix("Default: ").removesuffix(".")
        cells = (f"`{key.dotted}`", key.words, default, key.field.description or "")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


def _laid() -> Iterator[tuple[str, Sequence[str]]]:
    for name, function in vars(layout).items():  # in the order of the module
        if not inspect.isfunction(function) or name == _STEP:
            continue
        paths: list[str] = []
        for arguments in _CALLS.get(name, ({"key": _KEY},)):
            made = function(**arguments)
            paths += [made] if isinstance(made, str) else made
        what = (inspect.getdoc(function) or "").partition("\n")[0].removesuffix(".")
        for begin in ("Return the paths of ", "Return the path of ", "Return "):
            what = what.removeprefix(begin)
        yield what, paths


def _everything(backend: str = "sqlite") -> Config:
    text = render_config({}, pipeline="p").replace("collate:", f"collate:\n  backend: {backend}", 1)
    return parse_config(text, path="config.yml")
