"""From what each result was made, as one small JSON file a plate, a batch or a whole workspace.

Put here: what is said of a result, how the file is written, changed and read, whose code counts.
Do not put here: where such files lie (`workspace.layout`), what is told to Dagster
(`dagster.metadata`).
The file holds no clock time, no run, no host and no root, so that equal results made from equal
inputs have equal provenance, wherever they were made; those are in the event log.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from profiling_assets import __version__
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import BATCH, PLATE, Level, PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.shared_file import update_file

SCHEMA = 1
_NOTHING_KNOWN: dict[str, Any] = {"schema_version": SCHEMA, "results": {}}


@dataclass(frozen=True)
class FileMark:
    """How a file is known again."""

    size: int  # in bytes
    # hash of its content, as `sha256sum` prints it; empty for a backend, which is too large to be
    # read for it
    sha256: str = ""


@dataclass(frozen=True)
class Origin:
    """From what a result was made."""

    asset: str
    file: FileMark
    code: str  # version of the step's code
    config: str  # hash of the part of the config that rules the step
    # what it was made from: name (`ASSET:PARTITION`, or an external input) to fingerprint. Empty
    # where that hangs on how a storage knows its files (CSVs by time or ETag, and so what is made
    # from them), as a folder's file and S3's are to be the same; the materialization has it
    inputs: Mapping[str, str]
    versions: Mapping[str, str]  # package to version
    # workspace path to file of what was written with it: ledgers, copies in other formats
    beside: Mapping[str, FileMark] = field(default_factory=dict[str, FileMark])


def file_mark(content: bytes) -> FileMark:
    """Return how a file with this content is known again."""
    return FileMark(len(content), hashlib.sha256(content).hexdigest())


def changed_provenance(
    content: bytes | None,
    made: Mapping[str, Origin],
    foreign: Collection[tuple[str, FileMark]] = (),
) -> bytes:
    """Enter results into a provenance file, and take out what is no longer true.

    `content`: the file as it stands; one that cannot be read is begun anew, as it is no input of
    anything. `made`: workspace path of each result made now to its origin. `foreign`: workspace
    path and mark of each file that was found in the place of a result. Returns the bytes that stand
    where nothing changed; else they are sorted, with a newline at the end.
    """
    try:
        known = _NOTHING_KNOWN if content is None else _document(content)
    except ValueError:
        known = _NOTHING_KNOWN
    results: dict[str, Any] = dict(known["results"])
    for path, mark in foreign:
        if path in results and not _speaks_of(results[path], mark):
            del results[path]
    results |= {path: _entry(origin) for path, origin in made.items()}
    if content is not None and known is not _NOTHING_KNOWN and results == known["results"]:
        return content
    document = {"schema_version": SCHEMA, "results": results}
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(
        errors="backslashreplace"  # half of a character, which only an escape of JSON can bring in
    )


def parse_provenance(content: bytes, *, path: str) -> dict[str, Origin]:
    """Read a provenance file: workspace path to origin, sorted.

    An entry is about the file of that path only as long as size and hash agree. Raises
    `InvalidInputError` where it is not such a file.
    """
    try:
        entries = _entries().validate_python(_document(content)["results"])
        return {name: entry.origin() for name, entry in sorted(entries.items())}
    except ValueError as error:
        raise InvalidInputError(
            f"the provenance cannot be read: {_what(error)}",
            path=path,
            remedy="remove the file; it is written again with the next result of its plate or "
            "batch",
        ) from error


def _what(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{': '.join(map(str, first['loc']))}: {first['msg']}"


def _document(content: bytes) -> dict[str, Any]:
    try:
        document: object = json.loads(content.decode())
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if isinstance(document, dict):
        found = cast("dict[str, Any]", document)
        if found.get("schema_version") == SCHEMA and isinstance(found.get("results"), dict):
            return found
    message = f"it is no provenance of schema {SCHEMA}"
    raise ValueError(message)


def _entry(origin: Origin) -> dict[str, Any]:
    entry = {
        name: value for name, value in asdict(origin).items() if name not in {"file", "beside"}
    }
    entry |= _mark_entry(origin.file)
    if origin.beside:
        entry["beside"] = {path: _mark_entry(mark) for path, mark in origin.beside.items()}
    return entry


def _mark_entry(mark: FileMark) -> dict[str, Any]:
    return {"size": mark.size, **({"sha256": mark.sha256} if mark.sha256 else {})}


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An origin as it stands in the file."""

    asset: str
    size: int
    sha256: str = ""
    code: str
    config: str
    inputs: dict[str, str]
    versions: dict[str, str]
    beside: dict[str, FileMark] = field(default_factory=dict[str, FileMark])

    def origin(self) -> Origin:
        return Origin(
            asset=self.asset,
            file=FileMark(self.size, self.sha256),
            code=self.code,
            config=self.config,
            inputs=dict(sorted(self.inputs.items())),
            versions=dict(sorted(self.versions.items())),
            beside=dict(sorted(self.beside.items())),
        )


@cache
def _entries() -> TypeAdapter[dict[str, _Entry]]:
    return TypeAdapter(dict[str, _Entry])


@cache
def _mark() -> TypeAdapter[FileMark]:
    return TypeAdapter(FileMark)


def _speaks_of(entry: object, mark: FileMark) -> bool:
    try:
        said = _mark().validate_python(entry)
    except ValidationError:
        return False
    return said.size == mark.size and (not mark.sha256 or said.sha256 == mark.sha256)


# those whose code decides on the values and on how they are written
_PACKAGES = ("numpy", "pandas", "pycytominer")
_HASHED = (".csv", ".csv.gz", ".tsv", ".gct", ".png", ".html")


@cache
def package_versions() -> Mapping[str, str]:
    """Return the versions of this package and of those whose code decides on the values."""
    found = {"profiling_assets": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def provenance_path(level: Level, partition: str) -> str:
    """Return the path of the provenance of a plate's, a batch's or all batches' results."""
    if level == PLATE:
        return layout.provenance(PlateKey.parse(partition))
    return layout.provenance(partition if level == BATCH else None)


def is_told_of(path: str) -> bool:
    """Say whether a result's origin is kept: hidden files are no results."""
    return not path.startswith(f"{layout.STATE_FOLDER}/")


def tell_origin(
    workspace: Workspace, level: Level, partition: str, made: Mapping[str, Origin]
) -> None:
    """Enter results into their provenance file, whoever else enters his at the same time."""
    update_file(
        workspace,
        provenance_path(level, partition),
        lambda content: changed_provenance(content, made),
    )


def tell_foreign(
    workspace: Workspace, level: Level, partition: str, paths: Collection[str]
) -> None:
    """Take out the entries of results in whose place another file was found.

    Nothing is written where there is no provenance, or where it is still true.
    """
    path = provenance_path(level, partition)
    if workspace.stat(path) is None:
        return
    foreign = [(one, mark) for one in paths if (mark := _standing_mark(workspace, one))]
    update_file(workspace, path, lambda content: changed_provenance(content, {}, foreign))


def _standing_mark(workspace: Workspace, path: str) -> FileMark | None:
    info = workspace.stat(path)
    if info is None:
        return None
    hashed = path.endswith(_HASHED)
    return file_mark(workspace.read_bytes(path)) if hashed else FileMark(info.size)


def read_provenance(workspace: Workspace, level: Level, partition: str) -> dict[str, Origin]:
    """Read from what the results of a plate, a batch or all batches were made.

    Workspace path to origin; empty where nothing is known. Raises `InvalidInputError` where the
    file cannot be understood.
    """
    path = provenance_path(level, partition)
    if workspace.stat(path) is None:
        return {}
    return parse_provenance(workspace.read_bytes(path), path=path)
