"""What preflight knows of workspace, batches and plates.

Put here: the facts that rules look at.
Do not put here: gathering them (`steps.preflight`), the rules (`rules`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from profiling_assets.config.model import Config
from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.plate_map import ExternalMetadata, PlateMap
from profiling_assets.workspace.completeness import PlateCompleteness
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class Wanted:
    """Which steps of a plate are to be made, and so which rules concern it."""

    collate: bool = True
    annotate: bool = True
    negcon: bool = True


@dataclass(frozen=True, eq=False)
class PlateFacts:
    """What is known of one plate.

    Attributes
    ----------
    key : PlateKey
        The plate.
    config : Config
        The config.
    source_path : str
        What it starts from, or would.
    wanted : Wanted
        The steps that are to be made.
    source_error : ProfilingError or None
        Why it has nothing to start from, or that cannot be read.
    completeness : PlateCompleteness or None
        Expected and found sites; None for a plate that does not start at CSVs.
    load_data_path : str or None
        Where the expected sites are named.
    wells : tuple of str or None
        Its wells with an image, as they are joined; None where names do not tell.
    image_columns : tuple of str
        Columns of its largest `Image.csv` files; empty where there is none.
    tables : tuple of str
        Its object tables, as the folders with the largest `Image.csv` have them.
    too_wide : str
        Which table SQLite cannot hold; empty where it can, or need not.
    csv_bytes, needed : int
        Bytes of its CSVs, and bytes that its backends still to be made take at most.
    no_space : ProfilingError or None
        Why its build does not fit on a disk.
    plate_map : PlateMap or None
        Its plate map; None where that cannot be used, or is not asked for.
    external : ExternalMetadata or None
        External metadata, where the config asks for it.
    excluded : frozenset of str
        Wells that are taken out by hand, as they are joined.
    plate_map_error : ProfilingError or None
        Why the plate map cannot be used.
    """

    key: PlateKey
    config: Config
    source_path: str
    wanted: Wanted = Wanted()
    source_error: ProfilingError | None = None
    completeness: PlateCompleteness | None = None
    load_data_path: str | None = None
    wells: tuple[str, ...] | None = None
    image_columns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    too_wide: str = ""
    csv_bytes: int = 0
    needed: int = 0
    no_space: ProfilingError | None = None
    plate_map: PlateMap | None = None
    external: ExternalMetadata | None = None
    excluded: frozenset[str] = frozenset()
    plate_map_error: ProfilingError | None = None

    @property
    def scope(self) -> str:
        """`BATCH/PLATE`."""
        return str(self.key)


@dataclass(frozen=True)
class BatchFacts:
    """What is known of a batch's plate maps.

    Attributes
    ----------
    batch : str
        The batch.
    barcode_path : str
        Where its barcode_platemap lies.
    barcodes : mapping of str to str
        Plate to plate map, as that file says.
    known : frozenset of str
        The batch's plates that the workspace has, asked for or not.
    shadowed : tuple of str
        Plate map files that are not used, as another place has one of that name.
    """

    batch: str
    barcode_path: str
    barcodes: Mapping[str, str]
    known: frozenset[str]
    shadowed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class WorkspaceFacts:
    """What is known of the workspace as a whole.

    Attributes
    ----------
    root : str
        The workspace.
    config : Config
        The config.
    absent : tuple of PlateKey
        Plates that the config names and the workspace does not have.
    not_asked : tuple of PlateKey
        Plates of batches that the config names, which it does not name.
    frozen_errors : mapping of str to ProfilingError
        The config's key to why the frozen list of features that it names cannot be used.
    write_error : ProfilingError or None
        Why results cannot be written.
    needed, free : int or None
        Bytes that all backends still to be made take at most, and bytes free where they go; None
        where that cannot be told.
    batches : sequence of BatchFacts
        Its batches.
    plates : sequence of PlateFacts
        The plates looked at.
    """

    root: str
    config: Config
    absent: tuple[PlateKey, ...] = ()
    not_asked: tuple[PlateKey, ...] = ()
    frozen_errors: Mapping[str, ProfilingError] = field(default_factory=dict[str, ProfilingError])
    write_error: ProfilingError | None = None
    needed: int | None = None
    free: int | None = None
    batches: Sequence[BatchFacts] = field(default_factory=list[BatchFacts])
    plates: Sequence[PlateFacts] = field(default_factory=list[PlateFacts])
