"""The keys of the config file, as the models declare them.

Put here: walking the models by key.
Do not put here: values of a file, texts for people (`config.reference`, `config.load`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from profiling_assets.config.model import BatchConfig, PipelineConfig
from profiling_assets.config.types import kind_of, section_of


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
        is_list = get_origin(field.annotation) is tuple
        words = kind.words if kind else ("a list of sections" if is_list else "a section")
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
