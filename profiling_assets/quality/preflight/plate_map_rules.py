"""Rules about plate maps: that each plate has one, joins it both ways, and has its controls.

Put here: what the join and the controls will say, before there are profiles.
Do not put here: reading plate maps (`profiles.plate_map`), the join itself (`profiles.annotate`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterator

import pandas as pd

from profiling_assets.errors import ControlsError, PlateMapError, listed
from profiling_assets.profiles.annotate import (
    dropped_wells_warning,
    no_well_joins,
)
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    checked_external,
    metadata_name,
    unmatched_external,
)
from profiling_assets.profiles.reference_wells import CONTROL_TYPE, check_negative_controls
from profiling_assets.quality.preflight.facts import PlateMapFacts, PreflightFacts
from profiling_assets.quality.preflight.finding import Finding, Severity, counted, of_error
from profiling_assets.quality.preflight.rule_names import (
    CONTROLS,
    EXTERNAL,
    PLATE_MAP,
    PLATES,
    WELLS,
)

PROFILE = ("Metadata_Plate", "Metadata_Well")  # the metadata of any aggregated profile


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
    if plate.plate_map is None or plate.external is None:
        return
    try:
        external, remarks = checked_external(plate.external, plate.plate_map, PROFILE)
    except PlateMapError as error:
        yield of_error(EXTERNAL, error, where=plate.external.path, remedy="", scope=plate.scope)
        return
    if metadata_name(external.merge_column) in plate.plate_map.frame.columns:
        remarks = [*remarks, *unmatched_external(plate.plate_map.frame, external)]
    for what in remarks:
        remedy = "mend the file, or go on: their cells stay empty"
        yield Finding(Severity.WARNING, EXTERNAL, what, external.path, remedy, plate.scope)


def controls(plate: PreflightFacts) -> Iterator[Finding]:
    """Count the negative controls that will be there."""
    found = plate.plate_map
    if found is None or not plate.wanted.negcon:
        return
    own = set(found.wells if plate.wells is None else plate.wells) - plate.excluded
    frame = found.frame.loc[[well in own for well in found.wells]]
    frame = _with_control_type(frame, plate.external)
    try:
        check = check_negative_controls(frame, plate_map_path=found.path, key=plate.key)
    except ControlsError as error:
        told = ControlsError(_of_plate(error.what, plate), path=error.path, remedy=error.remedy)
        yield of_error(CONTROLS, told, where=found.path, remedy="", scope=plate.scope)
        return
    if check.warning is not None:
        what = _of_plate(check.warning, plate)
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


def _of_plate(sentence: str, plate: PreflightFacts) -> str:
    # the same sentence for all plates of a plate map, so that it is printed once
    return sentence.replace(str(plate.key), "the plate")


def _with_control_type(frame: pd.DataFrame, external: ExternalMetadata | None) -> pd.DataFrame:
    if external is None or CONTROL_TYPE in frame.columns:
        return frame
    names = {metadata_name(name): name for name in external.frame.columns}
    on = metadata_name(external.merge_column)
    if CONTROL_TYPE not in names or on not in names or on not in frame.columns:
        return frame
    keys = column(external.frame, names[on]).tolist()
    types = column(external.frame, names[CONTROL_TYPE]).tolist()
    known = dict(zip(keys, types, strict=True))
    told = [str(known.get(value, "")) for value in column(frame, on).tolist()]
    return frame.assign(**{CONTROL_TYPE: told})
