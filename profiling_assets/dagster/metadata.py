"""Plain numbers and words to Dagster metadata: the one place that does it.

Put here: names, units and types of what the UI shows about a result.
Do not put here: computing a number (`steps`), deciding what is stored (`io_managers`), reading it
back (`event_log`).
Numbers stay numbers, because the UI plots those over partitions.
Concept: https://docs.dagster.io/guides/build/assets/metadata-and-tags
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from profiling_assets.errors import printable
from profiling_assets.steps.current import Fingerprints, Recorded
from profiling_assets.steps.outputs import Fact, Picture, PicturesOutput, SharedFileOutput
from profiling_assets.steps.provenance import FileMark, Origin
from profiling_assets.steps.results import CSVS, Result
from profiling_assets.workspace.storage.interface import ObjectInfo, Workspace

if TYPE_CHECKING:
    import pandas as pd

FINGERPRINT = "fingerprint"
INPUTS = "inputs_fingerprint"
CONTENT = "content_hash"
FULL_PRECISION = "full_precision_hash"
VERSION = "file_version"
SIZE = "size_bytes"
ADOPTED = "adopted"
PATH = "path"
WORKSPACE_PATH = "workspace_path"
SOURCE = "source"
WITHHELD = "sqlite_withheld"
MADE_FROM = "made_from"
VERSIONS = "versions"
CONFIG_HASH = "config_hash"
_LIST_MARK = re.compile(r"^(\d*)([-+=.)])")  # at the beginning it would open a list or a heading
_MAX_NOTES = 50
_MAX_ROWS = 400


def facts_metadata(facts: Mapping[str, Fact]) -> dict[str, dg.MetadataValue]:
    """Show a step's facts: numbers as numbers, words as text, counts by name as a table."""
    return {name: _value(fact) for name, fact in facts.items()}


def _value(fact: Fact) -> dg.MetadataValue:
    if isinstance(fact, bool):
        return dg.MetadataValue.bool(fact)
    if isinstance(fact, int):
        return dg.MetadataValue.int(fact)
    if isinstance(fact, float):
        return dg.MetadataValue.float(fact)
    if isinstance(fact, str):
        return dg.MetadataValue.text(fact)
    return dg.MetadataValue.table(
        [dg.TableRecord({"what": name, "count": count}) for name, count in fact.items()],
        schema=dg.TableSchema([dg.TableColumn("what", "string"), dg.TableColumn("count", "int")]),
    )


def shown_metadata(value: object) -> dict[str, dg.MetadataValue]:
    """Show the pictures or tables of a result, where it has some."""
    if isinstance(value, PicturesOutput):
        return {picture.name: _markdown(picture) for picture in value.pictures}
    if isinstance(value, SharedFileOutput):
        return {name: _table(frame) for name, frame in value.shown.items()}
    return {}


def _markdown(picture: Picture) -> dg.MetadataValue:
    from profiling_assets.quality.pictures.draw import preview

    small, kind = preview(picture.content)
    data = base64.b64encode(small).decode("ascii")
    return dg.MetadataValue.md(f"![{picture.name}](data:{kind};base64,{data})")


def _table(frame: pd.DataFrame) -> dg.MetadataValue:
    rows: list[dict[Any, Any]] = frame.head(_MAX_ROWS).to_dict("records")
    return dg.MetadataValue.table(
        [dg.TableRecord({str(name): str(text) for name, text in row.items()}) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(str(name), "string") for name in frame.columns]),
    )


def notes_metadata(warnings: Iterable[str]) -> dict[str, dg.MetadataValue]:
    """Show the number of warnings and their text, capped so that a page stays readable."""
    notes = list(warnings)
    if not notes:
        return {}
    shown = [f"- {_plain(note)}" for note in notes[:_MAX_NOTES]]
    if len(notes) > _MAX_NOTES:
        shown.append(f"- and {len(notes) - _MAX_NOTES} more, in the log")
    return {
        "warnings": dg.MetadataValue.int(len(notes)),
        "warning_texts": dg.MetadataValue.md("\n".join(shown)),
    }


def _plain(note: str) -> str:
    # names come from files: nothing in them may become markup in the UI
    escaped = printable(" ".join(note.split())).replace("\\", "\\\\")
    for mark in "`*_<>[]|#&~":
        escaped = escaped.replace(mark, f"\\{mark}")
    return _LIST_MARK.sub(r"\1\\\2", escaped)


def file_metadata(workspace: Workspace, info: ObjectInfo) -> dict[str, dg.MetadataValue]:
    """Show path and size of a file, and the version by which another in its place is noticed."""
    return {
        **path_metadata(workspace, info.path),
        SIZE: dg.MetadataValue.int(info.size),
        VERSION: dg.MetadataValue.text(info.version),
    }


def path_metadata(workspace: Workspace, path: str) -> dict[str, dg.MetadataValue]:
    """Say where a file of the workspace is, for a person and for the event log's reader."""
    return {
        PATH: dg.MetadataValue.path(workspace.location(path)),
        WORKSPACE_PATH: dg.MetadataValue.text(path),
    }


def page_metadata(workspace: Workspace, path: str) -> dict[str, dg.MetadataValue]:
    """Link to a page of the workspace.

    The address is copied into a browser: they follow no link from a web page to a file.
    """
    location = workspace.location(path)
    address = location if "://" in location else Path(location).absolute().as_uri()
    return {"report": dg.MetadataValue.url(address)}


def content_metadata(content: str) -> dict[str, dg.MetadataValue]:
    """Show the hash of a file's content; it is empty for files too large to be read for it."""
    return {CONTENT: dg.MetadataValue.text(content)} if content else {}


def marks_metadata(recorded: Recorded) -> dict[str, dg.MetadataValue]:
    """Say what a result was made from, as `event_log` reads it back.

    Size, version and content come with the file (`file_metadata`).
    """
    said = {SOURCE: recorded.source, WITHHELD: recorded.withheld}
    return {
        FINGERPRINT: dg.MetadataValue.text(recorded.fingerprint),
        INPUTS: dg.MetadataValue.text(recorded.inputs),
        ADOPTED: dg.MetadataValue.bool(recorded.adopted),
        **{name: dg.MetadataValue.text(text) for name, text in said.items() if text},
    }


def origin_metadata(
    wanted: Fingerprints, versions: Mapping[str, str]
) -> dict[str, dg.MetadataValue]:
    """Say from what a result was made, for a person and for its provenance file."""
    return {
        MADE_FROM: dg.MetadataValue.json(dict(sorted(wanted.made_from.items()))),
        VERSIONS: dg.MetadataValue.json(dict(versions)),
    }


def origin_of(
    result: Result,
    metadata: Mapping[str, Any],
    file: FileMark,
    beside: Mapping[str, FileMark],
) -> Origin | None:
    """Return the origin of a published result, or None where its step did not say what it was.

    `metadata`: of the step's output. `beside`: workspace path to file of what was written with it.
    """
    said = {name: getattr(value, "value", value) for name, value in metadata.items()}
    if MADE_FROM not in said:
        return None
    code, _, config = result.code_version.partition("-")
    return Origin(
        asset=result.name,
        file=file,
        code=code,
        config=config,
        inputs={
            name: "" if name == CSVS or ":" in name else str(value)
            for name, value in said[MADE_FROM].items()
        },
        versions=dict(said[VERSIONS]),
        beside=beside,
    )
