"""The plate map of a plate: which files it consists of, their content, their fingerprint.

Put here: finding and reading barcode_platemap, plate map and external metadata of one plate.
Do not put here: what is in them (`profiles.plate_map`), the join (`profiles.annotate`).
"""

from dataclasses import dataclass

from profiling_assets.config.model import Config
from profiling_assets.errors import MissingInputError, ProfilingError
from profiling_assets.profiles.excluded_wells import Exclusions, read_exclusions
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    plate_map_name_of,
    read_barcode_platemap,
    read_external_metadata,
    read_plate_map,
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
    external: str | None  # workspace path of the external metadata, where the config asks for it


def plate_map_files(workspace: Workspace, config: Config, key: PlateKey) -> PlateMapFiles:
    """Find the files of a plate's plate map.

    Raises `MissingInputError` where one of them is not there, naming the places looked at, and
    `PlateMapError` where the barcode_platemap has no entry for the plate.
    """
    files = find_platemap_files(workspace, key.batch)
    barcode = files.barcode_path()
    barcodes = read_barcode_platemap(workspace.read_bytes(barcode), path=barcode)
    name = plate_map_name_of(key.plate, barcodes, path=barcode)
    return PlateMapFiles(barcode, name, files.map_path(name), _external_path(workspace, config))


def _external_path(workspace: Workspace, config: Config) -> str | None:
    section = config.annotate.external
    if not section.perform:
        return None
    path = f"{layout.EXTERNAL_METADATA}/{section.file}"
    if workspace.stat(path) is None:
        raise MissingInputError(
            "the external metadata file is not in the workspace",
            path=path,
            remedy="put it there, or set annotate.external.perform to false",
        )
    return path


def plate_map_fingerprint(workspace: Workspace, config: Config, key: PlateKey) -> str:
    """Return the fingerprint of everything that a plate is annotated with.

    Empty where there is no plate map.
    """
    try:
        files = plate_map_files(workspace, config, key)
    except ProfilingError:
        return ""
    parts = {"name": files.name, "plate_map": content_fingerprint(workspace, files.plate_map)}
    if files.external is not None:
        parts["external"] = content_fingerprint(workspace, files.external)
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
) -> tuple[PlateMap, ExternalMetadata | None, PlateMapFiles]:
    """Read a plate's plate map, and the external metadata where the config asks for it.

    Returns where both came from, too. Raises `PlateMapError` where a file cannot be used.
    """
    files = plate_map_files(workspace, config, key)
    plate_map = read_plate_map(
        workspace.read_bytes(files.plate_map),
        path=files.plate_map,
        well_column=config.platemap_well_column,
    )
    if files.external is None:
        return plate_map, None, files
    external = ExternalMetadata(
        path=files.external,
        frame=read_external_metadata(workspace.read_bytes(files.external), path=files.external),
        merge_column=str(config.annotate.external.merge_column),
    )
    return plate_map, external, files
