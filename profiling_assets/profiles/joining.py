"""The join of profiles, plate map and external metadata, as pycytominer's `annotate` does it.

Put here: which columns meet, and what a column is called where two tables have it.
Do not put here: the books of what did not join (`annotate`), reading the files (`plate_map`).
pycytominer joins one external table on columns of one name, and needs profiles; here several can be
joined, and a plate can be looked at before it has profiles.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from types import MappingProxyType

import pandas as pd

from profiling_assets.errors import PlateMapError
from profiling_assets.profiles.column_kinds import (
    PLATE_COLUMNS,
    WELL_COLUMNS,
    column,
    is_metadata,
)
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    PlateMap,
    checked_external,
    metadata_name,
    unmatched_external,
)
from profiling_assets.profiles.tables import with_numbers
from profiling_assets.workspace.names import PlateKey

_KEY = "Metadata_joined_well__"  # it stands in for both well columns during the join
# columns of external metadata whose names pycytominer leaves alone
_AS_THEY_ARE = ("Metadata_", "Image_Metadata_", "Cells", "Cytoplasm", "Nuclei")
# What pycytominer's `cp_clean` does after the join; done before it, so that a plate map's own
# column `Well` gets its suffix instead of a second column of the same name.
CLEANED = {f"Image_Metadata_{name}": f"Metadata_{name}" for name in ("Plate", "Well", "Site")}


def as_externals(
    external: ExternalMetadata | Sequence[ExternalMetadata] | None,
) -> tuple[ExternalMetadata, ...]:
    """Return one, several or no table of external metadata as a tuple."""
    if external is None:
        return ()
    return (external,) if isinstance(external, ExternalMetadata) else tuple(external)


def with_batch(profiles: pd.DataFrame, key: PlateKey) -> pd.DataFrame:
    """Add the batch to a plate's profiles; a plate map's own column of that name gets a suffix."""
    batch = pd.Series([key.batch] * len(profiles), index=profiles.index, dtype="str")
    return profiles.assign(Metadata_Batch=batch)


def metadata_of_wells(
    wells: Sequence[str],
    plate_map: PlateMap,
    externals: Sequence[ExternalMetadata],
    *,
    key: PlateKey,
    well_column: str = WELL_COLUMNS[0],
    of_plate: Mapping[str, str] = MappingProxyType({}),
    add_batch: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the metadata that annotated profiles of some wells will have, and what is to be known.

    Without counts, which cells alone give. Raises `PlateMapError` as `annotate_profiles` does.
    """
    profiles = pd.DataFrame(
        {PLATE_COLUMNS[0]: key.plate, well_column: pd.Series(wells, dtype="str")}
    )
    if add_batch:
        profiles = with_batch(profiles, key)
    return joined_tables(
        profiles, wells, plate_map, externals, well_column=well_column, of_plate=of_plate
    )


def joined_tables(
    profiles: pd.DataFrame,
    joined: Sequence[str],
    plate_map: PlateMap,
    externals: Sequence[ExternalMetadata],
    *,
    well_column: str,
    of_plate: Mapping[str, str],
) -> tuple[pd.DataFrame, list[str]]:
    """Join profiles, plate map and external metadata, and say what is to be known of it.

    `joined`: the name by which the well of each row is joined.
    """
    taken = {*profiles.columns, *plate_map.frame.columns}
    taken |= {metadata_name(name) for table in externals for name in table.frame.columns}
    key = next(name for name in (_KEY + "_" * n for n in count()) if name not in taken)
    map_frame = plate_map.frame.reset_index(drop=True)
    place = map_frame.columns.get_loc(plate_map.well_column)
    map_frame = map_frame.rename(columns={plate_map.well_column: key})
    map_frame[key] = pd.Series(plate_map.wells, dtype="str")
    own = pd.DataFrame({key: pd.Series(joined, dtype="str")})
    remarks = list[str]()
    for name, value in of_plate.items():
        if name not in map_frame.columns:
            map_frame[name] = pd.Series([value] * len(map_frame), dtype="str")
        elif set(column(map_frame, name)) - {value}:
            remarks.append(
                f"{plate_map.path} and barcode_platemap.csv both have a column "
                f"{name.removeprefix('Metadata_')}, and differ in it; the plate map's is taken"
            )
    keyed = pd.concat([profiles, own], axis="columns")
    try:
        frame = map_frame.merge(keyed, on=key, how="inner", suffixes=("_platemap", None))
    except pd.errors.MergeError as error:  # a map with the columns Plate and Plate_platemap
        raise PlateMapError(
            f"its columns cannot join those of the profiles: {error}",
            path=plate_map.path,
            remedy="call a column that ends in _platemap otherwise",
        ) from error
    for table in externals:
        known = [str(name) for name in frame.columns if name != key]
        checked, remark = checked_external(table, plate_map, known)
        remarks.extend(remark)
        frame, hidden = _with_external(frame, checked)
        remarks.extend(hidden)
        remarks.extend(unmatched_external(frame, checked))
    frame = frame.rename(columns=CLEANED).reset_index(drop=True)
    names = [name for name in frame.columns if name.startswith("Metadata_")]
    others = [name for name in frame.columns if not name.startswith("Metadata_")]
    frame = frame.loc[:, [*names, *others]]
    if well_column == plate_map.well_column:
        # pandas puts a key of one name where the plate map has it
        own_wells = frame.pop(well_column)
        frame = frame.rename(columns={key: well_column})
        frame[well_column] = own_wells
        names = frame.columns.drop(well_column)
        frame = frame.loc[:, [*names[:place], well_column, *names[place:]]]
    else:
        frame = frame.drop(columns=key)
    texts = [
        name
        for name in frame.columns
        if is_metadata(name) and not pd.api.types.is_numeric_dtype(column(frame, name))
    ]
    return with_numbers(frame.fillna(dict.fromkeys(texts, ""))), remarks


def _with_external(
    frame: pd.DataFrame, external: ExternalMetadata
) -> tuple[pd.DataFrame, list[str]]:
    """Join a table as pycytominer does; say which of its columns have another name from here on."""
    keys = dict(zip(external.own, external.on, strict=True))
    more = external.frame.rename(
        columns={
            name: keys.get(name) or (name if name.startswith(_AS_THEY_ARE) else metadata_name(name))
            for name in external.frame.columns
        }
    )
    twice = [name for name, times in Counter(more.columns).items() if times > 1]
    if twice:
        raise PlateMapError(
            f"two of its columns would both be called {twice[0]}",
            path=external.path,
            remedy="keep one of the two, or call one otherwise",
        )
    both = [name for name in more.columns if name in frame.columns and name not in external.on]
    suffix = next(
        text
        for text in ("_external" + str(n or "") for n in (0, *range(2, len(frame.columns) + 3)))
        if not any(f"{name}{text}" in frame.columns for name in both)
    )
    joined = frame.merge(more, on=list(external.on), how="left", suffixes=(None, suffix))
    joined = joined.reset_index(drop=True).drop_duplicates().reset_index(drop=True)
    hidden = [
        f"{external.path}: its column {name.removeprefix('Metadata_')} is called {name}{suffix}, "
        "as the profiles have another one of that name; remove it from one of the two"
        for name in both
        if (column(joined, name).astype(str) != column(joined, f"{name}{suffix}").fillna("")).any()
    ]
    return joined, hidden
