"""What preflight knows of workspace, batches and plates.

Put here: the facts that rules look at.
Do not put here: gathering them (`steps.preflight`), the rules (`rules`).
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships no stubs

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from profiling_assets.collate.image_look import ImageLook
from profiling_assets.collate.table_choice import TablePresence
from profiling_assets.config.model import Config
from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.plate_map import ExternalMetadata, PlateMap
from profiling_assets.workspace.completeness import PlateCompleteness
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import IgnoredEntry


@dataclass(frozen=True)
class Wanted:
    """Which steps of a plate are to be made, and so which rules concern it."""

    collate: bool = True
    annotate: bool = True
    negcon: bool = True


@dataclass(frozen=True)
class ForeignFiles:
    """A table of a plate that is none, as a pointer of Git LFS."""

    path: str  # the first that was found
    what: str
    remedy: str
    small: int  # files of the plate that are as small as a pointer


@dataclass(frozen=True, eq=False)
class PreflightFacts:
    """What is known of one plate."""

    key: PlateKey
    config: Config
    source_path: str  # what it starts from, or would
    wanted: Wanted = Wanted()  # the steps that are to be made
    source_notes: tuple[str, ...] = ()  # what is to be known of what it starts from
    # why it has nothing to start from, or that cannot be read
    source_error: ProfilingError | None = None
    # expected and found sites; None for a plate that does not start at CSVs
    completeness: PlateCompleteness | None = None
    load_data_path: str | None = None  # where the expected sites are named
    # why load data cannot be used that a plate without CSVs does not need
    load_data_error: ProfilingError | None = None
    unread: tuple[IgnoredEntry, ...] = ()  # what was left out among its CSVs
    foreign: ForeignFiles | None = None  # CSVs that are none
    # its wells with an image, as they are joined; None where names do not tell
    wells: tuple[str, ...] | None = None
    # columns of its largest `Image.csv` files; empty where there is none
    image_columns: tuple[str, ...] = ()
    # what its `Image.csv` files hold; None where they were not looked at
    images: ImageLook | None = None
    # how many sites have each of its object tables; None where the names of files do not tell
    tables: TablePresence | None = None
    # whether none of its object tables can be used, as far as a few site folders tell
    no_object_table: bool = False
    too_wide: str = ""  # which table SQLite cannot hold; empty where it can, or need not
    csv_bytes: int = 0  # of its CSVs
    needed: int = 0  # bytes that its backends still to be made take at most
    no_space: ProfilingError | None = None  # why its build does not fit on a disk
    # its plate map; None where that cannot be used, or is not asked for
    plate_map: PlateMap | None = None
    # external metadata that the config asks for
    externals: tuple[ExternalMetadata, ...] = ()
    # further columns of the barcode_platemap, and the plate's values
    of_plate: Mapping[str, str] = field(default_factory=dict[str, str])
    # what a finished table that it starts from says of its wells; None where it has none
    profiles: pd.DataFrame | None = None
    excluded: frozenset[str] = frozenset()  # wells that are taken out by hand, as they are joined
    plate_map_error: ProfilingError | None = None  # why the plate map cannot be used

    @property
    def scope(self) -> str:
        """`BATCH/PLATE`."""
        return str(self.key)


@dataclass(frozen=True)
class PlateMapFacts:
    """What is known of a batch's plate maps."""

    batch: str
    barcode_path: str  # where its barcode_platemap lies
    barcodes: Mapping[str, str]  # plate to plate map, as that file says
    known: frozenset[str]  # the batch's plates that the workspace has, asked for or not
    # plate map files that are not used, as another place has one of that name
    shadowed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class WorkspaceFacts:
    """What is known of the workspace as a whole."""

    root: str  # of the workspace
    config: Config
    # plates that the config names and the workspace does not have
    absent: tuple[PlateKey, ...] = ()
    # plates of batches that the config names, which it does not name
    not_asked: tuple[PlateKey, ...] = ()
    # the config's key to why the frozen list of features that it names cannot be used
    frozen_errors: Mapping[str, ProfilingError] = field(default_factory=dict[str, ProfilingError])
    write_error: ProfilingError | None = None  # why results cannot be written
    # bytes that all backends still to be made take at most, and bytes free where they go; None
    # where that cannot be told
    needed: int | None = None
    free: int | None = None
    unread: tuple[IgnoredEntry, ...] = ()  # what was left out beside the CSVs of plates
    batches: Sequence[PlateMapFacts] = field(default_factory=list[PlateMapFacts])
    # those that were looked at
    plates: Sequence[PreflightFacts] = field(default_factory=list[PreflightFacts])
