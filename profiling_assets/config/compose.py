"""YAML text to nodes, within limits and without anything the text could make us run.

Put here: which scalars are more than text, the limits of a config file, wording YAML's own errors.
Do not put here: what a document means (`config.yaml_nodes`).
The text is composed to nodes by PyYAML's SafeLoader and never constructed. Only null, true/false
(YAML 1.1 words), decimal integers and decimal numbers are told from text, so that `0123` is not
octal, `12:30` is not a number and `2021-04-26` is not a date.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml
from yaml.reader import ReaderError

MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 250_000  # keys and values as written: nearly 50,000 plates, and seconds to read
MAX_ALIASES = 50
MAX_DEPTH = 20

TAG = "tag:yaml.org,2002:"
_BOOL = re.compile(r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and the line it is in (None where there is none)."""

    line: int | None
    text: str


class UnreadableError(Exception):
    """The text is no YAML that we read.

    Parameters
    ----------
    problem : Problem
        What is wrong, and where.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.text)


class _Loader(yaml.SafeLoader):
    """SafeLoader with fewer guesses about scalars, and with limits."""

    yaml_implicit_resolvers: Mapping[str, list[tuple[str, re.Pattern[str]]]] = {}
    aliases = 0
    nodes = 0
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node, within the limits."""
        if cast("Any", self).check_event(yaml.AliasEvent):  # PyYAML has no types for it
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                raise _over(self, f"more than {MAX_ALIASES} aliases; write the values out")
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _over(self, f"more than {MAX_NODES:,} keys and values")
        if self.depth >= MAX_DEPTH:
            raise _over(self, f"more than {MAX_DEPTH} levels of nesting")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _name, _pattern, _first in (
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("int", re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"), "-+0123456789"),
    # With a dot or an exponent: YAML 1.1 as PyYAML has it would read 1e-18 as text.
    (
        "float",
        re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,4})?"),
        "-+.0123456789",
    ),
    ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    ("merge", re.compile(r"<<"), "<"),
):
    # PyYAML matches from the start only; `\Z` makes it the whole scalar.
    _whole = re.compile(rf"(?:{_pattern.pattern})\Z")
    cast("Any", _Loader).add_implicit_resolver(f"{TAG}{_name}", _whole, list(_first))


def _over(loader: _Loader, limit: str) -> UnreadableError:
    line = int(cast("Any", loader).peek_event().start_mark.line) + 1
    return UnreadableError(Problem(line, f"the file has {limit}"))


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, from 1."""
    return node.start_mark.line + 1


def compose_documents(text: str) -> list[yaml.Node]:
    """Compose the documents of a text; empty ones are left out.

    Parameters
    ----------
    text : str
        The whole file.

    Returns
    -------
    list of yaml.Node
        One node for each document that is not empty.

    Raises
    ------
    UnreadableError
        Where the text is too large, is not YAML, or needs more than the limits allow.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024 // 1024} MiB"
        raise UnreadableError(
            Problem(None, f"the file has {size} bytes; a config has up to {limit}")
        )
    documents = list[yaml.Node]()
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is not None and node.tag != f"{TAG}null":
                documents.append(node)
    except ReaderError as error:
        line = len(re.findall(r"\r\n|\r|\n", text[: error.position])) + 1
        raise UnreadableError(
            Problem(line, f"character U+{int(error.character):04X} is not text")
        ) from error
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax_problem(error)) from error
    except (ValueError, OverflowError) as error:
        # PyYAML's own way to say that an escape names no character, or a number has 5,000 digits
        raise UnreadableError(Problem(None, f"not YAML: {error}")) from error
    return documents


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    hint = ""
    if "'\\t'" in what:
        hint = "; indent with blanks, not with tabs"
    elif "cannot start any token" in what or "mapping values are not allowed" in what:
        hint = "; put quotes around a value that begins with or holds : @ ` % or #"
    return Problem(None if mark is None else mark.line + 1, f"not YAML: {what}{hint}")


def resolves(tag: str, text: str) -> bool:
    """Say whether a text is what a tag promises; an explicit `!!int x` is not."""
    resolvers = _Loader.yaml_implicit_resolvers.get(text[:1], [])
    return any(name == f"{TAG}{tag}" and pattern.match(text) for name, pattern in resolvers)
