"""The summary of all plates, rebuilt from the record of each.

Put here: reading the records, and writing the table so that batches at the same time lose no line.
Do not put here: the lines (`steps.summary`), which of them stay (`quality.summary`).
"""

from collections.abc import Collection, Mapping

import pandas as pd

from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.columns import column
from profiling_assets.profiles.tables import ledger_tsv, read_tsv
from profiling_assets.quality.checks.quality import every_plate_has_a_line
from profiling_assets.quality.summary import COLUMNS, summary_table
from profiling_assets.steps.outputs import Published
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry_store import load_registry
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.shared_file import update_file

_BATCH, _PLATE, _WELLS = COLUMNS[:3]

_Lines = dict[tuple[str, str], Mapping[str, str]]


def rebuilt_summary(
    workspace: Workspace, batch: str, plates: Collection[PlateKey] = ()
) -> Published:
    """Rebuild the summary of all plates from the record of each.

    Written under the condition that nobody else wrote meanwhile, so that batches which end at the
    same time lose no line. Lines of plates without a record (the recipe's) stay; excluded plates
    have none.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    batch : str
        The batch whose numbers are told.
    plates : collection of PlateKey, optional
        Its plates, each of which should have a line unless it is excluded.

    Returns
    -------
    Published
        The summary, with the lines of this batch for the UI.
    """
    read: _Lines = {}
    excluded: dict[PlateKey, str] = {}

    def rebuilt(content: bytes | None) -> bytes:
        standing = None if content is None else _standing(content)
        entries = load_registry(workspace).plates
        excluded.clear()
        excluded.update({k: e.excluded for k, e in entries.items() if e.excluded is not None})
        rows = _records(workspace, read)
        return ledger_tsv(summary_table(standing, rows, excluded))

    path = layout.QUALITY_SUMMARY
    table = read_tsv(update_file(workspace, path, rebuilt), path=path)
    mine = table.loc[column(table, _BATCH) == batch, list(COLUMNS)]
    counts = [int(text) for text in column(mine, _WELLS).tolist() if text.isdecimal()]
    untold = [
        f"{row[_BATCH]}/{row[_PLATE]} has no line: {row.get('Note', '')}"
        for row in read.values()
        if row[_BATCH] == batch and not row[_WELLS]
    ]
    left_out = [
        f"{key} is excluded and has no line: {why}"
        for key, why in sorted(excluded.items())
        if key.batch == batch
    ]
    lines = [PlateKey(batch, plate) for plate in column(mine, _PLATE).tolist()]
    notes = {PlateKey(row[_BATCH], row[_PLATE]): row.get("Note", "") for row in read.values()}
    whole = every_plate_has_a_line(set(plates) - set(excluded), lines, notes)
    return Published(
        path,
        checks=(whole,),
        facts={
            "plates": len(mine),
            "wells": sum(counts),
            "plates_in_the_file": len(table),
            "plates_without_a_line": len(untold) + len(left_out),
        },
        warnings=(*untold, *left_out),
        shown={"summary": mine},
    )


def _standing(content: bytes) -> pd.DataFrame:
    table = read_tsv(content, path=layout.QUALITY_SUMMARY)
    lacking = [name for name in COLUMNS if name not in table.columns]
    if lacking:
        raise InvalidInputError(
            f"it has no column {lacking[0]}: this is not the summary of quality control",
            path=layout.QUALITY_SUMMARY,
            remedy="move the file away",
        )
    return table


def _records(workspace: Workspace, read: _Lines) -> dict[PlateKey, Mapping[str, str]]:
    """Read the records that are new or changed since they were `read`, and return all lines."""
    batches = workspace.list_two_levels(layout.QUALITY_RECORDS).folders
    files = [file for listing in batches.values() for file in listing.files]
    marks = [(file.path, file.version) for file in files if file.path.endswith(".tsv")]
    new = [mark for mark in marks if mark not in read]

    def line(mark: tuple[str, str]) -> Mapping[str, str]:
        table = read_tsv(workspace.read_bytes(mark[0]), path=mark[0])
        return {str(name): str(value) for name, value in table.iloc[0].items()}

    read |= dict(zip(new, map_at_once(line, new, at_once=workspace.at_once), strict=True))
    for mark in set(read) - set(marks):
        del read[mark]
    return {PlateKey(r[_BATCH], r[_PLATE]): r for r in read.values() if r[_WELLS]}
