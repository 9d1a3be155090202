"""The keys of the config file, and the printed reference: each with type, default and meaning.

Put here: walking over the models' keys, laying the models' own words out as text.
Do not put here: the words themselves (they are the fields' descriptions).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import fill
from types import MappingProxyType
from typing import cast, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from profiling_assets.config.model import BatchConfig, PipelineConfig
from profiling_assets.config.types import kind_of, section_of, takes_one_or_more

_WIDTH = 100
REFERENCE_HEAD = """\
The config file is YAML: a first document with `pipeline` and a section for each step, then one
document for each batch. A file without batch documents takes the whole workspace. Every key but
`pipeline`, `batch` and `plates[].name` may be left out. Text in <angle brackets> is a placeholder:
it may stay in a section with perform: false, and nowhere else.
"""
DOCUMENTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"First document": PipelineConfig, "Batch document": BatchConfig}
)


@dataclass(frozen=True)
class Key:
    """One key: its dotted name, its field, the words of its type, the section it opens if any."""

    dotted: str
    field: FieldInfo
    words: str
    section: type[BaseModel] | None


def walk(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    """Yield every key of a model, sections before what is in them.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        Where to begin.
    prefix : str
        What stands before the dotted names.

    Yields
    ------
    Key
        Each key, in the order of the models.
    """
    for name, field in model.model_fields.items():
        section, kind = section_of(field.annotation), kind_of(field)
        either = takes_one_or_more(field)
        is_list = get_origin(field.annotation) is tuple and not either
        words = kind.words if kind else ("a list of sections" if is_list else "a section")
        if either:
            words = "a section, or a list of such sections"
        yield Key(f"{prefix}{name}", field, words, section)
        if section is not None:
            yield from walk(section, f"{prefix}{name}{'[]' if is_list else ''}.")


@cache
def known_keys() -> tuple[str, ...]:
    """Return every dotted key of the file: the pipeline's document, then a batch's."""
    return tuple(key.dotted for model in (PipelineConfig, BatchConfig) for key in walk(model))


def section_at(location: Sequence[int | str], model: type[BaseModel]) -> type[BaseModel] | None:
    """Return the model at a place of a document.

    Parameters
    ----------
    location : sequence of int or str
        Keys and list positions from the top, as pydantic gives them.
    model : type of pydantic.BaseModel
        The document's model.

    Returns
    -------
    type of pydantic.BaseModel or None
        The section's model, or None where there is a value.
    """
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        field = None if current is None else current.model_fields.get(part)
        current = None if field is None else section_of(field.annotation)
    return current


def reference_text() -> str:
    """Return the reference of every key.

    Returns
    -------
    str
        Text of at most 100 columns: dotted key, type, default, meaning.
    """
    parts = [REFERENCE_HEAD]
    for title, model in DOCUMENTS.items():
        parts.append(f"{title}\n{'=' * len(title)}\n")
        parts += [_entry(key) for key in walk(model)]
    return "\n".join(parts)


def _entry(key: Key) -> str:
    facts = f"Type: {key.words}."
    default = told_default(key)
    if default:
        facts += f" {default}"
    lines = [facts, key.field.description or ""]
    body = [
        fill(line, _WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        for line in lines
    ]
    return "\n".join([key.dotted, *body, ""])


def told_default(key: Key) -> str:
    """Say what holds where a key is left out; empty for a section that has its own defaults."""
    if key.field.is_required():
        return "Required."
    if takes_one_or_more(key.field):
        return "Switched off when absent."
    value: object = key.field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return ""
    if isinstance(value, BaseModel):
        switched = getattr(value, "perform", True) is False
        return "Switched off when absent." if switched else ""
    return f"Default: {default_words(value)}."


def default_words(value: object) -> str:
    """Write a default as the config file would have it.

    Parameters
    ----------
    value : object
        A default of a field that is no section.

    Returns
    -------
    str
        `true`, `nothing`, `[Count, Intensity]`, or the value's text.
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, cast('tuple[object, ...]', value)))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
