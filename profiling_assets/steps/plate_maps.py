"""The plate map of a plate: which files it consists of, their content, their fingerprint.

Put here: finding and reading barcode_platemap, plate map and external metadata of one plate.
Do not put here: what is in them (`profiles.plate_map`), the join (`profiles.annotate`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from profiling_assets.config.model import Config
from profiling_assets.errors import MissingInputError, ProfilingError, there_is
from profiling_assets.profiles.excluded_wells import Exclusions, read_exclusions
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    external_metadata,
    plate_map_name_of,
    read_barcode_platemap,
    read_plate_map,
    read_plate_metadata,
)
from profiling_assets.steps.current import fingerprint
from profiling_assets.steps.sources import content_fingerprint
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plate_map_files import find_platemap_files
from profiling_assets.workspace.storage.interface import Workspace


@dataclass(frozen=True)
class PlateMapFiles:
    """The files that a plate's plate map consists of."""

    barcode: str  # workspace path of the barcode_platemap
    name: str  # the plate map's name, as the barcode_platemap gives it
    plate_map: str  # workspace path of the plate map
    external: tuple[str, ...]  # workspace paths of the external metadata that the config asks for
    of_plate: Mapping[
        str, str
    ]  # further columns of the barcode_platemap: name to the plate's value


def plate_map_files(workspace: Workspace, config: Config, key: PlateKey) -> PlateMapFiles:
    """Find the files of a plate's plate map.

    Raises `MissingInputError` where one of them is not there, naming the places looked at, and
    `PlateMapError` where the barcode_platemap has no entry for the plate.
    """
    files = find_platemap_files(workspace, key.batch)
    barcode = files.barcode_path()
    data, called = workspace.read_bytes(barcode), barcode_columns(config)
    name = plate_map_name_of(
        key.plate, read_barcode_platemap(data, path=barcode, **called), path=barcode
    )
    of_plate = dict[str, str]()
    if config.annotate.barcode_platemap.further_columns:
        of_plate = read_plate_metadata(data, key.plate, path=barcode, **called)
    return PlateMapFiles(
        barcode, name, files.map_path(name), _external_paths(workspace, config), of_plate
    )


class BarcodeColumns(TypedDict):
    """What `barcode_platemap.csv` calls its columns."""

    plate_column: str
    map_column: str


def barcode_columns(config: Config) -> BarcodeColumns:
    """Return what the config says of the columns of `barcode_platemap.csv`."""
    section = config.annotate.barcode_platemap
    return BarcodeColumns(plate_column=section.plate_column, map_column=section.map_column)


def _external_paths(workspace: Workspace, config: Config) -> tuple[str, ...]:
    paths = [f"{layout.EXTERNAL_METADATA}/{section.file}" for section in config.annotate.externals]
    for path in paths:
        if workspace.stat(path) is None:
            folder = workspace.list_folder(layout.EXTERNAL_METADATA)
            names = [file.path.rpartition("/")[2] for file in folder.files]
            there = there_is(path.rpartition("/")[2], names, what="files there")
            raise MissingInputError(
                f"the external metadata file is not in the workspace; {there}",
                path=path,
                remedy="put it there, or set annotate.external.perform to false",
            )
    return tuple(paths)


def plate_map_fingerprint(workspace: Workspace, config: Config, key: PlateKey) -> str:
    """Return the fingerprint of everything that a plate is annotated with.

    Empty where there is no plate map.
    """
    try:
        files = plate_map_files(workspace, config, key)
    except ProfilingError:
        return ""
    parts = {"name": files.name, "plate_map": content_fingerprint(workspace, files.plate_map)}
    for number, path in enumerate(files.external):
        parts[f"external{number or ''}"] = content_fingerprint(workspace, path)
    parts |= {f"of plate {name}": value for name, value in files.of_plate.items()}
    parts |= _exclusion_parts(workspace, key)
    return fingerprint("plate_map", parts)


def _exclusion_parts(workspace: Workspace, key: PlateKey) -> dict[str, str]:
    # by what is said of this plate alone: a line of another plate changes nothing here
    try:
        excluded = load_exclusions(workspace, key).wells
    except ProfilingError:  # the step tells what is wrong with it
        return {"exclusions": content_fingerprint(workspace, layout.EXCLUSIONS)}
    return {f"excluded {well}": reason for well, reason in excluded.items()}


def load_exclusions(workspace: Workspace, key: PlateKey) -> Exclusions:
    """Read which wells of a plate were taken out by hand: none where there is no table.

    Raises `PlateMapError` where that cannot be used.
    """
    path = layout.EXCLUSIONS
    if workspace.stat(path) is None:
        return Exclusions(path, {})
    return read_exclusions(workspace.read_bytes(path), key, path=path)


def load_plate_map(
    workspace: Workspace, config: Config, key: PlateKey
) -> tuple[PlateMap, tuple[ExternalMetadata, ...], PlateMapFiles]:
    """Read a plate's plate map, and the external metadata that the config asks for.

    Returns where both came from, too. Raises `PlateMapError` where a file cannot be used.
    """
    files = plate_map_files(workspace, config, key)
    plate_map = read_plate_map(
        workspace.read_bytes(files.plate_map),
        path=files.plate_map,
        well_column=config.platemap_well_column,
    )
    externals = tuple(
        external_metadata(workspace.read_bytes(path), path=path, on=section.on, own=section.own)
        for path, section in zip(files.external, config.annotate.externals, strict=True)
    )
    return plate_map, externals, files
