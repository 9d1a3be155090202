"""Where each file of a workspace lies: the field's public layout, relative to the root.

Put here: one function for each path of the layout, and nothing that touches a disk.
Do not put here: whether a file is there (`storage`), what is in it.
The layout is the one of the image-based profiling handbook and the Cell Painting Gallery.
"""

from profiling_assets.workspace.names import Level, PlateKey

STATE_FOLDER = ".profiling_assets"
REGISTRY = f"{STATE_FOLDER}/plates.json"
INTENTS = f"{STATE_FOLDER}/intents"
ANALYSIS = "analysis"
BACKEND = "backend"
PROFILES = "profiles"
GCT = "gct"
LOAD_DATA = "load_data_csv"
METADATA = "metadata"
PLATEMAPS = f"{METADATA}/platemaps"
CONFIGS = "config_files"
QUALITY_CONTROL = "quality_control"
QUALITY_SUMMARY = f"{QUALITY_CONTROL}/summary/summary.tsv"
QUALITY_RECORDS = f"{STATE_FOLDER}/{QUALITY_CONTROL}"
HEATMAPS = f"{QUALITY_CONTROL}/heatmap"
REPORTS = f"{QUALITY_CONTROL}/report"
EXTERNAL_METADATA = f"{METADATA}/external_metadata"
EXCLUSIONS = f"{METADATA}/exclusions.tsv"
OBJECT_TABLE_SUFFIX = ".csv"

# In place of a plate: what a function here returns for it is the template of all plates' paths.
EVERY_PLATE = PlateKey("{batch}", "{plate}")
EVERY_BATCH = "{batch}"


def analysis_folder(key: PlateKey, csv_dir: str = "analysis") -> str:
    """Return the folder of a plate's site folders."""
    return f"{ANALYSIS}/{key.batch}/{key.plate}/{csv_dir}"


def load_data_folder(key: PlateKey) -> str:
    """Return the folder of a plate's load data files."""
    return f"{LOAD_DATA}/{key.batch}/{key.plate}"


def platemap_folders(batch: str) -> tuple[str, str]:
    """Return the folders where a batch's barcode_platemap may lie, the usual one first."""
    return (f"{PLATEMAPS}/{batch}", f"{METADATA}/{batch}")


def backend_folder(key: PlateKey) -> str:
    """Return the folder of a plate's backend."""
    return f"{BACKEND}/{key.batch}/{key.plate}"


def sqlite_backend(key: PlateKey) -> str:
    """Return the path of a plate's SQLite backend."""
    return f"{BACKEND}/{key.batch}/{key.plate}/{key.plate}.sqlite"


def backend_aggregate(key: PlateKey) -> str:
    """Return the path of the aggregated profiles at full precision."""
    return f"{BACKEND}/{key.batch}/{key.plate}/{key.plate}.csv"


def parquet_table(key: PlateKey, table: str) -> str:
    """Return the path of one single-cell table as Parquet."""
    return f"{BACKEND}/{key.batch}/{key.plate}/{key.plate}_{table}.parquet"


def site_ledger(key: PlateKey) -> str:
    """Return the path of the ledger of a plate's sites."""
    return f"{BACKEND}/{key.batch}/{key.plate}/{key.plate}_sites.tsv"


def aggregated_well_ledger(key: PlateKey) -> str:
    """Return the path of the ledger of a plate's wells after aggregation."""
    return f"{BACKEND}/{key.batch}/{key.plate}/{key.plate}_wells.tsv"


def annotated_well_ledger(key: PlateKey) -> str:
    """Return the path of the ledger of a plate's wells after the join with the plate map."""
    return f"{PROFILES}/{key.batch}/{key.plate}/{key.plate}_wells.tsv"


def profile(key: PlateKey, step: str = "", suffix: str = ".csv.gz") -> str:
    """Return the path of a plate's profile table.

    `step`: what follows the plate's name: empty for the aggregate, else `_augmented`,
    `_normalized`, `_normalized_negcon`, or what `feature_select_step` returns. `suffix`: `.csv.gz`,
    `.csv` or `.parquet`.
    """
    return f"{PROFILES}/{key.batch}/{key.plate}/{key.plate}{step}{suffix}"


def feature_select_step(level: Level, *, negcon: bool) -> str:
    """Return what follows the plate's name in a feature-selected profile's file name."""
    twin = "_negcon" if negcon else ""
    return f"_normalized_feature_select{twin}_{level}"


def selected_features(scope: PlateKey | str | None, level: Level, *, negcon: bool) -> str:
    """Return the path of the list of selected features with every dropped feature and why.

    `scope`: the plate (level `plate`), the batch (level `batch`) or None (level `all`).
    """
    name = f"selected_features{'_negcon' if negcon else ''}_{level}.tsv"
    if isinstance(scope, PlateKey):
        return f"{PROFILES}/{scope.batch}/{scope.plate}/{scope.plate}_{name}"
    if scope is not None:
        return f"{PROFILES}/{scope}/{scope}_{name}"
    return f"{PROFILES}/{name}"


def stacked(batch: str, level: Level, *, negcon: bool, suffix: str = ".csv.gz") -> str:
    """Return the path of a batch's stacked profiles; with `.gct` that of their GCT file.

    A batch has its own files also where features are selected over all batches.
    """
    return f"{GCT}/{batch}/{batch}{feature_select_step(level, negcon=negcon)}{suffix}"


def provenance(scope: PlateKey | str | None) -> str:
    """Return the path of what says from what results were made: a plate's, a batch's or all's.

    `scope`: the plate, the batch, or None for results of all batches.
    """
    if isinstance(scope, PlateKey):
        return f"{PROFILES}/{scope.batch}/{scope.plate}/{scope.plate}_provenance.json"
    if scope is not None:
        return f"{PROFILES}/{scope}/{scope}_provenance.json"
    return f"{PROFILES}/provenance.json"


def quality_record(key: PlateKey) -> str:
    """Return the path of a plate's line of the quality control summary, with its origin."""
    return f"{QUALITY_RECORDS}/{key.batch}/{key.plate}.tsv"


def quality_picture(key: PlateKey, picture: str) -> str:
    """Return the path of a picture of a plate, as `cell_count`."""
    return f"{HEATMAPS}/{key.batch}/{key.plate}/{key.plate}_{picture}.png"


def plate_report(key: PlateKey) -> str:
    """Return the path of a plate's report."""
    return f"{REPORTS}/{key.batch}/{key.plate}/{key.plate}.html"


def batch_report(batch: str) -> str:
    """Return the path of a batch's report."""
    return f"{REPORTS}/{batch}/{batch}.html"
