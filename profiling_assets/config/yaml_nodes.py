"""YAML text to nodes, and nodes to plain values with line numbers, as a model wants them.

Put here: the limits of a file, which scalars YAML resolves, duplicate keys, merges, placeholders of
switched-off sections.
Do not put here: whether a value is right (`types`, `sections`), the order of documents (`load`).
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from yaml.reader import ReaderError

from profiling_assets.config.types import is_placeholder, kind_of, section_of

MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 250_000  # keys and values as written: nearly 50,000 plates, and seconds to read
MAX_VALUES = 500_000
MAX_ALIASES = 50
MAX_DEPTH = 20
TAG = "tag:yaml.org,2002:"
_BOOL = re.compile(r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF")
_TRUE = frozenset({"yes", "true", "on"})


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
    # PyYAML matches from the start only; `\Z` asks for the whole scalar.
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


@dataclass
class Reading:
    """What one document holds: values for the model, the line of each key, and problems."""

    values: dict[str, object] = field(default_factory=dict[str, object])
    lines: dict[str, int] = field(default_factory=dict[str, int])
    problems: list[Problem] = field(default_factory=list[Problem])


def scalar_keys(node: yaml.MappingNode) -> frozenset[str]:
    """Return the keys of a mapping, as text."""
    return frozenset(str(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode))


def read_document(node: yaml.MappingNode, model: type[BaseModel]) -> Reading:
    """Read a document as the values of a model, with the line of each key.

    Parameters
    ----------
    node : yaml.MappingNode
        The document.
    model : type of pydantic.BaseModel
        Says which values are sections, and which are text whatever they look like.

    Returns
    -------
    Reading
        Values to validate; keys that the model does not know are among them.

    Raises
    ------
    UnreadableError
        Where aliases make the document larger than any config is.
    """
    return _Reader().document(node, model)


class _Reader:
    """The walk over one document."""

    def __init__(self) -> None:
        self.result = Reading()
        self.visited = 0
        self.depth = 0

    def document(self, node: yaml.MappingNode, model: type[BaseModel]) -> Reading:
        self.result.values = self.mapping(node, model, "", off=False)
        return self.result

    def mapping(
        self, node: yaml.MappingNode, model: type[BaseModel] | None, prefix: str, *, off: bool
    ) -> dict[str, object]:
        """Return the values of one section; `off` while a section around it is switched off."""
        off = off or _switched_off(node)
        values = dict[str, object]()
        for name, key, value in self.pairs(node, prefix):
            dotted = f"{prefix}{name}"
            self.result.lines[dotted] = line_of(key)
            if off and _holds_placeholder(value):
                continue  # never edited and never used: as if the key were not there
            info = None if model is None else model.model_fields.get(name)
            values[name] = self.value(value, info, dotted, off=off)
        return values

    def pairs(
        self, node: yaml.MappingNode, prefix: str
    ) -> Iterator[tuple[str, yaml.ScalarNode, yaml.Node]]:
        """Yield the entries of a mapping, then those that a merge (`<<`) adds."""
        given = dict[str, int]()
        merged = list[yaml.Node]()
        for key, value in node.value:
            self.count(key)
            if not isinstance(key, yaml.ScalarNode):
                self.problem(key, f"{prefix or 'the document'} has a key that is not text")
            elif key.tag == f"{TAG}merge":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif str(key.value) in given:
                first = given[str(key.value)]
                self.problem(key, f"{prefix}{key.value} is given twice, first in line {first}")
            else:
                given[str(key.value)] = line_of(key)
                yield str(key.value), key, value
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                self.problem(source, f"{prefix}<< must name a section to merge")
                continue
            with self.nested(source):
                for name, key, value in self.pairs(source, prefix):
                    if name not in given:
                        given[name] = line_of(key)
                        yield name, key, value

    def value(self, node: yaml.Node, info: FieldInfo | None, dotted: str, *, off: bool) -> object:
        self.count(node)
        section = None if info is None else section_of(info.annotation)
        with self.nested(node):
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, section, f"{dotted}.", off=off)
            if isinstance(node, yaml.SequenceNode):
                return self.sequence(node, info, dotted, off=off)
        return self.scalar(cast("yaml.ScalarNode", node), _text_mode(info), dotted)

    def sequence(
        self,
        node: yaml.SequenceNode,
        info: FieldInfo | None,
        dotted: str,
        *,
        off: bool,
    ) -> tuple[object, ...]:
        items = list[object]()
        for number, item in enumerate(node.value, start=1):
            place = f"{dotted}[{number}]"
            self.result.lines[place] = line_of(item)
            items.append(self.value(item, info, place, off=off))
        return tuple(items)

    def scalar(
        self, node: yaml.ScalarNode, mode: Literal["resolved", "verbatim", "name"], dotted: str
    ) -> object:
        text, tag = str(node.value), node.tag.removeprefix(TAG)
        if tag not in {"str", "null", "bool", "int", "float", "merge"}:
            self.problem(node, f"{dotted} has the tag {node.tag}; write the value alone")
            return text
        if mode == "name" or (mode == "verbatim" and tag != "null"):
            return text
        # An explicit tag, as in `!!int x`, does not promise that the text is one.
        resolved = _RESOLVED[tag](text) if tag in _RESOLVED and resolves(tag, text) else text
        return None if tag == "null" else resolved

    @contextmanager
    def nested(self, node: yaml.Node) -> Generator[None]:
        """Go one level down; aliases can nest deeper than the text, and without end."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableError(
                Problem(line_of(node), f"the file has more than {MAX_DEPTH} levels of nesting")
            )
        yield
        self.depth -= 1

    def count(self, node: yaml.Node) -> None:
        self.visited += 1
        if self.visited > MAX_VALUES:
            raise UnreadableError(
                Problem(line_of(node), f"the file has more than {MAX_VALUES:,} values")
            )

    def problem(self, node: yaml.Node, text: str) -> None:
        self.result.problems.append(Problem(line_of(node), text))


def _bool(text: str) -> bool:
    return text.lower() in _TRUE


_RESOLVED: dict[str, Callable[[str], object]] = {"bool": _bool, "int": int, "float": float}


def _switched_off(node: yaml.MappingNode) -> bool:
    return any(
        isinstance(key, yaml.ScalarNode)
        and key.value == "perform"
        and value.tag == f"{TAG}bool"
        and str(value.value).lower() not in _TRUE
        for key, value in node.value
    )


def _holds_placeholder(node: yaml.Node) -> bool:
    if isinstance(node, yaml.SequenceNode):
        return any(is_placeholder(item.value) for item in node.value)
    return isinstance(node, yaml.ScalarNode) and is_placeholder(node.value)


def _text_mode(info: FieldInfo | None) -> Literal["resolved", "verbatim", "name"]:
    kind = None if info is None else kind_of(info)
    return "resolved" if kind is None else kind.text
