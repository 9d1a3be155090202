"""The plate registry: what is remembered of the plates of a workspace.

Put here: the record of each plate, how scans and exclusions change it, and its file.
Do not put here: finding plates (`plates`), looking at them (`scan_workspace`).
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from profiling_assets.errors import InvalidInputError, InvalidNameError, MissingInputError
from profiling_assets.workspace.layout import REGISTRY
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import PlateFound, Source
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.shared_file import update_file


@dataclass(frozen=True)
class PlateEntry:
    """What is remembered of one plate."""

    # where the plate can start; empty for an excluded plate whose files are gone
    sources: frozenset[Source]
    # both from the last look at its site folders; None where not known
    expected_sites: int | None = None
    found_sites: int | None = None
    fingerprint: str | None = None  # of its CSV files at that look
    excluded: str | None = None  # why it is excluded; None where it is not


@dataclass(frozen=True)
class RegistryFacts:
    """What a look at a plate's site folders tells."""

    expected_sites: int | None
    found_sites: int | None
    fingerprint: str | None


@dataclass(frozen=True)
class Registry:
    """The plates of a workspace, excluded ones too, sorted by key."""

    plates: Mapping[PlateKey, PlateEntry] = field(default_factory=dict[PlateKey, PlateEntry])

    def __post_init__(self) -> None:
        """Sort the plates, so that equal registries are written alike."""
        object.__setattr__(self, "plates", dict(sorted(self.plates.items())))

    @property
    def active(self) -> tuple[PlateKey, ...]:
        """The plates that are not excluded, sorted: the partition keys."""
        return tuple(key for key, entry in self.plates.items() if entry.excluded is None)

    @property
    def batches(self) -> tuple[str, ...]:
        """The batches that have a plate that is not excluded, sorted."""
        return tuple(sorted({key.batch for key in self.active}))


def registered(
    registry: Registry,
    found: Iterable[PlateFound],
    facts: Mapping[PlateKey, RegistryFacts] | None = None,
    *,
    unreadable: Collection[PlateKey] = (),
) -> Registry:
    """Merge a scan of the whole workspace.

    New plates are added. A plate that has no source any more is removed, as nothing can be made
    of it; results that it has below `profiles` or `backend` are sources, so it stays as long as it
    has any. An excluded plate is kept with its reason even then, so that it does not come back
    unexcluded with its files.

    `facts`: what was learnt of plates whose site folders were listed; for the others what is
    remembered stays, unless their CSVs are gone. `unreadable`: plates with a folder of results that
    cannot be read now: what is remembered of those results stays, as a closed folder is not an
    empty one.
    """
    known = facts or {}
    plates: dict[PlateKey, PlateEntry] = {}
    for plate in _with_unreadable(registry, found, unreadable):
        old = registry.plates.get(plate.key, PlateEntry(plate.sources))
        if Source.CSVS not in plate.sources:
            plates[plate.key] = PlateEntry(plate.sources, excluded=old.excluded)
        elif plate.key in known:
            look = known[plate.key]
            plates[plate.key] = PlateEntry(
                plate.sources, look.expected_sites, look.found_sites, look.fingerprint, old.excluded
            )
        else:
            plates[plate.key] = replace(old, sources=plate.sources)
    for key, entry in registry.plates.items():
        if key not in plates and entry.excluded is not None:
            plates[key] = PlateEntry(frozenset(), excluded=entry.excluded)
    return Registry(plates)


def _with_unreadable(
    registry: Registry, found: Iterable[PlateFound], unreadable: Collection[PlateKey]
) -> list[PlateFound]:
    sources = {plate.key: plate.sources for plate in found}
    for key in unreadable:
        if key in registry.plates:
            results = registry.plates[key].sources - {Source.CSVS}
            sources[key] = sources.get(key, frozenset()) | results
    return [PlateFound(key, of) for key, of in sources.items() if of]


def looked_at(registry: Registry, facts: Mapping[PlateKey, RegistryFacts]) -> Registry:
    """Merge what looks at some plates tell; plates that are not registered are passed over."""
    known = {
        key: replace(
            registry.plates[key],
            expected_sites=look.expected_sites,
            found_sites=look.found_sites,
            fingerprint=look.fingerprint,
        )
        for key, look in facts.items()
        if key in registry.plates
    }
    return Registry({**registry.plates, **known})


def exclude(registry: Registry, key: PlateKey, reason: str) -> Registry:
    """Take a plate out, and remember why; a later reason replaces an earlier one.

    Raises `InvalidInputError` where the reason is empty.
    """
    entry = _known(registry, key)
    if not reason.strip():
        raise InvalidInputError(
            f"no reason is given to exclude {key}",
            remedy="say why, so that others understand it later",
        )
    return Registry({**registry.plates, key: replace(entry, excluded=reason.strip())})


def include(registry: Registry, key: PlateKey) -> Registry:
    """Take an excluded plate in again; one that is not excluded stays as it is."""
    return Registry({**registry.plates, key: replace(_known(registry, key), excluded=None)})


def _known(registry: Registry, key: PlateKey) -> PlateEntry:
    entry = registry.plates.get(key)
    if entry is None:
        names = [str(known) for known in registry.plates]
        near = get_close_matches(str(key), names, n=1, cutoff=0.6)
        near = near or [name for name in names if name.endswith(f"/{key.plate}")][:1]
        raise MissingInputError(
            f"there is no plate {key} in the workspace"
            + (f"; did you mean {near[0]}?" if near else ""),
            remedy="scan the workspace to see its plates",
        )
    return entry


SCHEMA = 1
_REBUILD = (
    "remove the file and scan the workspace again; the registry is rebuilt, only exclusions have "
    "to be given again"
)


class _Stored(BaseModel):
    """A plate in the file, where every field of its entry stands."""

    model_config = ConfigDict(extra="forbid")

    sources: list[Source]
    expected_sites: int | None = Field(ge=0)
    found_sites: int | None = Field(ge=0)
    fingerprint: str | None
    excluded: str | None


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plates: dict[str, _Stored]
    schema_version: int


_DOCUMENT = TypeAdapter(_Document)


def registry_json(registry: Registry) -> bytes:
    """Write a registry as JSON.

    It is sorted and ASCII, with a newline at the end: equal registries give equal bytes.
    """
    plates = {
        str(key): {**vars(entry), "sources": sorted(entry.sources)}
        for key, entry in registry.plates.items()
    }
    document = {"schema_version": SCHEMA, "plates": plates}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode("ascii")


def parse_registry(data: bytes, *, path: str) -> Registry:
    """Read a registry back, strictly.

    Raises `InvalidInputError` where it is not JSON, was written by another version, or has an
    unknown, repeated or missing field, a wrong type, or a name that could leave the workspace.
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
        stored = _DOCUMENT.validate_json(data, strict=True)
        return Registry(
            {
                PlateKey.parse(key): PlateEntry(
                    frozenset(entry.sources),
                    entry.expected_sites,
                    entry.found_sites,
                    entry.fingerprint,
                    entry.excluded,
                )
                for key, entry in stored.plates.items()
            }
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


def load_registry(workspace: Workspace) -> Registry:
    """Read the plate registry; an absent file is an empty registry."""
    standing = workspace.stat(REGISTRY) is not None
    return _parsed(workspace.read_bytes(REGISTRY) if standing else None)


def update_registry(workspace: Workspace, change: Callable[[Registry], Registry]) -> Registry:
    """Change the plate registry, whoever else changes it at the same time.

    `change` makes the new registry of the one that is stored; it may be called several times.
    Returned is the registry as it is stored now. Nothing is written where the change changes
    nothing.
    """
    changed = Registry()

    def rewritten(content: bytes | None) -> bytes:
        nonlocal changed
        known = _parsed(content)
        changed = change(known)
        return content if content is not None and changed == known else registry_json(changed)

    update_file(workspace, REGISTRY, rewritten)
    return changed


def _parsed(content: bytes | None) -> Registry:
    return Registry() if content is None else parse_registry(content, path=REGISTRY)
