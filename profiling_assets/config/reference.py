"""The printed reference: every key of the config file with type, default and meaning.

Put here: laying the models' own words out as text.
Do not put here: the words themselves (they are the fields' descriptions).
"""

from collections.abc import Mapping
from textwrap import fill
from types import MappingProxyType
from typing import cast

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from profiling_assets.config.batches import BatchConfig
from profiling_assets.config.model import PipelineConfig
from profiling_assets.config.walk import Key, walk

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
