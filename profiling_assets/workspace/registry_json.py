"""The plate registry as a file: deterministic JSON, read back strictly.

Put here: how the registry is written and what is refused when it is read.
Do not put here: what the registry means (`workspace.registry`), where the file lies (`workspace.layout`).

The registry is the source of the partition keys, so it holds no clock times and not the root: the
same workspace gives the same bytes, wherever it lies.
"""

import json
from collections import Counter
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from profiling_assets.errors import InvalidInputError, InvalidNameError
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import PlateEntry, Registry

SCHEMA = 1
_REBUILD = (
    "remove the file and scan the workspace again; the registry is rebuilt, only exclusions have "
    "to be given again"
)


class _Entry(BaseModel):
    """One plate in the file."""

    model_config = ConfigDict(extra="forbid")  # strict types come with the validation call

    sources: list[Source]
    expected_sites: int | None = Field(ge=0)
    found_sites: int | None = Field(ge=0)
    fingerprint: str | None
    excluded: str | None


class _Document(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    plates: dict[str, _Entry]
    schema_version: int


def registry_json(registry: Registry) -> bytes:
    """Write a registry as JSON.

    Parameters
    ----------
    registry : Registry
        The registry.

    Returns
    -------
    bytes
        Sorted and ASCII, with a newline at the end: equal registries give equal bytes.
    """
    plates = {
        str(key): {
            "sources": sorted(entry.sources),
            "expected_sites": entry.expected_sites,
            "found_sites": entry.found_sites,
            "fingerprint": entry.fingerprint,
            "excluded": entry.excluded,
        }
        for key, entry in registry.plates.items()
    }
    document = {"schema_version": SCHEMA, "plates": plates}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode("ascii")


def parse_registry(data: bytes, *, path: str) -> Registry:
    """Read a registry back, strictly.

    Parameters
    ----------
    data : bytes
        What `registry_json` wrote.
    path : str
        Where it lies, for messages.

    Returns
    -------
    Registry
        The registry.

    Raises
    ------
    InvalidInputError
        Where it is not JSON, was written by another version, or has an unknown, repeated or
        missing field, a wrong type, or a name that could leave the workspace.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"the plate registry is not JSON as it was written: {error}",
            path=path,
            remedy=_REBUILD,
        ) from error
    _check_version(document, path)
    try:
        # as JSON once more: in that mode a strict model takes a list of texts for the sources
        parsed = _Document.model_validate_json(json.dumps(document), strict=True)
        return Registry(
            {PlateKey.parse(key): _entry(entry) for key, entry in parsed.plates.items()}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = " > ".join(str(part) for part in first["loc"])
        raise InvalidInputError(
            f"the plate registry cannot be used: {place}: {first['msg']}",
            path=path,
            remedy=_REBUILD,
        ) from error
    except InvalidNameError as error:
        raise InvalidInputError(
            f"the plate registry cannot be used: {error.what}", path=path, remedy=_REBUILD
        ) from error


def _entry(entry: _Entry) -> PlateEntry:
    return PlateEntry(
        frozenset(entry.sources),
        entry.expected_sites,
        entry.found_sites,
        entry.fingerprint,
        entry.excluded,
    )


def _check_version(document: object, path: str) -> None:
    if not isinstance(document, dict):
        return  # the model says so
    version = cast("dict[str, object]", document).get("schema_version")
    if isinstance(version, int) and version != SCHEMA:
        raise InvalidInputError(
            f"the plate registry was written by another version: its schema is {version}, "
            f"this version reads {SCHEMA}",
            path=path,
            remedy=f"use the version that wrote it, or {_REBUILD}",
        )


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = next(name for name, times in counts.items() if times > 1)
        message = f"{repeated!r} is there twice"
        raise ValueError(message)
    return document
