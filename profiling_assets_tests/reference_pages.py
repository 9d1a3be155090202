"""The pages of docs/reference, made from the code: config keys, commands, paths, the API."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

import profiling_assets
from profiling_assets import api
from profiling_assets.cli.main import cli
from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.reference import DOCUMENTS, REFERENCE_HEAD, Key, told_default, walk
from profiling_assets.config.template import render_config
from profiling_assets.steps.results import PARQUET, results
from profiling_assets.workspace import layout
from profiling_assets.workspace.load_data import USUAL_NAMES
from profiling_assets.workspace.names import Level, PlateKey

_MADE = "<!-- Made by profiling_assets_tests/test_reference_pages.py, not to be edited. -->"
_KEY = PlateKey("BATCH", "PLATE")
_WIDTH = 100
# what the parameters of the functions in `layout` stand for on the page, one call for each
_CALLS: dict[str, tuple[dict[str, Any], ...]] = {
    "selected_features": tuple(
        {"scope": scope, "level": level, "negcon": negcon}
        for scope, level in ((_KEY, Level.PLATE), ("BATCH", Level.BATCH), (None, Level.ALL))
        for negcon in (False, True)
    ),
    "provenance": ({"scope": _KEY}, {"scope": "BATCH"}, {"scope": None}),
    "parquet_table": ({"key": _KEY, "table": "TABLE"},),
    "platemap_folders": ({"batch": "BATCH"},),
    "stacked": tuple(
        {"batch": "BATCH", "level": Level.BATCH, "negcon": negcon, "suffix": suffix}
        for negcon in (False, True)
        for suffix in (".csv.gz", ".gct")
    ),
    "batch_report": ({"batch": "BATCH"},),
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
    names = ", ".join(f"`{name}`" for name in USUAL_NAMES)
    lines += ["", f"Load data of a plate: the first there is of {names}."]
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """Every verb of a notebook, and what it gives."""
    things = [getattr(api, name) for name in profiling_assets.__all__]
    lines = [*_head("In a notebook"), *(inspect.getdoc(api) or "").splitlines()[2:]]
    # the verbs in the order of the work, as the door's modules have them
    verbs = sorted(filter(inspect.isfunction, things), key=_place)
    for verb in verbs:
        lines += ["", f"## {verb.__name__}", "", "```python", _signature(verb), "```", ""]
        lines += _told(verb)
    lines += ["", "## What the verbs give"]
    for kind in sorted(filter(inspect.isclass, things), key=_place):
        also = next(iter(kind.__bases__), object)
        more = f" All that `{also.__name__}` has, and:" if also in things else ""
        lines += ["", f"### {kind.__name__}", "", *_told(kind, more)]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "config.md": config_page,
    "commands.md": commands_page,
    "paths.md": paths_page,
    "api.md": api_page,
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


_MODULES = ("from_csvs", "given", "well_profiles", "whole_tables", "outcome", "errors")


def _place(thing: Any) -> tuple[int, int]:
    module = thing.__module__.rpartition(".")[2]
    return _MODULES.index(module), inspect.getsourcelines(thing)[1]


def _signature(verb: Callable[..., Any]) -> str:
    """Names and defaults: the types are in the docstring, in words."""
    own = inspect.signature(verb)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in own.parameters.values()]
    text = f"pa.{verb.__name__}{inspect.Signature(bare)}"
    if len(text) <= _WIDTH:
        return text
    parts: list[str] = []
    for parameter in bare:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        parts.append(str(parameter))
    return "\n".join([f"pa.{verb.__name__}(", *(f"    {part}," for part in parts), ")"])


def _told(thing: Any, more: str = "") -> Iterator[str]:
    """A NumPy docstring as Markdown."""
    head, *sections = re.split(r"\n\n(?=[A-Z][a-z]+\n---)", inspect.getdoc(thing) or "")
    yield from (head + more).splitlines()
    for section in sections:
        title, _, *body = section.splitlines()
        yield from ("", f"**{title}**", "")
        if title == "Examples":
            yield from ("```python", *(line.removeprefix(">>> ") for line in body), "```")
            continue
        for line in body:
            yield f"  {line.strip()}" if line.startswith(" ") else _item(line)


def _item(line: str) -> str:
    name, colon, kind = line.partition(" : ")
    return f"- `{name}` ({kind}):" if colon else f"- `{line}`:"


def _everything(backend: str = "sqlite") -> Config:
    text = render_config({}, pipeline="p").replace("collate:", f"collate:\n  backend: {backend}", 1)
    return parse_config(text, path="config.yml")
