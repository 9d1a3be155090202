"""The summary of quality control: wells and sites of a plate, and the table of all plates.

Put here: what tells how many sites a plate has (its load data, or what there is in their place),
bringing the plates' lines together.
Do not put here: counting, and the table's rows (`quality.summary_table`).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from profiling_assets.collate.from_backend import images_of_wells
from profiling_assets.config.model import Config
from profiling_assets.errors import InvalidInputError, ProfilingError
from profiling_assets.profiles.column_kinds import column, numeric_columns
from profiling_assets.profiles.tables import ledger_tsv, read_profiles, read_tsv
from profiling_assets.quality.checks.values import every_plate_has_a_line
from profiling_assets.quality.summary_table import (
    COLUMNS,
    PlateSites,
    image_columns,
    sites_of_load_data,
    sites_of_wells,
    summary_row,
    summary_table,
)
from profiling_assets.steps.outputs import Fact, SharedFileOutput, TableOutput
from profiling_assets.steps.sources import (
    PlateSource,
    SourceKind,
    image_table_columns,
    plate_source,
)
from profiling_assets.workspace import layout
from profiling_assets.workspace.load_data import load_data_file
from profiling_assets.workspace.names import PlateKey, normalized_well
from profiling_assets.workspace.registry import load_registry
from profiling_assets.workspace.scan_workspace import fingerprint_bytes
from profiling_assets.workspace.site_folder import site_files
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.shared_file import update_file

_BATCH, _PLATE, _WELLS = COLUMNS[:3]
_SITE_COUNT = "Metadata_Site_Count"
_Lines = dict[tuple[str, str], Mapping[str, str]]


def plate_sites(
    workspace: Workspace, config: Config, key: PlateKey, source: PlateSource | None
) -> TableOutput:
    """Describe a plate's wells and sites, from the first that tells them.

    The load data; else the names of the site folders and the columns of `Image.csv`; else the Image
    table of a SQLite backend on this machine; else `Metadata_Site_Count` of the profiles. A plate
    of which nothing tells has no line in the summary, and the reason is told. `source`: what the
    plate starts from; None where that was not or could not be looked at.
    """
    sites, basis, note = _told(workspace, config, key, source)
    warnings = (note,) if note else ()
    line = {"Batch_Name": key.batch, "Plate_Name": key.plate, **dict.fromkeys(COLUMNS[2:], "")}
    facts: dict[str, Fact] = {}
    if sites is not None:
        line = summary_row(key, sites)
        facts = {"wells": sites.wells, "sites_per_well_median": sites.sites_median}
        facts["sites_per_well_mad"] = round(sites.sites_mad, 3)
        if sites.images_per_site is not None:
            facts["images_per_site"] = sites.images_per_site
    facts["counted_on"] = basis or "nothing"
    return TableOutput(
        pd.DataFrame([{**line, "Counted_On": basis, "Note": note}]), facts=facts, warnings=warnings
    )


def _told(
    workspace: Workspace, config: Config, key: PlateKey, source: PlateSource | None
) -> tuple[PlateSites | None, str, str]:
    """Return what was counted, the path it was counted on, and what is to be said of it."""
    path = _load_data_path(workspace, key)
    if path is not None:
        rules = config.quality_control.summary
        try:
            data = workspace.read_bytes(path)
            sites = sites_of_load_data(
                data, path=path, plate=key.plate, row=rules.row, column=rules.column
            )
        except InvalidInputError as error:
            return None, "", " ".join(str(error).split("\n"))
        return sites, path, ""
    if source is None or source.kind is SourceKind.NONE:
        return None, "", f"there is no load data in {layout.load_data_folder(key)}"
    none = f"no load data: counted on {source.path}"
    if source.kind is SourceKind.CSVS:
        sites = _of_folders(source)
        missing = "the names of its site folders do not tell well and site"
    elif source.kind is SourceKind.SQLITE:
        sites = _of_backend(workspace, config, source)
        missing = "its SQLite backend is not on this machine, or has no wells"
    elif source.kind is SourceKind.PARQUET:
        sites = None
        missing = f"{source.path} has no sites without cells"
    else:
        sites = _of_profiles(workspace, source)
        missing = f"its profiles have no {_SITE_COUNT}"
    if sites is None:
        return None, "", f"there is no load data, and {missing}"
    unknown = "; nothing tells the images of a site" if sites.images_per_site is None else ""
    return sites, source.path, none + unknown


def _of_folders(source: PlateSource) -> PlateSites | None:
    folders = () if source.listing is None else source.listing.folders
    wells = [f.site.well for f in folders if site_files(f).image is not None]
    counts = Counter(normalized_well(well) or well for well in wells if well is not None)
    if not counts or None in wells:
        return None
    return sites_of_wells(list(counts.values()), image_columns(image_table_columns(source)) or None)


def _of_backend(workspace: Workspace, config: Config, source: PlateSource) -> PlateSites | None:
    file = Path(workspace.location(source.path))
    if not file.is_file():  # gigabytes are not fetched for one line
        return None
    try:
        names, counts = images_of_wells(file, config.aggregation, path=source.path)
    except InvalidInputError:
        return None
    return sites_of_wells(counts, image_columns(names) or None) if counts else None


def _of_profiles(workspace: Workspace, source: PlateSource) -> PlateSites | None:
    frame = read_profiles(workspace.read_bytes(source.path), path=source.path)
    if _SITE_COUNT not in numeric_columns(frame) or column(frame, _SITE_COUNT).isna().all():
        return None
    counts = np.asarray(column(frame, _SITE_COUNT), dtype=np.float64)
    return sites_of_wells(counts[~np.isnan(counts)].tolist(), None)


def load_data_fingerprint(workspace: Workspace, key: PlateKey, source: PlateSource | None) -> str:
    """Return the fingerprint of what tells a plate's wells and sites.

    `source`: what the plate starts from, which is taken where there is no load data.
    """
    listing = None if source is None else source.listing
    if listing is not None and listing.load_data_fingerprint is not None:
        return listing.load_data_fingerprint
    path = _load_data_path(workspace, key)
    if path is not None:
        return fingerprint_bytes(workspace.read_bytes(path))
    return source.fingerprint if source is not None and source.fingerprint else "absent"


def look_at(workspace: Workspace, config: Config, key: PlateKey) -> PlateSource | None:
    """Look at what a plate starts from, where its load data do not tell all that is asked.

    None where there is load data, or the plate cannot be looked at.
    """
    if _load_data_path(workspace, key) is not None:
        return None
    try:
        return plate_source(workspace, config, key)
    except ProfilingError:  # the steps that need it say why
        return None


def _load_data_path(workspace: Workspace, key: PlateKey) -> str | None:
    folder = layout.load_data_folder(key)
    name = load_data_file(
        file.path.rpartition("/")[2] for file in workspace.list_folder(folder).files
    )
    return None if name is None else f"{folder}/{name}"


def rebuilt_summary(
    workspace: Workspace, batch: str, plates: Collection[PlateKey] = ()
) -> SharedFileOutput:
    """Rebuild the summary of all plates from the record of each.

    Written under the condition that nobody else wrote meanwhile, so that batches which end at the
    same time lose no line. Lines of plates without a record (the recipe's) stay; excluded plates
    have none. `plates`: those of the batch, each of which should have a line unless it is excluded.
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
    return SharedFileOutput(
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
