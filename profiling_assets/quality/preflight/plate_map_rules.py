"""Rules about plate maps: that each plate has one, joins it both ways, and has its controls.

Put here: what the join and the controls will say, before there are profiles.
Do not put here: reading plate maps (`profiles.plate_map`), the join itself (`profiles.annotate`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterator

from profiling_assets.errors import ControlsError, PlateMapError, listed
from profiling_assets.profiles.annotate import (
    dropped_wells_warning,
    no_well_joins,
)
from profiling_assets.profiles.joining import metadata_of_wells
from profiling_assets.profiles.reference_wells import check_negative_controls
from profiling_assets.quality.preflight.facts import PlateMapFacts, PreflightFacts
from profiling_assets.quality.preflight.finding import Finding, Severity, counted, of_error
from profiling_assets.quality.preflight.query_rules import (
    annotated_wells,
    of_plate,
    told_by_cells,
)
from profiling_assets.quality.preflight.rule_names import (
    CONTROLS,
    EXTERNAL,
    PLATE_MAP,
    PLATES,
    WELLS,
)


def plate_map(plate: PreflightFacts) -> Iterator[Finding]:
    """Find a plate without a plate map that can be used, and say what the reading remarked."""
    if plate.plate_map_error is not None:
        error, remedy = plate.plate_map_error, "mend the plate map"
        yield of_error(PLATE_MAP, error, where="metadata", remedy=remedy, scope=plate.scope)
    if plate.plate_map is not None:
        for warning in plate.plate_map.warnings:
            where, remedy = plate.plate_map.path, "mend the plate map if that is not meant"
            yield Finding(Severity.WARNING, PLATE_MAP, warning, where, remedy, plate.scope)


def plate_map_wells(plate: PreflightFacts) -> Iterator[Finding]:
    """Join wells and plate map, both ways."""
    found = plate.plate_map
    if found is None or plate.wells is None:
        return
    own, mapped = set(plate.wells), set(found.wells)
    if not own & mapped:
        error = no_well_joins("the plate", plate.wells, found)
        yield of_error(WELLS, error, where=found.path, remedy="", scope=plate.scope)
        return
    strangers = [well for well in plate.wells if well not in mapped]
    if strangers:
        what = dropped_wells_warning(found.path, strangers)
        remedy = "add a row for each of them, or go on: they are left out and named in the ledger"
        yield Finding(Severity.WARNING, WELLS, what, found.path, remedy, plate.scope)
    unused = [well for well in found.wells if well not in own]
    if unused:
        what = f"{len(unused)} wells of the plate map have no image: {listed(unused)}"
        remedy = "see whether their sites are missing; the ledger names them"
        yield Finding(Severity.WARNING, WELLS, what, found.path, remedy, plate.scope)


def external_metadata(plate: PreflightFacts) -> Iterator[Finding]:
    """Join the plate map with the external metadata."""
    if plate.plate_map is None or not plate.externals:
        return
    place = plate.externals[0].path
    try:
        _, remarks = metadata_of_wells(
            plate.plate_map.wells, plate.plate_map, plate.externals, key=plate.key
        )
    except PlateMapError as error:
        yield of_error(EXTERNAL, error, where=place, remedy="", scope=plate.scope)
        return
    for what in remarks:
        remedy = "mend the file, or go on: cells without an entry stay empty"
        yield Finding(Severity.WARNING, EXTERNAL, what, place, remedy, plate.scope)


def controls(plate: PreflightFacts) -> Iterator[Finding]:
    """Count the negative controls that will be there."""
    found = plate.plate_map
    if found is None or not plate.wanted.negcon:
        return
    query = plate.config.controls_of(plate.key.batch).negative
    frame = annotated_wells(plate)
    if frame is None or told_by_cells(plate, query, frame):
        return
    try:
        check = check_negative_controls(
            frame,
            plate_map_path=found.path,
            key=plate.key,
            query=query,
            groups=plate.config.normalize_negcon.groups,
        )
    except ControlsError as error:
        told = ControlsError(of_plate(error.what, plate), path=error.path, remedy=error.remedy)
        yield of_error(CONTROLS, told, where=found.path, remedy="", scope=plate.scope)
        return
    if check.warning is not None:
        what = of_plate(check.warning, plate)
        remedy = "mark more wells as negcon, or read the profiles of the negcon twins with care"
        yield Finding(Severity.WARNING, CONTROLS, what, found.path, remedy, plate.scope)


def plate_map_plates(batch: PlateMapFacts) -> Iterator[Finding]:
    """Find plates of the barcode_platemap that the workspace does not have."""
    strangers = [plate for plate in batch.barcodes if plate not in batch.known]
    if strangers:
        one = len(strangers) == 1
        what = (
            f"{counted(len(strangers), 'plate')} {'is' if one else 'are'} listed, "
            f"and the workspace has no data of {'it' if one else 'them'}: "
        )
        remedy = "put their CellProfiler output there, mend the names, or leave it so"
        yield Finding(
            Severity.WARNING,
            PLATES,
            what + listed(strangers),
            batch.barcode_path,
            remedy,
            batch.batch,
        )
    for path in batch.shadowed:
        what = "it is not used: another folder or ending has a file of that name"
        remedy = "keep one of the two"
        yield Finding(Severity.WARNING, PLATES, what, path, remedy, batch.batch)
